"""Guards for reading a baseline that may be hostile: what SQLite may do for it, how much, and of which types.

Sources: https://www.sqlite.org/security.html ("Untrusted SQLite Database Files"), `sqlite3_set_authorizer`,
`sqlite3_progress_handler`.
"""

from __future__ import annotations

import math
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..errors import NotABaseline

SIZE_LIMIT = 256_000_000
"""Bytes that one stored value may decompress to; a hostile file stops here."""

TOTAL_LIMIT = 1_000_000_000
"""Bytes that all traces of a baseline, or all else that is read of it at once, may decompress to."""

TEXT_LIMIT = 16_000_000
"""Bytes of the text of one module; the largest that are written by hand have less than two million."""

SOURCES_LIMIT = 256_000_000
"""Bytes of the texts of all modules in a session."""

STEPS = 1_000_000
"""Steps of SQLite's virtual machine between looks at how many there were."""

STEPS_LIMIT = 500
"""Looks that one reader may take: a baseline of 100 MB takes less than ten."""

MOMENT_LIMIT = 253_402_300_800.0
"""Seconds since the epoch: the end of the year 9999, beyond which no date can be shown."""

_PRAGMAS = frozenset({"application_id", "user_version", "trusted_schema", "cell_size_check", "table_xinfo"})
_FUNCTIONS = frozenset({"count", "coalesce", "min"})


class Guard:
    """Watches over one connection that reads a baseline."""

    def __init__(self, location: str, connection: sqlite3.Connection, tables: Mapping[str, tuple[str, ...]]) -> None:
        """`tables` are those that may be read, with their columns."""
        self._location = location
        self._db = connection
        self._tables = tables
        self._looks = 0

    def install(self) -> None:
        """From here on nothing but tables is read, with no function of the schema's choice; raises `sqlite3.Error`."""
        self._db.execute("PRAGMA trusted_schema=OFF")
        self._db.execute("PRAGMA cell_size_check=ON")
        if hasattr(self._db, "setconfig"):  # from Python 3.12 on
            self._db.setconfig(sqlite3.SQLITE_DBCONFIG_DEFENSIVE, True)
        self._db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, SIZE_LIMIT)
        self._db.set_progress_handler(self._is_enough, STEPS)
        self._db.set_authorizer(self._authorise)

    def _is_enough(self) -> bool:
        self._looks += 1
        return self._looks > STEPS_LIMIT

    def _authorise(self, action: int, first: str | None, second: str | None, database: Any, inner: str | None) -> int:
        allowed = (
            action == sqlite3.SQLITE_SELECT
            or (action == sqlite3.SQLITE_READ and (first in self._tables or first in _MASTER))
            or (action == sqlite3.SQLITE_FUNCTION and second in _FUNCTIONS)
            or (action == sqlite3.SQLITE_PRAGMA and first in _PRAGMAS)
        )
        return sqlite3.SQLITE_OK if allowed and inner is None else sqlite3.SQLITE_DENY

    def check_tables(self, required: Iterable[str]) -> frozenset[str]:
        """The known tables that are there; raises `NotABaseline` where one is something else under its name."""
        found = set()
        rows = self._db.execute("SELECT name, type, rootpage FROM sqlite_master").fetchall()
        for name, kind, page in rows:
            if name not in self._tables:
                continue
            if kind != "table" or not page:
                raise NotABaseline(self._location, f"its {name} is a {'virtual table' if kind == 'table' else kind}")
            columns = self._db.execute(f"PRAGMA table_xinfo({name})").fetchall()
            if tuple(column[1] for column in columns) != self._tables[name] or any(column[6] for column in columns):
                raise NotABaseline(self._location, f"its table {name} has other columns")
            found.add(name)
        for name in required:
            if name not in found:
                raise NotABaseline(self._location, f"no such table: {name}")
        return frozenset(found)


_MASTER = frozenset({"sqlite_master", "sqlite_schema"})


class Budget:
    """How many bytes may still be decompressed."""

    def __init__(self, total: int) -> None:
        self._left = total

    def unsqueeze(self, data: bytes, dictionary: bytes = b"", limit: int | None = None) -> bytes:
        """The plain bytes; raises `zlib.error` where they are damaged, or more than allowed."""
        plain = unsqueeze(data, dictionary, min(SIZE_LIMIT if limit is None else limit, self._left))
        self._left -= len(plain)
        return plain


def unsqueeze(data: bytes, dictionary: bytes = b"", limit: int | None = None) -> bytes:
    """The plain bytes, at most `limit` of them; raises `zlib.error`."""
    limit = SIZE_LIMIT if limit is None else limit
    unpacker = zlib.decompressobj(zdict=dictionary) if dictionary else zlib.decompressobj()
    plain = unpacker.decompress(data, limit + 1)
    if len(plain) > limit:
        raise zlib.error(f"it decompresses to more than {limit} bytes")
    return plain


_WORDS = {str: "text", int: "a whole number", float: "a number", bytes: "bytes"}


def typed(location: str, what: str, rows: Iterable[tuple[Any, ...]], *types: type) -> Iterator[tuple[Any, ...]]:
    """The rows, each value of its type; raises `NotABaseline`, which names what is different."""
    for row in rows:
        for value, wanted in zip(row, types, strict=True):
            if type(value) is not wanted:
                found = "nothing" if value is None else _WORDS.get(type(value), type(value).__name__)
                raise NotABaseline(location, f"{what} holds {found} where {_WORDS[wanted]} belongs")
        yield row


def moment(location: str, value: Any) -> float:
    """Seconds since the epoch, 0 where nothing is kept; raises `NotABaseline` where no date can be shown for it."""
    if value is None:
        return 0.0
    if not isinstance(value, (int, float)) or not math.isfinite(value) or not 0 <= value < MOMENT_LIMIT:
        raise NotABaseline(location, f"a session was recorded at {str(value)[:40]!r}, which is no moment")
    return float(value)
