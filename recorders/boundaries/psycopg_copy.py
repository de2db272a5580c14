"""COPY over `psycopg` 3: the statement is one exchange, with the data that comes as its items; data that is sent, and
what the server says at its end, is another one."""

from __future__ import annotations

import inspect
import types
from typing import Any

from ..context import current_world
from ..model.world import Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .psycopg_inert import RecordedRows
from .psycopg_rows import Reading, readings
from .psycopg_steps import Steps, answered, begin, facts_of, performed, request_of, resource_of, ticket_first
from .sql_copy import COPIED, lines_of


def install(module: Any) -> Undo:
    """Put it in place in `psycopg.copy`, where data is sent."""
    undos = Undos()
    for writer in (module.LibpqWriter, module.AsyncLibpqWriter):
        undos.add(wrap(writer, "write", _write))
        undos.add(wrap(writer, "finish", _finish))
    return undos.run


def start(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """The statement."""
    world = current_world()
    if world is None:
        readings.forget(cursor)
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    values = args[1] if len(args) > 1 else kwargs.get("params")
    request = request_of(cursor, args[0] if args else kwargs["statement"], values)
    if world.sandboxed:
        return _started(world, cursor, request)
    ticket = begin(world, cursor, "copy", request)
    readings.keep(cursor, Reading(ticket, is_stream=True)).statement = request[0]
    return performed(ticket, wrapped(*args, **kwargs), lambda _result: facts_of(cursor))


def _started(world: World, cursor: Any, request: tuple[Any, ...]) -> Steps:
    yield from answered(world, cursor, "copy", request)
    if world.recorded:
        readings.keep(cursor, Reading(cursor._tx._ticket, is_stream=True)).statement = request[0]


def make(wrapped: Any, copy: Any, args: Any, kwargs: Any) -> None:
    """What writes and reads rows of data needs a transformer of the library's, also behind a recorded world."""
    cursor = args[0] if args else kwargs["cursor"]
    rows = cursor._tx
    if type(rows) is not RecordedRows:
        wrapped(*args, **kwargs)
        return
    from psycopg import _copy_base, adapt

    cursor._tx = transformer = adapt.Transformer(cursor)
    held = cursor.pgresult
    if held is not None and held.nfields:
        transformer.set_loader_types([held.ftype(at) for at in range(held.nfields)], held.fformat(0))
    try:
        wrapped(*args, **kwargs)
    finally:
        cursor._tx = rows
    # What is written in C asks a result for the number of fields; the same in Python asks the data.
    own = {"parse_row_text": _copy_base._parse_row_text, "parse_row_binary": _copy_base._parse_row_binary}
    parse = type(copy.formatter).parse_row
    copy.formatter.parse_row = types.MethodType(_with_globals(parse, own), copy.formatter)


def _with_globals(function: Any, names: dict[str, Any]) -> Any:
    """A function that sees some names otherwise."""
    return types.FunctionType(function.__code__, {**function.__globals__, **names}, function.__name__)


def read(wrapped: Any, copy: Any, args: Any, kwargs: Any) -> Steps:
    """A piece of the data that comes, empty at its end."""
    world, reading = current_world(), readings.of(copy.cursor)
    if world is None or reading is None:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    return _answered(copy, reading) if world.recorded else _reading(reading, wrapped(*args, **kwargs))


def _reading(reading: Reading, steps: Steps) -> Steps:
    piece = yield from steps
    data = bytes(piece)
    reading.ticket.next(lambda: data or None)
    return piece


def _answered(copy: Any, reading: Reading) -> Steps:
    yield from ()
    if copy._finished:
        return memoryview(b"")
    data = reading.ticket.next(lambda: None)
    if data is None:
        copy._finished = True
        copy.cursor._rowcount = reading.pieces
        return memoryview(b"")
    reading.pieces += 1
    return memoryview(data)


def _write(wrapped: Any, writer: Any, args: Any, kwargs: Any) -> Any:
    """Data is sent: it is kept until its end is known."""
    world, reading = current_world(), readings.of(writer.cursor)
    if world is None or reading is None:
        return wrapped(*args, **kwargs)
    reading.written.append(bytes(args[0] if args else kwargs["data"]))
    if not world.recorded:
        return wrapped(*args, **kwargs)
    return _done() if inspect.iscoroutinefunction(wrapped) else None


async def _done() -> None:
    """Nothing to wait for."""


def _finish(wrapped: Any, writer: Any, args: Any, kwargs: Any) -> Any:
    world, reading = current_world(), readings.of(writer.cursor)
    if world is None or reading is None:
        return wrapped(*args, **kwargs)
    failure = args[0] if args else kwargs.get("exc")
    data = b"".join(reading.written)
    name = COPIED[0] if failure is None else COPIED[1]
    operation = Operation("psycopg", name, resource_of(writer.cursor.connection), "write")
    ticket = world.begin(operation, (reading.statement, lines_of(data)))
    if inspect.iscoroutinefunction(wrapped):
        return _finish_awaited(world, ticket, writer, lambda: wrapped(*args, **kwargs))
    if world.recorded:
        _hold(writer, ticket)
        return None
    try:
        wrapped(*args, **kwargs)
    except BaseException as error:
        ticket_first(ticket, error)
        raise
    ticket.first(lambda: _counted(writer))
    return None


async def _finish_awaited(world: World, ticket: Ticket, writer: Any, perform: Any) -> None:
    if world.recorded:
        _hold(writer, ticket)
        return
    try:
        await perform()
    except BaseException as error:
        ticket_first(ticket, error)
        raise
    ticket.first(lambda: _counted(writer))


def _counted(writer: Any) -> int | None:
    """How many rows the server took."""
    results = writer.cursor._results
    return results[0].command_tuples if results else None


def _hold(writer: Any, ticket: Ticket) -> None:
    taken = ticket.first(lambda: None)
    for result in writer.cursor._results:
        result.command_tuples = taken
        result.command_status = b"COPY %d" % (taken or 0)
