"""Counters: what the recorder did not do, exactly counted from any thread."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Hashable

KEY_LIMIT = 4096
"""Keys that are counted on their own."""

OTHERS = "other entries"


class Counters:
    """Named counts. Without a lock: a signal's handler that counts could interrupt one that holds it, for ever."""

    def __init__(self) -> None:
        self._counts: dict[str, itertools.count[int]] = {}

    def add(self, name: str, more: int = 1) -> int:
        """Count one or more; returns how many there are now."""
        counter = self._counter(name)
        for _ in range(more - 1):
            next(counter)
        return next(counter)

    def fast(self, name: str) -> Callable[[], int]:
        """A function that counts one more of a name, for the hot path."""
        return self._counter(name).__next__

    def _counter(self, name: str) -> itertools.count[int]:
        counter = self._counts.get(name)
        return counter if counter is not None else self._counts.setdefault(name, itertools.count(1))

    def snapshot(self) -> Counter[str]:
        """All counts as they are now."""
        counts = {name: counted(counter) for name, counter in list(self._counts.items())}
        return Counter({name: count for name, count in counts.items() if count})


def counted(counter: itertools.count[int]) -> int:
    """How often a counter that began with 1 was asked, without asking it."""
    return int(repr(counter)[6:-1]) - 1  # the one way that every version has: `count(7)`


class Unsampled:
    """Runs of entries that the budget left out, counted by entry without a lock.

    A run that is not recorded is known by the sampler's key alone; the entry's name is that of the runs of the same key
    that were recorded, of which there is always one.
    """

    def __init__(self, count_all: Callable[[], int]) -> None:
        """`count_all` counts the runs of all entries together."""
        self._count_all = count_all
        self._counts: dict[Hashable, itertools.count[int]] = {}
        self._entries: dict[Hashable, str] = {}

    def begin_anew(self) -> None:
        """Count from nothing; names stay known."""
        self._counts = {}

    def add(self, key: Hashable) -> None:
        """Count one more."""
        self._count_all()
        counter = self._counts.get(key)
        if counter is None:
            known = key if len(self._counts) < KEY_LIMIT else OTHERS
            counter = self._counts.setdefault(known, itertools.count(1))
        next(counter)

    def name(self, key: Hashable, entry: str) -> None:
        """A recorded run says what the entry of its key is called."""
        if key in self._entries or len(self._entries) < KEY_LIMIT:
            self._entries[key] = entry

    def by_entry(self, *, at_end: bool = True) -> Counter[str]:
        """Entry → runs that were left out; before the end without those whose entry has no name yet."""
        found: Counter[str] = Counter()
        for key, counter in list(self._counts.items()):
            name = self._entries.get(key, key if isinstance(key, str) else OTHERS if at_end else "")
            if name:
                found[name] += counted(counter)
        return found
