"""Files: what lies under a project's root, at the base and now, each by the id of its content.

The id is the one git gives a blob, so that what git knows already need not be read. Left out everywhere: what belongs
to version control, caches, virtual environments, and this package's own files.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ...recorders.errors import GitMissing
from .git import Git, open_git

if TYPE_CHECKING:
    from .base import Base

BlobId: TypeAlias = str
"""Hexadecimal; empty for a file that cannot be read."""

ACCEPTANCES = "runtime-accepted.toml"
OWN_FOLDER = ".runtime"

SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", OWN_FOLDER, "__pycache__", ".venv", "venv", ".tox", ".nox", "node_modules", ".eggs"}
    | {".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
)
_SHA256_DIGITS = 64
SUBMODULE = "160000"
"""The mode of a row that stands for a submodule's commit."""
LINK = "120000"
"""The mode of a symbolic link."""


def tree_of(base: Base) -> Mapping[str, BlobId]:
    """Path, relative to the project's root, → content of every file at the base; raises `BaseError`.

    A submodule is one row with the id of its commit. A project that does not exist at the base has no files.
    """
    if base.kind == "directory":
        return folder_tree(base.location)
    return {path: blob for path, blob in _blobs_of(base).items() if is_source(path)}


def links_of(base: Base, paths: Iterable[str]) -> dict[str, str]:
    """Path → what is written in it, of those of some paths that are symbolic links at the base; raises `BaseError`."""
    if base.kind == "directory":
        return links_in(base.location, paths)
    modes = dict.fromkeys(path for about, path in _rows_of(base) if about.startswith(LINK))
    contents = read_at(base, [path for path in paths if path in modes])
    return {path: os.fsdecode(data) for path, data in contents.items()}


def links_in(root: Path, paths: Iterable[str]) -> dict[str, str]:
    """The same for a folder."""
    links = ((path, os.path.join(root, path)) for path in paths)
    return {path: os.readlink(place) for path, place in links if os.path.islink(place)}


def _blobs_of(base: Base) -> dict[str, BlobId]:
    return {path: about.split(" ")[2] for about, path in _rows_of(base)}


def _rows_of(base: Base) -> tuple[tuple[str, str], ...]:
    """(mode, kind and id; path) of every file at a revision."""
    return _rows(base.location, base.commit, base.prefix)


@lru_cache(4)  # what a commit holds does not change
def _rows(location: Path, commit: str, prefix: str) -> tuple[tuple[str, str], ...]:
    git = Git(location)
    tree = f"{commit}:{prefix}"
    if prefix and not git.ask("rev-parse", "--verify", "--quiet", tree):
        return ()
    rows = (row.partition("\t") for row in git.fields("ls-tree", "-r", "-z", "--full-tree", tree))
    return tuple((about, path) for about, _tab, path in rows)


def tree_of_working(root: Path, *, with_git: bool = True) -> Mapping[str, BlobId]:
    """The same for the working tree as it is now; raises `BaseError`.

    Git says which files it knows and which of them changed: only those, and new ones that are not ignored, are read.
    Without git everything is read. `with_git=False` asks for that where the base is a directory: then both sides
    leave out the same.
    """
    git = _git_of(root) if with_git else None
    if git is None:
        return folder_tree(root)
    found: dict[str, BlobId] = {}
    for row in git.fields("ls-files", "--stage", "-z"):
        about, path = row.split("\t", 1)
        mode, known, _stage = about.split(" ")
        found[path] = _commit_of(root / path, known) if mode == SUBMODULE else known
    wide = any(len(blob) == _SHA256_DIGITS for blob in found.values())
    differing = git.fields("ls-files", "--modified", "--deleted", "--others", "--exclude-standard", "-z")
    for path in set(differing):
        if (root / path / ".git").exists():
            continue  # a repository of its own: a submodule, looked at above, or one that git does not know
        now = _blob_of(root / path, "sha256" if wide else "sha1")
        if now is None:
            found.pop(path, None)
        elif path in found or not skipped(path):
            found[path] = now
    return {path: blob for path, blob in found.items() if is_source(path)}


def read_at(base: Base, paths: Iterable[str]) -> dict[str, bytes]:
    """The content of files at the base, as git stores it; those that are not there are left out. Raises `BaseError`."""
    if base.kind == "directory":
        contents = {path: content(base.location / path) for path in paths}
        return {path: data for path, data in contents.items() if data is not None}
    blobs = _blobs_of(base)
    wanted = [path for path in dict.fromkeys(paths) if path in blobs]
    request = "".join(f"{blobs[path]}\n" for path in wanted).encode()
    answer = Git(base.location).run("cat-file", "--batch", given=request) if wanted else b""
    return {path: data for path, data in zip(wanted, _batch(answer), strict=True) if data is not None}


def _batch(answer: bytes) -> Iterator[bytes | None]:
    """The contents in an answer of `git cat-file --batch`; `None` for what is no blob here (a submodule)."""
    start = 0
    while start < len(answer):
        end = answer.index(b"\n", start)
        header, start = answer[start:end].split(b" "), end + 1
        if len(header) == 3:
            size = int(header[2])
            yield answer[start : start + size]
            start += size + 1
        else:
            yield None


def _git_of(root: Path) -> Git | None:
    try:
        return open_git(root)
    except GitMissing:
        return None


# --- which files -----------------------------------------------------------------------------------------------------


def is_source(path: str) -> bool:
    """Whether a file may matter to the project: this package's own files do not."""
    parts = path.split("/")
    return OWN_FOLDER not in parts and parts[-1] != ACCEPTANCES


def skipped(path: str) -> bool:
    """Whether a file lies in a folder of caches, version control or an environment."""
    return not SKIPPED_FOLDERS.isdisjoint(path.split("/")[:-1])


def folder_tree(root: Path) -> dict[str, BlobId]:
    """Path → content of everything below a folder, without git."""
    found = {}
    for folder, names, files in os.walk(root):
        here = Path(folder)
        links = [name for name in names if (here / name).is_symlink()]
        names[:] = sorted(name for name in names if name not in links and not _left_out(here / name))
        for name in (*files, *links):
            path = (here / name).relative_to(root).as_posix()
            blob = _blob_of(here / name, "sha1")
            if blob is not None and is_source(path) and not name.endswith(".pyc"):
                found[path] = blob
    return found


def is_environment(folder: Path) -> bool:
    """Whether a folder is a virtual environment."""
    return (folder / "pyvenv.cfg").is_file()


def _left_out(folder: Path) -> bool:
    return folder.name in SKIPPED_FOLDERS or is_environment(folder)


# --- contents --------------------------------------------------------------------------------------------------------


def content(path: Path) -> bytes | None:
    """What a file holds, of a link where it leads; `None` when it is not there or neither file nor link."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return os.fsencode(path.readlink())
        return path.read_bytes() if stat.S_ISREG(mode) else None
    except (FileNotFoundError, NotADirectoryError):
        return None


def last_changed(path: Path) -> str:
    """Another one when a file that is not worth reading changed; empty where there is none."""
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_size} bytes, {found.st_mtime_ns}"


def blob_id(data: bytes, algorithm: str = "sha1") -> BlobId:
    """The id that git gives to this content."""
    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _blob_of(path: Path, algorithm: str) -> BlobId | None:
    try:
        data = content(path)
    except OSError:
        return ""
    return None if data is None else blob_id(data, algorithm)


def _commit_of(submodule: Path, known: str) -> str:
    """The commit that a submodule stands at, with a mark when its files differ; `known` where it is not initialised."""
    if not (submodule / ".git").exists():
        return known
    git = Git(submodule)
    commit = git.text("rev-parse", "HEAD")
    return f"{commit}-dirty" if git.ask("status", "--porcelain") else commit
