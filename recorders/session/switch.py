"""The switch of a recording: on, until it ends or the recorder has failed too often."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .counters import Counters

FAULT_LIMIT = 20
"""Internal faults after which the recorder switches itself off."""


class Switch:
    """Whether anything is recorded."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._faults = 0
        self._wake: Callable[[], None] | None = None
        self.is_off = False
        self.generation = 0
        """Forks between the process that began to record and this one."""

    def fault(self, fault: BaseException) -> None:
        """Count an internal fault; after too many, record no more."""
        self._faults += 1
        self._counters.add(f"fault: {type(fault).__name__}")
        if self._faults >= FAULT_LIMIT and not self.is_off:
            self._counters.add("switched off after too many faults")
            self.turn_off()

    def turn_off(self) -> None:
        """Record nothing from now on."""
        self.is_off, self._wake = True, None

    def sleep(self, wake: Callable[[], None]) -> None:
        """In a forked child: record nothing until something happens; then `wake` is called, which may be called
        several times, and turns the switch on. One that is off stays off."""
        self.generation += 1
        if not self.is_off or self._wake is not None:
            self.is_off, self._wake = True, wake

    def turn_on(self) -> None:
        """Record again."""
        self.is_off, self._wake = False, None

    def try_on(self) -> bool:
        """An entry is about to run: whether it may be recorded after all."""
        wake = self._wake
        if wake is not None:
            wake()
        return not self.is_off
