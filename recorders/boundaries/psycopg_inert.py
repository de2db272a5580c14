"""What stands below connections and cursors of `psycopg` 3 behind a recorded world: nothing that reaches out.

A connection sits on a `pq.PGconn` that was never connected and says of its state what the recording says; a cursor on
results and rows of the recording. Everything above them is the library's own code.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final

from ..context import current_world
from ..model.world import Operation, Ticket

IDLE: Final = 0
ACTIVE: Final = 1
IN_TRANSACTION: Final = 2
IN_ERROR: Final = 3
"""States of a transaction (`pq.TransactionStatus`)."""

_OK: Final = 0
_BAD: Final = 1

_PARAMETERS: Final = {
    b"client_encoding": b"UTF8",
    b"server_encoding": b"UTF8",
    b"TimeZone": b"UTC",
    b"DateStyle": b"ISO, MDY",
    b"IntervalStyle": b"postgres",
    b"integer_datetimes": b"on",
    b"standard_conforming_strings": b"on",
    b"server_version": b"15.0",
}
"""What a server says of a session, where the recording does not."""

SERVER_VERSION: Final = 150000


def inert(base: type, place: Mapping[str, str], parameters: Mapping[bytes, bytes]) -> Any:
    """A `pq.PGconn` that is connected to nothing; `place` is what was asked for, `parameters` what the server said."""
    made = _inert_class(base)()
    made.place = dict(place)
    made.parameters = {**_PARAMETERS, **parameters}
    return made


_classes: dict[type, type] = {}


def _inert_class(base: type) -> type:
    if base not in _classes:
        namespace: dict[str, Any] = {
            "status": property(lambda self: _status(base, self.is_open)),
            "transaction_status": property(lambda self: self.state),
            **{name: property(_place(key)) for name, key in _PLACES.items()},
            **{name: _refusing(name) for name in _REACHING},
            **_METHODS,
        }
        made = type(base.__name__, (base,), {"__module__": base.__module__, **namespace})
        _classes[base] = made
    return _classes[base]


def _status(base: type, is_open: bool) -> Any:
    import psycopg.pq as pq  # loaded: a connection of it asks

    return pq.ConnStatus.OK if is_open else pq.ConnStatus.BAD


_PLACES = {"host": "host", "hostaddr": "hostaddr", "port": "port", "db": "dbname", "user": "user", "options": "options"}


def _place(key: str) -> Callable[[Any], bytes]:
    return lambda self: str(self.place.get(key, "")).encode()


def _refusing(name: str) -> Callable[..., Any]:
    """What would reach out: the recording answers it, or the trace stops."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        world = current_world()
        if world is not None and world.recorded:
            return world.call(Operation("psycopg", name, "postgresql", "read"), None, _never)
        raise RuntimeError(f"{name}: a replay is not connected to the database")

    return call


def _never() -> Any:
    raise AssertionError("a recorded world performs nothing")


_REACHING = (
    *("send_query", "send_query_params", "send_prepare", "send_query_prepared", "exec_", "exec_params", "prepare"),
    *("exec_prepared", "describe_prepared", "describe_portal", "send_describe_prepared", "send_describe_portal"),
    *("send_close_prepared", "send_close_portal", "put_copy_data", "put_copy_end", "get_copy_data", "get_result"),
    *("notifies", "get_cancel", "cancel_conn", "reset", "reset_start", "consume_input", "trace"),
)


def _finish(self: Any) -> None:
    self.is_open = False
    self.state = IDLE


_METHODS: dict[str, Any] = {
    "is_open": True,
    "state": IDLE,
    "place": {},
    "parameters": {},
    "socket": -1,
    "backend_pid": 0,
    "server_version": SERVER_VERSION,
    "protocol_version": 3,
    "needs_password": False,
    "used_password": False,
    "used_gssapi": False,
    "ssl_in_use": False,
    "pipeline_status": 0,
    "nonblocking": 0,
    "error_message": b"",
    "password": b"",
    "_encoding": "utf-8",
    "parameter_status": lambda self, name: self.parameters.get(name),
    "get_error_message": lambda self, *encoding: "",
    "finish": _finish,
    "enter_pipeline_mode": lambda self: None,
    "exit_pipeline_mode": lambda self: None,
    "pipeline_sync": lambda self: None,
    "send_flush_request": lambda self: None,
    "is_busy": lambda self: 0,
    "flush": lambda self: 0,
}


class RecordedResult:
    """A result of the recording, in place of a `pq.PGresult`."""

    def __init__(self, facts: tuple[Any, ...], names: tuple[str, ...] | None) -> None:
        """`facts` as `psycopg.result_facts` gave them; `names` are those that the statement gives its columns."""
        self.status, self.ntuples, status, self.command_tuples, self._columns = facts
        self.command_status = status.encode() if status is not None else None
        self._names = names if names is not None and len(names) == len(self._columns) else None
        self.nfields = len(self._columns)
        self.binary_tuples = int(any(column[4] for column in self._columns))
        self.error_message = b""

    def fname(self, column: int) -> bytes:
        """The name of a column."""
        name = self._names[column] if self._names is not None else self._columns[column][0]
        return str(name).encode()

    def ftype(self, column: int) -> int:
        """The type of a column, by its number in the catalogue."""
        return int(self._columns[column][1])

    def fsize(self, column: int) -> int:
        """The size of a column's values in bytes, negative where it varies."""
        return int(self._columns[column][2])

    def fmod(self, column: int) -> int:
        """The modifier of a column's type."""
        return int(self._columns[column][3])

    def fformat(self, column: int) -> int:
        """Whether values come as text (0) or in binary form (1)."""
        return int(self._columns[column][4])

    def ftable(self, column: int) -> int:
        """The table of a column: unknown."""
        return 0

    def ftablecol(self, column: int) -> int:
        """The number of a column in its table: unknown."""
        return 0


class RecordedRows:
    """The rows of the recording, in place of a transformer of results."""

    def __init__(self, ticket: Ticket, counts: list[int]) -> None:
        """`counts` are the numbers of rows of each result."""
        self._ticket = ticket
        self._offsets = [0, *itertools.accumulate(counts)]
        self._current = 0
        self._rows: list[tuple[Any, ...]] = []
        self.results: list[RecordedResult] = []

    def set_pgresult(self, result: Any, *, set_loaders: bool = True, format: Any = None) -> None:
        """The result whose rows are asked for from now on."""
        self._current = self.results.index(result) if result in self.results else 0

    def load_row(self, row: int, make_row: Any) -> Any:
        """A row, as the row factory of the program makes it."""
        return self.load_rows(row, row + 1, make_row)[0]

    def load_rows(self, first: int, last: int, make_row: Any) -> list[Any]:
        """Rows; asking for more than the recorded program read stops the trace."""
        start = self._offsets[self._current]
        missing = start + last - len(self._rows)
        if missing > 0:
            self._rows += self._ticket.take(list, missing)
        return [make_row(values) for values in self._rows[start + first : start + last]]
