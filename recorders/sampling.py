"""This file is about sampling: which entries are recorded, and why the others are not."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

_monotonic = time.monotonic

BURST = 10.0
"""Seconds of allowance that add up while nothing is recorded: a short script is recorded whole."""

NOVEL_LIMIT = 4096
"""Entry names remembered as seen; a service with more of them has ids in its names."""


class Sampler:
    """Lets a number of traces a second through, and every entry that was never seen before."""

    def __init__(self, per_second: float | None) -> None:
        """`None` lets every trace through."""
        self._per_second = per_second
        self._tokens = BURST * (per_second or 0.0)
        self._filled = _monotonic()
        self._seen: set[Hashable] = set()
        self._lock = threading.Lock()

    def admit(self, key: Hashable) -> bool:
        """Whether to record this run of the entry `key`."""
        if self._per_second is None:
            return True
        if key not in self._seen and len(self._seen) < NOVEL_LIMIT:
            self._seen.add(key)
            return True
        if self._tokens < 1.0 and _monotonic() - self._filled < 0.05:
            return False
        with self._lock:
            now = _monotonic()
            earned = (now - self._filled) * self._per_second
            self._tokens = min(max(1.0, BURST * self._per_second), self._tokens + earned)
            self._filled = now
            if self._tokens < 1.0:
                return False
            self._tokens -= 1.0
            return True
