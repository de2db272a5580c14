"""Cursors of `psycopg` 3 that do not hold all rows: those of the server, and streams of one statement."""

from __future__ import annotations

from typing import Any

from ..context import current_world
from ..model.world import Operation, World
from .psycopg_inert import RecordedResult, RecordedRows
from .psycopg_rows import Kept, Reading, readings, result_facts
from .psycopg_steps import Steps, answered, begin, facts_of, no_steps, nothing, performed, request_of, resource_of


def stream(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """The statement of `stream()`."""
    world = current_world()
    if world is None:
        readings.forget(cursor)
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    request = request_of(cursor, args[0], args[1] if len(args) > 1 else kwargs.get("params"))
    if world.sandboxed and not world.recorded:
        return answered(world, cursor, "stream", request)
    ticket = begin(world, cursor, "stream", request)
    readings.keep(cursor, Reading(ticket, is_stream=True))
    return no_steps() if world.recorded else wrapped(*args, **kwargs)


def stream_on(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """Its next rows."""
    reading = readings.of(cursor)
    world = current_world()
    if reading is None or world is None:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    first = args[0] if args else kwargs["first"]
    if world.recorded:
        return _streamed(reading, cursor, is_first=first)
    return _streaming(reading, cursor, wrapped(*args, **kwargs), is_first=first)


def _streaming(reading: Reading, cursor: Any, steps: Steps, *, is_first: bool) -> Steps:
    if is_first:
        result = yield from performed(reading.ticket, steps, lambda made: made and result_facts(made))
    else:
        result = yield from steps
    if result is None:
        reading.end()
    return result


def _streamed(reading: Reading, cursor: Any, *, is_first: bool) -> Steps:
    ticket = reading.ticket
    if is_first:
        reading.facts = ticket.first(nothing)
    if reading.facts is None or (row := ticket.next(nothing)) is None:
        return None
    rows = RecordedRows(_One(row), [1])  # type: ignore[arg-type]  # as much of a ticket as it asks for
    rows.results = [RecordedResult((reading.facts[0], 1, *reading.facts[2:]), None)]
    cursor._tx, cursor.pgresult = rows, rows.results[0]
    if is_first:
        readings.forget(cursor)
        cursor._make_row = cursor._make_row_maker()
        readings.keep(cursor, reading)
    yield from ()
    return cursor.pgresult


class _One:
    """A ticket of one row, which is there."""

    def __init__(self, row: Any) -> None:
        self._row = row

    def take(self, perform: Any, most: int | None) -> list[Any]:
        return [self._row]


# --- cursors of the server ---


def declare(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """The statement of a cursor of the server."""
    world = current_world()
    if world is None:
        readings.forget(cursor)
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    request = request_of(cursor, args[0], args[1] if len(args) > 1 else kwargs.get("params"))
    if not (world.recorded or world.sandboxed):
        ticket = begin(world, cursor, "declare", request)
        readings.keep(cursor, Reading(ticket, is_stream=True))
        return performed(ticket, wrapped(*args, **kwargs), lambda _result: facts_of(cursor))
    return _declared(world, cursor, request)


def _declared(world: World, cursor: Any, request: tuple[Any, ...]) -> Steps:
    cursor._iter_rows = None
    yield from answered(world, cursor, "declare", request)
    readings.keep(cursor, Reading(cursor._tx._ticket, is_stream=True))
    cursor._described = True


def fetch(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """Its next rows, as many as the program asks for."""
    world, reading = current_world(), readings.of(cursor)
    if world is None or reading is None:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    most = args[0] if args else kwargs["num"]
    return _fetched(reading, cursor, most) if world.recorded else _fetching(reading, wrapped(*args, **kwargs), most)


def _fetching(reading: Reading, steps: Steps, most: int | None) -> Steps:
    rows = yield from steps
    if most is None or len(rows) < most:
        reading.end()
    return rows


def _fetched(reading: Reading, cursor: Any, most: int | None) -> Steps:
    make_row = cursor._make_row
    plain = make_row.make if type(make_row) is Kept else make_row
    yield from ()
    return [plain(values) for values in reading.ticket.take(list, most)]


def scroll(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """Going to another row of it."""
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
    ticket = world.begin(Operation("psycopg", "scroll", resource_of(cursor.connection), "read"), tuple(args))
    if world.recorded:
        ticket.first(nothing)
        return no_steps()
    return performed(ticket, wrapped(*args, **kwargs), lambda _result: None)


def close(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Steps:
    """Closing it, which nobody hears in a replay."""
    world = current_world()
    if world is not None and world.sandboxed:
        return no_steps()
    return wrapped(*args, **kwargs)  # type: ignore[no-any-return]
