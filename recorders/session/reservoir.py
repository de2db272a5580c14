"""Retention: which traces of a path class stay, so that a baseline is bounded by behaviours."""

from __future__ import annotations

import _random
from collections.abc import Mapping

from .. import taken
from ..model.trace import TraceId

_getpid = taken.getpid


class Reservoir:
    """A uniform sample of the traces of one path class (Vitter's algorithm R).

    J. S. Vitter, "Random sampling with a reservoir", ACM TOMS 11(1), 1985. The first trace of a class always enters.
    """

    def __init__(self, capacity: int, *, count: int = 0, kept: Mapping[int, TraceId] | None = None) -> None:
        self._capacity = capacity
        self.count = count
        self._kept = dict(kept or {})
        # The C class: `random.Random` is a boundary in this process.
        self._random = _random.Random()
        self._random.seed(count + (_getpid() << 40))  # processes that record at once do not draw alike

    def offer(self) -> int | None:
        """Count one more trace; the slot that it takes, or `None` when it is not kept."""
        self.count += 1
        if len(self._kept) < self._capacity:
            return next(slot for slot in range(self._capacity) if slot not in self._kept)
        slot = int(self._random.random() * self.count)
        return slot if slot < self._capacity else None

    def learn(self, count: int, kept: Mapping[int, TraceId]) -> None:
        """Other processes record the same class: how it is now."""
        self.count, self._kept = count, dict(kept)

    def held(self, slot: int) -> TraceId:
        """The trace in a slot; empty where it is free."""
        return self._kept.get(slot, "")

    def put(self, slot: int, name: TraceId) -> bool:
        """Fill a slot; `False` when the same trace is kept already."""
        if name in self._kept.values():
            return False
        self._kept[slot] = name
        return True
