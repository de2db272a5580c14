"""This file is about counters: what the recorder did not do, exactly counted from any thread."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Hashable

KEY_LIMIT = 4096
"""Keys that are counted on their own."""

OTHERS = "other entries"


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
            if counted(counter):
                counts[name] += counted(counter)
        return counts


def counted(counter: itertools.count[int]) -> int:
    """How often a counter that began with 1 was asked, without asking it."""
    return int(repr(counter)[6:-1]) - 1  # the one way that every version has: `count(7)`


class Unsampled:
    """Runs of entries that the budget left out, counted by entry without a lock.

    A run that is not recorded is known by the sampler's key alone; the entry's name is that of the runs of the same key
    that were recorded, of which there is always one.
    """

    def __init__(self) -> None:
        self._counts: dict[Hashable, itertools.count[int]] = {}
        self._entries: dict[Hashable, str] = {}

    def add(self, key: Hashable) -> None:
        """Count one more."""
        counter = self._counts.get(key)
        if counter is None:
            known = key if len(self._counts) < KEY_LIMIT else OTHERS
            counter = self._counts.setdefault(known, itertools.count(1))
        next(counter)

    def name(self, key: Hashable, entry: str) -> None:
        """A recorded run says what the entry of its key is called."""
        if key in self._entries or len(self._entries) < KEY_LIMIT:
            self._entries[key] = entry

    def by_entry(self) -> Counter[str]:
        """Entry → runs that were left out."""
        found: Counter[str] = Counter()
        for key, counter in list(self._counts.items()):
            found[self._entries.get(key, key if isinstance(key, str) else OTHERS)] += counted(counter)
        return found
