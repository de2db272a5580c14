"""What is said of probes: what one asks for, how it stands in each process, and what its hits showed."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from ..model.value_tree import Tree

Kind: TypeAlias = Literal["log", "snapshot", "counter", "duration", "value"]
"""`log` writes a line, `snapshot` keeps locals and stack; the others are metrics, which are added up where they run."""

METRICS: Final = frozenset({"counter", "duration", "value"})

State: TypeAlias = Literal["armed", "next call", "waiting", "paused", "done", "expired", "refused", "broken", "removed"]
"""How a probe stands in one process.

`armed`: the next execution is a hit. `next call`: calls that run already are not seen, later ones are (Python 3.11).
`waiting`: no module of that file is loaded there yet. `paused`: its rate or its budget is used up for the moment, and
it goes on by itself. `done`: it had the hits that were asked for. `refused`, `broken`: it will not run; `reason` says
why. `removed`: the process ended, or nothing of the probe is left in it.
"""

Life: TypeAlias = Literal["placed", "done", "expired", "removed"]
"""How a probe stands as a whole. Only a `placed` one can have further hits."""

DEFAULT_SECONDS: Final = 600.0
DEFAULT_HITS: Final = 100
MOST_HITS: Final = 10_000
MOST_SECONDS: Final = 24 * 3600.0


class Probe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody asked for."""

    id: str
    """8 hexadecimal digits."""
    kind: Kind
    place: str
    """`FILE:LINE`, `FILE:FUNCTION` or `MODULE:FUNCTION`; a file is given by the end of its path."""
    text: str = ""
    """Of a `log` its line, with expressions in braces; of a `value` the expression that is measured."""
    condition: str = ""
    """Only executions of which it is true are hits; empty for all."""
    hits: int = 0
    """Most hits, over all processes; 0 for any number (metrics alone)."""
    seconds: float = DEFAULT_SECONDS
    """How long it stays."""
    placed: float
    """Seconds since the epoch."""
    clock: float = 0.0
    """The monotonic clock of the machine when it was placed."""
    boot: str = ""
    """Names the start of the machine that `clock` counts from; empty where the system does not say."""
    by: str = ""
    """Who placed it: `user:NAME`, or what an assistant's server says."""
    key: str = ""
    """A correlation key of whoever placed it, for finding it again."""
    source: str = ""
    """Digest of the file as whoever placed it sees it; empty where they have none."""
    pid: int = 0
    """The one process that it is for; 0 for all."""


class Metric(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a metric added up; of durations in seconds."""

    count: int = 0
    total: float = 0.0
    least: float = 0.0
    most: float = 0.0
    buckets: dict[int, int] = {}
    """Power of two → how many values were at least that and less than the next; zero and negative ones in none."""


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a probe stands in one process."""

    pid: int
    program: str
    """Program and script, without further arguments."""
    state: State
    reason: str = ""
    """Why it is in this state, in a sentence; empty where nothing is to be said."""
    lines: tuple[int, ...] = ()
    """Nearest lines that have code, where it was refused for having none."""
    hits: int = 0
    """Executions that fulfilled the condition, of metrics those that were counted."""
    errors: int = 0
    """Executions for which condition or text could not be evaluated."""
    error: str = ""
    """The latest reason."""
    left_out: int = 0
    """Hits that were left out because a rate or the budget was used up, at least."""
    running: bool = True
    """Whether the process is there."""
    metric: Metric | None = None


class ProbeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A probe, and how it stands."""

    probe: Probe
    life: Life
    baseline: str
    hits: int
    """Hits that can be read, or that a metric counted."""
    left: float
    """Seconds until it expires; 0 when it is over."""
    processes: tuple[ProcessStatus, ...] = ()
    """Processes that took notice of it; empty while none has."""
    metric: Metric | None = None
    """Of all processes together."""


class Call(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One frame of the stack of a snapshot."""

    function: str
    """`module:qualname`"""
    file: str
    line: int


class Hit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One time a probe fired. Nothing in it is a secret in clear, and what was cut says so."""

    number: int
    """From 1, in the order in which hits of all processes were written."""
    at: float
    """Seconds since the epoch."""
    pid: int
    thread: str = ""
    trace: str = ""
    """Label of the entry whose trace ran, where one did."""
    text: str = ""
    """Of a log its line."""
    names: tuple[str, ...] = ()
    """Of a log its expressions, of a snapshot the local variables, in order."""
    values: tuple[Tree, ...] = ()
    """What they were."""
    stack: tuple[Call, ...] = ()
    """Of a snapshot: callers, innermost first, without the frame of the hit itself."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What was read of a probe."""

    status: ProbeStatus
    hits: tuple[Hit, ...]
    """In order of their numbers."""
    last: int
    """Number of the last one; give it as `after` to go on from there."""


class AuditLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the audit log."""

    at: float
    """Seconds since the epoch."""
    what: Literal["placed", "refused", "read", "removed", "expired", "done"]
    by: str
    probe: str = ""
    kind: str = ""
    place: str = ""
    condition: str = ""
    text: str = ""
    """The expressions of a log or value, without what was captured."""
    hits: int = 0
    """Of a placing, how many may be; of all else, how many there were."""
    reason: str = ""
    before: str
    """Digest of the line before; empty in the first."""
    digest: str
    """Of this line without itself."""
