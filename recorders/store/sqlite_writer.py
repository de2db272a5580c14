"""Writer of the default store."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import StoreBusy, StoreError
from ..model.trace import encode_part
from ..privacy.encryption import WrappedKey
from .parts import Part, SessionId
from .presence import Presence
from .processes import Process, ProcessName
from .protocol import Batch, Revision, Written
from .sqlite_parts import new_session_id
from .sqlite_schema import bring_up, check_header, connect, create, digest_of, path_of, squeeze
from .sqlite_sessions import SqliteSessions
from .sqlite_traces import SqliteTraces

BUSY_MILLISECONDS = 1_000
"""How long a batch waits for another process that writes: it is tried again later, and an end has to be quick."""


class SqliteWriter(SqliteSessions, SqliteTraces):
    """Writes a baseline; goes on with the one that is there. Other processes may write into it at the same time."""

    def __init__(self, url: str, patience: float = 30.0) -> None:
        """Others that write are waited for at most `patience` seconds, until a session begins.

        Raises `StoreError` when the place cannot be written, `NotABaseline` when something else is there.
        """
        path = path_of(url)
        connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_private(path)
            connection = _connected(str(path), patience)
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                create(connection)
            else:
                check_header(str(path), connection)
                bring_up(connection)
            connection.execute("PRAGMA journal_mode=WAL")
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
        self._is_open = True
        self._process: ProcessName | None = None
        self._version = -1
        """Changes when another connection writes; see `PRAGMA data_version`."""

    def start(self, revision: Revision, process: ProcessName | None = None) -> None:
        """Begin a session."""
        self.begin(revision, new_session_id(), process)

    def begin(self, revision: Revision, session: SessionId, process: ProcessName | None = None) -> None:
        """Begin a session of this name; what an earlier run counted is a part by itself from now on."""
        self._wake()
        self._process = process
        with _transaction(self._db, self.location):
            if self._is_new_run(process):
                self.close_part()
                self._db.execute("DELETE FROM absence WHERE kind != 'not sampled'")
            elif not self._is_growing(process):
                self.close_part()
            cursor = self._db.execute("INSERT INTO revision (about) VALUES ('')")
            self._revision = cursor.lastrowid or 0
            self._db.execute("INSERT OR REPLACE INTO session_id VALUES (?, ?)", (self._revision, session))
            if process is not None:
                self._add_process(process)
            self._version = self._data_version()
        self.add_keys(revision.keys)
        self.update_revision(revision)
        self._db.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def rest(self) -> None:
        """Hold nothing open until the next use: a connection must not be there in a forked child, not even to be closed
        ("How To Corrupt An SQLite Database File", section 2.6)."""
        if self._is_open:
            self._is_open = False
            self._db.close()

    def _wake(self) -> None:
        """Connect again after a rest; raises `StoreError`."""
        if self._is_open:
            return
        self._presence.check()
        try:
            self._db = _connected(self.location, BUSY_MILLISECONDS / 1000)
            self._is_open, self._is_shared = True, True  # nobody watched who wrote meanwhile
            self._db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.Error as error:
            self.rest()
            raise _refusal(self.location, error) from error

    def _data_version(self) -> int:
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def add_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Let others read what the sessions so far hide."""
        self._wake()
        with _transaction(self._db, self.location):
            self._db.executemany("INSERT OR REPLACE INTO session_key VALUES (?, ?, ?)", keys)

    def put_parts(self, parts: Mapping[SessionId, Part], processes: Mapping[int, Process]) -> None:
        """Keep what sessions counted, each by itself, and their processes, by number of the session."""
        with _transaction(self._db, self.location):
            self.put_all(parts)
            self._put_processes(processes)

    def update_revision(self, revision: Revision) -> None:
        """Modules and variables seen since."""
        self._wake()
        with _transaction(self._db, self.location):
            self._db.execute(
                "UPDATE revision SET about = ?, recorded = ?, python = ?, variables = ? WHERE number = ?",
                (
                    *(revision.commit, revision.recorded, revision.python),
                    *(squeeze(encode_part(dict(revision.variables))), self._revision),
                ),
            )
            self._db.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (self._revision, revision.root))
            if revision.key:
                hidden = (self._revision, revision.key, revision.secrets)
                self._db.execute("INSERT OR REPLACE INTO hidden VALUES (?, ?, ?)", hidden)
            plugins = [(self._revision, *plugin) for plugin in revision.plugins.items()]
            self._db.executemany("INSERT OR REPLACE INTO plugin VALUES (?, ?, ?)", plugins)
            names = [(self._revision, name) for name in revision.names or ()]
            self._db.executemany("INSERT OR IGNORE INTO variable_name VALUES (?, ?)", names)
            for module, text in revision.sources.items():
                data = text.encode("utf-8", "surrogatepass")
                digest = digest_of(data).hex()
                self._db.execute("INSERT OR IGNORE INTO text VALUES (?, ?)", (digest, squeeze(data)))
                self._db.execute("INSERT OR REPLACE INTO source VALUES (?, ?, ?)", (self._revision, module, digest))

    def write(self, batch: Batch) -> Written:
        """Write everything or nothing."""
        self._wake()
        self._presence.check()
        try:
            with _transaction(self._db, self.location):
                return self._write(batch)
        except StoreError:
            self._dictionaries.clear()  # those of a transaction that did not come to pass
            raise

    def _write(self, batch: Batch) -> Written:
        self._is_shared = self._is_shared or self._data_version() != self._version
        for entry in batch.entries:
            self._db.execute(
                "INSERT INTO entry (name, data) VALUES (?, ?) ON CONFLICT DO UPDATE SET data = excluded.data",
                (entry.name, squeeze(encode_part(entry))),
            )
        for (name, path), described in batch.classes.items():
            row = (name, path, squeeze(encode_part(described)))
            self._db.execute("INSERT OR IGNORE INTO path_class VALUES (?, ?, 0, ?)", row)
        counts = [(count, *key) for key, count in batch.counts.items()]
        self._db.executemany("UPDATE path_class SET count = count + ? WHERE entry = ? AND path = ?", counts)
        kept = self._keep_all(batch)
        for key, shape in batch.shapes.items():
            self._add_shape(key, shape)
        self._db.executemany(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET value = value + excluded.value",
            list(batch.counters.items()),
        )
        self._db.executemany(
            "INSERT INTO absence VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*key, count) for key, count in batch.absences.items()],
        )
        if self._process is not None:
            self._count_for_process(batch, kept)
        classes = {key: self._class(key) for key in batch.counts} if self._is_shared else {}
        return Written(kept.total(), {key: found for key, found in classes.items() if found is not None})

    def end(self) -> None:
        """Note that the process ended."""
        if self._revision and self._process is not None:
            self._wake()
            with _transaction(self._db, self.location):
                self._db.execute("UPDATE process SET ended = 1 WHERE revision = ?", (self._revision,))

    def close(self) -> None:
        """Leave one complete file behind, without a journal beside it, or that to the last process that has it open.

        Raises `StoreLost` where the file is not the one that was written to.
        """
        self._wake()
        try:
            self._presence.check()
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            if not _is_busy(error):
                raise _refusal(self.location, error) from error
        finally:
            self._is_open = False
            self._db.close()
        self._presence.check()


def _connected(location: str, patience: float) -> sqlite3.Connection:
    """A connection that waits for others at most so many seconds; raises `sqlite3.Error`, and then there is none."""
    connection = connect(location, isolation_level=None, check_same_thread=False, timeout=patience)
    try:
        connection.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def leave_journal(path: Path, why: str) -> None:
    """Take what stands in the journal beside a file into the file; raises `StoreBusy` where somebody records into it.

    `why` says what it is wanted for, and what to do instead.
    """
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists():
        SqliteWriter(str(path)).close()
        if journal.exists():
            raise StoreBusy(f"{path} is being recorded into: {why}", location=str(path))


def _make_private(path: Path) -> None:
    """A new file is for its owner alone; SQLite gives the journals beside it the same mode. Raises `OSError`."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return  # whoever made it decided on its mode


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
