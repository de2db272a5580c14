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
from .guard import unsqueeze
from .parts import Part, SessionId
from .presence import Presence
from .protocol import Batch, KeptTrace, Revision
from .sqlite_parts import SqliteParts, new_session_id
from .sqlite_schema import bring_up, check_header, connect, create, digest_of, path_of, squeeze

BUSY_MILLISECONDS = 1_000
"""How long a batch waits for another process that writes: it is tried again later, and an end has to be quick."""


class SqliteWriter(SqliteParts):
    """Writes a baseline; goes on with the one that is there."""

    def __init__(self, url: str) -> None:
        """Raises `StoreError` when the place cannot be written, `NotABaseline` when something else is there."""
        path = path_of(url)
        connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _make_private(path)
            connection = connect(str(path), isolation_level=None, check_same_thread=False, timeout=30)
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                create(connection)
            else:
                check_header(str(path), connection)
                bring_up(connection)
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
        self.begin(revision, new_session_id())

    def begin(self, revision: Revision, session: SessionId) -> None:
        """Begin a session of this name; what was counted before is a part by itself from now on."""
        with _transaction(self._db, self.location):
            self.close_part()
            cursor = self._db.execute("INSERT INTO revision (about) VALUES ('')")
            self._revision = cursor.lastrowid or 0
            self._db.execute("INSERT OR REPLACE INTO session_id VALUES (?, ?)", (self._revision, session))
            self._db.execute("DELETE FROM absence WHERE kind != 'not sampled'")
        self.add_keys(revision.keys)
        self.update_revision(revision)
        self._db.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")

    def add_keys(self, keys: Sequence[WrappedKey]) -> None:
        """Let others read what the sessions so far hide."""
        with _transaction(self._db, self.location):
            self._db.executemany("INSERT OR REPLACE INTO session_key VALUES (?, ?, ?)", keys)

    def put_parts(self, parts: Mapping[SessionId, Part]) -> None:
        """Keep what sessions counted, each by itself."""
        with _transaction(self._db, self.location):
            self.put_all(parts)

    def update_revision(self, revision: Revision) -> None:
        """Modules and variables seen since."""
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
                    (entry.name, squeeze(encode_part(entry))),
                )
            for (name, path), described in batch.classes.items():
                row = (name, path, squeeze(encode_part(described)))
                self._db.execute("INSERT OR IGNORE INTO path_class VALUES (?, ?, 0, ?)", row)
            counts = [(count, *key) for key, count in batch.counts.items()]
            self._db.executemany("UPDATE path_class SET count = count + ? WHERE entry = ? AND path = ?", counts)
            for kept in batch.traces:
                self._keep(kept)
            if any(kept.producers for kept in batch.traces):
                self._db.execute("DELETE FROM producer WHERE id NOT IN (SELECT producer FROM made)")
            shapes = [(*key, squeeze(encode_part(shape))) for key, shape in batch.shapes.items()]
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
        row = (kept.entry, kept.path, kept.slot, kept.id, self._revision, digest_of(kept.data))
        data = squeeze(kept.data, dictionary)
        self._db.execute("INSERT OR REPLACE INTO trace VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, data))
        slot = (kept.entry, kept.path, kept.slot)
        self._db.execute("DELETE FROM made WHERE entry = ? AND path = ? AND slot = ?", slot)
        for name, content in kept.producers.items():
            self._db.execute("INSERT OR IGNORE INTO producer VALUES (?, ?)", (name, squeeze(content)))
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
                self._db.execute("UPDATE entry SET dictionary = ? WHERE name = ?", (squeeze(known), kept.entry))
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
