"""What a value that is too large to be kept costs the request that holds it.

    python benchmarks/large_values.py

Each value is frozen as the one argument of a call; the time is the best of some. What cannot be kept must not be walked
through: at most one millisecond.
"""

from __future__ import annotations

import collections
import sys
import time
from collections.abc import Callable
from typing import Any

from pytest_runtime.recorders.capture.freeze import freeze

BAR_MS = 1.0
TURNS = 20


class Line:
    """One of many objects."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = "line"


class Cache:
    """An object that holds something large."""

    def __init__(self) -> None:
        self.rows = dict.fromkeys(range(1_000_000), 1)


VALUES: dict[str, Callable[[], Any]] = {
    "a text of 50 MB": lambda: "x" * 50_000_000,
    "a text of 50 MB, not ASCII": lambda: "é" * 25_000_000,
    "a dict of a million keys": lambda: dict.fromkeys(range(1_000_000), 1),
    "a Counter of a million keys": lambda: collections.Counter(range(1_000_000)),
    "200,000 objects": lambda: [Line(number) for number in range(200_000)],
    "a list of a million numbers": lambda: list(range(1_000_000)),
    "an object that holds a million rows": Cache,
}


def cost(value: Any) -> float:
    """Milliseconds, the best of some."""
    best = float("inf")
    for _ in range(TURNS):
        started = time.perf_counter()
        freeze((None, (value,), {}))
        best = min(best, time.perf_counter() - started)
    return best * 1e3


def main() -> int:
    worst = 0.0
    for name, make in VALUES.items():
        spent = cost(make())
        worst = max(worst, spent)
        print(f"{name:36} {spent:8.3f} ms")
    print(f"bar {BAR_MS} ms: {'held' if worst <= BAR_MS else 'missed'}")
    return 0 if worst <= BAR_MS else 1


if __name__ == "__main__":
    sys.exit(main())
