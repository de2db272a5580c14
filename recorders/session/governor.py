"""The governor: holds the recorder's CPU under a share of the process's, by saying when a run may be recorded.

What the recorder spends is taken from a budget that fills with the CPU that the process uses: of each second the share.
Before that there is an allowance to warm up with, once: the first traces of an entry cost far more than the later ones,
because each is new. What a run will cost in the collector's thread is known only afterwards; until then the mean of
those before it stands for it.

All numbers are CPU seconds. They are changed from several threads without a lock: an update that gets lost is worth
some microseconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from ..options import DEFAULT_SHARE

SCRIPT_TIMES: Final = 10
"""Times the share that a script or a test suite may spend: it runs once, and what it does is the traffic."""

WARM_UP: Final = 3.0
"""The allowance: services that were recorded in full spent 0.5 to 3 s until most of their paths were known."""

SAVED: Final = 0.5
"""How much of the budget adds up while nothing is recorded."""

RESERVE: Final = 0.05
"""What is left to runs of entries that may show something new."""

LOOK_AGAIN: Final = 0.05
"""Seconds, by the wall clock, between two looks at the CPU of the process."""

TYPICAL: Final = 0.002
"""What one run costs before any was measured."""

_WEIGHT: Final = 0.1
"""Of the latest runs in the mean."""


class Usage(NamedTuple):
    """What the recorder used of the process, so far."""

    recorder: float
    process: float
    warm_up: float
    """The part of the allowance that was used."""
    share: float
    """Of the process, the most that the recorder may use beyond it."""

    @property
    def steady(self) -> float:
        """The recorder's share of the process without what the allowance paid for."""
        return max(0.0, self.recorder - self.warm_up) / self.process if self.process else 0.0


class Governor:
    """Measures what the recorder spends, and says whether it may spend more."""

    def __init__(
        self,
        share: float = DEFAULT_SHARE,
        *,
        cpu: Callable[[], float] = time.process_time,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`share` is between 0 and 1; `cpu` is the clock of the process, `now` that on the wall. Until the process
        serves, `SCRIPT_TIMES` the share is there."""
        self._served_share = share
        self._share = min(1.0, SCRIPT_TIMES * share)
        self._cpu = cpu
        self._now = now
        self._began = self._seen = cpu()
        self._looked = now()
        self._budget = 0.0
        self._allowance = WARM_UP
        self._spent = 0.0
        self._typical = TYPICAL
        self._outstanding = 0
        """Runs that were let through, and are not yet paid for."""

    def begin_anew(self) -> None:
        """In a forked child: its CPU is counted from nothing. What is left of the allowance is left to it, too."""
        self._began = self._seen = self._cpu()
        self._looked = self._now()
        self._budget = self._spent = 0.0
        self._outstanding = 0

    def serve(self) -> None:
        """The process serves others from now on, who would wait for it."""
        self._share = self._served_share

    def may_open(self, *, novel: bool) -> bool:
        """Whether a run may be recorded now; `novel` is one of an entry that may still show a new path."""
        return self._has_room(novel) or (self._look() and self._has_room(novel))

    def opened(self) -> None:
        """A run is recorded."""
        self._outstanding += 1

    def spent(self, seconds: float) -> None:
        """The recorder used CPU in a thread of the service: for capturing, or for events of its tracer."""
        self._pay(seconds)

    def collected(self, runs: int, seconds: float, *, waiting: int) -> None:
        """The collector's thread used CPU for this many runs; `waiting` are still in its queue."""
        self._pay(seconds)
        if runs:
            self._typical += _WEIGHT * (seconds / runs - self._typical)
        self._outstanding = waiting
        self._look()

    def usage(self) -> Usage:
        """What was used so far."""
        return Usage(self._spent, self._cpu() - self._began, WARM_UP - self._allowance, self._share)

    def _has_room(self, novel: bool) -> bool:
        """What is novel may use the allowance; what repeats itself only what the share earned."""
        room = self._budget - self._outstanding * self._typical
        return room + self._allowance > 0.0 if novel else room > RESERVE

    def _look(self) -> bool:
        """Fill the budget with what the process used since; whether that was done, as it is now and then."""
        now = self._now()
        if now - self._looked < LOOK_AGAIN:
            return False
        self._looked = now
        used = self._cpu()
        self._budget = min(SAVED, self._budget + self._share * (used - self._seen))
        self._seen = used
        return True

    def _pay(self, seconds: float) -> None:
        """From the budget, then from the allowance; what is then missing, the budget has to earn first."""
        self._spent += seconds
        earned = min(max(self._budget, 0.0), seconds)
        allowed = min(self._allowance, seconds - earned)
        self._allowance -= allowed
        self._budget -= seconds - allowed


def describe(usage: Usage) -> str:
    """What the recorder used, for a person."""
    total = usage.recorder / usage.process if usage.process else 0.0
    parts = f"{usage.recorder:.1f} s of the process's {usage.process:.1f} s of CPU ({total:.1%})"
    if usage.warm_up < 0.05:
        return parts
    return f"{parts}, {usage.warm_up:.1f} s of it to warm up, beyond that {usage.steady:.1%}"
