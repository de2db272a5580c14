"""Processes: which ones recorded a baseline, and what each of them counted.

Every process under one `pytest-runtime record` has a session of its own in the baseline. It writes with each batch what
it counted, and at its end that it ended: one that has not is still at work, or ended without a word.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from .. import taken
from .parts import Count

RunId: TypeAlias = str
"""16 hexadecimal digits, drawn by `pytest-runtime record`: all processes below one command have the same."""

RECORDED: Final = "recorded"
KEPT: Final = "kept"
NOT_SAMPLED: Final = "not sampled"
NO_ENTRY: Final = ""
"""Stands for the entry of counts that belong to none: drops, faults."""

_kill = taken.kill


class ProcessName(NamedTuple):
    """A process that is about to record."""

    run: RunId
    """Empty where it belongs to no run."""
    pid: int
    program: str
    """Program and script, without further arguments."""


class Process(msgspec.Struct, frozen=True, array_like=True):
    """A process that recorded."""

    run: RunId
    pid: int
    program: str
    began: float
    """Seconds since the epoch."""
    ended: bool
    """Whether it said that it ended."""
    counts: dict[str, dict[str, Count]] = {}
    """entry (or `NO_ENTRY`) → what → how often"""

    def total(self, what: str) -> int:
        """How often something was counted over all entries."""
        return sum(counted.get(what, 0) for entry, counted in self.counts.items() if entry != NO_ENTRY)

    @property
    def accounted(self) -> int:
        """Traces that are known to be recorded, or dropped."""
        counted = self.counts.get(NO_ENTRY, {})
        return self.total(RECORDED) + sum(count for name, count in counted.items() if name.startswith("dropped"))

    @property
    def dropped(self) -> dict[str, int]:
        """Why traces were lost → how many."""
        counted = self.counts.get(NO_ENTRY, {})
        return {name: count for name, count in counted.items() if name.startswith(("dropped", "fault"))}


def later(one: Process, other: Process) -> Process:
    """Of two copies of a process the later one; associative, commutative and idempotent."""
    return max(one, other, key=_progress)


def _progress(process: Process) -> tuple[int, bool, bytes]:
    counted = sum(sum(counts.values()) for counts in process.counts.values())
    rows = sorted((entry, sorted(counts.items())) for entry, counts in process.counts.items())
    return counted, process.ended, msgspec.msgpack.encode((process, rows))


def is_running(pid: int) -> bool:
    """Whether this machine has a process of this id; where the system cannot be asked, it is taken to."""
    if pid <= 0:
        return False
    if os.name != "posix":
        return True  # elsewhere `os.kill` ends processes
    try:
        _kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """Whether it is dead, and its parent has not asked yet (proc(5)); `False` where the system does not say."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            return stream.read(4096).rpartition(b")")[2].split()[:1] == [b"Z"]
    except OSError:
        return False


def ended_silently(processes: Iterable[Process]) -> list[Process]:
    """Those that are gone without having said so: killed, or out of memory. What they did not write is lost."""
    return [process for process in processes if not process.ended and not is_running(process.pid)]


def totals(processes: Iterable[Process]) -> Mapping[str, int]:
    """What some processes counted together: what → how often, drops and faults by their names."""
    found: dict[str, int] = {}
    for process in processes:
        for counted in process.counts.values():
            for what, count in counted.items():
                found[what] = found.get(what, 0) + count
    return found
