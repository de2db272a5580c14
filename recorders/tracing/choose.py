"""Choosing the tracer: which one, and why."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import CodeType
from typing import TYPE_CHECKING, Any

from .protocol import NothingRests

if TYPE_CHECKING:
    from ..context import PathRecord
    from .protocol import Entered, Tracer


class NoTracer(NothingRests):
    """Traces nothing, and says why."""

    head = compiler = None

    def __init__(self, reason: str) -> None:
        self.name = f"no tracing: {reason}"
        self.looks: Callable[[], bool] = lambda: False

    def register(self, codes: list[CodeType]) -> None:
        """Nothing to do."""

    def find_entries(self, entered: Entered) -> None:
        """Nothing is seen."""

    def hold(self, code: CodeType) -> None:
        """Nothing is seen."""

    def release(self, code: CodeType, *, again: bool) -> None:
        """Nothing to do."""

    def watch(self, codes: Iterable[CodeType]) -> None:
        """Nothing is seen."""

    def unwatch(self, codes: Iterable[CodeType]) -> None:
        """Nothing to do."""

    def begin(self, path: PathRecord) -> None:
        """Nothing to do."""

    def end(self, path: PathRecord) -> None:
        """Nothing to do."""

    def rest(self) -> None:
        """Nothing to do."""

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return function

    def forked(self) -> None:
        """Nothing to do."""

    def stop(self) -> None:
        """Nothing to do."""


def choose_tracer(on_fault: Callable[[BaseException], None], included: Callable[[str], bool]) -> Tracer:
    """The best tracer that this interpreter has free: `sys.monitoring`, else a trace function, else none."""
    if sys.version_info >= (3, 12):
        # 0, 1, 2 and 5 are set aside for debugger, coverage, profiler and optimizer (PEP 669).
        from .monitoring import MonitoringTracer

        for tool in (4, 3, 5, 2):
            if sys.monitoring.get_tool(tool) is None:
                return MonitoringTracer(on_fault, tool=tool)
        return NoTracer("every tool id of sys.monitoring is taken")
    from .settrace import TraceFunctionTracer  # type: ignore[unreachable]  # reached on 3.11

    return TraceFunctionTracer(on_fault, included)
