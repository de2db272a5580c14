"""Baselines elsewhere: put at a URL, fetched from one, and kept here as long as they are the same there.

Whatever fsspec knows is a place: `s3://`, `gs://`, `az://`, `file://`, `memory://`. A file is fetched next to where it
will lie, verified, and only then takes its name, so that no reader meets half of one.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from .config import DEFAULT_FOLDER, Project, make_folder
from .recorders.errors import StoreError
from .recorders.store.open import complete_file, damage_of, includes

CACHE = "cache"
"""Folder of fetched baselines below the project's own."""

KEPT = 3
"""Fetched files of one baseline that stay: runs that began before it changed still read theirs."""

CHUNK = 1 << 20
"""Bytes that are read at once."""

RENAMED = frozenset({"file", "local", "sftp", "ssh", "ftp", "smb", "hdfs", "webhdfs", "arrow_hdfs"})
"""Schemes where a file that is being written can be seen; there it is written under another name, and renamed."""

_MARKS = ("ETag", "etag", "md5Hash", "crc32c", "checksum", "content_md5", "generation", "VersionId", "version_id")
"""What stores call the marks that change with the content, where they have any."""

_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")
"""What they call the moment of the last change."""


class _Service(NamedTuple):
    """What a scheme needs."""

    package: str
    credentials: str
    """Where its library looks for credentials."""


_AWS = _Service("s3fs", "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
_GOOGLE = _Service("gcsfs", "GOOGLE_APPLICATION_CREDENTIALS, or run: gcloud auth application-default login")
_AZURE = _Service("adlfs", "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and a key")
_SERVICES = {
    **{"s3": _AWS, "s3a": _AWS, "gs": _GOOGLE, "gcs": _GOOGLE, "az": _AZURE, "abfs": _AZURE, "abfss": _AZURE},
    **{"http": _Service("aiohttp", ""), "https": _Service("aiohttp", "")},
    **{"sftp": _Service("paramiko", "an SSH key"), "ssh": _Service("paramiko", "an SSH key")},
}


class RemoteProblem(StoreError):
    """A baseline cannot be fetched, or put where it was wanted."""


class NothingThere(RemoteProblem):
    """There is no baseline at a URL."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"there is no baseline at {url}. Put one there with: pytest-runtime push NAME {url}", location=url
        )


class _Place(NamedTuple):
    """A file in a store."""

    url: str
    files: Any
    """An fsspec file system: untyped, and optional."""
    path: str
    scheme: str

    def info(self) -> Mapping[str, Any] | None:
        """What the store says of the file; `None` where there is none."""
        with _explained(self.url, "look for the baseline at", self.scheme):
            self.files.invalidate_cache()
            try:
                found: Mapping[str, Any] = self.files.info(self.path)
            except FileNotFoundError:
                return None
            return found if found.get("type") == "file" else None


def _place(url: str) -> _Place:
    scheme = url.partition("://")[0]
    try:
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise RemoteProblem(
            f"{url} is reached through fsspec, which is not installed: pip install 'pytest-runtime[remote]'",
            location=url,
        ) from error
    with _explained(url, "reach", scheme):
        files, path = url_to_fs(url)
    return _Place(url, files, path, scheme)


@contextmanager
def _explained(url: str, doing: str, scheme: str) -> Iterator[None]:
    """Whatever the library of a store raises becomes a `RemoteProblem` that says what to install or to set."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        raise RemoteProblem(f"cannot {doing} {url}: {_cure(error, scheme)}", location=url) from error


def _cure(error: Exception, scheme: str) -> str:
    said = str(error).strip() or type(error).__name__
    service = _SERVICES.get(scheme)
    if isinstance(error, ImportError):
        package = service.package if service is not None else ""
        return f"{said}. Install what serves {scheme}://" + (f": pip install {package}" if package else "")
    if isinstance(error, ValueError) and "rotocol not known" in said:
        return f"fsspec knows no scheme {scheme!r}; use s3://, gs://, az://, file:// or another of its schemes"
    is_refused = isinstance(error, PermissionError) or "redential" in f"{type(error).__name__} {said}"
    if is_refused and service is not None and service.credentials:
        return f"{said}. Set credentials that may do that: {service.credentials}"
    return f"{said} ({type(error).__name__})" if type(error).__name__ not in said else said


def names_in(store: str) -> list[str]:
    """The names of the baselines in a store; raises `RemoteProblem`."""
    place = _place(store)
    with _explained(store, "list the baselines in", place.scheme):
        place.files.invalidate_cache()
        found = place.files.glob(f"{place.path.rstrip('/')}/*.baseline")
    return sorted(Path(str(path)).stem for path in found)


# --- fetching --------------------------------------------------------------------------------------------------------


def cached(project: Project, name: str, url: str) -> Path:
    """The baseline at a URL, on this machine: fetched once, and again when it is another one there.

    Raises `NothingThere`, `RemoteProblem`.
    """
    place = _place(url)
    info = place.info()
    if info is None:
        raise NothingThere(url)
    folder = project.root / DEFAULT_FOLDER / CACHE
    of_url = hashlib.blake2b(url.encode(), digest_size=4).hexdigest()
    file = folder / f"{name}-{of_url}-{mark_of(info)}.baseline"
    if not file.is_file():
        make_folder(project.root / DEFAULT_FOLDER)
        folder.mkdir(exist_ok=True)
        with _draft_of(file) as draft:
            _fetch(place, info, draft)
            os.replace(draft, file)
        _tidy(folder, f"{name}-{of_url}-*.baseline")
    return file


def _tidy(folder: Path, pattern: str) -> None:
    """Old files go."""
    try:
        files = sorted(folder.glob(pattern), key=lambda file: file.stat().st_mtime_ns)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return  # another process tidies up as well


def mark_of(info: Mapping[str, Any]) -> str:
    """A digest that changes when a file does: of its size, and of the mark or, where it has none, the moment that the
    store gives it."""
    marks = [f"{name}={info[name]}" for name in _MARKS if info.get(name)]
    marks = marks or [f"{name}={info[name]}" for name in _TIMES if info.get(name)]
    return hashlib.blake2b("\n".join([str(info.get("size")), *marks]).encode(), digest_size=8).hexdigest()


def pull(url: str, file: Path, *, force: bool = False) -> bool:
    """Fetch the baseline at a URL into a file; whether the file has changed by that.

    A file that holds what the one there does not is replaced with `force` only. Raises `NothingThere`, `RemoteProblem`,
    `StoreError`.
    """
    place = _place(url)
    info = place.info()
    if info is None:
        raise NothingThere(url)
    if file.exists() and _is_same(place, info, file):
        return False
    with _draft_of(file) as draft:
        _fetch(place, info, draft)
        if file.exists() and not force and not includes(str(draft), str(file)):
            raise RemoteProblem(
                f"{file} holds what the baseline at {url} does not. Replace it with --force, or keep both: "
                "pull it under another name, and merge them (pytest-runtime merge)",
                location=url,
            )
        os.replace(draft, file)
    return True


@contextmanager
def _draft_of(file: Path) -> Iterator[Path]:
    """A place beside a file for what may become it; it is gone at the end."""
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _fetch(place: _Place, info: Mapping[str, Any], draft: Path) -> None:
    """Fetch into a draft, which is verified."""
    with _explained(place.url, "fetch the baseline at", place.scheme):
        draft.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        place.files.get_file(place.path, str(draft))
    _verify(place.url, info, draft)


def _verify(url: str, info: Mapping[str, Any], file: Path) -> None:
    """Raises `RemoteProblem` where a file is not what the store said, or is damaged."""
    size = file.stat().st_size
    if info.get("size") not in (None, size):
        raise RemoteProblem(f"{url} has {info['size']} bytes, and {size} of them came. Try again", location=url)
    said = str(info.get("md5Hash") or info.get("content_md5") or "")
    if said and base64.b64encode(_digest(file, "md5")).decode() != said:
        raise RemoteProblem(f"what came from {url} has another checksum than the store says. Try again", location=url)
    damage = damage_of(str(file))
    if damage:
        more = f", and {len(damage) - 1} more" if len(damage) > 1 else ""
        raise RemoteProblem(
            f"what lies at {url} is damaged: {damage[0].where}: {damage[0].problem}{more}. Push it anew from where it "
            "was recorded",
            location=url,
        )


# --- putting ---------------------------------------------------------------------------------------------------------


def push(source: str, url: str, *, force: bool = False) -> bool:
    """Put a baseline at a URL; whether anything had to be put there.

    One that lies there and holds what this one does not is replaced with `force` only. Raises `StoreError`,
    `RemoteProblem`.
    """
    file = complete_file(source, "what is put elsewhere has to be complete; wait until the service has ended")
    damage = damage_of(source)
    if damage:
        raise RemoteProblem(
            f"{file} is damaged, and is not pushed: {damage[0].where}: {damage[0].problem}. "
            "See all of it: pytest-runtime check",
            location=source,
        )
    place = _place(url)
    info = place.info()
    if info is not None:
        if _is_same(place, info, file):
            return False
        if not force and not _is_included(place, info, file):
            raise RemoteProblem(
                f"the baseline at {url} holds what {file} does not. Replace it with --force, or keep both: "
                "pull it under another name, merge it into this one (pytest-runtime merge), and push again",
                location=url,
            )
    with _explained(url, "put the baseline at", place.scheme):
        _put(place, file)
    now = place.info()
    if now is None or now.get("size") not in (None, file.stat().st_size):
        raise RemoteProblem(f"what was put at {url} is not there as it was sent. Try again", location=url)
    return True


def _put(place: _Place, file: Path) -> None:
    if place.scheme not in RENAMED:  # the store shows a file when all of it is there
        place.files.put_file(str(file), place.path)
        return
    draft = f"{place.path}.{os.getpid()}.part"
    place.files.makedirs(place.path.rpartition("/")[0], exist_ok=True)
    try:
        place.files.put_file(str(file), draft)
        place.files.mv(draft, place.path)
    except BaseException:
        if place.files.exists(draft):
            place.files.rm(draft)
        raise


def _is_included(place: _Place, info: Mapping[str, Any], file: Path) -> bool:
    """Whether a baseline counts all that the one in the store does: then nothing is lost when it takes its place."""
    with _draft_of(file) as draft:
        _fetch(place, info, draft)
        return includes(str(file), str(draft))


def _is_same(place: _Place, info: Mapping[str, Any], file: Path) -> bool:
    """Whether a file has the content of the one in the store."""
    if info.get("size") not in (None, file.stat().st_size):
        return False
    state = hashlib.sha256()
    with _explained(place.url, "read the baseline at", place.scheme), place.files.open(place.path, "rb") as stream:
        while chunk := stream.read(CHUNK):
            state.update(chunk)
    return state.digest() == _digest(file, "sha256")


def _digest(file: Path, algorithm: str) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).digest()
