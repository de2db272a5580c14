"""The tool id under which `sys.monitoring` (PEP 669) knows the recorder, and the events that it asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from types import CodeType

from ..code_flags import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR

_DEFERRED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR


class MonitoringTool:
    """A tool id that is held until it is freed, and sets of events as `sys.monitoring` takes them."""

    def __init__(self, number: int) -> None:
        """Takes the id; raises `ValueError` where somebody holds it."""
        events = sys.monitoring.events
        # 3.14 has an event for each way out; before, one event stood for both.
        names = ("BRANCH_LEFT", "BRANCH_RIGHT") if hasattr(events, "BRANCH_LEFT") else ("BRANCH",)
        self.number = number
        self.branch_events: tuple[int, ...] = tuple(getattr(events, name) for name in names)
        self.branches = sum(self.branch_events)
        self.returns = events.PY_RETURN
        self.calls = events.PY_START | events.PY_RETURN
        self._rests = events.PY_YIELD | events.PY_RESUME
        self._listened: tuple[int, ...] = ()
        sys.monitoring.use_tool_id(number, "pytest-runtime")

    def rests_of(self, code: CodeType) -> int:
        """The events of frames that rest and go on, where those of this code can."""
        return self._rests if code.co_flags & _DEFERRED else 0

    def listen(self, callbacks: Mapping[int, Callable[..., None]]) -> None:
        """Have callbacks called at events, by event."""
        self._listened = tuple(callbacks)
        for event, callback in callbacks.items():
            sys.monitoring.register_callback(self.number, event, callback)

    def listen_everywhere(self) -> None:
        """Listen to the events that CPython reports of all code or of none: exceptions that leave or enter a frame."""
        events = sys.monitoring.events
        sys.monitoring.set_events(self.number, events.PY_UNWIND | events.PY_THROW)

    def free(self) -> None:
        """Listen to nothing, and give the id back."""
        sys.monitoring.set_events(self.number, 0)
        for event in self._listened:
            sys.monitoring.register_callback(self.number, event, None)
        sys.monitoring.free_tool_id(self.number)
