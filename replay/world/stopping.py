"""How a replay stops before its entry ends, and where in included code it is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import CodeType, FrameType
from typing import Any, NamedTuple, NoReturn

from ...recorders.model.trace import Site
from ...recorders.model.value_tree import Tree
from ...recorders.tracing.function_names import function_name
from ..model.reason import StopCode
from .rebuild import Stand, build
from .resolver import Resolver, Unbuildable


class TraceStopped(BaseException):
    """The replay cannot go on. A base exception, so that `except Exception` in the service does not hide it."""


class Stop(NamedTuple):
    """Why a replay ended before its entry did."""

    kind: StopCode
    reason: str
    site: Site | None


class TraceRun:
    """One run of a trace: where its code is, the values that it is given, and whether it goes on."""

    def __init__(self, resolver: Resolver, modules: Mapping[str, str]) -> None:
        """`modules` maps the files of included modules to their names."""
        self.modules = modules
        self.stopped: Stop | None = None
        self.is_over = False
        """Whether its entry came to an end, and only what that left behind is cleared away."""
        self.stand: Stand | None = None
        """What stands for a part of what was recorded that was not captured, or that acts when it is used."""
        self._resolver = resolver

    def build(self, tree: Tree) -> Any:
        """A live value of the recording; stops the trace when it cannot be built."""
        try:
            return build(tree, self._resolver, None, self.stand)
        except Unbuildable as error:
            self.stop(StopCode.GAP, str(error))

    def stop(self, kind: StopCode, reason: str, frame: FrameType | None = None) -> NoReturn:
        """End the replay here, with a reason; the first one counts. Raises `TraceStopped`. It is at a frame, or where
        this is called."""
        if self.stopped is None and not self.is_over:
            self.stopped = Stop(kind, reason, self.site(frame or sys._getframe(1)))
        raise TraceStopped(reason if self.stopped is None else self.stopped.reason)

    def go_on(self) -> None:
        """Nothing, unless the run was stopped or is over: then it raises `TraceStopped`."""
        if self.stopped is not None or self.is_over:
            raise TraceStopped(self.stopped.reason if self.stopped is not None else "the entry came to its end")

    def name(self, code: CodeType) -> str:
        """The name of a function."""
        return function_name(code, self.modules)

    def innermost(self, frame: FrameType | None) -> FrameType | None:
        """The innermost frame of included code, from a frame outwards."""
        modules = self.modules
        while frame is not None:
            if frame.f_code.co_filename in modules:
                return frame
            frame = frame.f_back
        return None

    def site(self, frame: FrameType | None) -> Site | None:
        """The line of included code that a frame runs for."""
        inner = self.innermost(frame)
        return Site(self.name(inner.f_code), inner.f_lineno) if inner is not None else None
