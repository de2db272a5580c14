"""Values of database drivers whose state lies in C."""

from __future__ import annotations

import sys
from typing import Any

from ..pickle_stubs import Items
from ..raw import inherits, namespace_of, namespace_of_module, type_dict
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


def _uuid(value: Any) -> tuple[Any, ...]:
    """Of a UUID of `asyncpg`, which extends the standard library's in C, and is equal to it: it is taken for one."""
    return (f"{type_dict(type(value))['int'].__get__(value):032x}",)


def _record_class() -> Any:
    return namespace_of_module(sys.modules.get("asyncpg.protocol.protocol")).get("Record")


def _is_record(cls: type) -> bool:
    """Whether a class is that of rows of `asyncpg`, or extends it."""
    known = _record_class()
    return type(known) is type and inherits(cls, known)


def rows_of_records(records: list[Any]) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Columns and values of rows of `asyncpg`, whatever their class makes of them."""
    if not records:
        return (), []
    known = _record_class()
    return tuple(known.keys(records[0])), [tuple(known.values(record)) for record in records]


def _record(record: Any) -> tuple[Any, ...]:
    """Of a row of `asyncpg`: its values by columns, as pairs where two are called alike, and its class, where that is
    not the library's."""
    if namespace_of(record):
        raise Unreadable("it was given attributes beside its columns")
    names, (values,) = rows_of_records([record])
    cls = _own_class(type(record))
    if len(set(names)) == len(names):
        return Items("dict", list(names), list(values)), cls
    return list(zip(names, values, strict=True)), cls


def _own_class(cls: Any) -> Any:
    """A class of rows, where it is not the library's."""
    return None if cls is _record_class() else cls


def _connection_class() -> Any:
    return namespace_of_module(sys.modules.get("asyncpg.connection")).get("Connection")


def _is_connection(cls: type) -> bool:
    """Whether a class is that of connections of `asyncpg`, or extends it."""
    known = _connection_class()
    return known is not None and inherits(cls, known)


def _connection(connection: Any) -> tuple[Any, ...]:
    """Of a connection of `asyncpg`: where it leads to, of which class its rows are, and the transaction that it is in,
    with how the outermost one was begun, where the library did; its own class, where it is not the library's."""
    if namespace_of(connection):
        raise Unreadable("it was given attributes of the program's")
    known, cls = _connection_class(), type(connection)
    protocol, top = known._protocol.__get__(connection), known._top_xact.__get__(connection)
    own = None if cls is known else cls
    if protocol is None or known.is_closed(connection):
        return "", None, None, None, own
    begun = (top._isolation, top._readonly, top._deferrable, top._managed) if top is not None else None
    return _resource(protocol), _own_class(protocol.get_record_class()), protocol.is_in_transaction(), begun, own


def _resource(protocol: Any) -> str:
    held = (namespace_of(protocol) or {}).get("_runtime_session")
    return str(getattr(held, "resource", "postgresql:"))


def _pool(pool: Any) -> tuple[Any, ...]:
    """Of a pool of `asyncpg`: where it leads to, how many connections it may hold, what the program does with each, and
    whether it is open."""
    opened = [holder._con._protocol for holder in pool._holders if holder._con is not None]
    resource = next((_resource(protocol) for protocol in opened if protocol is not None), "postgresql:")
    state = "closed" if pool._closed else "open" if pool._initialized else "new"
    return resource, pool._maxsize, _own_class(pool._record_class), pool._setup, pool._reset, state


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("asyncpg.connection", (), _connection, is_mutable=True, accepts=_is_connection),
    TypeAdapter(
        "asyncpg.lent",
        ("asyncpg.pool:PoolConnectionProxy",),
        lambda lent: (lent._con, lent._holder._pool),
        is_mutable=True,
    ),
    TypeAdapter("asyncpg.pool", ("asyncpg.pool:Pool",), _pool, is_mutable=True),
    TypeAdapter("uuid", ("asyncpg.pgproto.pgproto:UUID",), _uuid),
    TypeAdapter("asyncpg.record", (), _record, accepts=_is_record),
    TypeAdapter("psycopg.report", tuple(f"{module}:PGresult" for module in _WRAPPERS), _error_report),
    TypeAdapter("psycopg.connection", tuple(f"{module}:PGconn" for module in _WRAPPERS), lambda connection: ()),
    TypeAdapter("psycopg.session", ("psycopg:Connection", "psycopg:AsyncConnection"), _session, is_mutable=True),
)
"""What an error of the library holds, and connections that a function is given."""
