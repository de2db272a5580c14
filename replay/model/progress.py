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
        """`what` is done with `total` things; `clock` gives seconds."""
        self._what = what
        self._total = total
        self._say = say
        self._clock = clock
        self._begun = clock()
        self._due = FIRST
        self._done = 0
        self._lock = threading.Lock()

    def count(self) -> None:
        """One more is done."""
        with self._lock:
            self._done += 1
            passed = self._clock() - self._begun
            if passed < self._due or self._done >= self._total:
                return
            self._due = 2 * passed
            self._say(f"{self._what}: {self._done} of {self._total} after {passed:.0f} s")

    def counted(self, things: Iterable[_T]) -> Iterator[_T]:
        """The same things; each is done when the next one is asked for."""
        for thing in things:
            yield thing
            self.count()
