"""What stands below connections and cursors of `pymysql` behind a recorded world: nothing that reaches out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .no_socket import NoSocket

if TYPE_CHECKING:
    from ..model.world import Ticket

IN_TRANSACTION: Final = 1
AUTOCOMMIT: Final = 2
"""Flags of the state of a session (`pymysql.constants.SERVER_STATUS`)."""

_VERSION: Final = "10.11.0-MariaDB"
"""What a server says of itself, where the recording does not."""


def unconnected(connection: Any, facts: Any) -> None:
    """Let a connection be connected to nothing; `facts` are what the server said: version, state of the session."""
    version, status = facts or (_VERSION, AUTOCOMMIT if connection.autocommit_mode in (True, None) else 0)
    connection._closed = False
    connection._sock, connection._rfile = NoSocket(), None
    connection._next_seq_id = 0
    connection._secure = False
    connection._current_timeout = None
    connection.host_info = connection.unix_socket or f"socket {connection.host}:{connection.port}"
    connection.protocol_version = 10
    connection.server_version, connection.server_status = version, status
    connection.server_thread_id = (0,)
    connection.server_capabilities = 0
    connection.salt = b""


class _Field(NamedTuple):
    """What cursors ask of a column."""

    name: str
    table_name: str


def facts_of(connection: Any) -> tuple[Any, ...]:
    """What is recorded of a result besides its rows."""
    result = connection._result
    fields = getattr(result, "fields", ()) if result.description is not None else ()
    columns = tuple([field.name for field in fields]) if result.description is not None else None
    tables = tuple([getattr(field, "table_name", "") for field in fields])
    details = tuple([tuple(column)[1:] for column in result.description or ()])
    status = connection.server_status
    counts = (result.affected_rows, result.insert_id, result.warning_count)
    return columns, details, tables, counts, status, result.message, bool(result.has_next)


def recorded_result(connection: Any, ticket: Ticket | None, facts: Any, *, unbuffered: bool) -> Any:
    """A result of the recording; of a statement that nothing is known of, one without rows."""
    result = sys.modules["pymysql.connections"].MySQLResult(connection)
    result.connection = None
    result.affected_rows = 0
    if facts is None:
        return result
    columns, details, tables, counts, status, result.message, result.has_next = facts
    result.affected_rows, result.insert_id, result.warning_count = counts
    connection.server_status = status
    if columns is not None:
        result.field_count = len(columns)
        result.fields = [_Field(*named) for named in zip(columns, tables, strict=False)]
        result.description = tuple([(name, *rest) for name, rest in zip(columns, details, strict=False)])
        if not unbuffered and ticket is not None:
            result.rows = tuple(ticket.take(list, None))
    if unbuffered:
        vars(result)["_runtime_ticket"] = ticket
    return result
