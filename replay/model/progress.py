"""Progress of what takes long: a line from two seconds on, and another one each time twice as much time is over."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from time import monotonic
from typing import TypeAlias, TypeVar

FIRST = 2.0
"""Seconds after which the first line is due."""

Say: TypeAlias = Callable[[str], None]
"""Shows a line to whoever waits."""

_T = TypeVar("_T")


def say_nothing(_line: str) -> None:
    """Nobody waits."""


class Progress:
    """How much of something is done; it may be counted in several threads."""

    def __init__(self, what: str, total: int, say: Say, clock: Callable[[], float] = monotonic) -> None:
        """`what` is done with `total` things, of which more may come; `clock` gives seconds."""
        self._what = what
        self._total = total
        self._say = say
        self._clock = clock
        self._begun = clock()
        self._due = FIRST
        self._done = 0
        self._lock = threading.Lock()

    def expect(self, more: int) -> None:
        """There are more things to do; the time begins to count where there was nothing before."""
        with self._lock:
            if not self._total:
                self._begun = self._clock()
            self._total += more

    def count(self, things: int = 1) -> None:
        """So many more are done."""
        with self._lock:
            self._done += things
            passed = self._clock() - self._begun
            if passed < self._due or self._done >= self._total:
                return
            self._due = 2 * passed
            self._say(f"{self._what}: {self._done} of {self._total} after {duration(passed)}{self._outlook(passed)}")

    def _outlook(self, passed: float) -> str:
        """How fast it is, and how long it will take if it goes on so."""
        if passed <= 0 or not self._done:
            return ""
        rate = self._done / passed
        speed = f"{rate:.0f} a second" if rate >= 10 else f"{rate:.1f} a second"
        return f", {speed}, about {duration((self._total - self._done) / rate)} left"

    def counted(self, things: Iterable[_T]) -> Iterator[_T]:
        """The same things; each is done when the next one is asked for."""
        for thing in things:
            yield thing
            self.count()


def duration(seconds: float) -> str:
    """A time for people: seconds below two minutes, then minutes, then hours."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
