"""The queue between the service's threads and the collector's: bounded, and without a lock."""

from __future__ import annotations

from collections import deque

from .session import LiveTrace

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

    def put(self, trace: LiveTrace, size: int) -> bool:
        """Add a trace of about so many bytes; `False` where there is no room. Never blocks."""
        fits = self._given - self._taken + size <= QUEUE_BYTES and len(self._waiting) < QUEUE_TRACES
        if fits:
            self._given += size
            self._waiting.append((trace, size))
        return fits

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
