"""The switch of a recording: on, until it ends or the recorder has failed too often."""

from __future__ import annotations

from collections.abc import Callable

from .counters import Counters

FAULT_LIMIT = 20
"""Internal faults after which the recorder switches itself off."""


class Switch:
    """Whether anything is recorded."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._faults = 0
        self._on_missed: Callable[[], None] | None = None
        self.is_off = False

    def fault(self, fault: BaseException) -> None:
        """Count an internal fault; after too many, record no more."""
        self._faults += 1
        self._counters.add(f"fault: {type(fault).__name__}")
        if self._faults >= FAULT_LIMIT and not self.is_off:
            self._counters.add("switched off after too many faults")
            self.turn_off()

    def turn_off(self, on_missed: Callable[[], None] | None = None) -> None:
        """Record nothing from now on; `on_missed` is called at the first entry that would have been recorded."""
        self.is_off, self._on_missed = True, on_missed

    def missed(self) -> None:
        """An entry would have been recorded."""
        on_missed, self._on_missed = self._on_missed, None
        if on_missed is not None:
            on_missed()
