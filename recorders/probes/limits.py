"""Limits of probes in one process: rates and work, each in two buckets, one for all probes and half of it for each.

Leaky buckets, as in cloud-debug-python (`leaky_bucket.h`): what is used drips back with time, up to a capacity. By the
monotonic clock: setting the clock of the machine changes nothing.
"""

from __future__ import annotations

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

    __slots__ = ("_capacity", "_rate", "_seen", "level")

    def __init__(self, rate: float, capacity: float, now: float) -> None:
        """`rate` comes back in a second, up to `capacity`; `now` is by the monotonic clock, as everywhere here."""
        self._rate = rate
        self._capacity = capacity
        self.level = capacity
        self._seen = now

    def fill(self, now: float) -> float:
        """What is there now."""
        passed = now - self._seen
        if passed > 0.0:
            self._seen = now
            level = self.level + self._rate * passed
            self.level = level if level < self._capacity else self._capacity
        return self.level

    def may_resume(self, now: float) -> bool:
        """Whether so much came back that what was paused may go on."""
        return self.fill(now) >= RESUMES * self._capacity


class Limits:
    """The two buckets of hits, and the two of work, of one probe."""

    __slots__ = ("_every", "_every_work", "_own", "_own_work")

    def __init__(self, of_all: tuple[Bucket, Bucket], now: float) -> None:
        """`of_all` are those of the process: hits and work."""
        self._every, self._every_work = of_all
        self._own = Bucket(HITS / 2, HITS, now)
        self._own_work = Bucket(WORK / 2, BURST_WORK / 2, now)

    def admit(self, now: float) -> str:
        """Take one hit; why it may not be had, or nothing."""
        if self._own.fill(now) < 1.0:
            return f"more than {HITS / 2:g} hits a second"
        if self._every.fill(now) < 1.0:
            return f"all probes together have more than {HITS:g} hits a second"
        self._every.level -= 1.0
        self._own.level -= 1.0
        return ""

    def worked(self, seconds: float, now: float) -> str:
        """So much was done in a thread of the service; why nothing more may be, or nothing."""
        own, every = self._own_work, self._every_work
        own.level -= seconds
        every.level -= seconds
        if own.level < 0.0 and own.fill(now) < 0.0:
            return f"it takes more than {WORK / 2:.0%} of a CPU: it stands where very much runs, or is slow to evaluate"
        if every.level < 0.0 and every.fill(now) < 0.0:
            return f"all probes together take more than {WORK:.0%} of a CPU"
        return ""

    def may_resume(self, now: float) -> bool:
        """Whether a paused probe may go on."""
        return all(one.may_resume(now) for one in (self._own, self._every, self._own_work, self._every_work))


def shared(now: float) -> tuple[Bucket, Bucket]:
    """The buckets that all probes of a process share: hits and work."""
    return Bucket(HITS, 2 * HITS, now), Bucket(WORK, BURST_WORK, now)
