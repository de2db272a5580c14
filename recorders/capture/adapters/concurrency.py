"""What threads share: locks, events, pools, loggers. A new one is built, in the state in which it can be said to be.

A lock is open in a replay, whoever held it: nobody waits for it there.
"""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

from ..raw import namespace_of, text, type_qualname
from .protocol import TypeAdapter, Unreadable

_referents = gc.get_referents


def _field(value: Any, name: str) -> Any:
    namespace = namespace_of(value)
    if namespace is None or name not in namespace:
        raise Unreadable(f"it has no attribute {name}")
    return namespace[name]


def _fields(*names: str) -> Callable[[Any], tuple[Any, ...]]:
    return lambda value: tuple([_field(value, name) for name in names])


def _pool(value: Any) -> tuple[Any, ...]:
    if _field(value, "_initializer") is not None:
        raise Unreadable("its threads begin with a function of their own")
    return _field(value, "_max_workers"), _field(value, "_thread_name_prefix")


def local_attributes(value: Any) -> dict[str, Any]:
    """The attributes of a `threading.local`, where one thread has any: asked for, a class below may begin to fill them
    for this thread. They lie in a dict by threads, which the garbage collector sees."""
    held = [list(part.values()) for part in _referents(value) if type(part) is dict]
    threads = [attributes for part in held for attributes in part if all(type(one) is dict for one in part)]
    if len(threads) > 1:
        raise Unreadable("several threads have attributes of their own there")
    return dict(threads[0]) if threads else {}


def _referent(value: Any) -> tuple[Any, ...]:
    return (weakref.ref.__call__(value),)


def _logger(value: Any) -> tuple[Any, ...]:
    return (_field(value, "name"),)


def _queue(value: Any) -> tuple[Any, ...]:
    if _field(value, "unfinished_tasks") != len(_field(value, "queue")):
        raise Unreadable("somebody works on what was taken from it")
    return text(type_qualname(type(value))), _field(value, "maxsize"), list(_field(value, "queue"))


def _loop(value: Any) -> tuple[Any, ...]:
    if _field(value, "_closed"):
        raise Unreadable("it is closed")
    return ()


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("logger", ("logging:Logger", "logging:RootLogger"), _logger),
    TypeAdapter("lock", (type(threading.Lock()),), lambda _: (), is_mutable=True),
    TypeAdapter("rlock", (type(threading.RLock()),), lambda _: (), is_mutable=True),
    TypeAdapter("event", (threading.Event,), _fields("_flag"), is_mutable=True),
    TypeAdapter("condition", (threading.Condition,), _fields("_lock"), is_mutable=True),
    TypeAdapter("semaphore", (threading.Semaphore,), _fields("_value"), is_mutable=True),
    TypeAdapter("semaphore", (threading.BoundedSemaphore,), _fields("_value", "_initial_value"), is_mutable=True),
    TypeAdapter("threadlocal", (threading.local,), lambda v: (local_attributes(v),), is_mutable=True),
    TypeAdapter("weakref", (weakref.ref,), _referent),
    TypeAdapter("threadpool", ("concurrent.futures.thread:ThreadPoolExecutor",), _pool, is_mutable=True),
    TypeAdapter("eventloop", ("asyncio.unix_events:_UnixSelectorEventLoop",), _loop, is_mutable=True),
    TypeAdapter("queue", ("queue:Queue", "queue:LifoQueue"), _queue, is_mutable=True),
)
"""One a type; `logger` is the logger of that name in the code under test, `eventloop` that of the trace."""
