"""The context variable that carries the trace: what a piece of running code belongs to.

A trace is followed by context, never by time. The variable holds a `Scope`; threads that a trace starts and work
that it hands to an executor carry the scope of their origin, nothing else of its context.
"""

from __future__ import annotations

import itertools
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from .imports import when_imported
from .patching import Undo, Undos, replace

if TYPE_CHECKING:
    from .model.world import World


class PathRecord:
    """What one trace ran, filled by the tracer: arms in the order of first occurrence, functions, inner results."""

    __slots__ = ("arms", "calls", "codes", "evicted", "hits", "ran", "returns")

    def __init__(self) -> None:
        self.arms: dict[tuple[int, int, int], CodeType] = {}
        """(id of code, offset of the jump, offset of its destination) → code; the code is kept alive by it."""
        self.codes: dict[int, CodeType] = {}
        self.ran: Callable[[CodeType], None] | None = None
        """Called when code runs for the first time, before it does."""
        self.returns: list[tuple[CodeType, Any]] = []
        """(code, returned value) of inner calls, for immutable scalars only."""
        self.hits = 0
        self.calls = 0
        self.evicted = False


class Listener(Protocol):
    """What is notified of a frame that another watch waits for."""

    def on_yielded(self, value: Any) -> None:
        """It hands over a value, and rests."""

    def on_returned(self, value: Any) -> None:
        """It returns a value."""

    def on_raised(self, error: BaseException) -> None:
        """An exception leaves it."""


class Watch(Protocol):
    """What waits for the end of one frame; its methods are called in the frame's own thread, while it still stands."""

    code: CodeType
    frame: FrameType

    def listen(self, listener: Listener) -> None:
        """Notify another trace of the frame too."""

    def unlisten(self, listener: Listener) -> None:
        """Its trace is over."""

    def returned(self, value: Any) -> None:
        """The frame returns a value."""

    def raised(self, error: BaseException) -> None:
        """An exception leaves the frame."""

    def yielded(self, value: Any) -> None:
        """The frame of a generator or a coroutine hands over a value, and rests."""

    def resumed(self) -> None:
        """The frame goes on."""

    def lost(self) -> None:
        """Nothing will report how the frame ends."""


class Opening:
    """What lets calls inside a trace be entries of their own: no replay can call it, or it serves and never ends."""

    __slots__ = ("depth", "entry", "outer", "room")

    def __init__(self, entry: str, depth: int, room: int, outer: Scope | None = None) -> None:
        self.entry = entry
        """The entry of the trace; empty of one that serves."""
        self.depth = depth
        """How many traces that no replay can call such an entry lies inside of."""
        self.room = room
        """How many calls may still become entries; all others are part of the trace."""
        self.outer = outer
        """The scope of the trace, where what such an entry saw belongs to it as well; see `session.inwards`."""


class Scope:
    """The trace that running code belongs to, and the lane (thread or task of the trace) it runs in.

    A scope without a world belongs to an entry that is not sampled: its inner calls are no entries either.
    """

    __slots__ = ("_lanes", "_tasks", "called", "inner", "inside", "lane", "opening", "outer", "path", "watch", "world")

    def __init__(self, world: World | None, path: PathRecord | None = None) -> None:
        self.world = world
        self.path = path
        self.lane = 0
        self.watch: Watch | None = None
        """Waits for the end of the frame that the scope began with."""
        self.opening: Opening | None = None
        """Lets inner calls be entries of their own, because this one cannot be called again."""
        self.inside: tuple[Opening, CodeType | None] | None = None
        """Of one that lies inside of a trace which no replay can call: what let it be one, and the code that called."""
        self.called: Callable[[CodeType, FrameType], None] | None = None
        """Called when a function starts that was watched for this trace."""
        self.inner: Scope | None = None
        """While the trace rests inside of something that is no part of it: the scope of that."""
        self.outer: Scope | None = None
        """The scope of the trace that this one lies inside of, see `beside`."""
        self._lanes = itertools.count(1)
        self._tasks: dict[int, tuple[weakref.ref[Any], int]] | None = None

    def task_lane(self) -> int:
        """The lane of the running code, where each task of asyncio has one of its own; the first goes with its thread.

        The order in which tasks that run beside each other come to the same place says nothing.
        """
        task = running_task()
        if task is None:
            return self.lane
        if self._tasks is None:
            self._tasks = {id(task): (weakref.ref(task), self.lane)}
            return self.lane
        known = self._tasks.get(id(task))
        if known is None or known[0]() is not task:
            known = self._tasks[id(task)] = (weakref.ref(task), next(self._lanes))
        return known[1]

    def new_lane(self) -> int:
        """A lane that nothing else of the trace has."""
        return next(self._lanes)

    def branch(self) -> Scope:
        """The scope of a new thread of the same trace."""
        child = Scope(self.world, self.path)
        child.lane = next(self._lanes)
        if self.opening is not None and self.opening.outer is None:
            child.opening = self.opening
        child.called = self.called
        child._lanes = self._lanes
        return child


def running_task() -> Any:
    """The task of asyncio that runs in this thread; `None` where none does, or nobody loaded asyncio."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return None
    try:
        return asyncio.current_task()
    except RuntimeError:  # no loop runs here
        return None
    except AttributeError:  # it is being imported
        return None


def lane_here() -> int:
    """The lane of the running code."""
    scope = _scope.get()
    return scope.task_lane() if scope is not None else 0


def beside(scope: Scope | None) -> Scope:
    """The scope of what runs for a trace and is no part of it, and may rest meanwhile: what a boundary does itself."""
    found = Scope(None)
    if scope is not None:
        found.watch, found.outer = scope.watch, scope
    return found


UNSAMPLED = Scope(None)
"""The scope of every entry that is not sampled."""

STARTING = Scope(None)
"""The scope of an application that starts or ends: what it calls are no entries, what it reads are settings."""

_scope: ContextVar[Scope | None] = ContextVar("pytest_runtime_scope", default=None)
current = _scope.get
enter = _scope.set
leave = _scope.reset


def leave_anyhow(token: Token[Scope | None]) -> None:
    """Leave a scope, also in another context than the one that entered it: the body of a response, a generator."""
    try:
        _scope.reset(token)
    except ValueError:
        _scope.set(None)


def leave_all() -> None:
    """Belong to no trace any more, because this process was forked from the one that records it."""
    _scope.set(None)


_outside: World | None = None


def current_world() -> World | None:
    """The world behind the boundaries here: of the trace, or of everything outside a trace, or none (untouched)."""
    scope = _scope.get()
    return _outside if scope is None else scope.world


def set_outside(world: World | None) -> Undo:
    """Put a world behind boundaries that are crossed outside every trace."""
    global _outside
    before, _outside = _outside, world

    def undo() -> None:
        global _outside
        _outside = before

    return undo


_variables: World | None = None


def world_of_variables() -> World | None:
    """Like `current_world`, for readings of the environment: outside every trace they may be watched alone."""
    scope = _scope.get()
    if scope is not None and scope is not STARTING:
        return scope.world
    return _outside if _outside is not None else _variables


def watched_variables() -> World | None:
    """The world that watches readings of the environment, in sampled traces too; `None` while nobody records."""
    return _variables


def watch_variables(world: World) -> Undo:
    """Put a world behind the environment alone, outside every trace; every other boundary stays untouched there."""
    global _variables
    before, _variables = _variables, world

    def undo() -> None:
        global _variables
        _variables = before

    return undo


@contextmanager
def within(scope: Scope | None) -> Iterator[None]:
    """Run a block in a scope."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


def _bound_to(scope: Scope, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **kwargs: Any) -> Any:
        token = _scope.set(scope)
        try:
            return function(*args, **kwargs)
        finally:
            _scope.reset(token)

    return run


def follow_threads(prepare: Callable[[Callable[..., Any]], Callable[..., Any]] | None = None) -> Undo:
    """Carry the scope into threads and executors started by a trace.

    `prepare` wraps the function that a new thread runs (the tracer of Python 3.11 is installed per thread).
    """
    start = threading.Thread.start
    undos = Undos()

    def bind(scope: Scope, function: Callable[..., Any]) -> Callable[..., Any]:
        if prepare is not None and scope.path is not None:
            function = prepare(function)
        return _bound_to(scope.branch(), function)

    def start_in_scope(self: threading.Thread) -> None:
        scope = _scope.get()
        if scope is not None:
            self.run = bind(scope, self.run)  # type: ignore[method-assign]  # the instance's own, gone with it
        start(self)

    def follow_executors(module: ModuleType) -> None:
        submit = module.ThreadPoolExecutor.submit

        def submit_in_scope(self: Any, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
            scope = _scope.get()
            if scope is None:
                return submit(self, fn, *args, **kwargs)
            # The worker thread that this call may start serves later callers too: it must not inherit the scope.
            token = _scope.set(None)
            try:
                return submit(self, bind(scope, fn), *args, **kwargs)
            finally:
                _scope.reset(token)

        undos.add(replace(module.ThreadPoolExecutor, "submit", submit_in_scope))

    undos.add(replace(threading.Thread, "start", start_in_scope))
    undos.add(when_imported("concurrent.futures.thread", follow_executors))
    return undos.run
