"""Threads that run beside an event loop: when all of them have come to their end, or wait.

A loop that is replayed goes on in rounds. Between two of them the threads that its program started run until they are
done or wait for somebody, so that they cross boundaries in the same order in every replay, and so that a time-out never
overtakes work that is only slow.
"""

from __future__ import annotations

import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import thread as _pool
from threading import get_ident
from types import FrameType
from typing import Any, Final

from ...recorders.patching import Undo, wrap

# Taken before the boundaries stand in front of them.
_clock = time.perf_counter
_sleep = time.sleep

PATIENCE: Final = 5.0
"""Seconds for which a thread may stand at one instruction before it counts as waiting: a lock that nobody gives back
looks like that, and so does a long computation in C."""

ROUND: Final = 0.0002
"""Seconds between two looks: a switch of threads takes about that long."""

_waiting: dict[int, threading.Condition] = {}
"""Thread → what it waits for; entered before the thread is in the queue, so that there is no moment between."""
_submitted: weakref.WeakSet[Future[Any]] = weakref.WeakSet()
"""Work that was given to pools while something was replayed."""


def wait_noted(wrapped: Callable[..., bool], condition: threading.Condition, args: Any, kwargs: Any) -> bool:
    """`Condition.wait`, noted while it lasts."""
    thread = get_ident()
    _waiting[thread] = condition
    try:
        return wrapped(*args, **kwargs)
    finally:
        _waiting.pop(thread, None)


def install() -> Undo:
    """Note what is given to pools; returns its undo."""

    def submit(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        future = wrapped(*args, **kwargs)
        _submitted.add(future)
        return future

    return wrap(ThreadPoolExecutor, "submit", submit)


class OtherThreads:
    """The threads that were started since this was made."""

    def __init__(self) -> None:
        self._before = frozenset(sys._current_frames())

    @property
    def are_there(self) -> bool:
        """Whether there are any, or work that older ones do."""
        return len(sys._current_frames().keys() - self._before - {get_ident()}) > 0 or _has_work()

    def settle(self, patience: float = PATIENCE) -> None:
        """Return when every one is at its end, or waits, or stood at one instruction for `patience` seconds."""
        last: dict[int, tuple[int, int]] = {}
        since = _clock()
        while busy := self._busy():
            now = {thread: (id(frame), frame.f_lasti) for thread, frame in busy.items()}
            if now != last:
                last, since = now, _clock()
            elif _clock() - since > patience:
                return
            del busy
            _sleep(ROUND)

    def _busy(self) -> dict[int, FrameType]:
        others = self._before | {get_ident()}
        frames = {thread: frame for thread, frame in sys._current_frames().items() if thread not in others}
        if not frames:
            return frames
        has_work = _has_work()
        return {thread: frame for thread, frame in frames.items() if not _is_idle(thread, frame, has_work=has_work)}


def _is_idle(thread: int, frame: FrameType, *, has_work: bool) -> bool:
    if frame.f_code is _pool._worker.__code__:
        return not has_work
    condition = _waiting.get(thread)
    if condition is None:
        return False
    # Who was notified is not in the queue any more, whether it runs already or not.
    waiting = sum(1 for one in list(_waiting.values()) if one is condition)
    return waiting <= len(condition._waiters)  # type: ignore[attr-defined]  # no public name leads to it


def _has_work() -> bool:
    """Whether work waits for a thread of a pool."""
    return any(future._state == "PENDING" for future in list(_submitted))
