"""Shards: the parts of a run that several machines work on, each its own."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from typing import NamedTuple, TypeVar

Key = TypeVar("Key", bound=tuple[str, ...] | str)


class Shard(NamedTuple):
    """One part of a run."""

    index: int  # type: ignore[assignment]  # `tuple.index`, which nobody calls on it
    """From 1."""
    of: int
    """How many parts there are."""

    def describe(self) -> str:
        """For people."""
        return f"shard {self.index} of {self.of}"


def divide(costs: Mapping[Key, float], of: int) -> dict[Key, int]:
    """The shard of each key, from 1: the costliest key first, each to the shard that has the least so far.

    The same keys and costs give the same division, in whatever order they come, so that machines which do not know of
    each other agree. No shard has more than 4/3 of what the costliest has in the best division (R. L. Graham, "Bounds
    on Multiprocessing Timing Anomalies", 1969).
    """
    loads = [(0.0, 0, index) for index in range(1, of + 1)]
    found = {}
    for key in sorted(costs, key=lambda key: (-costs[key], key)):
        cost, keys, index = loads[0]
        heapq.heapreplace(loads, (cost + costs[key], keys + 1, index))
        found[key] = index
    return found
