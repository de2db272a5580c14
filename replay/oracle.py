"""This file is about the oracle: base, found and sealed; or, where there is no base to be had, the recording itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from ..recorders.errors import GitMissing, NoBase, RuntimeBaselineError
from ..recorders.store.protocol import BaselineReader, Revision
from .base import Base, find_base
from .checkout import checked_out
from .distributions import other_distributions
from .files import content, read_at, tree_of, tree_of_working
from .process import LOAD_LIMIT, TIME_LIMIT, ReplayerProcess
from .replayer import CannotReplay, Plan, search_path
from .seal import OtherFormat, Seal, read_seal, seal_key, write_seal
from .sealing import Runner, seal
from .selection import Changed, Selection, module_of
from .settings import replay_settings
from .versions import Versions

SEALS_KEPT = 6
"""Seals of one baseline that stay on disk."""


class Setup(NamedTuple):
    """What a run replays, and with what."""

    root: str
    """Folder of the project."""
    baseline: str
    store: str
    include: tuple[str, ...]
    app: str
    boundaries: tuple[str, ...]
    base: str = ""
    """Revision or folder that the user named, or empty."""
    limit: float = TIME_LIMIT
    """Seconds that one replay may take."""
    load_limit: float = LOAD_LIMIT
    """Seconds that importing the code may take."""
    launch: Literal["spawn", "fork"] = "spawn"


class BaseUnavailable(RuntimeBaselineError):
    """Base cannot be replayed in this environment."""


class Oracle(NamedTuple):
    """What the candidate is compared with."""

    base: Base | None
    """`None` where the recorded outcomes stand for it."""
    reason: str
    """Why it is that, as a sentence."""
    versions: Versions
    seal: Seal | None
    """`None` without base, and where nothing differs from base."""
    selection: Selection | None
    """`None` without a seal."""
    differs: bool
    """Whether anything differs between base and candidate."""

    @property
    def label(self) -> str:
        """What it is, for people."""
        return self.base.label if self.base is not None else "the recorded outcomes"


def find_oracle(
    setup: Setup, reader: BaselineReader, say: Callable[[str], None], *, always: bool = False, renew: bool = False
) -> Oracle:
    """Find base, and its seal; make the seal where it is missing or `renew` asks for it.

    Where nothing differs there is no seal, unless `always` asks for one. `say` is told, in a line, what takes time. Raises `BaseError`, `BaseUnavailable`.
    """
    root = Path(setup.root)
    latest = latest_revision(reader)
    try:
        base = find_base(root, setup.base, latest.commit)
    except (NoBase, GitMissing) as error:
        if setup.base or renew:
            raise
        return _recorded(setup, latest, str(error))
    tree = dict(tree_of(base))
    now = dict(tree_of_working(root, with_git=base.kind == "revision"))
    versions = _versions(setup, base, tree, now)
    other = frozenset(
        path for path in {*tree, *now} if tree.get(path) != now.get(path) and not module_of(path, setup.include)
    )
    settings = _settings_differ(base, root)
    path = _seal_path(setup, reader, tree)
    known = None if renew else _known_seal(path, tree)
    if not (renew or always or versions.anything or _matters(other, known) or settings or _other_distributions(known)):
        return Oracle(base, base.reason, versions, None, None, False)
    made = known or _make(setup, reader, base, tree, path, say)
    changed = Changed(other, frozenset(_other_distributions(made)), settings)
    return Oracle(base, base.reason, versions, made, Selection(versions, changed, made), True)


def latest_revision(reader: BaselineReader) -> Revision:
    """The code that the last recording session ran."""
    revisions = reader.revisions()
    return revisions[max(revisions)] if revisions else Revision("", "", 0.0, {}, {})


def _recorded(setup: Setup, latest: Revision, why: str) -> Oracle:
    """Without base: the recorded text of the modules stands for its text, and says where something changed."""
    root = Path(setup.root)
    now = tree_of_working(root, with_git=False)
    present = _texts(setup, now, lambda paths: {path: content(root / path) or b"" for path in paths})
    new = {module: present.get(module, text) for module, text in latest.sources.items()}
    reason = f"the recorded outcomes are what is compared with: {why}"
    return Oracle(None, reason, Versions(latest.sources, {**new, **present}), None, None, True)


def _versions(setup: Setup, base: Base, tree: Mapping[str, str], now: Mapping[str, str]) -> Versions:
    old = _texts(setup, tree, lambda paths: read_at(base, paths))
    root = Path(setup.root)
    same = {path for path in now if tree.get(path) == now[path]}
    known = {module_of(path, setup.include): path for path in same}
    unchanged = {module: old[module] for module in known if module in old}
    differing = {path: now[path] for path in now if path not in same}
    texts = _texts(setup, differing, lambda paths: {path: content(root / path) or b"" for path in paths})
    return Versions(old, {**unchanged, **texts})


def _texts(setup: Setup, tree: Mapping[str, str], read: Callable[[list[str]], Mapping[str, bytes]]) -> dict[str, str]:
    """Included module → text."""
    modules = {path: module for path in sorted(tree) if (module := module_of(path, setup.include))}
    return {modules[path]: _decoded(data) for path, data in read(list(modules)).items()}


def _decoded(data: bytes) -> str:
    try:
        return importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError):
        return data.decode("utf-8", "replace")


def _settings_differ(base: Base, root: Path) -> bool:
    """Whether the part of the configuration that decides on replays is another at base."""
    data = read_at(base, ["pyproject.toml"]).get("pyproject.toml", b"")
    return replay_settings(data) != replay_settings(content(root / "pyproject.toml") or b"")


def _matters(files: frozenset[str], known: Seal | None) -> bool:
    """Whether changed files may matter; without a seal nobody knows which are read, so data files all do."""
    if known is None:
        return any(not path.endswith(_NEVER_READ) for path in files)
    read = {*known.read_by_all, *(path for paths in known.read.values() for path in paths)}
    return not files.isdisjoint(read)


_NEVER_READ = (".py", ".pyi", ".md", ".rst", ".lock", ".gitignore", ".gitattributes", ".editorconfig", "pyproject.toml")
"""Files that a service does not read, and so no reason to make a seal; a seal knows exactly."""


def _other_distributions(known: Seal | None) -> list[str]:
    """Top-level modules of the distributions that are other versions than when the seal was made."""
    return other_distributions(known.distributions) if known is not None else []


# --- the seal --------------------------------------------------------------------------------------------------------


def _seal_path(setup: Setup, reader: BaselineReader, tree: Mapping[str, str]) -> Path:
    ids = [name for one in reader.classes() for name in one.kept.values()]
    settings = [setup.app, *setup.boundaries]
    key = seal_key(traces=ids, tree=tree, include=setup.include, settings=settings)
    return Path(setup.root) / ".runtime" / "seals" / f"{setup.baseline}-{key}.seal"


def _known_seal(path: Path, tree: Mapping[str, str]) -> Seal | None:
    """The seal on disk, where it is whole, of this format, and of the same data files."""
    try:
        known = read_seal(path)
    except (OSError, OtherFormat):
        return None  # a cache: it is made again
    return known if all(tree.get(file, "") == digest for file, digest in known.files.items()) else None


def _make(
    setup: Setup, reader: BaselineReader, base: Base, tree: Mapping[str, str], path: Path, say: Callable[[str], None]
) -> Seal:
    count = sum(len(one.kept) for one in reader.classes())
    say(f"sealing {base.label}: {count} traces of baseline {setup.baseline}, once for this base")
    with checked_out(base) as folder:
        try:
            made = seal(
                reader,
                lambda seed: base_process(setup, reader, str(folder), hash_seed=seed, distributions=not seed),
                label=base.label,
                digest_of=lambda file: tree.get(file, ""),
            )
        except CannotReplay as error:
            raise BaseUnavailable(
                f"base ({base.label}) cannot be replayed in this environment: {error}. "
                "Name another base with --runtime-base REV or --runtime-base DIR"
            ) from error
    write_seal(path, made)
    _tidy(path, setup.baseline)
    return made


def _tidy(path: Path, baseline: str) -> None:
    seals = sorted(path.parent.glob(f"{baseline}-*.seal"), key=lambda one: one.stat().st_mtime)
    for old in seals[:-SEALS_KEPT]:
        old.unlink(missing_ok=True)


# --- processes -------------------------------------------------------------------------------------------------------


def plan_of(
    setup: Setup,
    reader: BaselineReader,
    root: str,
    *,
    marked: bool = False,
    distributions: bool = False,
    relaid: Iterable[str] = (),
) -> Plan:
    """What a replayer of the project in a folder loads."""
    latest = latest_revision(reader)
    return Plan(
        include=setup.include,
        app=setup.app,
        boundaries=setup.boundaries,
        root=root,
        variables=dict(latest.variables),
        modules=tuple(latest.sources),
        served=tuple(entry for entry in reader.entries().values() if entry.kind == "wsgi"),
        marked=marked,
        distributions=distributions,
        relaid=tuple(sorted(relaid)),
    )


def base_process(
    setup: Setup,
    reader: BaselineReader,
    folder: str,
    *,
    hash_seed: int = 0,
    marked: bool = False,
    distributions: bool = False,
    relaid: Iterable[str] = (),
) -> ReplayerProcess:
    """Base, checked out in a folder, in a process of its own; not loaded yet."""
    return ReplayerProcess(
        plan_of(setup, reader, folder, marked=marked, distributions=distributions, relaid=relaid),
        store=setup.store,
        path=search_path(setup.root, folder, setup.include),
        hash_seed=hash_seed,
        limit=setup.limit,
        load_limit=setup.load_limit,
        launch=setup.launch,
    )


def candidate_process(
    setup: Setup, reader: BaselineReader, versions: Versions, *, marked: bool = False
) -> ReplayerProcess:
    """The working tree, in a process of its own; not loaded yet."""
    return base_process(setup, reader, setup.root, marked=marked, relaid=versions.relaid)


@contextmanager
def marked_base(setup: Setup, reader: BaselineReader, base: Base) -> Iterator[Runner]:
    """Base once more, with decisions and values marked; raises `CannotReplay`."""
    with checked_out(base) as folder:
        process = base_process(setup, reader, str(folder), marked=True)
        try:
            process.load()
            yield process
        finally:
            process.stop()


def traces_of(selection: Selection, ids: Iterable[str]) -> dict[str, str]:
    """Selected trace → why."""
    return {name: why for name in ids if (why := selection.why(name))}
