"""This file is about tracing on Python 3.11: a trace function per thread, installed for the sampled trace alone.

Opcode events give the same (jump, destination) pairs as `sys.monitoring` does, so one table of branches serves both.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from ..context import PathRecord
from .branches import jumps
from .monitoring import HIT_LIMIT, keep_return


class TraceFunctionTracer:
    """Traces through `sys.settrace`; steps aside where a debugger or a coverage tool holds the trace function."""

    name = "sys.settrace"

    def __init__(self, on_fault: Callable[[BaseException], None], included: Callable[[str], bool]) -> None:
        self._on_fault = on_fault
        self._included = included
        self._current: PathRecord | None = None

    def register(self, codes: list[CodeType]) -> None:
        """Code objects are told by their file name as they are called."""

    def begin(self, path: PathRecord) -> None:
        """A trace starts here, in this thread."""
        if sys.gettrace() is None:
            sys.settrace(self._function(path))
        else:
            path.evicted = True

    def end(self, path: PathRecord) -> None:
        """The trace is over, or pauses, in this thread."""
        function = sys.gettrace()
        if getattr(function, "path", None) is path:
            sys.settrace(None)

    def rest(self) -> None:
        """Nothing stays installed between traces."""

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function of a new thread of a trace so that the thread is traced too."""
        from .. import context

        def run(*args: Any, **kwargs: Any) -> Any:
            scope = context.current()
            path = scope.path if scope is not None else None
            if path is None:
                return function(*args, **kwargs)
            self.begin(path)
            try:
                return function(*args, **kwargs)
            finally:
                self.end(path)

        return run

    def stop(self) -> None:
        """Nothing to give back."""

    def _function(self, path: PathRecord) -> Callable[[FrameType, str, Any], Any]:
        included = self._included

        def on_call(frame: FrameType, event: str, arg: Any) -> Any:
            code = frame.f_code
            if event != "call" or not included(code.co_filename) or not code.co_flags & 0x1:
                return None
            if path.hits > HIT_LIMIT:
                path.evicted = True
                return None
            path.codes[id(code)] = code
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            return self._local(path, code)

        on_call.path = path  # type: ignore[attr-defined]  # recognised by `end`
        return on_call

    def _local(self, path: PathRecord, code: CodeType) -> Callable[[FrameType, str, Any], Any]:
        decided = jumps(code)
        arms = path.arms
        key = id(code)
        last = -1
        raised = False

        def on_event(frame: FrameType, event: str, arg: Any) -> Any:
            nonlocal last, raised
            try:
                if event == "opcode":
                    raised = False
                    offset = frame.f_lasti
                    if last in decided:
                        arms[key, last, offset] = code
                        path.hits += 1
                        if path.hits > HIT_LIMIT:
                            path.evicted = True
                            frame.f_trace_opcodes = False
                            frame.f_trace = None
                            return None
                    last = offset
                elif event == "exception":
                    raised = True
                    last = -1
                elif event == "return" and not raised:
                    keep_return(path, code, arg)
            except BaseException as fault:  # noqa: BLE001 - it would arrive in the service
                self._on_fault(fault)
            return on_event

        return on_event
