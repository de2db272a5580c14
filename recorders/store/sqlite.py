"""This file is about the default store: one SQLite file per baseline.

Traces are MessagePack, each compressed on its own with the first trace of its entry as the dictionary (zlib's
`zdict`, RFC 1950), so that one damaged trace costs one trace. Nothing in the file is a pickle.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ..errors import NewerFormat, NotABaseline, StoreBusy, StoreError, UnknownBaseline
from ..model.absences import Absence
from ..model.shapes import Shape
from ..model.trace import FORMAT, Entry, PathClass, decode_trace, encode_part
from ..privacy.encryption import WrappedKey
from .guard import SOURCES_LIMIT, TEXT_LIMIT, TOTAL_LIMIT, Budget, Guard, moment, typed, unsqueeze
from .presence import Presence
from .protocol import Batch, KeptTrace, Revision, StoredClass, StoredTrace

T = TypeVar("T")

APPLICATION_ID = 0x70797274
"""`pyrt`, in the header of the file."""

_PLACES = "CREATE TABLE IF NOT EXISTS place (revision INTEGER PRIMARY KEY, root TEXT)"
"""Folder of the project at each revision. Recorders before 0.2 did not write it, and do not look for it."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS revision (number INTEGER PRIMARY KEY, about TEXT, recorded REAL, python TEXT,
    variables BLOB);
CREATE TABLE IF NOT EXISTS source (revision INTEGER, module TEXT, digest TEXT,
    PRIMARY KEY (revision, module)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS text (digest TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (name TEXT PRIMARY KEY, data BLOB, dictionary BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS path_class (entry TEXT, path TEXT, count INTEGER, data BLOB,
    PRIMARY KEY (entry, path)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trace (entry TEXT, path TEXT, slot INTEGER, id TEXT, revision INTEGER, digest BLOB,
    data BLOB, PRIMARY KEY (entry, path, slot));
CREATE TABLE IF NOT EXISTS shape (entry TEXT, part TEXT, data BLOB, PRIMARY KEY (entry, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
"""

_SINCE_2 = """
CREATE TABLE IF NOT EXISTS producer (id TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS made (entry TEXT, path TEXT, slot INTEGER, producer TEXT,
    PRIMARY KEY (entry, path, slot, producer)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS absence (kind TEXT, subject TEXT, count INTEGER, PRIMARY KEY (kind, subject)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS variable_name (revision INTEGER, name TEXT, PRIMARY KEY (revision, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS session_key (id TEXT, recipient TEXT, data BLOB, PRIMARY KEY (id, recipient)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hidden (revision INTEGER PRIMARY KEY, id TEXT, data BLOB);
"""
"""Tables that an older file may lack. `absence`, `variable_name`, `session_key` and `hidden` came without a new format:
who does not know them reads everything else as before."""

_TABLES = {
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
}
"""Tables that are read, with their columns."""

_REQUIRED = ("entry",)
"""Those without which a file is not opened; others are missed when they are read."""

BUSY_MILLISECONDS = 1_000
"""How long a batch waits for another process that writes: it is tried again later, and an end has to be quick."""

# The class itself, not `sqlite3.connect`: that one may be a boundary in this process.
_connect = sqlite3.Connection


def path_of(url: str) -> Path:
    """The file that a store URL names: a plain path, or `sqlite:///path`."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return Path(url)
    if scheme != "sqlite":
        raise StoreError(
            f"cannot open the store {url}: {scheme} is not supported; use a path or sqlite:///PATH", location=url
        )
    return Path(rest.removeprefix("/") if rest.startswith("//") else rest)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=8).digest()


def _squeeze(data: bytes, dictionary: bytes = b"") -> bytes:
    packer = zlib.compressobj(9, zdict=dictionary) if dictionary else zlib.compressobj(9)
    return packer.compress(data) + packer.flush()


class _Sqlite:
    def __init__(self, location: str, connection: sqlite3.Connection) -> None:
        self.location = location
        self._db = connection

    def classes(self) -> list[StoredClass]:
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
        rows = self._rows("a shape", "SELECT entry, part, data FROM shape ORDER BY 1, 2", str, str, bytes)
        budget = Budget(TOTAL_LIMIT)
        return {(entry, part): self._part(data, Shape, budget) for entry, part, data in rows}

    def close(self) -> None:
        self._db.close()

    def _rows(self, what: str, query: str, *types: type, given: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, of these types; raises `NotABaseline` and `sqlite3.Error`."""
        return typed(self.location, what, self._db.execute(query, given), *types)

    def _part(self, data: bytes, kind: type[T], budget: Budget) -> T:
        try:
            return msgspec.msgpack.decode(budget.unsqueeze(data), type=kind)
        except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, TypeError, RecursionError) as error:
            raise NotABaseline(self.location, f"a {kind.__name__} in it cannot be read ({error})") from error


class SqliteWriter(_Sqlite):
    """Writes a baseline; goes on with the one that is there."""

    def __init__(self, url: str) -> None:
        """Raises `StoreError` when the place cannot be written, `NotABaseline` when something else is there."""
        path = path_of(url)
        connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_private(path)
            connection = _connect(str(path), isolation_level=None, check_same_thread=False, timeout=30)
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                _create(connection)
            else:
                _check_header(str(path), connection)
                _bring_up(connection)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            self._presence = Presence(str(path))
        except (sqlite3.Error, OSError, StoreError) as error:
            if connection is not None:
                connection.close()
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"cannot write the baseline at {path}: {error}. Choose another place with --store", location=str(path)
            ) from error
        super().__init__(str(path), connection)
        self._revision = 0
        self._dictionaries: dict[str, bytes] = {}

    def start(self, revision: Revision) -> None:
        """Begin a session."""
        with _transaction(self._db, self.location):
            cursor = self._db.execute("INSERT INTO revision (about) VALUES ('')")
            self._revision = cursor.lastrowid or 0
            self._db.execute("DELETE FROM absence WHERE kind != 'not sampled'")
        self.add_keys(revision.keys)
        self.update_revision(revision)
        self._db.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def add_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Let others read what the sessions so far hide."""
        with _transaction(self._db, self.location):
            self._db.executemany("INSERT OR REPLACE INTO session_key VALUES (?, ?, ?)", keys)

    def update_revision(self, revision: Revision) -> None:
        """Modules and variables seen since."""
        with _transaction(self._db, self.location):
            self._db.execute(
                "UPDATE revision SET about = ?, recorded = ?, python = ?, variables = ? WHERE number = ?",
                (
                    *(revision.commit, revision.recorded, revision.python),
                    *(_squeeze(encode_part(dict(revision.variables))), self._revision),
                ),
            )
            self._db.execute(_PLACES)
            self._db.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (self._revision, revision.root))
            if revision.key:
                hidden = (self._revision, revision.key, revision.secrets)
                self._db.execute("INSERT OR REPLACE INTO hidden VALUES (?, ?, ?)", hidden)
            names = [(self._revision, name) for name in revision.names or ()]
            self._db.executemany("INSERT OR IGNORE INTO variable_name VALUES (?, ?)", names)
            for module, text in revision.sources.items():
                data = text.encode("utf-8", "surrogatepass")
                digest = _digest(data).hex()
                self._db.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (digest, _squeeze(data)))
                self._db.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", (self._revision, module, digest))

    def write(self, batch: Batch) -> None:
        """Write everything or nothing."""
        self._presence.check()
        try:
            self._write(batch)
        except StoreError:
            self._dictionaries.clear()  # those of a transaction that did not come to pass
            raise

    def _write(self, batch: Batch) -> None:
        with _transaction(self._db, self.location):
            for entry in batch.entries:
                self._db.execute(
                    "INSERT INTO entry (name, data) VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
                    (entry.name, _squeeze(encode_part(entry))),
                )
            for (name, path), described in batch.classes.items():
                row = (name, path, _squeeze(encode_part(described)))
                self._db.execute("INSERT OR IGNORE INTO path_class VALUES (?, ?, 0, ?)", row)
            counts = [(count, *key) for key, count in batch.counts.items()]
            self._db.executemany("UPDATE path_class SET count = count + ? WHERE entry = ? AND path = ?", counts)
            for kept in batch.traces:
                self._keep(kept)
            if any(kept.producers for kept in batch.traces):
                self._db.execute("DELETE FROM producer WHERE id NOT IN (SELECT producer FROM made)")
            shapes = [(*key, _squeeze(encode_part(shape))) for key, shape in batch.shapes.items()]
            self._db.executemany("INSERT OR REPLACE INTO shape VALUES (?, ?, ?)", shapes)
            self._db.executemany(
                "INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
                list(batch.counters.items()),
            )
            self._db.executemany(
                "INSERT INTO absence VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
                [(*key, count) for key, count in batch.absences.items()],
            )

    def _keep(self, kept: KeptTrace) -> None:
        dictionary = self._dictionary(kept)
        row = (kept.entry, kept.path, kept.slot, kept.id, self._revision, _digest(kept.data))
        data = _squeeze(kept.data, dictionary)
        self._db.execute("INSERT OR REPLACE INTO trace VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, data))
        slot = (kept.entry, kept.path, kept.slot)
        self._db.execute("DELETE FROM made WHERE entry = ? AND path = ? AND slot = ?", slot)
        for name, content in kept.producers.items():
            self._db.execute("INSERT OR IGNORE INTO producer VALUES (?, ?)", (name, _squeeze(content)))
            self._db.execute("INSERT OR IGNORE INTO made VALUES (?, ?, ?, ?)", (*slot, name))

    def _dictionary(self, kept: KeptTrace) -> bytes:
        """The dictionary of an entry: its first trace, for good."""
        known = self._dictionaries.get(kept.entry)
        if known is None:
            row = self._db.execute("SELECT dictionary FROM entry WHERE name = ?", (kept.entry,)).fetchone()
            if row is not None and row[0] is not None:
                known = unsqueeze(row[0])
            else:
                known = kept.data[:32_768]  # the window of deflate
                self._db.execute("UPDATE entry SET dictionary = ? WHERE name = ?", (_squeeze(known), kept.entry))
            self._dictionaries[kept.entry] = known
        return known

    def close(self) -> None:
        """Leave one complete file behind, without a journal beside it, or that to the last process that has it open.

        Raises `StoreLost` where the file is not the one that was written to.
        """
        try:
            self._presence.check()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            if not _is_busy(error):
                raise _refusal(self.location, error) from error
        finally:
            self._db.close()
        self._presence.check()


def _make_private(path: Path) -> None:
    """A new file is for its owner alone; SQLite gives the journals beside it the same mode. Raises `OSError`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return  # whoever made it decided on its mode


def _create(connection: sqlite3.Connection) -> None:
    """Whole or not at all, with one flush to the disk; two processes may do so at once."""
    header = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={FORMAT};"
    connection.executescript(f"BEGIN IMMEDIATE; {header} {_SCHEMA} {_SINCE_2} COMMIT;")


def _bring_up(connection: sqlite3.Connection) -> None:
    """A file of an older format becomes one of this."""
    connection.executescript(_SINCE_2)
    connection.execute(f"PRAGMA user_version={FORMAT}")


class _transaction:
    """All or nothing; a failure of SQLite becomes a `StoreError`."""

    def __init__(self, connection: sqlite3.Connection, location: str) -> None:
        self._db = connection
        self._location = location

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise _refusal(self._location, error) from error

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if error is None:
            try:
                self._db.execute("COMMIT")
                return
            except sqlite3.Error as failed:
                error = failed
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise _refusal(self._location, error) from error


def _is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection holds the lock; the primary code is the lowest byte ("Result and Error Codes")."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _refusal(location: str, error: sqlite3.Error) -> StoreError:
    kind = StoreBusy if _is_busy(error) else StoreError
    return kind(f"cannot write the baseline at {location}: {error}", location=location)


def _check_header(location: str, connection: sqlite3.Connection) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID:
        raise NotABaseline(location, "it is an SQLite database of something else")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > FORMAT:
        raise NewerFormat(location, version, FORMAT)


@contextmanager
def _reading(location: str) -> Iterator[None]:
    """Whatever is wrong with the file becomes a `NotABaseline`."""
    try:
        yield
    except (sqlite3.Error, zlib.error, UnicodeDecodeError, TypeError) as error:
        raise NotABaseline(location, str(error)) from error


class SqliteReader(_Sqlite):
    """Reads a baseline; the file is never changed."""

    def __init__(self, url: str) -> None:
        """Raises `UnknownBaseline`, `NotABaseline` or `NewerFormat`."""
        path = path_of(url)
        if not path.is_file():
            raise UnknownBaseline(path.stem, location=str(path), known=neighbours(path))
        if not os.access(path, os.R_OK):
            raise NotABaseline(str(path), "it may not be read by this user")
        with _reading(str(path)):
            super().__init__(str(path), _connect(f"{path.absolute().as_uri()}?mode=ro", uri=True))
        try:
            with _reading(str(path)):
                if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                    raise NotABaseline(str(path), "it is empty")
                guard = Guard(str(path), self._db, _TABLES)
                guard.install()
                _check_header(str(path), self._db)
                self._tables = guard.check_tables(_REQUIRED)
                self._entries = self._read_entries()
                self._dictionaries: dict[str, bytes] = {}
                self._revisions: dict[int, Revision] | None = None
        except StoreError:
            self._db.close()
            raise

    def _read_entries(self) -> dict[str, tuple[Entry, bytes]]:
        query = "SELECT name, data, coalesce(dictionary, x'') FROM entry ORDER BY name"
        budget = Budget(TOTAL_LIMIT)
        rows = self._rows("an entry", query, str, bytes, bytes)
        return {name: (self._part(data, Entry, budget), dictionary) for name, data, dictionary in rows}

    def entries(self) -> dict[str, Entry]:
        """By name."""
        return {name: entry for name, (entry, _dictionary) in self._entries.items()}

    def classes(self) -> list[StoredClass]:
        """In a fixed order."""
        with _reading(self.location):
            return super().classes()

    def shapes(self) -> dict[tuple[str, str], Shape]:
        """By entry and part."""
        with _reading(self.location):
            return super().shapes()

    def traces(self, *, entry: str | None = None, path: str | None = None) -> Iterator[StoredTrace]:
        """Kept traces by entry, path and slot; one that is corrupt comes with its fault."""
        query = (
            "SELECT id, entry, path, revision, digest, data, slot FROM trace "
            "WHERE (:entry IS NULL OR entry = :entry) AND (:path IS NULL OR path = :path) ORDER BY entry, path, slot"
        )
        with _reading(self.location):
            rows = self._db.execute(query, {"entry": entry, "path": path}).fetchall()
        budget = Budget(TOTAL_LIMIT)
        for name, of_entry, of_path, revision, digest, data, slot in rows:
            key = (name, of_entry, of_path, revision, slot)
            with _reading(self.location):
                list(typed(self.location, "a trace", [key], str, str, str, int, int))
            stored = self._trace(name, of_entry, of_path, revision, digest, data, budget)
            if stored.trace is not None and stored.trace.producers:
                stored = stored._replace(producers=self._producers(stored.entry, stored.path, slot, budget))
            yield stored

    def _producers(self, entry: str, path: str, slot: int, budget: Budget) -> dict[str, bytes]:
        query = (
            "SELECT id, data FROM made JOIN producer ON producer.id = made.producer "
            "WHERE entry = ? AND path = ? AND slot = ? ORDER BY id"
        )
        with _reading(self.location):
            rows = self._rows("a producer", query, str, bytes, given=(entry, path, slot))
            return {name: budget.unsqueeze(data) for name, data in rows}

    def _trace(
        self, name: str, entry: str, path: str, revision: int, digest: bytes, data: bytes, budget: Budget
    ) -> StoredTrace:
        try:
            plain = budget.unsqueeze(data, self._dictionary(entry))
            if _digest(plain) != digest:
                raise zlib.error("its digest does not match")
            return StoredTrace(name, entry, path, revision, decode_trace(plain), "", plain)
        except (zlib.error, msgspec.MsgspecError, TypeError, RecursionError) as error:
            return StoredTrace(name, entry, path, revision, None, f"it is corrupt: {error}")

    def _dictionary(self, entry: str) -> bytes:
        if entry not in self._dictionaries:
            held = self._entries.get(entry)
            self._dictionaries[entry] = unsqueeze(held[1]) if held is not None and held[1] else b""
        return self._dictionaries[entry]

    def revisions(self) -> dict[int, Revision]:
        """By number."""
        if self._revisions is None:
            with _reading(self.location):
                self._revisions = self._read_revisions()
        return self._revisions

    def _read_revisions(self) -> dict[int, Revision]:
        columns = "number, coalesce(about, ''), coalesce(python, ''), coalesce(variables, x'')"
        query = f"SELECT {columns} FROM revision ORDER BY 1"
        rows = list(self._rows("a session", query, int, str, str, bytes))
        recorded = dict(self._db.execute("SELECT number, recorded FROM revision"))
        places, hidden = self._places(), self._hidden()
        budget = Budget(SOURCES_LIMIT)
        found = {}
        for number, commit, python, variables in rows:
            read = self._part(variables, dict[str, str | None], budget) if variables else {}
            when = moment(self.location, recorded[number])
            sources = self._sources(number, budget)
            found[number] = Revision(
                *(commit, python, when, sources, read, places.get(number, ""), self._names(number)),
                *hidden.get(number, ("", b"")),
            )
        return found

    def _hidden(self) -> dict[int, tuple[str, bytes]]:
        """Key and encrypted values of the variables of each revision."""
        if "hidden" not in self._tables:
            return {}
        rows = self._rows("a session", "SELECT revision, id, data FROM hidden ORDER BY 1", int, str, bytes)
        return {number: (key, data) for number, key, data in rows}

    def keys(self) -> list[WrappedKey]:
        """The keys of its sessions."""
        if "session_key" not in self._tables:
            return []
        with _reading(self.location):
            query = "SELECT id, recipient, data FROM session_key ORDER BY 1, 2"
            return [WrappedKey(*row) for row in self._rows("a key", query, str, str, bytes)]

    def _sources(self, number: int, budget: Budget) -> dict[str, str]:
        query = "SELECT module, data FROM source JOIN text USING (digest) WHERE revision = ? ORDER BY 1"
        rows = self._rows("a source", query, str, bytes, given=(number,))
        return {
            module: budget.unsqueeze(data, limit=TEXT_LIMIT).decode("utf-8", "surrogatepass") for module, data in rows
        }

    def _places(self) -> dict[int, str]:
        """Folder of the project at each revision, where the recorder said."""
        if "place" not in self._tables:
            return {}
        query = "SELECT revision, coalesce(root, '') FROM place ORDER BY 1"
        return dict(self._rows("a session", query, int, str))

    def _names(self, number: int) -> tuple[str, ...] | None:
        """Names of variables that were set; `None` where the recorder did not keep them: a process has at least one."""
        if "variable_name" not in self._tables:
            return None
        query = "SELECT name FROM variable_name WHERE revision = ? ORDER BY 1"
        return tuple(name for (name,) in self._rows("a session", query, str, given=(number,))) or None

    def counters(self) -> dict[str, int]:
        """What the recorder counted."""
        with _reading(self.location):
            return dict(self._rows("a counter", "SELECT name, value FROM counter ORDER BY 1", str, int))

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Every cell, decompressed, and the file as it lies there."""
        budget = Budget(TOTAL_LIMIT)
        for table, columns in _TABLES.items():
            if table not in self._tables:
                continue
            with _reading(self.location):
                rows = self._db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            for number, row in enumerate(rows, 1):
                named = dict(zip(columns, row, strict=True))
                dictionary = self._dictionary(named["entry"]) if table == "trace" else b""
                for column, cell in named.items():
                    # Numbered: names of entries may hold what must not be told.
                    yield f"{table}, row {number}, {column}", _plain(cell, dictionary, budget)
        path = Path(self.location)
        for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
            if file.is_file():
                yield f"file {file.name}", file.read_bytes()

    def absences(self) -> list[Absence]:
        """What the baseline does not hold."""
        if "absence" not in self._tables:
            return []
        with _reading(self.location):
            query = "SELECT kind, subject, count FROM absence ORDER BY 1, 2"
            return [Absence(*row) for row in self._rows("an absence", query, str, str, int)]


def _plain(cell: Any, dictionary: bytes, budget: Budget) -> bytes:
    """A cell as bytes: what it was compressed from, where it was."""
    if not isinstance(cell, bytes):
        return str(cell).encode("utf-8", "surrogatepass")
    try:
        return budget.unsqueeze(cell, dictionary)
    except zlib.error:
        return cell


def neighbours(path: Path) -> list[str]:
    """Names of the baselines beside a path."""
    return sorted(one.stem for one in path.parent.glob("*.baseline")) if path.parent.is_dir() else []
