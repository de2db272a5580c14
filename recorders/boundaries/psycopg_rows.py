"""Rows of `psycopg` 3 on their way to the program: each is kept once, as it is made, and never before."""

from __future__ import annotations

import itertools
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model.world import Ticket

_TUPLES = 2
"""`pq.ExecStatus.TUPLES_OK`"""


def result_facts(result: Any) -> tuple[Any, ...]:
    """What is recorded of a result besides its rows: status, number of rows, what the server said, rows that it
    changed, and (name, type, size, modifier, format) of each column."""
    status = result.command_status
    columns = tuple(
        [
            (_name(result, at), result.ftype(at), result.fsize(at), result.fmod(at), result.fformat(at))
            for at in range(result.nfields)
        ]
    )
    said = status.decode("utf-8", "replace") if status is not None else None
    return int(result.status), result.ntuples, said, result.command_tuples, columns


def _name(result: Any, column: int) -> str:
    name: bytes = result.fname(column) or b""  # columns of COPY have none
    return name.decode("utf-8", "replace")


class Reading:
    """How far the program has read the rows of one statement."""

    __slots__ = (
        *("_at", "_count", "_offsets", "_run", "_total", "facts", "is_stream", "is_waiting"),
        *("pieces", "statement", "ticket", "written"),
    )

    def __init__(self, ticket: Ticket, *, is_stream: bool = False) -> None:
        """Of a stream the rows come in order; of results that lie in memory the program may read any."""
        self.ticket = ticket
        self.is_stream = is_stream
        self.is_waiting = False
        """Whether its answer comes at the end of a pipeline."""
        self.facts: Any = None
        """Of a stream behind a recorded world: what is known of its results."""
        self.statement = ""
        self.written: list[bytes] = []
        self.pieces = 0
        """Of COPY: the statement, data that was sent, pieces of data that came."""
        self._offsets: list[int] = [0]
        self._total: int | None = None
        self._count = 0
        self._at: tuple[int, int] | None = None
        self._run = 0

    def read_results(self, cursor: Any) -> None:
        """The results are there: their rows are read from now on."""
        counts = [result.ntuples if result.status == _TUPLES else 0 for result in cursor._results]
        self._offsets = [0, *itertools.accumulate(counts)]
        self._total = self._offsets[-1]
        if self._total == 0:
            self.end()

    def keep(self, cursor: Any, values: Any) -> None:
        """A row is handed to the program."""
        if not self.is_stream:
            at = cursor._iresult, cursor._pos
            self._run = self._run + 1 if at == self._at else 0
            self._at = at
            if len(self._offsets) <= at[0] or self._offsets[at[0]] + at[1] + self._run != self._count:
                return  # it was read before, or rows before it were left out, which a replay will miss
        self.ticket.next(lambda: values)
        self._count += 1
        if self._count == self._total:
            self.end()

    def moved(self) -> None:
        """The program goes to another row of a result."""
        self._at = None

    def end(self) -> None:
        """There are no more rows."""
        self.ticket.next(lambda: None)


class Kept:
    """What makes a row of values, for the program; the values are kept."""

    __slots__ = ("_cursor", "_reading", "make")

    def __init__(self, reading: Reading, cursor: weakref.ref[Any], make: Any) -> None:
        self._reading = reading
        self._cursor = cursor
        self.make = make

    def __call__(self, values: Any) -> Any:
        """Keep the values, and make the row."""
        self._reading.keep(self._cursor(), values)
        return values if self.make is tuple else self.make(values)


class Readings:
    """The reading of each cursor; cursors have no room for it, and are held by nobody but the program."""

    def __init__(self) -> None:
        self._by_id: dict[int, tuple[weakref.ref[Any], Reading]] = {}

    def keep(self, cursor: Any, reading: Reading) -> Reading:
        """The reading that belongs to a cursor from now on."""
        key = id(cursor)
        self._by_id[key] = weakref.ref(cursor, lambda _gone: self._by_id.pop(key, None)), reading
        return reading

    def of(self, cursor: Any) -> Reading | None:
        """The reading of a cursor; `None` where it has none."""
        held = self._by_id.get(id(cursor)) if self._by_id else None
        return held[1] if held is not None and held[0]() is cursor else None

    def forget(self, cursor: Any) -> None:
        """The cursor is used outside of traces."""
        if self._by_id:
            self._by_id.pop(id(cursor), None)


readings = Readings()
