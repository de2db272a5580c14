"""This file is about counters: what the recorder did not do, exactly counted from any thread."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable


class Counters:
    """Named counts."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._fast: dict[str, itertools.count[int]] = {}
        self._lock = threading.Lock()

    def add(self, name: str) -> int:
        """Count one more; returns how many there are now."""
        with self._lock:
            self._counts[name] += 1
            return self._counts[name]

    def fast(self, name: str) -> Callable[[], int]:
        """A function that counts one more of a name: without a lock, for the hot path."""
        counter = itertools.count(1)
        self._fast[name] = counter
        return counter.__next__

    def snapshot(self) -> Counter[str]:
        """All counts as they are now."""
        with self._lock:
            counts = Counter(self._counts)
        for name, counter in self._fast.items():
            # The one way to look at a counter without counting that every version has: `count(7)`.
            reached = int(repr(counter)[6:-1]) - 1
            if reached:
                counts[name] += reached
        return counts
