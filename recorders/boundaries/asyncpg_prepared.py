"""Statements that a program prepares with `asyncpg` and keeps.

What such a statement takes and gives is an exchange of its own, once for each trace that prepares it or uses it: which
connection of a pool holds it already is chance.
"""

from __future__ import annotations

from typing import Any

from ..context import current_world
from ..model.world import World
from ..patching import Undo, Undos, wrap
from .asyncpg_inert import answered
from .asyncpg_statements import begin_prepared, facts_of, prepared, session_of
from .dbapi import nothing, record_error


def install(connection: type, statement: type) -> Undo:
    """Put it in place in the classes of connections and of prepared statements."""
    undos = Undos()
    undos.add(wrap(connection, "_prepare", _prepare))
    undos.add(wrap(statement, "_PreparedStatement__do_execute", _use))
    undos.add(wrap(statement, "cursor", _use))
    return undos.run


def _prepare(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None or (world.sandboxed and not world.recorded):
        return wrapped(*args, **kwargs)
    query = args[0] if args else kwargs["query"]
    perform = lambda: wrapped(*args, **kwargs)  # noqa: E731
    return (
        _answered(world, connection, query, perform)
        if world.recorded
        else _preparing(world, connection, query, perform)
    )


async def _preparing(world: World, connection: Any, query: str, perform: Any) -> Any:
    known = prepared.of(world)
    if query in known:
        return await perform()
    known[query] = None  # tasks may prepare the same at once
    ticket = begin_prepared(world, session_of(connection._protocol), query)
    try:
        statement = await perform()
    except BaseException as error:
        known.pop(query, None)
        record_error(ticket, error)
        raise
    known[query] = facts = facts_of(statement._state)
    ticket.first(lambda: facts)
    return statement


async def _answered(world: World, connection: Any, query: str, perform: Any) -> Any:
    statement = await perform()
    known = prepared.of(world)
    if query not in known:
        known[query] = await answered(begin_prepared(world, session_of(connection._protocol), query))
    statement._state.facts = known[query]
    return statement


def _use(wrapped: Any, statement: Any, args: Any, kwargs: Any) -> Any:
    """A statement is used, which another trace may have prepared."""
    world = current_world()
    if world is not None and (world.recorded or not world.sandboxed):
        known, state = prepared.of(world), statement._state
        if state.query not in known:
            ticket = begin_prepared(world, session_of(statement._connection._protocol), state.query)
            if world.recorded:
                known[state.query] = state.facts = ticket.first(nothing)
            else:
                known[state.query] = facts = facts_of(state)
                ticket.first(lambda: facts)
    return wrapped(*args, **kwargs)
