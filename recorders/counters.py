"""This file is about counters: what the recorder did not do, exactly counted from any thread."""

from __future__ import annotations

import threading
from collections import Counter


class Counters:
    """Named counts."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, name: str) -> int:
        """Count one more; returns how many there are now."""
        with self._lock:
            self._counts[name] += 1
            return self._counts[name]

    def snapshot(self) -> Counter[str]:
        """All counts as they are now."""
        with self._lock:
            return Counter(self._counts)
