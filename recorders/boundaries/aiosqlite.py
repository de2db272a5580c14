"""The boundary of `aiosqlite`: statements run in a thread of each connection, and belong to the trace that asked.

What is asked of `sqlite3` there is recorded by its own boundary. In a replay there is no thread: what is asked is done
at once.
"""

from __future__ import annotations

from typing import Any

from ..context import Scope, current, current_world, enter, leave
from ..patching import Undo, Undos, wrap


def install(module: Any) -> Undo:
    """Put it in place in `aiosqlite.core`."""
    undos = Undos()
    for name, method in (("__await__", _start), ("_connect", _connect), ("_execute", _execute), ("close", _close)):
        undos.add(wrap(module.Connection, name, method))
    return undos.run


def _in(scope: Scope | None, function: Any) -> Any:
    """The function in the scope of who asked, whatever the thread belonged to when it was started."""

    def run(*args: Any, **kwargs: Any) -> Any:
        token = enter(scope)
        try:
            return function(*args, **kwargs)
        finally:
            leave(token)

    return run


def _is_replayed() -> bool:
    world = current_world()
    return world is not None and world.sandboxed


def _start(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    """Awaiting a connection starts its thread."""
    return connection._connect().__await__() if _is_replayed() else wrapped(*args, **kwargs)


def _connect(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    if _is_replayed():
        return _connect_at_once(connection)
    connection._connector = _in(current(), connection._connector)
    return wrapped(*args, **kwargs)


async def _connect_at_once(connection: Any) -> Any:
    if connection._connection is None:
        connection._connection = connection._connector()
    return connection


def _execute(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    """Work that is handed to the connection's thread."""
    function, *rest = args
    if _is_replayed():
        return _at_once(function, rest, kwargs)
    return wrapped(_in(current(), function), *rest, **kwargs)


async def _at_once(function: Any, args: Any, kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _close(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    return _close_at_once(connection) if _is_replayed() else wrapped(*args, **kwargs)


async def _close_at_once(connection: Any) -> None:
    held, connection._connection = connection._connection, None
    connection._running = False
    if held is not None:
        held.close()
