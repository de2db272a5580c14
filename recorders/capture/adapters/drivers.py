"""Values of database drivers whose state lies in C."""

from __future__ import annotations

import sys
from typing import Any

from .protocol import TypeAdapter, Unreadable

_FATAL = 7
"""`psycopg.pq.ExecStatus.FATAL_ERROR`"""


def _error_report(result: Any) -> tuple[Any, ...]:
    """Of the result of a failed statement, what the server said of the failure: field (`psycopg.pq.DiagnosticField`) →
    text. That is what `psycopg` itself keeps when it pickles an error."""
    if int(result.status) != _FATAL:
        raise Unreadable("its rows are recorded as the program reads them")
    fields = sys.modules["psycopg.pq"].DiagnosticField
    found = {int(field): result.error_field(field) for field in fields}
    return ({field: text for field, text in found.items() if text is not None},)


_WRAPPERS = ("psycopg.pq", "psycopg_binary.pq", "psycopg_c.pq")
"""Where `psycopg` 3 has its wrapper of libpq: with ctypes, built ahead, built on the spot."""


def _session(connection: Any) -> tuple[Any, ...]:
    """Of a connection: where it leads to, and what the program set."""
    held = vars(connection)
    factory = held.get("row_factory")
    if getattr(factory, "__module__", None) != "psycopg.rows" or "<" in factory.__qualname__:
        raise Unreadable("its rows are made by a function that is not the library's")
    pgconn = held["pgconn"]
    state = int(pgconn.transaction_status)
    return type(connection).__name__, held.get("_runtime_resource"), held["_autocommit"], factory.__name__, state


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("psycopg.report", tuple(f"{module}:PGresult" for module in _WRAPPERS), _error_report),
    TypeAdapter("psycopg.connection", tuple(f"{module}:PGconn" for module in _WRAPPERS), lambda connection: ()),
    TypeAdapter("psycopg.session", ("psycopg:Connection", "psycopg:AsyncConnection"), _session, is_mutable=True),
)
"""What an error of the library holds, and connections that a function is given."""
