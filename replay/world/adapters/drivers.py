"""Builders of values of database drivers whose state lies in C."""

from __future__ import annotations

from typing import Any

from ....recorders.boundaries.asyncpg_inert import unconnected
from ....recorders.boundaries.asyncpg_pool import InUse, rebuilt
from ....recorders.boundaries.asyncpg_records import Columns, record_of
from ....recorders.boundaries.asyncpg_statements import session_of
from ....recorders.boundaries.psycopg_inert import inert
from .protocol import TypeBuilder, exactly, member


def _report(fields: Any) -> dict[int, bytes]:
    """What the server said of a failure, in the form in which `psycopg` keeps it in a pickled error."""
    return {exactly(int, field): exactly(bytes, text) for field, text in exactly(dict, fields).items()}


def _session(name: Any, resource: Any, autocommit: Any, factory: Any, state: Any) -> Any:
    """A connection that is connected to nothing, and asks the recording."""
    if name not in ("Connection", "AsyncConnection") or factory not in _FACTORIES:
        raise ValueError(f"{name!r} with rows by {factory!r} is no connection of psycopg")
    pgconn = inert(member("psycopg.pq", "PGconn"), {}, {})
    made = member("psycopg", name)(pgconn, row_factory=member("psycopg.rows", factory))
    made._autocommit = exactly(bool, autocommit)
    vars(made)["_runtime_resource"] = resource if resource is None else exactly(str, resource)
    pgconn.state = exactly(int, state)
    return made


_FACTORIES = frozenset({"tuple_row", "dict_row", "namedtuple_row", "scalar_row"})


def _record(columns: Any, cls: Any) -> Any:
    """A row of `asyncpg`, of its class or one of the program's that extends it."""
    pairs = list(columns.items()) if type(columns) is dict else [tuple(pair) for pair in exactly(list, columns)]
    names = [exactly(str, name) for name, _value in pairs]
    return record_of(Columns(names), tuple([value for _name, value in pairs]), _rows_of(cls))


def _rows_of(cls: Any) -> Any:
    """A class of rows of `asyncpg`: the library's, or one of the program's that extends it."""
    known = member("asyncpg.protocol.protocol", "Record")
    if cls is None:
        return known
    if not (isinstance(cls, type) and issubclass(cls, known)):
        raise TypeError(f"{cls!r} is no class of rows")
    return cls


def _connection(resource: Any, rows: Any, in_transaction: Any, begun: Any, own: Any) -> Any:
    """A connection of `asyncpg` that is connected to nothing, and asks the recording."""
    known = member("asyncpg.connection", "Connection")
    cls = known if own is None else own
    if not (isinstance(cls, type) and issubclass(cls, known)):
        raise TypeError(f"{cls!r} is no class of connections")
    where, is_in = exactly(str, resource), in_transaction is not None and exactly(bool, in_transaction)
    isolation, readonly, deferrable, managed = (
        exactly(tuple, begun) if begun is not None else (None, False, False, False)
    )
    states = exactly(bool, readonly), exactly(bool, deferrable), exactly(bool, managed)

    def bare(*given: Any) -> Any:
        made: Any = object.__new__(cls)
        known.__init__(made, *given)  # no code of a class that extends it
        return made

    made = unconnected(bare, _rows_of(rows), {}, None)
    session_of(made._protocol).resource = where
    made._protocol._in_transaction = is_in
    if in_transaction is None:
        made.terminate()
    elif begun is not None:
        made._top_xact = top = member("asyncpg.transaction", "Transaction")(made, None, *states[:2])
        top._isolation, top._managed = isolation, states[2]
        top._state = member("asyncpg.transaction", "TransactionState").STARTED
    return made


def _lent(connection: Any, pool: Any) -> Any:
    """A connection that a pool of `asyncpg` gave away, and that can be given back to it."""
    proxy, holder_class = member("asyncpg.pool", "PoolConnectionProxy"), member("asyncpg.pool", "PoolConnectionHolder")
    if not isinstance(pool, member("asyncpg.pool", "Pool")):
        raise TypeError(f"{pool!r} is no pool")
    holder = (
        pool._queue.get_nowait()
        if pool._holders
        else holder_class(pool, max_queries=1, setup=None, max_inactive_time=0)
    )
    if member("asyncpg.connection", "Connection") not in type(connection).__mro__:
        raise TypeError(f"{connection!r} is no connection")
    holder._con = connection
    holder._in_use, holder._generation = InUse(), pool._generation
    holder._proxy = made = proxy(holder, holder._con)
    return made


def _pool(resource: Any, size: Any, rows: Any, setup: Any, reset: Any, state: Any) -> Any:
    """A pool of `asyncpg` whose connections are connected to nothing."""
    given = {"record_class": _rows_of(rows), "setup": setup, "reset": reset}
    if not 0 < exactly(int, size) <= _MOST_CONNECTIONS:
        raise ValueError(f"a pool of {size} connections")
    return rebuilt(member("asyncpg.pool", "Pool"), exactly(str, resource), size, given, exactly(str, state))


_MOST_CONNECTIONS = 10_000

BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("asyncpg.connection", _connection),
    TypeBuilder("asyncpg.lent", _lent),
    TypeBuilder("asyncpg.pool", _pool),
    TypeBuilder("asyncpg.record", _record),
    TypeBuilder("psycopg.report", _report),
    TypeBuilder("psycopg.connection", lambda: None),  # there is none, as in an error that was pickled
    TypeBuilder("psycopg.session", _session),
)
"""One a kind."""
