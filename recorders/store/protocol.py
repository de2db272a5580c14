"""What a store promises: how a baseline is written and read, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ..model.absences import Absence, AbsenceKey
from ..model.shapes import Shape
from ..model.trace import Entry, PathClass, Trace, TraceId
from ..privacy.encryption import KeyId, WrappedKey
from .processes import Process, ProcessName


class Revision(NamedTuple):
    """The code that a recording session ran: its commit where known, and the text of the included modules."""

    commit: str
    python: str
    recorded: float
    """Seconds since the epoch."""
    sources: Mapping[str, str]
    """module → source text"""
    variables: Mapping[str, str | None]
    """Environment variables that included code read outside every trace."""
    root: str = ""
    """Folder of the project where it was recorded; empty where that is not known."""
    names: Sequence[str] | None = None
    """Names of all environment variables that were set, without their values; `None` where nobody kept them."""
    key: KeyId = ""
    """Session key that `secrets` is encrypted with; empty where no variable has a value behind its pseudonym."""
    secrets: bytes = b""
    """The values behind the pseudonyms of its variables, encrypted; see `secret_parts`."""
    keys: Sequence[WrappedKey] = ()
    """The key of the session, for each who may read what it hides. A reader gives those of all sessions by `keys`."""
    plugins: Mapping[str, str] = MappingProxyType({})
    """Plugin that was at work → its version."""


class KeptTrace(NamedTuple):
    """A trace on its way into a store, in a slot of its class; what the slot held before goes."""

    entry: str
    path: str
    slot: int
    id: TraceId
    data: bytes
    producers: Mapping[TraceId, bytes] = MappingProxyType({})
    """Traces that made the objects which it was given, and theirs."""
    replaces: TraceId = ""
    """What the slot held, as far as this process knows; empty where it was free."""


class Batch(NamedTuple):
    """What a collector writes at once; counts are increments."""

    entries: Sequence[Entry]
    classes: Mapping[tuple[str, str], PathClass]
    """(entry, path digest) → class, those not written before"""
    counts: Mapping[tuple[str, str], int]
    traces: Sequence[KeptTrace]
    shapes: Mapping[tuple[str, str], Shape]
    """(entry, `input` or `outcome`) → shape of what is new"""
    counters: Mapping[str, int]
    absences: Mapping[AbsenceKey, int] = MappingProxyType({})
    """What was left out."""
    exemplars: int = 0
    """Traces that a path class may keep, so that processes which record at once do not keep as many each; 0 where
    nobody else records."""


@dataclass(frozen=True, slots=True)
class StoredClass:
    """A path class as a store holds it."""

    entry: str
    path: str
    count: int
    kept: Mapping[int, TraceId]
    """slot → trace"""
    description: PathClass


class Written(NamedTuple):
    """What became of a batch."""

    kept: int = 0
    """Traces that are in the store now."""
    classes: Mapping[tuple[str, str], StoredClass] = MappingProxyType({})
    """Path classes of the batch that other processes added to, as they are now."""


class StoredTrace(NamedTuple):
    """A kept trace, or the reason why it cannot be read."""

    id: TraceId
    entry: str
    path: str
    revision: int
    trace: Trace | None
    fault: str
    data: bytes = b""
    """The trace as `encode_trace` writes it."""
    producers: Mapping[TraceId, bytes] = MappingProxyType({})
    """Traces that made the objects which this one was given, and theirs."""


class BaselineWriter(Protocol):
    """Takes what one recording process collects."""

    location: str

    @property
    def number(self) -> int:
        """Of the session; 0 before one has begun."""

    def start(self, revision: Revision, process: ProcessName | None = None) -> None:
        """Begin a session; what follows belongs to this revision, and is counted for the process. Why an earlier run
        found nothing is forgotten."""

    def update_revision(self, revision: Revision) -> None:
        """Modules and variables seen since."""

    def classes(self) -> list[StoredClass]:
        """What is there already, so that counts and exemplars go on."""

    def processes(self) -> dict[int, Process]:
        """The processes that record, or recorded, by number of their session."""

    def rest(self) -> None:
        """Hold nothing open until the next use, because the process forks; raises nothing."""

    def write(self, batch: Batch) -> Written:
        """Write everything or nothing; raises `StoreError`: `StoreBusy` where trying again helps, `StoreLost` where
        what was written before is gone."""

    def add_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Let others read what the sessions so far hide; raises `StoreError`."""

    def end(self) -> None:
        """Note that the process ended; raises like `write`."""

    def close(self) -> None:
        """Leave one complete file behind; raises like `write`."""


class BaselineReader(Protocol):
    """Gives what a baseline holds. Reading runs nothing that the baseline names."""

    location: str

    def entries(self) -> dict[str, Entry]:
        """By name."""

    def classes(self) -> list[StoredClass]:
        """In a fixed order."""

    def traces(self, *, entry: str | None = None, path: str | None = None) -> Iterator[StoredTrace]:
        """Kept traces, in a fixed order; one that is corrupt comes with its fault."""

    def revisions(self) -> dict[int, Revision]:
        """By number."""

    def shapes(self) -> dict[tuple[str, str], Shape]:
        """(entry, `input` or `outcome`) → shape."""

    def counters(self) -> dict[str, int]:
        """What the recorder counted: drops, faults, what was not sampled."""

    def processes(self) -> dict[int, Process]:
        """The processes that recorded it, by number of their session; older versions did not say."""

    def absences(self) -> list[Absence]:
        """What the baseline does not hold, and why; nothing of a baseline that an older version wrote."""

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """All that it holds, decompressed: (where it stands, in words, and what stands there)."""

    def keys(self) -> list[WrappedKey]:
        """The keys of its sessions, each for one recipient; none where nothing is hidden."""

    def close(self) -> None:
        """Done with it."""
