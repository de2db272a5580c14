"""Tracing on Python 3.11: a trace function per thread, installed for the sampled trace alone.

Opcode events give the same (jump, destination) pairs as `sys.monitoring` does, so one table of branches serves both.
The start of an entry is reported by the prologue of included functions (`prologue`), its end by the trace function, or,
where a debugger or a coverage tool holds that, by the profile function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from .. import context
from ..faults import own
from .path_limits import HIT_LIMIT
from .prologue import compiled, head_of
from .protocol import NothingRests
from .stack_room import make_room
from .trace_functions import TraceFunction, profile_end, trace_arms, trace_end

if TYPE_CHECKING:
    from ..context import PathRecord, Watch
    from ..patching import Undo
    from .protocol import Compiler, Entered

ROOM = 2
"""Frames, of Python and of C, that the prologue and the trace function need below one of the service."""

_current = context.current
_getframe = sys._getframe


class TraceFunctionTracer(NothingRests):
    """Traces through `sys.settrace`; steps aside where a debugger or a coverage tool holds the trace function."""

    name = "sys.settrace"

    def __init__(self, on_fault: Callable[[BaseException], None], included: Callable[[str], bool]) -> None:
        self._on_fault, self._included = on_fault, included
        self._entered: Entered | None = None
        self._watched: dict[int, CodeType] = {}
        self._head = head_of(self._started)
        self._undo_room: Undo = lambda: None
        self.looks: Callable[[], bool] = lambda: True
        self._is_looking = True

    @property
    def head(self) -> Any:
        """What the functions of included modules read first, where they are entries."""
        return self._head if self.finds_entries else None

    @property
    def compiler(self) -> Compiler | None:
        """What adds prologues to included modules, where they are needed."""
        return (lambda source, _module, file: compiled(source, file, self._head)) if self.finds_entries else None

    @property
    def finds_entries(self) -> bool:
        """Whether frames that start are reported to it, for which modules need a prologue."""
        return self._entered is not None

    def find_entries(self, entered: Entered) -> None:
        """Report frames of included code that may be entries."""
        self._entered = entered
        self._undo_room = make_room(ROOM)

    def register(self, codes: list[CodeType]) -> None:
        """Code objects are recognised by their file name as they are called."""

    def begin(self, path: PathRecord) -> None:
        """A trace starts here, in this thread, or inside of another one."""
        if (around := sys.gettrace()) is None or getattr(around, "path", None) is not None:
            sys.settrace(self._function(path, around))
        else:
            path.evicted = True

    def end(self, path: PathRecord) -> None:
        """The trace is over, or pauses, in this thread."""
        function = sys.gettrace()
        if getattr(function, "path", None) is path:
            sys.settrace(function.around)  # type: ignore[union-attr]

    def rest(self) -> None:
        """Nothing stays installed between traces; whether prologues look for entries is decided anew."""
        self._is_looking = self.looks()

    def hold(self, code: CodeType) -> None:
        """The end of a frame is reported by its own trace function."""

    def release(self, code: CodeType, *, again: bool) -> None:
        """Nothing is held."""

    def watch(self, codes: Iterable[CodeType]) -> None:
        """Report frames of this code, which need not be included, to the running trace."""
        self._watched.update((id(code), code) for code in codes)

    def unwatch(self, codes: Iterable[CodeType]) -> None:
        """The trace is over."""
        for code in codes:
            self._watched.pop(id(code), None)

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the function of a new thread of a trace so that the thread is traced too."""

        def run(*args: Any, **kwargs: Any) -> Any:
            scope = _current()
            path = scope.path if scope is not None else None
            if path is None:
                return function(*args, **kwargs)
            self.begin(path)
            try:
                return function(*args, **kwargs)
            finally:
                self.end(path)

        return run

    def forked(self) -> None:
        """No trace runs here; prologues look for entries."""
        self._is_looking = True
        if getattr(sys.gettrace(), "path", None) is not None:
            sys.settrace(None)

    def stop(self) -> None:
        """Give everything back."""
        self._entered = None
        self._undo_room()
        self._undo_room = lambda: None

    # --- the start of an entry ---

    def _started(self) -> None:
        """The prologue of a function runs; its frame stands below that of the property and of this method."""
        try:
            scope = _current()
            if self._entered is None or not (scope.opening is not None if scope is not None else self._is_looking):
                return
            frame = _getframe(2)
            self._entered(frame.f_code, frame)
            scope = _current()
            if scope is not None and scope.watch is not None and scope.watch.frame is frame:
                self._watch_end(scope.watch, scope.path, frame)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _watch_end(self, watch: Watch, path: PathRecord | None, frame: FrameType) -> None:
        """Have the end of a frame reported that runs already."""
        installed = sys.gettrace()
        ours = path is not None and getattr(installed, "path", None) is path
        if path is not None and ours:
            frame.f_trace_lines, frame.f_trace_opcodes = False, True
            frame.f_trace = trace_arms(path, frame.f_code, self._on_fault, watch, frame.f_locals)
        elif installed is None:
            sys.settrace(lambda frame, event, arg: None)
            frame.f_trace_lines = False
            frame.f_trace = trace_end(watch, self._on_fault, alone=True)
        elif sys.getprofile() is None:
            sys.setprofile(profile_end(watch, self._on_fault))
        else:
            watch.lost()

    # --- trace functions ---

    def _function(self, path: PathRecord, around: Any) -> TraceFunction:
        included, watched, on_fault = self._included, self._watched, self._on_fault

        def on_call(frame: FrameType, event: str, arg: Any) -> Any:
            code = frame.f_code
            if event != "call":
                return None
            if id(code) in watched and (found := self._called(code, frame)) is not None:
                return found
            if not included(code.co_filename) or not code.co_flags & 0x1:
                return None
            scope = _current()
            running = scope.path if scope is not None else None
            if running is None:
                return None  # another task, or a thread of a pool that works for nobody now
            if running.hits > HIT_LIMIT:
                running.evicted = True
                return None
            if id(code) not in running.codes:
                running.codes[id(code)] = code
                self._ran(running, code)
            running.calls += 1
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            return trace_arms(running, code, on_fault)

        on_call.path, on_call.around = path, around  # type: ignore[attr-defined]  # recognised by `end`
        return on_call

    def _ran(self, path: PathRecord, code: CodeType) -> None:
        """Code runs for the first time in a trace."""
        try:
            if path.ran is not None:
                path.ran(code)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _called(self, code: CodeType, frame: FrameType) -> TraceFunction | None:
        """A frame of watched outside code starts or goes on."""
        try:
            scope = _current()
            if scope is None or scope.called is None:
                return None
            scope.called(code, frame)
            scope = _current()
            if scope is None or scope.watch is None or scope.watch.frame is not frame:
                return None
            frame.f_trace_lines = False
            return trace_end(scope.watch, self._on_fault)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service
            return None
