"""Pools of `asyncpg`: where connections come from is no behaviour of the service.

What a pool does by itself is not recorded: it tends its connections, and prepares new ones with the program's `init`.
Only that a new one could be made, or why not. Behind a recorded world a pool gives connections that are connected to
nothing, on whichever event loop it is asked.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..context import UNSAMPLED, Scope, beside, current, current_world, enter, leave, leave_anyhow
from ..model.world import Operation, World
from ..patching import Undo, Undos, wrap
from .asyncpg_facts import said_of
from .asyncpg_inert import AtRest, LoopHere, answered, unconnected
from .asyncpg_statements import session_of
from .dbapi import record_error


def install(module: Any) -> Undo:
    """Put it in place in `asyncpg.pool`."""
    undos = Undos()
    for cls, name, method in (
        (module.Pool, "_get_new_connection", _new_connection),
        (module.Pool, "_schedule_min_size_maintenance", _tend),
        (module.Pool, "_async__init__", _on_this_loop),
        (module.Pool, "_acquire", _on_this_loop),
        (module.Pool, "close", _on_this_loop),
        (module.PoolConnectionHolder, "_setup_inactive_callback", _tend),
    ):
        if name in vars(cls):
            undos.add(wrap(cls, name, method))
    return undos.run


def _new_connection(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    return wrapped(*args, **kwargs) if world is None else _connecting(world, wrapped)


async def _connecting(world: World, connect: Any) -> Any:
    is_asked = world.recorded or not world.sandboxed
    # Without a request no other trace answers: it may have found the server gone.
    ticket = world.begin(Operation("asyncpg", "connect", "postgresql:pool", "session"), None) if is_asked else None
    if ticket is not None and world.recorded:
        await answered(ticket)
    token = enter(Scope(AtRest()) if world.sandboxed else beside(current()))
    try:
        connection = await connect()
    except BaseException as error:
        if ticket is not None and not world.recorded:
            record_error(ticket, error)
        raise
    finally:
        leave_anyhow(token)
    if ticket is not None and not world.recorded:
        said = said_of(connection)
        ticket.first(lambda: said)
    return connection


def _tend(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """Work that a pool does later, for nobody's trace; in a replay there is none to do."""
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    if world.sandboxed:
        return None
    token = enter(UNSAMPLED)
    try:
        return wrapped(*args, **kwargs)
    finally:
        leave(token)


def _on_this_loop(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    return _moved(pool, wrapped, args) if world is not None and world.sandboxed else wrapped(*args, **kwargs)


async def _moved(pool: Any, go_on: Any, args: Any) -> Any:
    _move(pool)
    return await go_on(*args)


def _move(pool: Any) -> None:
    """Let a pool that was opened on another event loop begin anew on this one."""
    loop = asyncio.get_running_loop()
    before = pool._loop
    if before is loop:
        pool._loop = LoopHere(loop)
    elif type(before) is LoopHere and before.home is None:
        before.home = loop
    elif type(before) is not LoopHere or before.home is not loop:
        pool._loop = LoopHere(loop)
        queue = type(pool._queue)(maxsize=pool._maxsize) if pool._holders else pool._queue
        for holder in pool._holders:
            holder._con = holder._proxy = holder._in_use = None
            queue.put_nowait(holder)
        pool._queue = queue


class InUse:
    """That somebody has a connection, before any event loop runs."""

    def done(self) -> bool:
        """Not yet."""
        return False

    def set_result(self, result: None) -> None:
        """It was given back."""

    def __await__(self) -> Iterator[Any]:
        return iter(())


def rebuilt(cls: Any, resource: str, size: int, given: Mapping[str, Any], state: str) -> Any:
    """A pool that a function is given in a replay: `given` are arguments of its own class, `state` is whether it was
    opened or closed. Its connections are connected to nothing."""
    utils = sys.modules["asyncpg.connection"]

    async def connect(*args: Any, **kwargs: Any) -> Any:
        connection = unconnected(utils.Connection, kwargs["record_class"], {}, None)
        session_of(connection._protocol).resource = resource
        return connection

    loop = LoopHere()
    sizes = {"min_size": 0, "max_size": size, "max_queries": 50_000, "max_inactive_connection_lifetime": 0}
    pool = cls(loop=loop, connect=connect, connection_class=utils.Connection, **sizes, **given)
    if state != "new":
        module = sys.modules["asyncpg.pool"]
        pool._queue = (
            module._PoolConnectionHolderQueue(maxsize=size)
            if hasattr(module, "_PoolConnectionHolderQueue")
            else asyncio.LifoQueue(size)
        )
        for _ in range(size):
            holder = module.PoolConnectionHolder(pool, max_queries=50_000, max_inactive_time=0, setup=given["setup"])
            pool._holders.append(holder)
            pool._queue.put_nowait(holder)
    pool._initialized, pool._closed = state != "new", state == "closed"
    return pool
