"""Metrics in a process: each thread adds to a sum of its own, so that none is lost and none waits."""

from __future__ import annotations

from collections.abc import Iterable
from math import frexp, isfinite

from ..taken import get_ident
from .model import Metric


class Sum:
    """What one thread added up."""

    __slots__ = ("buckets", "count", "least", "most", "total")

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.least = float("inf")
        self.most = float("-inf")
        self.buckets: dict[int, int] = {}


class Sums:
    """What all threads added up; only the thread itself writes its sum."""

    def __init__(self) -> None:
        self._by_thread: dict[int, Sum] = {}

    def count(self) -> None:
        """One more execution."""
        self._own().count += 1

    def add(self, value: float) -> None:
        """One more value."""
        own = self._own()
        own.count += 1
        own.total += value
        own.least = min(own.least, value)
        own.most = max(own.most, value)
        if value > 0 and isfinite(value):
            power = frexp(value)[1] - 1
            own.buckets[power] = own.buckets.get(power, 0) + 1

    def _own(self) -> Sum:
        thread = get_ident()
        found = self._by_thread.get(thread)
        if found is None:
            found = self._by_thread[thread] = Sum()
        return found

    def metric(self) -> Metric:
        """What is added up so far."""
        return merged(
            Metric(count=one.count, total=one.total, least=one.least, most=one.most, buckets=dict(one.buckets))
            if one.most >= one.least
            else Metric(count=one.count)
            for one in list(self._by_thread.values())
        )


def merged(metrics: Iterable[Metric]) -> Metric:
    """Several metrics as one; those without a value say nothing of the least and greatest."""
    count, total, buckets = 0, 0.0, dict[int, int]()
    valued: list[Metric] = []
    for one in metrics:
        count += one.count
        total += one.total
        if one.buckets or one.total or one.least or one.most:
            valued.append(one)
        for power, times in one.buckets.items():
            buckets[power] = buckets.get(power, 0) + times
    return Metric(
        count=count,
        total=total,
        least=min((one.least for one in valued), default=0.0),
        most=max((one.most for one in valued), default=0.0),
        buckets=dict(sorted(buckets.items())),
    )
