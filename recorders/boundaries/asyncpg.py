"""The boundary of `asyncpg`: what the library's protocol, which is written in C, is asked for.

Statements are recorded as the program gave them, with values before they are encoded; rows after they are decoded, as
they come. What the library says by itself (it looks types up, and resets what goes back to a pool) is no exchange.
Behind a recorded world connections have a protocol that sends nothing, see `asyncpg_inert`, and the library's own code
goes on with the recorded answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..context import beside, current, current_world, enter, leave, leave_anyhow
from ..model.world import Operation, Ticket, World
from ..patching import Undo, Undos, replace, wrap
from . import asyncpg_pool, asyncpg_prepared, asyncpg_protocol
from .asyncpg_codec import AsyncpgCodec
from .asyncpg_facts import said_of
from .asyncpg_inert import answered, unconnected
from .asyncpg_statements import (
    Session,
    begin,
    begin_many,
    begin_statement,
    keep_session,
    place_of,
    resource_of,
    session_of,
)
from .dbapi import gap, record_error


def install(module: Any) -> Undo:
    """Put it in place in `asyncpg`."""
    undos = Undos()
    connection, cursors, utils = (sys.modules[f"asyncpg.{name}"] for name in ("connection", "cursor", "connect_utils"))
    undos.add(wrap(utils, "_connect", _connect))
    for name, method in (
        ("_execute", _execute),
        ("_executemany", _execute_many),
        ("_introspect_type", _introspect_type),
        ("_introspect_types", _introspect_types),
        ("add_listener", _listen),
        ("add_log_listener", _listen_to_log),
        ("close", _close),
    ):
        undos.add(wrap(connection.Connection, name, method))
    undos.add(replace(connection.Connection, "_check_open", _checking(vars(connection.Connection)["_check_open"])))
    undos.add(wrap(connection._StatementCache, "_set_entry_timeout", _later))
    undos.add(wrap(cursors.Cursor, "_init", _open_cursor))
    undos.add(wrap(cursors.CursorIterator, "__anext__", _step))
    undos.add(asyncpg_protocol.install(sys.modules["asyncpg.protocol.protocol"].Protocol))
    undos.add(asyncpg_prepared.install(connection.Connection, sys.modules["asyncpg.prepared_stmt"].PreparedStatement))
    undos.add(asyncpg_pool.install(sys.modules["asyncpg.pool"]))
    return undos.run


# --- connections ---


def _connect(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    return _connecting(world, wrapped, dict(kwargs))


async def _connecting(world: World | None, connect: Any, given: dict[str, Any]) -> Any:
    place = place_of(given)
    resource = resource_of(place)
    if world is None:
        return _kept(await _outside(connect, given), resource)
    if world.sandboxed and not world.recorded:
        return _inert(given, None)
    ticket = world.begin(Operation("asyncpg", "connect", resource, "session"), place)
    if world.recorded:
        return _inert(given, await answered(ticket))
    try:
        connection = _kept(await _outside(connect, given), resource)
    except BaseException as error:
        record_error(ticket, error)
        raise
    said = said_of(connection)
    ticket.first(lambda: said)
    return connection


async def _outside(connect: Any, given: dict[str, Any]) -> Any:
    """Connect outside of every trace: what the loop calls when data comes, as long as the connection lives, belongs to
    none (a codec of the program's, a listener), and holds none of them."""
    token = enter(None)
    try:
        return await connect(**given)
    finally:
        leave_anyhow(token)


def _kept(connection: Any, resource: str) -> Any:
    keep_session(connection._protocol, Session(resource))
    return connection


def _inert(given: dict[str, Any], said: Any) -> Any:
    rest = {name: value for name, value in given.items() if name not in ("loop", "connection_class", "record_class")}
    return unconnected(given["connection_class"], given["record_class"], rest, said)


def _later(wrapped: Any, cache: Any, args: Any, kwargs: Any) -> Any:
    """A statement leaves the library's cache after minutes: the timer holds no trace until then."""
    token = enter(None)
    try:
        return wrapped(*args, **kwargs)
    finally:
        leave(token)


def _close(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    session_of(connection._protocol).is_ended = True
    return wrapped(*args, **kwargs)


def _checking(original: Any) -> Any:
    """That a server ended a connection while nobody used it is seen by no exchange."""

    def _check_open(connection: Any) -> None:
        try:
            original(connection)
        except Exception:
            protocol = connection._protocol
            if _live() is not None and protocol is not None and not session_of(protocol).is_ended:
                _gap_here("that a server ended a connection while nobody used it")
            raise

    return _check_open


def _listen(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    _gap_here("what a server notifies a program of (`add_listener`)")
    return wrapped(*args, **kwargs)


def _listen_to_log(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    _gap_here("what a server logs to a program (`add_log_listener`)")
    return wrapped(*args, **kwargs)


def _gap_here(what: str) -> None:
    world = current_world()
    if world is not None and not world.sandboxed:
        gap(world, what)


# --- what the library asks by itself ---


def _introspect_types(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    return _no_types() if world.sandboxed else _unheard(wrapped, args, kwargs)


async def _no_types() -> tuple[list[Any], None]:
    return [], None


async def _unheard(wrapped: Any, args: Any, kwargs: Any) -> Any:
    token = enter(beside(current()))
    try:
        return await wrapped(*args, **kwargs)
    finally:
        leave_anyhow(token)


def _introspect_type(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    """Which type a codec is for: of those that every server has nobody is asked."""
    world = current_world()
    name, schema = args
    known = sys.modules["asyncpg.protocol"].BUILTIN_TYPE_NAME_MAP
    if world is None or (schema == "pg_catalog" and name.lower() in known):
        return wrapped(*args, **kwargs)
    return _type(world, connection, (schema, name), lambda: wrapped(*args, **kwargs))


async def _type(world: World, connection: Any, asked: tuple[str, str], perform: Any) -> Any:
    make = sys.modules["asyncpg.introspection"].TypeRecord
    if world.sandboxed and not world.recorded:
        return make((0, None, b"b"))
    ticket = begin(world, session_of(connection._protocol), "type", asked, "session")
    if world.recorded:
        return make(tuple(await answered(ticket) or (0, None, b"b")))
    try:
        found = await _unheard(perform, (), {})
    except BaseException as error:
        record_error(ticket, error)
        raise
    ticket.first(lambda: (found["oid"], found["elemtype"], found["kind"]))
    return found


# --- statements: what cannot be prepared fails for who asked for it ---


def _live() -> World | None:
    """The world that records, where one does."""
    world = current_world()
    return None if world is None or world.sandboxed else world


def _execute(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = _live()
    if world is None:
        return wrapped(*args, **kwargs)
    return _trying(world, connection, lambda session: begin_statement(world, session, *args[:2]), wrapped, args, kwargs)


def _execute_many(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = _live()
    if world is None:
        return wrapped(*args, **kwargs)
    sql, rows, *rest = args
    rows = list(rows)
    asked = [sql, rows, *rest]
    return _trying(world, connection, lambda session: begin_many(world, session, sql, rows), wrapped, asked, kwargs)


async def _trying(
    world: World, connection: Any, start: Callable[[Session], Ticket], wrapped: Any, args: Any, kwargs: Any
) -> Any:
    session = session_of(connection._protocol)
    before = session.begun, session.reached
    is_busy = connection._stmt_exclusive_section._acquired  # then the server hears nothing
    try:
        return await wrapped(*args, **kwargs)
    except BaseException as error:
        if session.begun == before[0] and (is_busy or session.reached > before[1]):
            record_error(start(session), error)
        raise


def _open_cursor(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    world = _live()
    if world is None or cursor._state is not None:
        return wrapped(*args, **kwargs)
    return _stepping(world, cursor, args[0] if args else kwargs["timeout"], lambda: wrapped(*args, **kwargs))


def _step(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    world = _live()
    if world is None or cursor._state is not None:
        return wrapped(*args, **kwargs)
    return _stepping(world, cursor, cursor._timeout, lambda: wrapped(*args, **kwargs))


async def _stepping(world: World, cursor: Any, timeout: Any, go_on: Any) -> Any:
    """Prepare the statement of a cursor, as its first step would, so that its failure is that of the statement."""
    connection = cursor._connection
    session = session_of(connection._protocol)
    before = session.reached
    try:
        state = await connection._get_statement(cursor._query, timeout, named=True, record_class=cursor._record_class)
    except BaseException as error:
        if session.reached > before:
            record_error(begin_statement(world, session, cursor._query, cursor._args), error)
        raise
    state.attach()
    cursor._state = state
    return await go_on()


CODEC = AsyncpgCodec()
