"""Builders of what threads share: new ones, which nobody holds and for which nobody waits."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Any

from .protocol import TypeBuilder, exactly, member

NAME_LIMIT = 1_000
"""Characters of a logger's name: each part of it costs a copy of what stands before."""

WORKERS_LIMIT = 1_000
"""Threads that a pool may start."""

_LOCKS = (type(threading.Lock()), type(threading.RLock()))
_QUEUES = frozenset({"Queue", "LifoQueue"})


def _short(name: str) -> str:
    if len(exactly(str, name)) > NAME_LIMIT:
        raise ValueError(f"it is longer than {NAME_LIMIT} characters")
    return name


def _event(is_set: Any) -> threading.Event:
    made = threading.Event()
    if exactly(bool, is_set):
        made.set()
    return made


def _condition(lock: Any) -> threading.Condition:
    if type(lock) not in _LOCKS:
        raise TypeError("it is no lock")
    return threading.Condition(lock)


def _semaphore(value: Any, *most: Any) -> threading.Semaphore:
    if not most:
        return threading.Semaphore(exactly(int, value))
    made = threading.BoundedSemaphore(exactly(int, most[0]))
    made._value = exactly(int, value)
    return made


def _local(attributes: Any) -> threading.local:
    made = threading.local()
    threading.local.__getattribute__(made, "__dict__").update(exactly(dict, attributes))
    return made


def _pool(workers: Any, prefix: Any) -> Any:
    if not 0 < exactly(int, workers) <= WORKERS_LIMIT:
        raise ValueError(f"a pool of {workers} threads")
    return member("concurrent.futures.thread", "ThreadPoolExecutor")(workers, exactly(str, prefix))


def _queue(name: str, most: Any, items: Any) -> Any:
    if name not in _QUEUES:
        raise ValueError(f"{name!r} is no queue")
    made = member("queue", name)(exactly(int, most))
    made.queue.extend(exactly(list, items))
    made.unfinished_tasks = len(items)
    return made


class _Loops:
    """The event loop that a trace was given, which is the one on which it is driven."""

    def __init__(self) -> None:
        self._given: Any = None

    def of_trace(self) -> Any:
        """It, made where there is none yet; raises `LookupError` where the code under test does not use `asyncio`."""
        if self._given is None or self._given.is_closed():
            self._given = member("asyncio", "SelectorEventLoop")()
        return self._given

    def take(self) -> Any:
        """It, for whoever drives the trace and closes it; `None` where the trace was given none."""
        given, self._given = self._given, None
        return None if given is None or given.is_closed() else given


LOOPS = _Loops()


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("logger", lambda name: logging.getLogger(_short(name))),
    TypeBuilder("lock", threading.Lock),
    TypeBuilder("rlock", threading.RLock),
    TypeBuilder("event", _event),
    TypeBuilder("condition", _condition),
    TypeBuilder("semaphore", _semaphore),
    TypeBuilder("threadlocal", _local),
    TypeBuilder("weakref", lambda value: weakref.ref(value if value is not None else _Gone())),
    TypeBuilder("threadpool", _pool),
    TypeBuilder("queue", _queue),
    TypeBuilder("eventloop", LOOPS.of_trace),
)
"""One a kind; `logger` is the logger of that name in the code under test, `eventloop` that of the trace."""


class _Gone:
    """What a weak reference led to that leads nowhere any more."""
