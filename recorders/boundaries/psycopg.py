"""The boundary of `psycopg` 3, synchronous and asynchronous.

Both halves of the library run the same generators, which send and receive; the boundary stands there. Statements are
recorded as the program gave them, with values before they are adapted, rows as the program gets them before a row
factory makes something of them, and none before it is asked for. Behind a recorded world the generators send nothing,
and the library's own code goes on with the recorded results (see `psycopg_inert`).
"""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Mapping
from typing import Any

from ..context import current_world
from ..model.world import Operation, Ticket, World
from ..patching import Undo, Undos, replace, wrap
from . import psycopg_copy, psycopg_cursors
from .psycopg_inert import IDLE, IN_TRANSACTION, inert
from .psycopg_rows import Kept, Reading, readings
from .psycopg_steps import (
    Steps,
    answered,
    begin,
    facts_of,
    failed,
    known,
    no_steps,
    nothing,
    performed,
    request_of,
    resource_of,
    text_of,
    ticket_first,
)
from .sql_copy import CopyCodec


def install(module: Any) -> Undo:
    """Put it in place in `psycopg`."""
    undos = Undos()
    base_of_copies = next(cls for cls in module.Copy.__mro__ if "_read_gen" in vars(cls))
    for cls, name, method in (
        (module.Connection, "_connect_gen", _connect),
        (module.Connection, "_exec_command", _command),
        (module.Cursor, "_execute_gen", _execute),
        (module.Cursor, "executemany", _execute_many),
        (module.AsyncCursor, "executemany", _execute_many),
        (module.Cursor, "_executemany_gen_pipeline", _many_steps),
        (module.Cursor, "_executemany_gen_no_pipeline", _many_steps),
        (module.Cursor, "_stream_send_gen", psycopg_cursors.stream),
        (module.Cursor, "_stream_fetchone_gen", psycopg_cursors.stream_on),
        (module.Cursor, "_set_results", _set_results),
        (module.Cursor, "_scroll", _scrolled),
        (module.Cursor, "_make_row_maker", _make_row_maker),
        (module.AsyncCursor, "_make_row_maker", _make_row_maker),
        (module.Cursor, "_start_copy_gen", psycopg_copy.start),
        (module.Copy, "_read_gen", psycopg_copy.read),
        (base_of_copies, "__init__", psycopg_copy.make),
        (module.ServerCursor, "_declare_gen", psycopg_cursors.declare),
        (module.ServerCursor, "_fetch_gen", psycopg_cursors.fetch),
        (module.ServerCursor, "_scroll_gen", psycopg_cursors.scroll),
        (module.ServerCursor, "_close_gen", psycopg_cursors.close),
        (module.Pipeline, "_sync_gen", _nothing_to_send),
        (module.Pipeline, "_exit_gen", _nothing_to_send),
        (module.Pipeline, "_fetch_gen", _nothing_to_send),
        (module.Pipeline, "_communicate_gen", _nothing_to_send),
    ):
        owner = next((one for one in cls.__mro__ if name in vars(one)), None)
        if owner is not None:  # another version may have no use for it
            undos.add(wrap(owner, name, method))
    undos.add(psycopg_copy.install(sys.modules["psycopg.copy"]))
    for part in (module.sql.Identifier, module.sql.Literal):
        undos.add(wrap(part, "as_bytes", _as_bytes))
    undos.add(wrap(sys.modules["psycopg.connection_async"], "conninfo_attempts_async", _attempts))
    if "psycopg._conninfo_utils" in sys.modules:
        undos.add(wrap(sys.modules["psycopg._conninfo_utils"], "get_param_def", _default))
    for cls in (module.Cursor, module.AsyncCursor):
        owner = next(one for one in cls.__mro__ if "row_factory" in vars(one))
        undos.add(_watch_row_factory(owner))
    return undos.run


# --- connections ---


def _attempts(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """To which addresses it connects; behind a recorded world to none, so that no name is looked up."""
    world = current_world()
    return _one_attempt(args[0]) if world is not None and world.sandboxed else wrapped(*args, **kwargs)


def _default(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    """What libpq knows of a parameter; it asks the system for the user's name, which a replay may not."""
    world = current_world()
    return None if world is not None and world.sandboxed else wrapped(*args, **kwargs)


async def _one_attempt(parameters: Any) -> list[Any]:
    return [parameters]


def _connect(wrapped: Any, cls: Any, args: Any, kwargs: Any) -> Steps:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    return _connecting(world, cls, wrapped, str(args[0] if args else kwargs.get("conninfo", "")))


def _connecting(world: World, cls: Any, connect: Any, conninfo: str) -> Steps:
    from psycopg import conninfo as parsing  # loaded: this is its own call

    asked = parsing.conninfo_to_dict(conninfo)
    place = {name: str(asked.get(name) or "") for name in ("host", "port", "dbname")}
    resource = f"postgresql:{place['host']}:{place['port']}/{place['dbname']}"
    if world.sandboxed and not world.recorded:
        connection = cls(_unconnected(place, {}))
    else:
        ticket = world.begin(Operation("psycopg", "connect", resource, "session"), place)
        if world.recorded:
            connection = cls(_unconnected(place, ticket.first(dict) or {}))
        else:
            connection = yield from performed(ticket, connect(conninfo), lambda made: _said(made.pgconn))
    vars(connection)["_runtime_resource"] = resource
    return connection


def _unconnected(place: Mapping[str, str], parameters: Mapping[bytes, bytes]) -> Any:
    from psycopg import pq

    return inert(pq.PGconn, place, parameters)


def _said(pgconn: Any) -> dict[bytes, bytes]:
    """What the server said of the session."""
    names = (b"client_encoding", b"TimeZone", b"DateStyle", b"IntervalStyle", b"server_version")
    return {name: value for name in names if (value := pgconn.parameter_status(name)) is not None}


_OWN_COMMANDS = ("BEGIN", "DEALLOCATE", "FETCH FORWARD", "MOVE", "CLOSE", "SELECT 1 FROM pg_catalog.pg_cursors")
"""What the library says by itself: it begins transactions, tidies up, and reads what a cursor of the server holds."""


def _command(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Steps:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    text = text_of(args[0] if args else kwargs["command"], connection)
    if world.sandboxed and not world.recorded:
        return _at_rest(connection, text)
    if text.startswith(_OWN_COMMANDS):
        return _at_rest(connection, text) if world.recorded else wrapped(*args, **kwargs)
    return _commanding(world, connection, text, wrapped(*args, **kwargs) if not world.recorded else None)


def _at_rest(connection: Any, text: str) -> Steps:
    """A command that nobody hears; what it does to the transaction, it does."""
    if text.startswith("BEGIN"):
        connection.pgconn.state = IN_TRANSACTION
    elif text in ("COMMIT", "ROLLBACK"):
        connection.pgconn.state = IDLE
    yield from ()


def _commanding(world: World, connection: Any, text: str, steps: Any) -> Steps:
    ends = text in ("COMMIT", "ROLLBACK")
    operation = Operation("psycopg", text.lower() if ends else "execute", resource_of(connection), "write")
    ticket = world.begin(operation, None if ends else (text,))
    if not world.recorded:
        return (yield from performed(ticket, steps, lambda result: None))
    try:
        ticket.first(nothing)
    except BaseException:
        failed(connection)
        raise
    connection.pgconn.state = IDLE if ends else IN_TRANSACTION
    return None


def _as_bytes(wrapped: Any, part: Any, args: Any, kwargs: Any) -> Any:
    """A part of a composed statement; the library asks the connection how to quote, which an inert one cannot say."""
    world = current_world()
    if world is not None and world.sandboxed:
        return wrapped(None)
    return wrapped(*args, **kwargs)


def _nothing_to_send(wrapped: Any, pipeline: Any, args: Any, kwargs: Any) -> Steps:
    world = current_world()
    if world is not None and world.sandboxed:
        return no_steps()
    return wrapped(*args, **kwargs)  # type: ignore[no-any-return]


# --- statements ---


def _execute(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    world = current_world()
    if world is None:
        readings.forget(cursor)
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    query, values = args[0], args[1] if len(args) > 1 else kwargs.get("params")
    request = request_of(cursor, query, values)
    if world.recorded or world.sandboxed:
        return answered(world, cursor, "execute", request)
    return _executing(begin(world, cursor, "execute", request), cursor, wrapped(*args, **kwargs))


def _executing(ticket: Ticket, cursor: Any, steps: Steps) -> Steps:
    reading = readings.keep(cursor, Reading(ticket))
    if cursor.connection._pipeline is not None:  # the answer comes later, see `_set_results`
        reading.is_waiting = True
        yield from steps
        return
    yield from performed(ticket, steps, lambda _result: facts_of(cursor))
    reading.read_results(cursor)


def _execute_many(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    """`executemany`, synchronous or awaited: it knows its answers when the pipeline ended that it runs in."""
    world = current_world()
    if world is None:
        readings.forget(cursor)
        return wrapped(*args, **kwargs)
    if world.sandboxed:
        return wrapped(*args, **kwargs)
    query, rows, *_rest = (*args, kwargs.get("params_seq")) if len(args) < 2 else args
    rows = list(rows)
    ticket = begin(world, cursor, "executemany", request_of(cursor, query, rows))
    reading = readings.keep(cursor, Reading(ticket))
    if inspect.iscoroutinefunction(wrapped):
        return _many_awaited(ticket, reading, cursor, lambda: wrapped(query, rows, **_without_rows(kwargs)))
    try:
        wrapped(query, rows, **_without_rows(kwargs))
    except BaseException as error:
        ticket_first(ticket, error)
        raise
    answer = known(facts_of, cursor)
    ticket.first(lambda: answer)
    reading.read_results(cursor)
    return None


def _without_rows(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name not in ("query", "params_seq")}


async def _many_awaited(ticket: Ticket, reading: Reading, cursor: Any, perform: Any) -> None:
    try:
        await perform()
    except BaseException as error:
        ticket_first(ticket, error)
        raise
    answer = known(facts_of, cursor)
    ticket.first(lambda: answer)
    reading.read_results(cursor)


def _many_steps(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    world = current_world()
    if world is None or not world.sandboxed:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    query, rows, returning = args
    return answered(world, cursor, "executemany", request_of(cursor, query, list(rows)), returning=returning)


def _set_results(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    result = wrapped(*args, **kwargs)
    reading = readings.of(cursor)
    if reading is not None and reading.is_waiting:
        reading.is_waiting = False
        answer = known(facts_of, cursor)
        reading.ticket.first(lambda: answer)
        reading.read_results(cursor)
    return result


# --- rows ---


def _make_row_maker(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    made = wrapped(*args, **kwargs)
    reading = readings.of(cursor)
    return Kept(reading, weakref.ref(cursor), made) if reading is not None else made


def _watch_row_factory(owner: Any) -> Undo:
    """Rows are still seen when the program sets another factory for results that it has."""
    own = vars(owner)["row_factory"]

    def assign(self: Any, factory: Any) -> None:
        own.__set__(self, factory)
        reading = readings.of(self)
        if reading is not None and self.pgresult and type(self._make_row) is not Kept:
            self._make_row = Kept(reading, weakref.ref(self), self._make_row)

    return replace(owner, "row_factory", property(own.fget, assign, own.fdel, own.__doc__))


def _scrolled(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    reading = readings.of(cursor)
    if reading is not None:
        reading.moved()
    return wrapped(*args, **kwargs)


CODEC = CopyCodec()
