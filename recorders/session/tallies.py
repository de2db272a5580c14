"""What is counted of a recording beside its traces, on its way into the store: counters, and what was left out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .counters import Counters, Unsampled
from .pending import LOST

if TYPE_CHECKING:
    from ..model.absences import AbsenceKey

PERIOD = 5.0
"""Seconds between two writes of counts alone: a transaction costs some milliseconds, and nobody looks more often."""

_monotonic = time.monotonic


class Tallies:
    """Counts of one recording; the store gets increments."""

    def __init__(self, shown: Callable[[str], str]) -> None:
        """`shown` gives the name of an entry without secrets."""
        self.counters = Counters()
        self.unsampled = Unsampled(self.counters.fast("not sampled"))
        self._shown = shown
        self._absences: Counter[AbsenceKey] = Counter()
        self._before: Counter[str] = Counter()
        """What another process had counted when this one was forked from it."""
        self._written: Counter[str] = Counter()
        self._written_absences: Counter[AbsenceKey] = Counter()
        self._written_at = 0.0

    def begin_anew(self) -> None:
        """In a forked child: what was counted so far is the parent's, and is written there."""
        self._before = self.counters.snapshot()
        self._written = Counter(self._before)
        self.unsampled.begin_anew()
        self._absences.clear()
        self._written_absences.clear()

    def counts(self) -> Counter[str]:
        """What this process counted."""
        return self.counters.snapshot() - self._before

    def count_unwritten(self, why: str, accepted: int, written: int) -> None:
        """Count what was accepted and is neither written nor counted as dropped already."""
        counts = self.counts()
        dropped = sum(count for name, count in counts.items() if name.startswith("dropped"))
        left = accepted - written - (dropped - counts[LOST])
        if left > 0:
            self.counters.add(why, left)

    def note(self, keys: Iterable[AbsenceKey]) -> None:
        """Things that are left out."""
        self._absences.update(keys)

    def has_news(self) -> bool:
        """Whether anything was counted or left out."""
        return bool(self.counts() or self._absences)

    def left_out(self, *, at_end: bool) -> Counter[AbsenceKey]:
        """What this recording left out, and how often."""
        unsampled: Counter[AbsenceKey] = Counter()
        for entry, count in self.unsampled.by_entry(at_end=at_end).items():
            unsampled["not sampled", self._shown(entry)] += count
        return self._absences + unsampled

    def due(self, *, at_end: bool, beside_traces: bool) -> tuple[Counter[str], Counter[AbsenceKey]] | None:
        """What is new since the last time; `None` where it is not worth a transaction yet. Taken for written."""
        counters = self.counters.snapshot() - self._written
        absences = self.left_out(at_end=at_end) - self._written_absences
        if not beside_traces and (not (counters or absences) or not self._is_time(at_end)):
            return None
        self._written.update(counters)
        self._written_absences.update(absences)
        return counters, absences

    def _is_time(self, at_end: bool) -> bool:
        now = _monotonic()
        if not at_end and now - self._written_at < PERIOD:
            return False
        self._written_at = now
        return True
