"""Steps of `psycopg` 3: its generators, gone through and recorded, or answered from the recording."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

from ..faults import own
from ..model.world import Effect, Operation, Ticket, World
from .psycopg_inert import ACTIVE, IDLE, IN_ERROR, IN_TRANSACTION, RecordedResult, RecordedRows
from .psycopg_rows import result_facts
from .sql import effect_of

Steps: TypeAlias = Generator[Any, Any, Any]
"""What sends and receives: it gives what is to be waited for, and at its end what came."""


def performed(ticket: Ticket, steps: Steps, facts: Any) -> Steps:
    """Go through the library's own steps, and record what came of them."""
    try:
        result = yield from steps
    except BaseException as error:
        ticket_first(ticket, error)
        raise
    answer = known(facts, result)
    ticket.first(lambda: answer)
    return result


def known(facts: Any, given: Any) -> Any:
    """Facts of what came; `None`, which a replay misses, where they cannot be read: the service must not fail."""
    try:
        return facts(given)
    except Exception as fault:
        if not own(fault):
            raise
        return None


def ticket_first(ticket: Ticket, error: BaseException) -> None:
    """Record an error that is on its way already."""

    def fail() -> None:
        raise error

    try:
        ticket.first(fail)
    except BaseException:  # noqa: BLE001 - it is raised where it came from
        return


def resource_of(connection: Any) -> str:
    """Which database a connection leads to."""
    return str(vars(connection).get("_runtime_resource", "postgresql:"))


def nothing() -> None:
    """What a recorded world never performs."""
    return None


def no_steps() -> Steps:
    """Steps that send nothing."""
    yield from ()


def failed(connection: Any) -> None:
    """A statement failed, behind a recorded world."""
    if connection.pgconn.state == IN_TRANSACTION or not connection.autocommit:
        connection.pgconn.state = IN_ERROR


def text_of(query: Any, connection: Any) -> str:
    """A statement as text; one that is composed of parts as it is without a connection, alike in both worlds."""
    if isinstance(query, str):
        return query
    if isinstance(query, bytes):
        return query.decode(connection.pgconn._encoding, "replace")
    return str(query.as_string(None)) if hasattr(query, "as_string") else str(query)


def request_of(cursor: Any, query: Any, values: Any) -> tuple[Any, ...]:
    """A statement and its values, as they are recorded."""
    text = text_of(query, cursor.connection)
    if isinstance(values, dict) and type(values) is not dict:
        values = dict.copy(values)  # a dict of another library's class
    return (text,) if values is None else (text, values)


def begin(world: World, cursor: Any, name: str, request: tuple[Any, ...]) -> Ticket:
    """Ask the world for what a statement gives."""
    effect: Effect = effect_of(request[0])
    return world.begin(Operation("psycopg", name, resource_of(cursor.connection), effect), request)


def facts_of(cursor: Any) -> tuple[Any, ...]:
    """What a cursor holds after a statement: columns, results, rows, last status, state of the transaction."""
    results = tuple([result_facts(result) for result in cursor._results])
    columns = tuple([column[0] for column in results[0][4]]) if results and results[0][4] else None
    status = getattr(cursor, "_statusmessage", None)
    said = status.decode() if status is not None else None
    return columns, results, cursor._rowcount, said, int(cursor.connection.pgconn.transaction_status)


def answered(world: World, cursor: Any, name: str, request: tuple[Any, ...], *, returning: bool | None = None) -> Steps:
    """The library's steps without a step: the recording answers."""
    cursor._reset()
    connection = cursor.connection
    if not world.recorded:
        apart(cursor, request[0])
        return (yield from ())
    ticket = begin(world, cursor, name, request)
    try:
        facts = ticket.first(nothing)
    except BaseException:
        failed(connection)
        raise
    state = facts[4] if facts is not None else IN_TRANSACTION
    at_work = IDLE if connection.autocommit else IN_TRANSACTION  # COPY goes on, and pipelines answer later
    connection.pgconn.state = at_work if state == ACTIVE else state
    cursor._execmany_returning = returning
    hold(cursor, ticket, facts)
    cursor._last_query = None
    yield from ()


def hold(cursor: Any, ticket: Ticket, facts: Any) -> None:
    """Let a cursor hold what was recorded."""
    columns, results, rowcount, status, _state = facts or (None, (), -1, None, 0)
    rows = RecordedRows(ticket, [result[1] for result in results])
    rows.results = [RecordedResult(result, columns if not at else None) for at, result in enumerate(results)]
    cursor._tx = rows
    cursor._results[:] = rows.results
    if rows.results:
        cursor._select_current_result(0)
    cursor._rowcount = rowcount
    if hasattr(cursor, "_statusmessage"):
        cursor._statusmessage = status.encode() if status is not None else None


def apart(cursor: Any, text: str) -> None:
    """A statement while the code under test is imported or built: what changes the database changes none, and what
    reads it has no answer. Raises `OperationalError`."""
    if effect_of(text) == "read":
        from psycopg import OperationalError

        raise OperationalError("statements outside of traces are not recorded, and nothing answers them in a replay")
    cursor._rowcount = -1
