"""Trace functions of single frames: what notes the arms of one, and what reports to a watch how one ends."""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from ..faults import own
from .jumps import jumps
from .path_limits import HIT_LIMIT, keep_return

if TYPE_CHECKING:
    from ..context import PathRecord, Watch

TraceFunction: TypeAlias = Callable[[FrameType, str, Any], Any]
OnFault: TypeAlias = Callable[[BaseException], None]
"""Called with faults of the recorder's own, which would arrive in the service."""
_Locals: TypeAlias = dict[str, Any]

_RETURN, _YIELD = dis.opmap["RETURN_VALUE"], dis.opmap.get("YIELD_VALUE", -1)


def trace_arms(
    path: PathRecord, code: CodeType, on_fault: OnFault, watch: Watch | None = None, stale: _Locals | None = None
) -> TraceFunction:
    """The trace function that notes the arms of one frame.

    `stale` is the dict of locals that the frame was asked for: the interpreter fills and reads it once more at the next
    event, and then keeps it, and what it holds, as long as the frame.
    """
    decided = jumps(code)
    arms = path.arms
    key = id(code)
    last = -1
    error: BaseException | None = None
    events = 0

    def on_event(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal last, error, events
        try:
            if stale is not None:
                events += 1
                if events == 2:
                    stale.clear()
            if event == "opcode":
                offset = frame.f_lasti
                if last in decided:
                    arms[key, last, offset] = code
                    path.hits += 1
                    if path.hits > HIT_LIMIT:
                        path.evicted = True
                        frame.f_trace_opcodes = False
                        if watch is None:
                            frame.f_trace = None
                            return None
                last = offset
            elif event == "exception":
                error = arg[1]
                last = -1
            elif event == "return":
                if watch is not None:
                    _report(watch, frame, arg, error)
                elif code.co_code[frame.f_lasti] == _RETURN:
                    keep_return(path, code, arg)
                error = None
        except Exception as fault:
            if not own(fault):
                raise
            on_fault(fault)  # it would arrive in the service
        return on_event

    return on_event


def trace_end(watch: Watch, on_fault: OnFault, *, alone: bool = False) -> TraceFunction:
    """The trace function that reports the end of one frame; `alone`: nothing else is traced, and it goes with it."""
    error: BaseException | None = None

    def on_event(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal error
        try:
            if event == "exception":
                error = arg[1]
            elif event == "return":
                if alone:
                    sys.settrace(None)
                _report(watch, frame, arg, error)
                error = None
        except Exception as fault:
            if not own(fault):
                raise
            on_fault(fault)  # it would arrive in the service
        return on_event

    return on_event


def profile_end(watch: Watch, on_fault: OnFault) -> TraceFunction:
    """The profile function that reports the end of one frame, and goes with it; it sees no exception."""

    def on_event(frame: FrameType, event: str, arg: Any) -> None:
        try:
            if event == "return" and frame is getattr(watch, "frame", None):
                sys.setprofile(None)
                _report(watch, frame, arg, None)
        except Exception as fault:
            if not own(fault):
                raise
            on_fault(fault)  # it would arrive in the service

    return on_event


def _report(watch: Watch, frame: FrameType, value: Any, error: BaseException | None) -> None:
    """Report to a watch how its frame left: the last instruction says whether it returned, rests, or failed."""
    instruction = frame.f_code.co_code[frame.f_lasti]
    if instruction == _RETURN:
        watch.returned(value)
    elif instruction == _YIELD:
        watch.yielded(value)
    elif error is not None:
        watch.raised(error)
    else:
        watch.lost()
