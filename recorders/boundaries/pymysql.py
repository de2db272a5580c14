"""The boundary of `pymysql`: commands that a connection sends, and results that it reads.

The library's own cursors above it run as they are in both worlds. Values that it puts into the text of a statement are
taken out again, see `sql_pieces`. A result that lies in memory is recorded whole, one that is read row by row as it is
read. Behind a recorded world a connection is connected to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from ..context import UNSAMPLED, current_world, enter, leave
from ..model.world import Effect, Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .dbapi import APART, given, nothing, record_error
from .pymysql_inert import AUTOCOMMIT, IN_TRANSACTION, facts_of, recorded_result, unconnected
from .sql import SqlCodec, effect_of
from .sql_pieces import PIECES, Piece, taken_apart


def install(module: Any) -> Undo:
    """Put it in place in `pymysql.connections`, and in the cursors, which are loaded with it."""
    undos = Undos()
    cursor = sys.modules["pymysql.cursors"].Cursor
    fill = "_mogrify" if "_mogrify" in vars(cursor) else "mogrify"
    for owner, name, method in (
        (module.Connection, "connect", _connect),
        (module.Connection, "_execute_command", _execute),
        (module.Connection, "_read_query_result", _read_result),
        (module.Connection, "_read_ok_packet", _read_ok),
        (module.Connection, "set_character_set", _set_character_set),
        (module.Connection, "show_warnings", _show_warnings),
        (module.MySQLResult, "_read_rowdata_packet_unbuffered", _read_row),
        (cursor, fill, _fill),
    ):
        if name in vars(owner):
            undos.add(wrap(owner, name, method))
    return undos.run


_QUERY, _INIT_DB, _PING = 3, 2, 14
"""`pymysql.constants.COMMAND`"""


class _State:
    """What a connection has under way."""

    __slots__ = ("pieces", "text", "ticket")

    def __init__(self) -> None:
        self.ticket: Ticket | None = None
        """Of the command that was sent; `None` when its answer was read, or nobody records it."""
        self.text = ""
        self.pieces: list[Piece] = []

    def taken(self) -> Ticket | None:
        """The ticket, whose answer is read now."""
        ticket, self.ticket = self.ticket, None
        return ticket


def _state(connection: Any) -> _State:
    held = vars(connection)
    found: _State | None = held.get("_runtime_state")
    if found is None:
        found = held["_runtime_state"] = _State()
    return found


def _resource(connection: Any) -> str:
    place = connection.unix_socket or f"{connection.host}:{connection.port}"
    database = connection.db
    return f"mysql:{place}/{database.decode() if isinstance(database, bytes) else database or ''}"


# --- connections ---


def _connect(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    if world.sandboxed and not world.recorded:
        return unconnected(connection, None)
    operation = Operation("pymysql", "connect", _resource(connection), "session")
    user = connection.user.decode() if isinstance(connection.user, bytes) else connection.user
    ticket = world.begin(operation, (user,))
    if world.recorded:
        return unconnected(connection, ticket.first(nothing))

    def run() -> tuple[Any, ...]:
        wrapped(*args, **kwargs)
        return connection.server_version, connection.server_status

    token = enter(UNSAMPLED)  # what it says then is part of it
    try:
        ticket.first(run)
    finally:
        leave(token)
    return None


def _set_character_set(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    charset, collation = given(args, kwargs, "charset", "collation")
    if not world.sandboxed:
        operation = Operation("pymysql", "set names", _resource(connection), "session")
        return world.call(operation, (charset, collation), lambda: wrapped(*args, **kwargs))
    connection.encoding = sys.modules["pymysql.charset"].charset_by_name(charset).encoding
    connection.charset, connection.collation = charset, collation
    return None


def _show_warnings(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    operation = Operation("pymysql", "execute", _resource(connection), "read")
    return world.call(operation, ("SHOW WARNINGS",), lambda: wrapped(*args, **kwargs))


# --- commands ---


def _fill(wrapped: Any, cursor: Any, args: Any, kwargs: Any) -> Any:
    """Values are put into a text, of which the next statement is made."""
    filled = wrapped(*args, **kwargs)
    if current_world() is not None:
        query, values = given(args, kwargs, "query", "args")
        pieces = _state(cursor.connection).pieces
        if values is not None and isinstance(query, str) and len(pieces) < PIECES:
            pieces.append(Piece(filled, query, values))
    return filled


def _execute(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    """A command is sent."""
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    command, sql = given(args, kwargs, "command", "sql")
    state = _state(connection)
    state.text = sql if isinstance(sql, str) else bytes(sql).decode(connection.encoding, "replace")
    request: tuple[Any, ...] | None = taken_apart(state.text, state.pieces)
    state.pieces.clear()
    if world.sandboxed and not world.recorded:
        return _apart(connection, state)
    name, effect = "execute", effect_of(state.text)
    if command == _QUERY and state.text in ("COMMIT", "ROLLBACK"):
        if not connection.server_status & IN_TRANSACTION:  # the other side sees nothing of it
            state.ticket = None
            return None if world.recorded else wrapped(*args, **kwargs)
        name, request = state.text.lower(), None
    elif command != _QUERY:
        name, effect = {_INIT_DB: "use", _PING: "ping"}.get(command, "command"), "session"
    return _begin(world, connection, name, effect, request, lambda: wrapped(*args, **kwargs))


def _begin(world: World, connection: Any, name: str, effect: Effect, request: Any, send: Callable[[], Any]) -> None:
    state = _state(connection)
    state.ticket = ticket = world.begin(Operation("pymysql", name, _resource(connection), effect), request)
    if world.recorded:
        return
    try:
        send()
    except BaseException as error:
        state.ticket = None
        record_error(ticket, error)
        raise


def _apart(connection: Any, state: _State) -> None:
    """A statement while the code under test is imported or built: what changes the database changes none, and what
    reads it has no answer. Raises `OperationalError`."""
    state.ticket = None
    if effect_of(state.text) == "read":
        raise sys.modules["pymysql.err"].OperationalError(2013, APART)
    _set_status(connection, state.text)


def _set_status(connection: Any, text: str) -> None:
    """What a command does to the state of the session, where nobody says it."""
    words = text.upper().split()
    if words[:2] == ["SET", "AUTOCOMMIT"]:
        on = words[-1].strip(";=") in ("1", "ON", "TRUE")
        connection.server_status = connection.server_status & ~AUTOCOMMIT | (AUTOCOMMIT if on else 0)
    elif words[:1] in (["COMMIT"], ["ROLLBACK"]):
        connection.server_status &= ~IN_TRANSACTION


# --- answers ---


def _read_ok(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    """The answer of a command that gives no rows."""
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    state = _state(connection)
    ticket = state.taken()
    if world.sandboxed:
        status = ticket.first(nothing) if ticket is not None else None
        if status is None:
            _set_status(connection, state.text)
        else:
            connection.server_status = status
        return None
    if ticket is None:
        return wrapped(*args, **kwargs)
    came: list[Any] = []

    def run() -> Any:
        came.append(wrapped(*args, **kwargs))
        return connection.server_status

    ticket.first(run)
    return came[0]


def _read_result(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    """The answer of a statement; a further one, where it has several."""
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    state = _state(connection)
    ticket = state.taken()
    is_apart = world.sandboxed and not world.recorded
    if ticket is None and not is_apart:
        ticket = world.begin(Operation("pymysql", "next result", _resource(connection), "read"), (state.text,))
    unbuffered = bool(args[0] if args else kwargs.get("unbuffered"))
    if world.sandboxed:
        facts = ticket.first(nothing) if ticket is not None else None
        connection._result = recorded_result(connection, ticket, facts, unbuffered=unbuffered)
        if facts is None:
            _set_status(connection, state.text)
        return connection._result.affected_rows
    assert ticket is not None
    came: list[Any] = []

    def run() -> tuple[Any, ...]:
        came.append(wrapped(*args, **kwargs))
        return facts_of(connection)

    ticket.first(run)
    result = connection._result
    if unbuffered:
        vars(result)["_runtime_ticket"] = ticket
    elif result.rows is not None:
        ticket.take(lambda: result.rows, None)
    return came[0]


def _read_row(wrapped: Any, result: Any, args: Any, kwargs: Any) -> Any:
    """The next row of a result that is read row by row."""
    ticket: Ticket | None = vars(result).get("_runtime_ticket")
    if ticket is None or current_world() is None:
        return wrapped(*args, **kwargs)
    return ticket.next(lambda: wrapped(*args, **kwargs))


CODEC = SqlCodec()
