"""What the recorder does at each event of `sys.monitoring`.

Each callback is one Python frame deep for everything but the start of an entry, for which `stack_room` makes room; so
they repeat what a helper could hold.

`DISABLE` is never returned from a branch callback: on 3.12 and 3.13 it would lose the other arm of the branch. No
fault of the recorder's own may leave a callback: it would arrive in the service. What a signal handler raised there
must.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from .. import context
from ..faults import own
from .path_limits import CALL_LIMIT, HIT_LIMIT, RETURN_LIMIT, SCALARS, TEXT_LIMIT

if TYPE_CHECKING:
    from ..context import PathRecord, Watch
    from .code_events import CodeEvents
    from .protocol import Entered

IDLE_LIMIT = 200
"""Starts of one code object outside every trace that began none, in a round, after which it loses its events until
the next: what is not sampled, or comes from code that loses them, is not asked about again and again."""

_ABANDONED = 2
"""References to the frame of a generator that is gone: its watch, and the call that counts."""

_current = context.current
_getframe = sys._getframe


class Callbacks:
    """Fills the path record of the running trace, and notifies watches how their frames go on and end."""

    def __init__(self, codes: CodeEvents, on_fault: Callable[[BaseException], None]) -> None:
        self._codes = codes
        self._registered = codes.registered
        self._on_fault = on_fault
        self.entered: Entered | None = None
        """Called with frames that may be entries, where any are looked for."""
        self.resting: dict[int, Watch] = {}
        """Generators and coroutines of traces that wait to be resumed, by id of the frame."""
        self.starting: dict[int, Watch] = {}
        """Coroutines that traces returned, and that did not begin yet, by id of the frame."""
        self._idle: dict[int, int] = {}
        """Starts that came to nothing since the last round, by id of the code."""

    def by_event(self, branch_events: Iterable[int]) -> dict[int, Callable[..., None]]:
        """The callback of each event."""
        events = sys.monitoring.events
        return {
            events.PY_START: self._on_start,
            events.PY_RETURN: self._on_return,
            events.PY_YIELD: self._on_yield,
            events.PY_RESUME: self._on_resume,
            events.PY_THROW: self._on_resume,
            events.PY_UNWIND: self._on_unwind,
            **dict.fromkeys(branch_events, self._on_branch),
        }

    def next_round(self) -> None:
        """End what was abandoned, and count idle starts anew.

        Since 3.13 a generator that rests outside of every `try` is closed without an event: its frame lets go.
        Neither is there one of what the garbage collector closes while a callback runs: events are off then.
        """
        for waiting in (self.resting, self.starting):
            for key, watch in list(waiting.items()):
                if sys.getrefcount(watch.frame) <= _ABANDONED and waiting.pop(key, None) is not None:
                    watch.raised(GeneratorExit())
        self._idle.clear()

    def _on_start(self, code: CodeType, offset: int) -> None:
        try:
            if self.starting:
                watch = self.starting.pop(id(_getframe(1)), None)
                if watch is not None:
                    watch.resumed()
            scope = _current()
            if scope is None:
                if self.entered is not None:
                    self._outside(code, _getframe(1))
                return
            path = scope.path
            if path is not None:
                if id(code) not in path.codes:
                    path.codes[id(code)] = code
                    if path.ran is not None:
                        path.ran(code)
                path.calls += 1
                if path.calls > CALL_LIMIT:
                    self._evict_called(path, code)
                is_entry = scope.opening is not None and id(code) in self._registered
                if is_entry and self.entered is not None and self.entered(code, _getframe(1)):
                    return
                if scope.called is not None:
                    scope.called(code, _getframe(1))
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _outside(self, code: CodeType, frame: FrameType) -> None:
        """A frame starts outside every trace: an entry, or one of many that come to nothing."""
        if id(code) not in self._registered or self.entered is None:
            return  # outside code that a trace watches
        if not self.entered(code, frame):
            starts = self._idle[id(code)] = self._idle.get(id(code), 0) + 1
            if starts > IDLE_LIMIT:
                self._codes.evict(code)

    def _evict_called(self, path: PathRecord, code: CodeType) -> None:
        path.evicted = True
        self._codes.evict(code)

    def _on_branch(self, code: CodeType, offset: int, destination: int) -> None:
        try:
            scope = _current()
            if scope is None or scope.path is None:
                if not self._codes.active:
                    self._codes.evict(code, branches_alone=True)  # until a trace begins
                return
            path = scope.path
            path.arms[id(code), offset, destination] = code
            path.hits += 1
            if path.hits > HIT_LIMIT:
                path.evicted = True
                self._codes.evict(code, branches_alone=True)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _on_return(self, code: CodeType, offset: int, value: Any) -> None:
        try:
            scope = _current()
            if scope is None:
                return
            watch = scope.watch
            if watch is not None and watch.code is code and watch.frame is _getframe(1):
                watch.returned(value)
                return
            path = scope.path
            if path is not None and len(path.returns) < RETURN_LIMIT:
                cls = type(value)
                if id(cls) in SCALARS or (cls is str and len(value) <= TEXT_LIMIT):
                    path.returns.append((code, value))
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _on_unwind(self, code: CodeType, offset: int, error: BaseException) -> None:
        try:
            scope = _current()
            if scope is None:
                return
            watch = scope.watch
            if watch is not None and watch.code is code and watch.frame is _getframe(1):
                watch.raised(error)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _on_yield(self, code: CodeType, offset: int, value: Any) -> None:
        try:
            scope = _current()
            if scope is None:
                return
            watch = scope.watch
            if watch is not None and watch.code is code and watch.frame is _getframe(1):
                watch.yielded(value)
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _on_resume(self, code: CodeType, offset: int, error: BaseException | None = None) -> None:
        """A frame goes on: with what it is sent, or with the exception that is thrown into it."""
        try:
            if self.resting:
                watch = self.resting.pop(id(_getframe(1)), None)
                if watch is not None:
                    watch.resumed()
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service
