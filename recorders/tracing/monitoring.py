"""Tracing on Python 3.12 and newer: `sys.monitoring` (PEP 669) with local events.

The events of the included code objects are armed while the window is open, not switched by a flag that every callback
checks. Where functions are entries the window opens with the recording; else it opens with a trace, stays open
between traces that follow each other, and is closed by the collector when it finds it idle, so neither a sampled nor
an unsampled request pays for opening and closing it. Code that turns out to be hot loses its events until the
collector's next round: nothing is seen there that would be new.

`DISABLE` is never returned from a branch callback: on 3.12 and 3.13 it would lose the other arm of the branch. No
fault of the recorder's own may leave a callback: it would arrive in the service. What a signal handler raised there
must.

The callbacks are one Python frame deep for everything but the start of an entry, and `recursion` makes room for it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from decimal import Decimal
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE, CO_GENERATOR
from types import CodeType, FrameType
from typing import Any, TypeAlias

from .. import context
from ..context import PathRecord, Watch
from ..faults import own
from ..patching import Undo
from .stack_room import make_room

HIT_LIMIT = 20_000
"""Branch events of one trace; the code object that exceeds it loses its branch events until the next round."""

CALL_LIMIT = 20_000
"""Calls of included functions in one trace; after that, code that is called loses all events until the next round."""

IDLE_LIMIT = 200
"""Starts of one code object outside every trace that began none, in a round, after which it loses its events until
the next: what is not sampled, or comes from code that loses them, is not asked about again and again."""

RETURN_LIMIT = 256
"""Results of inner calls kept per trace."""

TEXT_LIMIT = 256
_SCALARS = frozenset(map(id, (type(None), bool, int, float, Decimal)))
_DEFERRED = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR
_ABANDONED = 2
"""References to the frame of a generator that is gone: its watch, and the call that counts."""

_current = context.current
_getframe = sys._getframe


def keep_return(path: PathRecord, code: CodeType, value: Any) -> None:
    """Keep the result of an inner call when it cannot change later."""
    cls = type(value)
    if (id(cls) in _SCALARS or (cls is str and len(value) <= TEXT_LIMIT)) and len(path.returns) < RETURN_LIMIT:
        path.returns.append((code, value))


Entered: TypeAlias = Callable[[CodeType, FrameType], bool]
"""Told of a frame of included code that starts outside every trace, or in one that is open; whether a trace begins."""


class MonitoringTracer:
    """Traces through `sys.monitoring`, with a tool id of its own."""

    name = "sys.monitoring"

    def __init__(self, on_fault: Callable[[BaseException], None], *, tool: int) -> None:
        self._tool = tool
        self._on_fault = on_fault
        self._entered: Entered | None = None
        self._codes: list[CodeType] = []
        self._registered: set[int] = set()
        """Ids of them."""
        self._watched: dict[int, tuple[CodeType, int]] = {}
        """Outside code that traces watch, and for how many arguments, by id: equal code objects are not the same."""
        self._resting: dict[int, Watch] = {}
        """Generators and coroutines of traces that wait to be resumed, by id of the frame."""
        self._idle: dict[int, int] = {}
        """Starts that came to nothing since the last round, by id of the code."""
        self._evicted: dict[int, CodeType] = {}
        self._held: dict[int, int] = {}
        """Frames that are watched, by id of their code."""
        self._active = 0
        self._armed = False
        self.looks: Callable[[], bool] = lambda: True
        """Whether entries are looked for in the next round; asked once a round."""
        self._undo_room: Undo = lambda: None
        self._lock = threading.RLock()  # a signal handler may run included code while it is held
        events = sys.monitoring.events
        # 3.14 has an event for each way out; before, one event told of both.
        names = ("BRANCH_LEFT", "BRANCH_RIGHT") if hasattr(events, "BRANCH_LEFT") else ("BRANCH",)
        self._branches = 0
        self._returns = events.PY_RETURN
        self._calls = events.PY_START | events.PY_RETURN
        self._rests = events.PY_YIELD | events.PY_RESUME
        self._everywhere = events.PY_UNWIND | events.PY_THROW
        """Events that CPython tells of all code or of none."""
        callbacks: dict[int, Callable[..., None]] = {
            events.PY_START: self._on_start,
            events.PY_RETURN: self._on_return,
            events.PY_YIELD: self._on_yield,
            events.PY_RESUME: self._on_resume,
            events.PY_THROW: self._on_resume,
            events.PY_UNWIND: self._on_unwind,
        }
        for event in (getattr(events, name) for name in names):
            self._branches |= event
            callbacks[event] = self._on_branch
        self._events = tuple(callbacks)
        sys.monitoring.use_tool_id(tool, "pytest-runtime")
        for event, callback in callbacks.items():
            sys.monitoring.register_callback(tool, event, callback)

    def find_entries(self, entered: Entered) -> None:
        """Tell of frames of included code that may be entries."""
        self._entered = entered
        self._undo_room = make_room(1)
        sys.monitoring.set_events(self._tool, self._everywhere)
        with self._lock:
            self._arm()

    def register(self, codes: list[CodeType]) -> None:
        """Add code objects of included modules."""
        with self._lock:
            self._codes.extend(codes)
            self._registered.update(map(id, codes))
            if self._armed:
                self._set(codes)

    def begin(self, path: PathRecord) -> None:
        """A trace starts here."""
        with self._lock:
            self._active += 1
            if not self._armed:
                self._arm()
            elif self._evicted and not path.calls:
                self._restore()  # what is nothing new for others may be new for this one

    def end(self, path: PathRecord) -> None:
        """The trace is over, or pauses."""
        with self._lock:
            self._active -= 1

    def rest(self) -> None:
        """A round of the collector: close the window when no trace runs, give back what was taken away as hot."""
        self._end_abandoned()
        with self._lock:
            self._idle.clear()
            looks = self._entered is not None and self.looks()
            if self._active or looks:
                if self._armed:
                    self._restore()
                else:
                    self._arm()
            elif self._armed:
                self._set(self._codes, 0)
                self._armed = False
                self._evicted.clear()

    def _end_abandoned(self) -> None:
        """Since 3.13 a generator that rests outside of every `try` is closed without an event: its frame lets go."""
        for key, watch in list(self._resting.items()):
            if sys.getrefcount(watch.frame) <= _ABANDONED and self._resting.pop(key, None) is not None:
                watch.raised(GeneratorExit())

    def watch(self, codes: Iterable[CodeType]) -> None:
        """Tell the running trace of frames of this code. Included code has its events already."""
        with self._lock:
            for code in codes:
                if id(code) not in self._registered:
                    _code, times = self._watched.get(id(code), (code, 0))
                    self._watched[id(code)] = code, times + 1
                    if not times:
                        sys.monitoring.set_local_events(self._tool, code, self._calls | self._rests_of(code))

    def unwatch(self, codes: Iterable[CodeType]) -> None:
        """The trace is over."""
        with self._lock:
            for code in codes:
                _code, times = self._watched.pop(id(code), (code, 0))
                if times > 1:
                    self._watched[id(code)] = code, times - 1
                elif times:
                    sys.monitoring.set_local_events(self._tool, code, 0)

    def rest_frame(self, watch: Watch) -> bool:
        """The frame of a generator or coroutine goes on later: its watch is told of it (`resumed`)."""
        self._resting[id(watch.frame)] = watch
        return True

    def forget(self, watch: Watch) -> None:
        """Its trace is over."""
        self._resting.pop(id(watch.frame), None)

    def prepare(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Events are not per thread: a new thread needs nothing."""
        return function

    def stop(self) -> None:
        """Give everything back."""
        with self._lock:
            self._entered = None
            self._undo_room()
            self._held.clear()
            sys.monitoring.set_events(self._tool, 0)
            self._set([*self._codes, *(code for code, _times in self._watched.values())], 0)
            self._codes = []
            self._watched.clear()
            self._resting.clear()
            self._armed = False
            self._registered.clear()
            for event in self._events:
                sys.monitoring.register_callback(self._tool, event, None)
            sys.monitoring.free_tool_id(self._tool)

    def _rests_of(self, code: CodeType) -> int:
        return self._rests if code.co_flags & _DEFERRED else 0

    def _arm(self) -> None:
        self._armed = True
        self._set(self._codes)

    def _restore(self) -> None:
        evicted, self._evicted = self._evicted, {}
        self._set(list(evicted.values()))

    def _set(self, codes: Iterable[CodeType], events: int | None = None) -> None:
        for code in codes:
            self._apply(code, self._calls | self._branches | self._rests_of(code) if events is None else events)

    def hold(self, code: CodeType) -> None:
        """A frame of this code is watched: whatever happens, its end is told."""
        with self._lock:
            self._held[id(code)] = self._held.get(id(code), 0) + 1
            if not self._armed or id(code) in self._evicted:  # since the frame started
                self._apply(code, sys.monitoring.get_local_events(self._tool, code))

    def release(self, code: CodeType, *, again: bool) -> None:
        """The frame ended; `again`: the next one of this code is to be seen, hot or not."""
        with self._lock:
            left = self._held.get(id(code), 0) - 1
            if left > 0:
                self._held[id(code)] = left
                return
            self._held.pop(id(code), None)
            if not self._armed:
                self._apply(code, 0)
            elif id(code) in self._evicted:
                self._apply(code, self._calls | self._rests_of(code) if again else 0)

    def _evict(self, code: CodeType, left: int) -> None:
        """Take events away from code that is hot, but for those that `left` says."""
        with self._lock:
            self._evicted[id(code)] = code
            self._apply(code, left)

    def _apply(self, code: CodeType, events: int) -> None:
        """Set the events of included code; those of the end of watched frames stay in any case."""
        if id(code) in self._held:
            events |= self._returns | self._rests_of(code)
        sys.monitoring.set_local_events(self._tool, code, events)

    # --- callbacks: each as deep as one Python frame, see `recursion`; so they repeat what a helper could hold ---

    def _on_start(self, code: CodeType, offset: int) -> None:
        try:
            scope = _current()
            if scope is None:
                if self._entered is not None:
                    self._outside(code, _getframe(1))
                return
            path = scope.path
            if path is not None:
                path.codes[id(code)] = code
                path.calls += 1
                if path.calls > CALL_LIMIT:
                    self._evict_called(path, code)
                if scope.is_open and self._entered is not None and id(code) in self._registered:
                    self._entered(code, _getframe(1))
                elif scope.called is not None:
                    scope.called(code, _getframe(1))
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service

    def _outside(self, code: CodeType, frame: FrameType) -> None:
        """A frame starts outside every trace: an entry, or one of many that come to nothing."""
        if id(code) not in self._registered or self._entered is None:
            return  # outside code that a trace watches
        if not self._entered(code, frame):
            starts = self._idle[id(code)] = self._idle.get(id(code), 0) + 1
            if starts > IDLE_LIMIT:
                self._evict(code, 0)

    def _evict_called(self, path: PathRecord, code: CodeType) -> None:
        path.evicted = True
        self._evict(code, 0)

    def _on_branch(self, code: CodeType, offset: int, destination: int) -> None:
        try:
            scope = _current()
            if scope is None or scope.path is None:
                if not self._active:
                    self._evict(code, self._calls | self._rests_of(code))  # until a trace begins
                return
            path = scope.path
            path.arms[id(code), offset, destination] = code
            path.hits += 1
            if path.hits > HIT_LIMIT:
                path.evicted = True
                self._evict(code, self._calls | self._rests_of(code))
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
                if id(cls) in _SCALARS or (cls is str and len(value) <= TEXT_LIMIT):
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
            if self._resting:
                watch = self._resting.pop(id(_getframe(1)), None)
                if watch is not None:
                    watch.resumed()
        except Exception as fault:
            if not own(fault):
                raise
            self._on_fault(fault)  # it would arrive in the service
