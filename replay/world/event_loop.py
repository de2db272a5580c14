"""Event loops in a replay: their time is that of the trace, and moves when everything sleeps.

Every selector loop of asyncio that is made in a replay has such a time: that of `asyncio.run` in a function, and the
one on which the coroutine of an entry is driven. Nothing is waited for in real time: where nothing is ready, the time
of the next timer has come. A loop that has no timer either waits for something that nobody brings, and ends the trace.
Tasks run in the order in which they became ready, timers in the order of their times, and those of the same time in the
order in which they were set: a replay is the same each time.
"""

from __future__ import annotations

import _thread
import selectors
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

from ...recorders.context import current_world
from ...recorders.patching import Undo, Undos, wrap
from ..model.reason import StopCode
from .other_threads import OtherThreads
from .recorded_world import RecordedWorld

T = TypeVar("T")

# Taken before the boundaries stand in front of it.
_select: Any = selectors.DefaultSelector.select

TICK: Final = 2e-9
"""Seconds that a look at the time of a loop takes: more than the resolution of a loop's timers, which else would run in
the order of a heap where they were set for the same time."""

START: Final = 1_000.0
"""The time of a loop when it is made, in seconds; small, so that a tick is not lost in the precision of a float."""

SLEEPS: Final = 100_000
"""Times that one loop may sleep: one that waits for good beside a timer that is set again and again would not end."""

PATIENCE: Final = 5.0
"""Seconds for which a loop that nothing in its own thread can wake waits for other threads."""

HANDED_OVER: Final = 0.5
"""Seconds for which a thread that was given work may stand at one instruction until the loop goes on: it may need a
lock that the loop's thread holds."""

SHARED: Final = 0.005
"""Seconds that a loop in a thread of its own sleeps at least, in real time: what it waits for comes from others."""


def install(module: Any) -> Undo:
    """Put it in place, in `asyncio.selector_events`; returns its undo."""
    undos = Undos()
    undos.add(wrap(module.BaseSelectorEventLoop, "__init__", _made))
    return undos.run


def _made(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
    world = current_world()
    if world is None or not world.sandboxed or len(args) > 1 or kwargs.keys() - {"selector"}:
        wrapped(*args, **kwargs)
        return
    given = args[0] if args else kwargs.get("selector")
    time = LoopTime(given if given is not None else selectors.DefaultSelector(), world)
    wrapped(time)
    instance.time = time.now
    instance.run_in_executor = time.settling(instance.run_in_executor)
    instance._write_to_self = time.wake


class LoopTime:
    """The selector of one loop, and its time."""

    def __init__(self, selector: Any, world: Any) -> None:
        """`selector` looks after what the program registers; `world` is that in which the loop was made."""
        self._selector = selector
        self._world = world
        self._now = START + _offset(world)
        self._sleeps = 0
        self._signal = _thread.allocate_lock()
        self._signal.acquire()
        self._threads = OtherThreads()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def now(self) -> float:
        """The time of the loop, in seconds."""
        self._now += TICK
        return self._now

    def settling(self, function: Callable[..., T]) -> Callable[..., T]:
        """A function that hands work to a thread, which returns when that is done or waits: of work that is handed over
        at once, one is done after the other."""

        def call(*args: Any, **kwargs: Any) -> T:
            made = function(*args, **kwargs)
            self._threads.settle(HANDED_OVER)
            return made

        return call

    def wake(self) -> None:
        """End a wait; may be called in any thread, and by a signal handler."""
        try:
            self._signal.release()
        except RuntimeError:
            return  # it is awake

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready among what the program registered, after at most `timeout` seconds, `None` for ever. Raises
        `TraceStopped`."""
        self._threads.settle()
        is_awake = self._signal.acquire(blocking=False)
        ready = self._ready()
        if ready or is_awake or (timeout is not None and timeout <= 0):
            self._go_on()
            return ready
        if self._wait(timeout):
            return self._ready()
        if timeout is None:
            self._stop("the program waits for something that nothing in the recording brings")
        else:
            self._sleep(timeout)
        return []

    def _ready(self) -> list[Any]:
        # One is the loop's own.
        if len(self._selector.get_map()) <= 1:
            return []
        if type(self._selector) is selectors.DefaultSelector:
            return list(_select(self._selector, 0))
        return list(self._selector.select(0))

    def _wait(self, timeout: float | None) -> bool:
        """Whether other threads woke the loop, in real time."""
        if threading.current_thread() is not threading.main_thread():
            most = -1.0 if timeout is None else min(timeout, SHARED)
        elif self._threads.are_there:
            most = PATIENCE if timeout is None else min(timeout, SHARED)
        else:
            return False
        return self._signal.acquire(timeout=most)

    def _sleep(self, seconds: float) -> None:
        self._sleeps += 1
        if self._sleeps > SLEEPS:
            self._stop(f"the program waits for something that has not come after {SLEEPS} sleeps")
        world = self._running()
        if isinstance(world, RecordedWorld):
            # In a perturbed replay it takes a moment longer, as it did when it was recorded.
            seconds += world.perturbation.unrecorded * 1e-4
        self._now += seconds
        world.advance(seconds)

    def _running(self) -> Any:
        world = current_world()
        return world if world is not None else self._world

    def _go_on(self) -> None:
        world = self._running()
        if isinstance(world, RecordedWorld):
            world.go_on()

    def _stop(self, reason: str) -> None:
        world = self._running()
        if isinstance(world, RecordedWorld):
            world.stop(StopCode.GAP, reason)
        raise TimeoutError(reason)


def _offset(world: Any) -> float:
    """Where the time of a loop begins says nothing, and is another in each perturbed replay."""
    if not isinstance(world, RecordedWorld):
        return 0.0
    return world.perturbation.unrecorded * 0.7 + (1.003 if world.perturbation.clock == "frozen" else 0.0)
