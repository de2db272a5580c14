"""Merging of baselines in the default store: files are read as values, and the merged one is written whole."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast, get_args

from ..errors import StoreError
from ..model.absences import AbsenceKey, AbsenceKind
from ..model.trace import TraceId
from .contents import ClassKey, Contents, Exemplar, merged
from .parts import Part, SessionId, later, total
from .protocol import Batch, KeptTrace
from .sqlite_parts import SqliteParts
from .sqlite_reader import SqliteReader, reading
from .sqlite_schema import path_of
from .sqlite_writer import SqliteWriter, leave_journal


class Merge(NamedTuple):
    """What a merge came to."""

    contents: Contents
    damaged: Mapping[str, int]
    """Baseline → traces of it that could not be read, and are left out."""


class ContentsReader(SqliteReader, SqliteParts):
    """Reads all that a baseline holds."""

    def has_table(self, name: str) -> bool:
        """Whether a table is there that older files lack."""
        return name in self._tables

    def contents_whole(self) -> tuple[Contents, int]:
        """All of it, and how many traces could not be read; raises `NotABaseline`."""
        ids = self.session_ids()
        classes = {(stored.entry, stored.path): stored.description for stored in self.classes()}
        traces: dict[ClassKey, dict[TraceId, Exemplar]] = {}
        producers: dict[TraceId, bytes] = {}
        needs: dict[TraceId, frozenset[TraceId]] = {}
        damaged = 0
        for stored in self.traces():
            key = (stored.entry, stored.path)
            if stored.trace is None or key not in classes or stored.revision not in ids:
                damaged += 1
                continue
            traces.setdefault(key, {})[stored.id] = Exemplar(stored.data, ids[stored.revision])
            if stored.producers:
                needs[stored.id] = frozenset(stored.producers)
                producers.update(stored.producers)
        contents = Contents(
            sessions={ids[number]: revision for number, revision in self.revisions().items()},
            parts=self.parts(),
            entries=self.entries(),
            classes=classes,
            traces=traces,
            producers=producers,
            needs=needs,
            absences={
                (absence.kind, absence.subject): absence.count
                for absence in self.absences()
                if absence.kind != "not sampled"
            },
            processes={ids[number]: process for number, process in self.processes().items() if number in ids},
            keys={(key.id, key.recipient): key.data for key in self.keys()},
        )
        return contents, damaged


class ContentsWriter(SqliteWriter):
    """Writes contents into a new file."""

    def put(self, contents: Contents) -> None:
        """Write all of it; raises `StoreError`."""
        whole = total(contents.parts)
        by_session: dict[SessionId, list[KeptTrace]] = {}
        for (entry, path), found in contents.traces.items():
            for slot, (name, exemplar) in enumerate(sorted(found.items())):
                producers = {maker: contents.producers[maker] for maker in sorted(contents.needs.get(name, ()))}
                kept = KeptTrace(entry, path, slot, name, exemplar.data, producers)
                by_session.setdefault(exemplar.session, []).append(kept)
        self.write(Batch(list(contents.entries.values()), {}, {}, [], {}, {}))
        numbers: dict[SessionId, int] = {}
        for session in sorted(contents.sessions, key=lambda name: (contents.sessions[name].recorded, name)):
            self.begin(contents.sessions[session], session)
            numbers[session] = self._revision
            self.write(Batch([], {}, {}, by_session.get(session, []), {}, {}))
        self.write(
            Batch(
                entries=[],
                classes=dict(contents.classes),
                counts={(entry, path): count for entry, paths in whole.counts.items() for path, count in paths.items()},
                traces=[],
                shapes={(entry, part): shape for entry, parts in whole.shapes.items() for part, shape in parts.items()},
                counters=whole.counters,
                absences=_absences(contents, whole),
            )
        )
        self.add_keys(contents.wrapped_keys())
        processes = {numbers[name]: process for name, process in contents.processes.items() if name in numbers}
        self.put_parts(contents.parts, processes)


def _absences(contents: Contents, whole: Part) -> dict[AbsenceKey, int]:
    kinds: frozenset[str] = frozenset(get_args(AbsenceKind))
    found: dict[AbsenceKey, int] = {}
    for (kind, subject), count in contents.absences.items():
        if kind in kinds:
            found[cast(AbsenceKind, kind), subject] = count
    return found | {("not sampled", entry): count for entry, count in whole.unsampled.items()}


def read_contents(url: str) -> tuple[Contents, int]:
    """All that a baseline holds, and how many of its traces could not be read; raises `StoreError`."""
    reader = ContentsReader(url)
    try:
        with reading(url):
            return reader.contents_whole()
    finally:
        reader.close()


def includes(url: str, other: str) -> bool:
    """Whether a baseline counts everything that another one does, as it does after that one was merged into it.

    Raises `StoreError`.
    """
    have, _left_out = read_contents(url)
    want, _left_out = read_contents(other)
    return want.sessions.keys() <= have.sessions.keys() and all(
        name in have.parts and later(have.parts[name], part) == have.parts[name] for name, part in want.parts.items()
    )


def merge_baselines(target: str, sources: Sequence[str], exemplars: int) -> Merge:
    """Merge baselines into a target, which is made where there is none, and replaced as a whole where there is one.

    At most `exemplars` traces of each path class stay. Raises `StoreError`; `StoreBusy` where the target is being
    recorded into. Then nothing has changed.
    """
    path = path_of(target)
    contents, damaged = Contents(), {}
    if path.exists():
        leave_journal(path, "merging replaces the file. Merge into another one, or wait until the service has ended")
    for url in [*([target] if path.exists() else []), *sources]:
        found, left_out = read_contents(url)
        contents = merged(contents, found, exemplars)
        if left_out:
            damaged[url] = left_out
    write_contents(path, contents)
    return Merge(contents, damaged)


def write_contents(path: Path, contents: Contents) -> None:
    """Write contents into a file, whole or not at all; raises `StoreError`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.merging")
    try:
        writer = ContentsWriter(str(draft))
        try:
            writer.put(contents)
        finally:
            writer.close()
        os.replace(draft, path)
    except OSError as error:
        raise StoreError(f"cannot write the merged baseline {path}: {error.strerror}", location=str(path)) from error
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
