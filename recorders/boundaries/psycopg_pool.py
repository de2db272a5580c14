"""The boundary of `psycopg_pool`: where connections come from is no behaviour of the service.

What a pool does by itself (connecting, configuring, checking) is not recorded. Behind a recorded world a pool has no
workers; whoever asks is given a connection that is connected to nothing, see `psycopg_inert`.
"""

from __future__ import annotations

import inspect
from typing import Any

from ..context import UNSAMPLED, Scope, beside, current, current_world, enter, leave, leave_anyhow
from ..patching import Undo, Undos, wrap
from .pass_through import PassThrough


def install(module: Any) -> Undo:
    """Put it in place in `psycopg_pool`."""
    undos = Undos()
    pools = (
        module.ConnectionPool,
        module.AsyncConnectionPool,
        module.NullConnectionPool,
        module.AsyncNullConnectionPool,
    )
    for pool in pools:
        for name, method in _METHODS.items():
            if name in vars(pool):
                undos.add(wrap(pool, name, method))
    return undos.run


class _AtRest(PassThrough):
    """The world in which a pool prepares a connection that is connected to nothing."""

    sandboxed = True


def _by_itself(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    """What a pool does by itself, which is no part of a trace."""
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    quiet = Scope(_AtRest()) if world.sandboxed else UNSAMPLED
    if inspect.iscoroutinefunction(wrapped):
        return _awaited_by_itself(quiet if world.sandboxed else beside(current()), wrapped, args, kwargs)
    token = enter(quiet)
    try:
        return wrapped(*args, **kwargs)
    finally:
        leave(token)


async def _awaited_by_itself(quiet: Scope, wrapped: Any, args: Any, kwargs: Any) -> Any:
    token = enter(quiet)
    try:
        return await wrapped(*args, **kwargs)
    finally:
        leave_anyhow(token)


def _unless_recorded(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    """What needs a server: in a replay there is nothing to do."""
    world = current_world()
    if world is None or not world.sandboxed:
        return _by_itself(wrapped, pool, args, kwargs)
    return _done() if inspect.iscoroutinefunction(wrapped) else None


async def _done() -> None:
    """Nothing to wait for."""


def _give(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    """A connection for who asks; in a replay a new one, at once."""
    world = current_world()
    return pool._connect() if world is not None and world.sandboxed else wrapped(*args, **kwargs)


_METHODS = {
    "_connect": _by_itself,
    "_start_workers": _unless_recorded,
    "_start_initial_tasks": _unless_recorded,
    "_check_connection": _unless_recorded,
    "wait": _unless_recorded,
    "check": _unless_recorded,
    "_getconn_unchecked": _give,
}
