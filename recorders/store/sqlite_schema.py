"""Schema of the default store: one SQLite file per baseline.

Traces are MessagePack, each compressed on its own with the first trace of its entry as the dictionary (zlib's
`zdict`, RFC 1950), so that one damaged trace costs one trace. Nothing in the file is a pickle.
"""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ..errors import NewerFormat, NotABaseline
from ..model.shapes import Shape
from ..model.trace import FORMAT, PathClass
from .guard import TOTAL_LIMIT, Budget, moment, typed
from .location import file_of
from .parts import MOST
from .processes import Process
from .protocol import StoredClass

T = TypeVar("T")

APPLICATION_ID = 0x70797274
"""`pyrt`, in the header of the file."""

_SCHEMA = """
-- A session of recording: one process, one version of the code.
CREATE TABLE IF NOT EXISTS revision (
    number INTEGER PRIMARY KEY,     -- counts sessions of this file
    about TEXT,                     -- commit that was checked out; empty where there is none
    recorded REAL,                  -- seconds since the epoch
    python TEXT,                    -- version of the interpreter, `3.12.1`
    variables BLOB                  -- environment variables read outside traces: name to value or null; squeezed
);
-- The included modules of a session.
CREATE TABLE IF NOT EXISTS source (
    revision INTEGER,               -- revision.number
    module TEXT,                    -- dotted name
    digest TEXT,                    -- text.digest
    PRIMARY KEY (revision, module)
) WITHOUT ROWID;
-- Source texts, each once.
CREATE TABLE IF NOT EXISTS text (
    digest TEXT PRIMARY KEY,        -- BLAKE2b of the text, 8 bytes in hexadecimal digits
    data BLOB                       -- UTF-8 with surrogates passed; squeezed
) WITHOUT ROWID;
-- Where traces start.
CREATE TABLE IF NOT EXISTS entry (
    name TEXT PRIMARY KEY,          -- `POST /trades`, `shop.prices:total`
    data BLOB,                      -- model.trace.Entry; squeezed
    dictionary BLOB                 -- first trace of the entry, at most 32 KiB: dictionary of all its traces; squeezed
) WITHOUT ROWID;
-- The paths that traces of an entry took.
CREATE TABLE IF NOT EXISTS path_class (
    entry TEXT,                     -- entry.name
    path TEXT,                      -- digest of the arms, see model.branches.path_digest
    count INTEGER,                  -- traces that took it, kept or not
    data BLOB,                      -- model.trace.PathClass; squeezed
    PRIMARY KEY (entry, path)
) WITHOUT ROWID;
-- The exemplars of each path class.
CREATE TABLE IF NOT EXISTS trace (
    entry TEXT,                     -- entry.name
    path TEXT,                      -- path_class.path
    slot INTEGER,                   -- place in the reservoir of the class
    id TEXT,                        -- digest of the content, see model.trace.trace_id
    revision INTEGER,               -- revision.number
    digest BLOB,                    -- BLAKE2b of the content, 8 bytes
    data BLOB,                      -- model.trace.Trace; squeezed with entry.dictionary
    PRIMARY KEY (entry, path, slot)
);
-- Shapes of what entries get and give.
CREATE TABLE IF NOT EXISTS shape (
    entry TEXT,                     -- entry.name
    part TEXT,                      -- `input` or `outcome`
    data BLOB,                      -- model.shapes.Shape; squeezed
    PRIMARY KEY (entry, part)
) WITHOUT ROWID;
-- What the recorder counted, over all sessions.
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
"""

_SINCE_2 = """
-- Traces that made objects which other traces were given.
CREATE TABLE IF NOT EXISTS producer (
    id TEXT PRIMARY KEY,            -- digest of the content, see model.trace.trace_id
    data BLOB                       -- model.trace.Trace; squeezed
) WITHOUT ROWID;
-- Which exemplar needs which of them.
CREATE TABLE IF NOT EXISTS made (
    entry TEXT, path TEXT, slot INTEGER,    -- the exemplar, as in trace
    producer TEXT,                          -- producer.id
    PRIMARY KEY (entry, path, slot, producer)
) WITHOUT ROWID;
-- What was left out, and why; see model.absences.
CREATE TABLE IF NOT EXISTS absence (
    kind TEXT, subject TEXT,
    count INTEGER,                  -- how often
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
-- Names of all environment variables that were set in a session, without their values.
CREATE TABLE IF NOT EXISTS variable_name (revision INTEGER, name TEXT, PRIMARY KEY (revision, name)) WITHOUT ROWID;
-- The key of a session, for each who may read what redaction took out; see privacy.encryption.
CREATE TABLE IF NOT EXISTS session_key (
    id TEXT,                        -- names the key
    recipient TEXT,                 -- public key of who may read
    data BLOB,                      -- the key, encrypted for that recipient
    PRIMARY KEY (id, recipient)
) WITHOUT ROWID;
-- What redaction took out of the variables of a session.
CREATE TABLE IF NOT EXISTS hidden (
    revision INTEGER PRIMARY KEY,   -- revision.number
    id TEXT,                        -- session_key.id
    data BLOB                       -- encrypted
);
-- Folder of the project in a session.
CREATE TABLE IF NOT EXISTS place (revision INTEGER PRIMARY KEY, root TEXT);
-- Plugins that were at work in a session.
CREATE TABLE IF NOT EXISTS plugin (
    revision INTEGER,               -- revision.number
    name TEXT,                      -- of the entry point
    version TEXT,                   -- of its distribution
    PRIMARY KEY (revision, name)
) WITHOUT ROWID;
-- Names of sessions that are the same in every copy and merge of the file.
CREATE TABLE IF NOT EXISTS session_id (revision INTEGER PRIMARY KEY, id TEXT);
-- What was counted until another session began, under the last session before it; see store.parts.
CREATE TABLE IF NOT EXISTS part (
    id TEXT PRIMARY KEY,            -- session_id.id; empty for the sum of all
    data BLOB                       -- store.parts.Part; squeezed
) WITHOUT ROWID;
-- The process that recorded a session; see store.processes.
CREATE TABLE IF NOT EXISTS process (
    revision INTEGER PRIMARY KEY,   -- revision.number
    run TEXT,                       -- of the command that it ran under
    pid INTEGER,
    program TEXT,                   -- program and script, without further arguments
    began REAL,                     -- seconds since the epoch
    ended INTEGER                   -- 1 once it said so
);
-- What a process counted.
CREATE TABLE IF NOT EXISTS process_count (
    revision INTEGER,               -- revision.number
    entry TEXT,                     -- entry.name; empty for what belongs to none
    what TEXT,                      -- `recorded`, `kept`, `not sampled`, or the name of a counter
    count INTEGER,
    PRIMARY KEY (revision, entry, what)
) WITHOUT ROWID;
"""
"""Tables that an older file may lack. Those behind `made` came without a new format: who does not know them reads
everything else as before."""

TABLES = {
    "revision": ("number", "about", "recorded", "python", "variables"),
    "source": ("revision", "module", "digest"),
    "text": ("digest", "data"),
    "entry": ("name", "data", "dictionary"),
    "path_class": ("entry", "path", "count", "data"),
    "trace": ("entry", "path", "slot", "id", "revision", "digest", "data"),
    "shape": ("entry", "part", "data"),
    "counter": ("name", "value"),
    "producer": ("id", "data"),
    "made": ("entry", "path", "slot", "producer"),
    "variable_name": ("revision", "name"),
    "absence": ("kind", "subject", "count"),
    "place": ("revision", "root"),
    "session_key": ("id", "recipient", "data"),
    "hidden": ("revision", "id", "data"),
    "plugin": ("revision", "name", "version"),
    "session_id": ("revision", "id"),
    "part": ("id", "data"),
    "process": ("revision", "run", "pid", "program", "began", "ended"),
    "process_count": ("revision", "entry", "what", "count"),
}
"""Tables that are read, with their columns."""

REQUIRED = ("entry",)
"""Those without which a file is not opened; others are missed when they are read."""

# The class itself, not `sqlite3.connect`: that one may be a boundary in this process.
connect = sqlite3.Connection


def path_of(url: str) -> Path:
    """The file that a store URL names; raises `StoreError`."""
    return Path(file_of(url))


def digest_of(data: bytes) -> bytes:
    """The digest by which damage is noticed."""
    return hashlib.blake2b(data, digest_size=8).digest()


def squeeze(data: bytes, dictionary: bytes = b"") -> bytes:
    """Compressed; with a dictionary that `unsqueeze` needs again."""
    packer = zlib.compressobj(9, zdict=dictionary) if dictionary else zlib.compressobj(9)
    return packer.compress(data) + packer.flush()


def create(connection: sqlite3.Connection) -> None:
    """Whole or not at all, with one flush to the disk; two processes may do so at once."""
    header = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT};"
    connection.executescript(f"BEGIN IMMEDIATE; {header} {_SCHEMA} {_SINCE_2} COMMIT;")


def bring_up(connection: sqlite3.Connection) -> None:
    """A file of an older format becomes one of this."""
    connection.executescript(_SINCE_2)
    connection.execute(f"PRAGMA user_version={FORMAT}")


def check_header(location: str, connection: sqlite3.Connection) -> None:
    """Raises `NotABaseline` or `NewerFormat` where it is no baseline of a format that is known."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise NotABaseline(location, "it is an SQLite database of something else")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT:
        raise NewerFormat(location, version, FORMAT)


class SqliteFile:
    """What reader and writer share."""

    def __init__(self, location: str, connection: sqlite3.Connection) -> None:
        self.location = location
        self._db = connection

    def classes(self) -> list[StoredClass]:
        """In a fixed order."""
        kept: dict[tuple[str, str], dict[int, str]] = {}
        query = "SELECT entry, path, slot, id FROM trace ORDER BY 1, 2, 3"
        for entry, path, slot, name in self._rows("a trace", query, str, str, int, str):
            kept.setdefault((entry, path), {})[slot] = name
        query = "SELECT entry, path, count, data FROM path_class ORDER BY entry, path"
        rows = self._rows("a path class", query, str, str, int, bytes)
        budget = Budget(TOTAL_LIMIT)
        return [
            StoredClass(entry, path, count, kept.get((entry, path), {}), self._part(data, PathClass, budget))
            for entry, path, count, data in rows
        ]

    def shapes(self) -> dict[tuple[str, str], Shape]:
        """By entry and part."""
        rows = self._rows("a shape", "SELECT entry, part, data FROM shape ORDER BY 1, 2", str, str, bytes)
        budget = Budget(TOTAL_LIMIT)
        return {(entry, part): self._part(data, Shape, budget) for entry, part, data in rows}

    def processes(self) -> dict[int, Process]:
        """The processes that recorded it, by number of their session."""
        counts: dict[int, dict[str, dict[str, int]]] = {}
        query = "SELECT revision, entry, what, count FROM process_count ORDER BY 1, 2, 3"
        for number, entry, what, count in self._rows("a process", query, int, str, str, int):
            if count > 0:
                counts.setdefault(number, {}).setdefault(entry, {})[what] = min(count, MOST)
        query = "SELECT revision, run, pid, program, began, ended FROM process ORDER BY 1"
        rows = self._rows("a process", query, int, str, int, str, float, int)
        return {
            number: Process(run, pid, program, moment(self.location, began), ended == 1, counts.get(number, {}))
            for number, run, pid, program, began, ended in rows
        }

    def close(self) -> None:
        """Done with it."""
        self._db.close()

    def _rows(self, what: str, query: str, *types: type, given: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, of these types; raises `NotABaseline` and `sqlite3.Error`."""
        return typed(self.location, what, self._db.execute(query, given), *types)

    def _part(self, data: bytes, kind: type[T], budget: Budget) -> T:
        try:
            return msgspec.msgpack.decode(budget.unsqueeze(data), type=kind)
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, TypeError, RecursionError) as error:
            raise NotABaseline(self.location, f"a {kind.__name__} in it cannot be read ({error})") from error
