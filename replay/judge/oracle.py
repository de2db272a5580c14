"""The oracle: base, found and sealed; or, where there is no base to be had, the recording itself."""

from __future__ import annotations

import glob
import importlib.util
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from ...recorders.errors import GitMissing, NoBase, RuntimeBaselineError
from ...recorders.privacy.source_literals import without_secrets
from ...recorders.store.protocol import BaselineReader, Revision
from ..change.base import Base, Matters, find_base
from ..change.checkout import checked_out
from ..change.distributions import other_distributions
from ..change.files import content, last_changed, links_in, links_of, read_at, tree_of, tree_of_working
from ..change.ignored_modules import describe_ignored, ignored_changes
from ..change.modules import Files, followed, may_lead_to_modules, module_files, module_of
from ..change.packages import homes_in
from ..change.settings import replay_settings
from ..change.versions import Versions
from ..compare.redacted_parts import KeysAtHand
from ..execute.plan import CannotReplay
from ..model.file_locks import LockFile
from ..model.progress import Say, say_nothing
from .processes import base_process, latest_revision
from .seal import SEAL_KEY_LENGTH, OtherFormat, Seal, read_seal, seal_key, write_seal
from .sealing import seal
from .selection import Changed, Selection
from .setup import Setup

__all__ = ["BaseUnavailable", "Oracle", "find_oracle"]

SEALS_KEPT = 6
"""Seals of one baseline that stay on disk: for the branches that somebody goes back and forth between."""


LOCKS = "locks"
"""Name of the file beside the seals whose bytes are their locks."""

LOCK_DIGITS = 15
"""Digits of a seal's key that say which byte: as many as the offset of a file has room for."""


class BaseUnavailable(RuntimeBaselineError):
    """Base cannot be replayed in this environment."""


class Oracle(NamedTuple):
    """What the candidate is compared with."""

    base: Base | None
    """`None` where the recorded outcomes represent it."""
    reason: str
    """Why it is that, as a sentence."""
    versions: Versions
    seal: Seal | None
    """`None` without base, and where nothing differs from base."""
    selection: Selection | None
    """`None` without a seal."""
    differs: bool
    """Whether anything that traces loaded or read differs between base and candidate."""
    unread: tuple[str, ...] = ()
    """Files that differ and that no trace loads or reads."""
    ignored: Versions = Versions({}, {})
    """Modules that git ignores, as they were recorded and as they are: base has no other text of them."""

    @property
    def label(self) -> str:
        """What it is, for people."""
        return self.base.label if self.base is not None else "the recorded outcomes"


def find_oracle(
    setup: Setup,
    reader: BaselineReader,
    say: Say,
    *,
    always: bool = False,
    renew: bool = False,
    progress: Say = say_nothing,
) -> Oracle:
    """Find base, and its seal; make the seal where it is missing or `renew` asks for it.

    Where nothing differs there is no seal, unless `always` asks for one. `say` shows, in a line, what takes time and
    what went wrong; `progress` how far it is. Raises `BaseError`, `BaseUnavailable`.
    """
    root = Path(setup.root)
    latest = latest_revision(reader)
    try:
        base = find_base(root, setup.base, latest.commit, matters=_is_meaningful(setup))
    except (NoBase, GitMissing) as error:
        if setup.base or renew:
            raise
        return _recorded(setup, latest, str(error))
    before = _files_of(base, setup)
    after = _files_in(root, setup, with_git=base.kind == "revision")
    tree, now = before.blobs, after.blobs
    versions = _versions(setup, base, before, after)
    linked = {files.places[path] for files in (before, after) for path in _modules(files, setup).values()}
    other = frozenset(
        path
        for path in {*tree, *now}
        if tree.get(path) != now.get(path)
        and not module_of(path, setup.include, (*before.homes, *after.homes))
        and path not in linked
    )
    ignored = _ignored(setup, latest, base, before, after, say)
    settings = _settings_differ(base, root)
    path = _seal_path(setup, reader, before)
    digest_of = _digests(root, base, tree, now)
    known = None if renew else _known_seal(path, digest_of, say)
    asked = renew or always or versions.anything or settings
    if not (asked or other or _other_distributions(known)):
        return Oracle(base, base.reason, versions, None, None, False, ignored=ignored)
    made = known or _made_once(setup, reader, base, digest_of, path, say, progress, renew=renew)
    changed = Changed(other, frozenset(_other_distributions(made)), settings)
    selection = Selection(versions, changed, made)
    if not (asked or changed.distributions or selection.read):
        return Oracle(base, base.reason, versions, made, None, False, tuple(sorted(other)), ignored)
    return Oracle(base, base.reason, versions, made, selection, True, tuple(sorted(other - selection.read)), ignored)


def _ignored(setup: Setup, latest: Revision, base: Base, before: Files, after: Files, say: Say) -> Versions:
    if base.kind == "directory":  # it has all files of its own
        return Versions({}, {})
    known = {*_modules(before, setup), *_modules(after, setup)}
    found = ignored_changes(latest.sources, known, Path(setup.root), (*before.homes, *after.homes))
    text = describe_ignored(found)
    if text:
        say(text)
    return found


def _is_meaningful(setup: Setup) -> Matters:
    """Whether a dirty file is an included module that says something else."""

    def matters(path: str, before: bytes, now: bytes) -> bool:
        module = module_of(path, setup.include, setup.homes)
        return bool(module) and Versions({module: _decoded(before)}, {module: _decoded(now)}).anything

    return matters


def _files_of(base: Base, setup: Setup) -> Files:
    tree = tree_of(base)
    homes = homes_in(tree, setup.include, setup.homes)
    links = links_of(base, [path for path in tree if may_lead_to_modules(path, setup.include, homes)])
    return followed(tree, links, homes)


def _files_in(root: Path, setup: Setup, *, with_git: bool) -> Files:
    tree = tree_of_working(root, with_git=with_git)
    links = links_in(root, [path for path in tree if may_lead_to_modules(path, setup.include, setup.homes)])
    return followed(tree, links, setup.homes)


def _recorded(setup: Setup, latest: Revision, why: str) -> Oracle:
    """Without base: the recorded text of the modules represents its text, and says where something changed."""
    root = Path(setup.root)
    files = _files_in(root, setup, with_git=False)
    present = {
        module: _decoded(content(root / files.places[path]) or b"") for module, path in _modules(files, setup).items()
    }
    new = {module: present.get(module, text) for module, text in latest.sources.items()}
    reason = f"the recorded outcomes are what is compared with: {why}"
    versions = Versions(_without_secrets(latest.sources), _without_secrets({**new, **present}))
    return Oracle(None, reason, versions, None, None, True)


def _without_secrets(sources: Mapping[str, str]) -> dict[str, str]:
    """Texts as a recording keeps them."""
    return {module: without_secrets(text) for module, text in sources.items()}


def _versions(setup: Setup, base: Base, before: Files, after: Files) -> Versions:
    """The texts of the included modules, at base and now; what git says is the same is not read again."""
    root = Path(setup.root)
    there, here = (_modules(files, setup) for files in (before, after))
    contents = read_at(base, [before.places[path] for path in there.values()])
    old = {module: _decoded(contents.get(before.places[path], b"")) for module, path in there.items()}
    new = {
        module: old[module]
        if module in there and before.blobs[there[module]] == after.blobs[path]
        else _decoded(content(root / after.places[path]) or b"")
        for module, path in here.items()
    }
    return Versions(old, new)


def _modules(files: Files, setup: Setup) -> dict[str, str]:
    """Included module → its path."""
    return module_files(files.blobs, setup.include, files.homes)


def _decoded(data: bytes) -> str:
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")


def _settings_differ(base: Base, root: Path) -> bool:
    """Whether the part of the configuration that decides on replays is another at base."""
    data = read_at(base, ["pyproject.toml"]).get("pyproject.toml", b"")
    return replay_settings(data) != replay_settings(content(root / "pyproject.toml") or b"")


def _other_distributions(known: Seal | None) -> list[str]:
    """Top-level modules of the distributions that are other versions than when the seal was made."""
    return other_distributions(known.distributions) if known is not None else []


# --- the seal --------------------------------------------------------------------------------------------------------


def _seal_path(setup: Setup, reader: BaselineReader, files: Files) -> Path:
    ids = [name for stored in reader.classes() for name in stored.kept.values()]
    modules = _modules(files, setup)
    settings = [setup.app, *setup.boundaries, *setup.include, *sorted(key.id for key in setup.keys)]
    key = seal_key(traces=ids, tree=files.blobs, modules=modules.values(), settings=settings)
    return Path(setup.root) / ".runtime" / "seals" / f"{setup.baseline}-{key}.seal"


def _digests(root: Path, base: Base, tree: Mapping[str, str], now: Mapping[str, str]) -> Callable[[str], str]:
    """Gives the digest of a file that base reads; what git ignores base has from the working tree."""

    def digest_of(file: str) -> str:
        is_lent = base.kind == "revision" and file not in tree and file not in now
        return last_changed(root / file) if is_lent else tree.get(file, "")

    return digest_of


def _known_seal(path: Path, digest_of: Callable[[str], str], say: Callable[[str], None]) -> Seal | None:
    """The seal on disk, where it is whole, of this format, and of the same data files."""
    try:
        known = read_seal(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, OtherFormat) as error:
        say(f"the seal cannot be read and is made again: {error}")
        return None
    return known if all(digest_of(file) == digest for file, digest in known.files.items()) else None


def _made_once(
    setup: Setup,
    reader: BaselineReader,
    base: Base,
    digest_of: Callable[[str], str],
    path: Path,
    say: Say,
    progress: Say,
    *,
    renew: bool,
) -> Seal:
    """The seal that another run is making just now, or one that is made here."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        locks = LockFile(path.parent / LOCKS)
    except OSError:
        return _make(setup, reader, base, digest_of, path, say, progress)  # it says what cannot be written
    with closing(locks):
        byte = int(path.stem[-LOCK_DIGITS:], 16)
        if not locks.take(byte):
            say(f"another run is sealing {base.label}; waiting for it")
            locks.wait(byte)
        # Another run may have made it since this one looked for it.
        known = None if renew else _known_seal(path, digest_of, say_nothing)
        return known or _make(setup, reader, base, digest_of, path, say, progress)


def _make(
    setup: Setup,
    reader: BaselineReader,
    base: Base,
    digest_of: Callable[[str], str],
    path: Path,
    say: Say,
    progress: Say,
) -> Seal:
    count = sum(len(stored.kept) for stored in reader.classes())
    say(f"sealing {base.label}: {count} traces of baseline {setup.baseline}, once for this base")
    with checked_out(base) as folder:
        try:
            made = seal(
                reader,
                lambda seed: base_process(setup, reader, str(folder), hash_seed=seed, distributions=not seed),
                label=base.label,
                digest_of=digest_of,
                root=setup.root,
                redact=setup.redact,
                keys=KeysAtHand(reader.keys(), frozenset(key.id for key in setup.keys)),
                progress=progress,
            )
        except CannotReplay as error:
            raise BaseUnavailable(
                f"base ({base.label}) cannot be replayed in this environment: {error}. "
                "Name another base with --runtime-base REV or --runtime-base DIR"
            ) from error
    try:
        write_seal(path, made)
        _tidy(path, setup.baseline)
    except OSError as error:
        say(f"the seal cannot be kept, and every run makes it again: {error}")
    return made


def _tidy(path: Path, baseline: str) -> None:
    """Old seals go; raises `OSError`."""
    pattern = f"{glob.escape(baseline)}-{'?' * SEAL_KEY_LENGTH}.seal"
    seals = sorted(path.parent.glob(pattern), key=lambda kept: kept.stat().st_mtime)
    for old in seals[:-SEALS_KEPT]:
        old.unlink(missing_ok=True)
