"""This file is about tracing on Python 3.12 and newer: `sys.monitoring` (PEP 669) with local events.

A trace is a window in which the events of the included code objects are armed, not a flag that every callback
checks. The window stays open between traces that follow each other and is closed by the collector when it finds it
idle, so neither a sampled nor an unsampled request pays for opening and closing it.

`DISABLE` is never returned from a branch callback: on 3.12 and 3.13 it would lose the other arm of the branch. No
callback may raise: the exception would arrive in the service.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from types import CodeType
from typing import Any

from .. import context
from ..context import PathRecord

HIT_LIMIT = 20_000
"""Branch events of one trace; the code object that exceeds it is evicted until the window opens again."""

RETURN_LIMIT = 256
"""Results of inner calls kept per trace."""

TEXT_LIMIT = 256
_SCALARS = frozenset({type(None), bool, int, float, Decimal})


def keep_return(path: PathRecord, code: CodeType, value: Any) -> None:
    """Keep the result of an inner call when it cannot change later."""
    cls = type(value)
    if (cls in _SCALARS or (cls is str and len(value) <= TEXT_LIMIT)) and len(path.returns) < RETURN_LIMIT:
        path.returns.append((code, value))


class MonitoringTracer:
    """Traces through `sys.monitoring`, with a tool id of its own."""

    name = "sys.monitoring"

    def __init__(self, on_fault: Callable[[BaseException], None], *, tool: int) -> None:
        self._tool = tool
        self._on_fault = on_fault
        self._codes: list[CodeType] = []
        self._active = 0
        self._armed = False
        self._evicted = False
        self._lock = threading.Lock()
        events = sys.monitoring.events
        # 3.14 has an event for each way out; before, one event told of both.
        names = ("BRANCH_LEFT", "BRANCH_RIGHT") if hasattr(events, "BRANCH_LEFT") else ("BRANCH",)
        branch_events: list[int] = [getattr(events, name) for name in names]
        self._events = events.PY_START | events.PY_RETURN
        sys.monitoring.use_tool_id(tool, "pytest-runtime")
        for event in branch_events:
            self._events |= event
            sys.monitoring.register_callback(tool, event, self._on_branch)
        sys.monitoring.register_callback(tool, events.PY_START, self._on_start)
        sys.monitoring.register_callback(tool, events.PY_RETURN, self._on_return)

    def register(self, codes: list[CodeType]) -> None:
        """Add code objects of included modules."""
        with self._lock:
            self._codes.extend(codes)
            if self._armed:
                self._set(codes, self._events)

    def begin(self, path: PathRecord) -> None:
        """A trace starts here."""
        with self._lock:
            self._active += 1
            if not self._armed:
                self._armed = True
                self._set(self._codes, self._events)

    def end(self, path: PathRecord) -> None:
        """The trace is over, or pauses."""
        with self._lock:
            self._active -= 1

    def rest(self) -> None:
        """Close the window when no trace runs; called by the collector."""
        with self._lock:
            if self._armed and (self._active == 0 or self._evicted):
                self._set(self._codes, 0)
                self._armed = self._evicted = False
                if self._active:
                    self._armed = True
                    self._set(self._codes, self._events)

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Events are not per thread: a new thread needs nothing."""
        return function

    def stop(self) -> None:
        """Give everything back."""
        with self._lock:
            self._set(self._codes, 0)
            self._codes = []
            for event in (self._events & (1 << bit) for bit in range(32)):
                if event:
                    sys.monitoring.register_callback(self._tool, event, None)
            sys.monitoring.free_tool_id(self._tool)

    def _set(self, codes: list[CodeType], events: int) -> None:
        for code in codes:
            sys.monitoring.set_local_events(self._tool, code, events)

    def _on_branch(self, code: CodeType, offset: int, destination: int) -> None:
        try:
            scope = context.current()
            if scope is None or scope.path is None:
                return
            path = scope.path
            path.arms[id(code), offset, destination] = code
            path.hits += 1
            if path.hits > HIT_LIMIT:
                self._evict(path, code)
        except BaseException as fault:  # noqa: BLE001 - it would arrive in the service
            self._on_fault(fault)

    def _evict(self, path: PathRecord, code: CodeType) -> None:
        path.evicted = self._evicted = True
        sys.monitoring.set_local_events(self._tool, code, 0)

    def _on_start(self, code: CodeType, offset: int) -> None:
        try:
            scope = context.current()
            if scope is not None and scope.path is not None:
                scope.path.codes[id(code)] = code
        except BaseException as fault:  # noqa: BLE001 - it would arrive in the service
            self._on_fault(fault)

    def _on_return(self, code: CodeType, offset: int, value: Any) -> None:
        try:
            scope = context.current()
            if scope is not None and scope.path is not None:
                keep_return(scope.path, code, value)
        except BaseException as fault:  # noqa: BLE001 - it would arrive in the service
            self._on_fault(fault)
