"""Limits of probes in one process: rates and work, each in two buckets, one for all probes and half of it for each.

Leaky buckets, as in cloud-debug-python (`leaky_bucket.h`): what is used drips back with time, up to a capacity. By the
monotonic clock: setting the clock of the machine changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

HITS: Final = 200.0
"""Hits of logs and snapshots a second, in all; a burst may have twice that at once."""

WORK: Final = 0.02
"""Share of one CPU that probes may take: the share that recording has, see `governor`."""

BURST_WORK: Final = 0.05
"""Seconds of work that a burst may take at once."""

RESUMES: Final = 0.5
"""Share of its capacity that a bucket has again when what was paused goes on, so that it does not flicker."""


class Bucket:
    """Something that is used up, and comes back with time. Threads that take at once may take a little too much."""

    __slots__ = ("_capacity", "_level", "_now", "_rate", "_seen")

    def __init__(self, rate: float, capacity: float, now: Callable[[], float] = time.monotonic) -> None:
        """`rate` comes back in a second, up to `capacity`."""
        self._rate = rate
        self._capacity = capacity
        self._level = capacity
        self._now = now
        self._seen = now()

    def _fill(self) -> float:
        now = self._now()
        self._level = min(self._capacity, self._level + self._rate * max(0.0, now - self._seen))
        self._seen = now
        return self._level

    @property
    def is_empty(self) -> bool:
        """Whether nothing may be taken now."""
        return self._fill() < 0.0

    @property
    def may_resume(self) -> bool:
        """Whether so much came back that what was paused may go on."""
        return self._fill() >= RESUMES * self._capacity

    def has(self, amount: float) -> bool:
        """Whether so much is there."""
        return self._fill() >= amount

    def take(self, amount: float) -> None:
        """Use so much; what is used beyond what is there has to come back first."""
        self._level -= amount


class Limits:
    """The two buckets of hits, and the two of work, of one probe."""

    __slots__ = ("_hits", "_work")

    def __init__(self, of_all: tuple[Bucket, Bucket], now: Callable[[], float] = time.monotonic) -> None:
        """`of_all` are those of the process: hits and work."""
        self._hits = (of_all[0], Bucket(HITS / 2, HITS, now))
        self._work = (of_all[1], Bucket(WORK / 2, BURST_WORK / 2, now))

    def admit(self) -> str:
        """Take one hit; why it may not be had, or nothing."""
        every, own = self._hits
        if not own.has(1.0):
            return f"more than {HITS / 2:g} hits a second"
        if not every.has(1.0):
            return f"all probes together have more than {HITS:g} hits a second"
        every.take(1.0)
        own.take(1.0)
        return ""

    def worked(self, seconds: float) -> str:
        """So much was done in a thread of the service; why nothing more may be, or nothing."""
        every, own = self._work
        every.take(seconds)
        own.take(seconds)
        if own.is_empty:
            return f"it takes more than {WORK / 2:.0%} of a CPU: it stands where very much runs, or is slow to evaluate"
        return f"all probes together take more than {WORK:.0%} of a CPU" if every.is_empty else ""

    @property
    def may_resume(self) -> bool:
        """Whether a paused probe may go on."""
        return all(bucket.may_resume for bucket in (*self._hits, *self._work))


def shared(now: Callable[[], float] = time.monotonic) -> tuple[Bucket, Bucket]:
    """The buckets that all probes of a process share: hits and work."""
    return Bucket(HITS, 2 * HITS, now), Bucket(WORK, BURST_WORK, now)
