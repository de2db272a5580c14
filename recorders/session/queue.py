"""The queue between the service's threads and the collector's: bounded, and without a lock."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .live_trace import LiveTrace

BUSY_TRACES = 1_000
"""Traces that wait from which on the paths of further ones are looked at: less than the collector takes in a second."""

CROWDED_TRACES = 5_000
"""Traces that wait from which on only those with a path that is new since it got busy are taken: the other half of the
queue is theirs."""

PATHS_KNOWN = 50_000
"""Paths that are distinguished meanwhile; some megabytes."""

QUEUE_BYTES = 64_000_000
"""Frozen traces that wait, at most: what a service of a few hundred megabytes does not feel."""

QUEUE_TRACES = 10_000
"""Traces that wait, at most: about twenty rounds of the collector."""


class TraceQueue:
    """Finished traces that wait to be collected."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[LiveTrace, int]] = deque()
        # Without a lock, which a signal's handler that is recorded could wait for while it interrupts the one who holds
        # it: CPython changes threads and runs handlers at calls and backward jumps alone, not within `+=` of numbers.
        self._given = 0
        """Bytes that were put into the queue so far."""
        self._taken = 0
        """Bytes that were taken out of it."""
        self._paths: set[int] = set()
        """Paths of the traces that came since it got busy."""

    def put(self, trace: LiveTrace, size: int) -> bool:
        """Add a trace of about `size` bytes; `False` where there is no room. Never blocks.

        A burst of calls that all take one path must not keep out the one that takes another.
        """
        waiting = len(self._waiting)
        fits = self._given - self._taken + size <= QUEUE_BYTES and waiting < QUEUE_TRACES
        if waiting >= BUSY_TRACES:
            is_new = self._is_new(trace)
            fits = fits and (is_new or waiting < CROWDED_TRACES)
        elif self._paths:
            self._paths = set()
        if fits:
            self._given += size
            self._waiting.append((trace, size))
        return fits

    def _is_new(self, trace: LiveTrace) -> bool:
        """Whether no trace of the same entry took the same path since it got busy, as far as that is remembered."""
        path = hash((trace.key, trace.raw_outcome.kind, frozenset(trace.scope.path.arms)))
        if path in self._paths or len(self._paths) >= PATHS_KNOWN:
            return False
        self._paths.add(path)
        return True

    def take(self) -> LiveTrace:
        """The oldest trace; raises `IndexError` where none waits."""
        trace, size = self._waiting.popleft()
        self._taken += size
        return trace

    def __len__(self) -> int:
        return len(self._waiting)

    def clear(self) -> int:
        """Forget what waits; how much that was."""
        left = len(self._waiting)
        self._waiting.clear()
        return left
