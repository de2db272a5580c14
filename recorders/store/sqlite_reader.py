"""Reader of the default store."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from ..errors import NotABaseline, StoreError, UnknownBaseline
from ..model.absences import Absence
from ..model.shapes import Shape
from ..model.trace import Entry, decode_trace
from ..privacy.encryption import WrappedKey
from .guard import SOURCES_LIMIT, TEXT_LIMIT, TOTAL_LIMIT, Budget, Guard, moment, typed, unsqueeze
from .processes import Process
from .protocol import Revision, StoredClass, StoredTrace
from .sqlite_schema import REQUIRED, TABLES, SqliteFile, check_header, connect, digest_of, path_of


@contextmanager
def reading(location: str) -> Iterator[None]:
    """Whatever is wrong with the file becomes a `NotABaseline`."""
    try:
        yield
    except (sqlite3.Error, zlib.error, UnicodeDecodeError, TypeError) as error:
        raise NotABaseline(location, str(error)) from error


class SqliteReader(SqliteFile):
    """Reads a baseline; the file is never changed."""

    def __init__(self, url: str) -> None:
        """Raises `UnknownBaseline`, `NotABaseline` or `NewerFormat`."""
        path = path_of(url)
        if not path.is_file():
            raise UnknownBaseline(path.stem, location=str(path), known=neighbours(path))
        if not os.access(path, os.R_OK):
            raise NotABaseline(str(path), "it may not be read by this user")
        with reading(str(path)):
            super().__init__(str(path), connect(f"{path.absolute().as_uri()}?mode=ro", uri=True))
        try:
            with reading(str(path)):
                if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                    raise NotABaseline(str(path), "it is empty")
                guard = Guard(str(path), self._db, TABLES)
                guard.install()
                check_header(str(path), self._db)
                self._tables = guard.check_tables(REQUIRED)
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
        with reading(self.location):
            return super().classes()

    def shapes(self) -> dict[tuple[str, str], Shape]:
        """By entry and part."""
        with reading(self.location):
            return super().shapes()

    def traces(self, *, entry: str | None = None, path: str | None = None) -> Iterator[StoredTrace]:
        """Kept traces by entry, path and slot; one that is corrupt comes with its fault."""
        query = (
            "SELECT id, entry, path, revision, digest, data, slot FROM trace "
            "WHERE (:entry IS NULL OR entry = :entry) AND (:path IS NULL OR path = :path) ORDER BY entry, path, slot"
        )
        with reading(self.location):
            rows = self._db.execute(query, {"entry": entry, "path": path}).fetchall()
        budget = Budget(TOTAL_LIMIT)
        for name, of_entry, of_path, revision, digest, data, slot in rows:
            key = (name, of_entry, of_path, revision, slot)
            with reading(self.location):
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
        with reading(self.location):
            rows = self._rows("a producer", query, str, bytes, given=(entry, path, slot))
            return {name: budget.unsqueeze(data) for name, data in rows}

    def _trace(
        self, name: str, entry: str, path: str, revision: int, digest: bytes, data: bytes, budget: Budget
    ) -> StoredTrace:
        try:
            plain = budget.unsqueeze(data, self._dictionary(entry))
            if digest_of(plain) != digest:
                raise zlib.error("its digest does not match")
            return StoredTrace(name, entry, path, revision, decode_trace(plain), "", plain)
        except (zlib.error, msgspec.MsgspecError, TypeError, RecursionError) as error:
            return StoredTrace(name, entry, path, revision, None, f"it is corrupt: {error}")

    def _dictionary(self, entry: str) -> bytes:
        if entry not in self._dictionaries:
            held = self._entries.get(entry)
            self._dictionaries[entry] = unsqueeze(held[1]) if held is not None and held[1] else b""
        return self._dictionaries[entry]

    def _readable_dictionary(self, entry: Any) -> bytes:
        """The dictionary of an entry; none where it is damaged: then its traces are as they lie there."""
        try:
            return self._dictionary(entry)
        except (zlib.error, TypeError):
            return b""

    def revisions(self) -> dict[int, Revision]:
        """By number."""
        if self._revisions is None:
            with reading(self.location):
                self._revisions = self._read_revisions()
        return self._revisions

    def _read_revisions(self) -> dict[int, Revision]:
        columns = "number, coalesce(about, ''), coalesce(python, ''), coalesce(variables, x'')"
        query = f"SELECT {columns} FROM revision ORDER BY 1"
        rows = list(self._rows("a session", query, int, str, str, bytes))
        recorded = dict(self._db.execute("SELECT number, recorded FROM revision"))
        places, hidden = self._places(), self._hidden()
        budget = Budget(SOURCES_LIMIT)
        texts: dict[str, str] = {}
        found = {}
        for number, commit, python, variables in rows:
            read = self._part(variables, dict[str, str | None], budget) if variables else {}
            when = moment(self.location, recorded[number])
            sources = self._sources(number, budget, texts)
            found[number] = Revision(
                *(commit, python, when, sources, read, places.get(number, ""), self._names(number)),
                *hidden.get(number, ("", b"")),
                plugins=self._plugins(number),
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
        with reading(self.location):
            query = "SELECT id, recipient, data FROM session_key ORDER BY 1, 2"
            return [WrappedKey(*row) for row in self._rows("a key", query, str, str, bytes)]

    def _sources(self, number: int, budget: Budget, texts: dict[str, str]) -> dict[str, str]:
        """Module → text; `texts` are those that were read already, by digest: most sessions ran the same."""
        query = "SELECT module, digest, data FROM source JOIN text USING (digest) WHERE revision = ? ORDER BY 1"
        rows = list(self._rows("a source", query, str, str, bytes, given=(number,)))
        for _module, digest, data in rows:
            if digest not in texts:
                texts[digest] = budget.unsqueeze(data, limit=TEXT_LIMIT).decode("utf-8", "surrogatepass")
        return {module: texts[digest] for module, digest, _data in rows}

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

    def _plugins(self, number: int) -> dict[str, str]:
        if "plugin" not in self._tables:
            return {}
        query = "SELECT name, version FROM plugin WHERE revision = ? ORDER BY 1"
        return dict(self._rows("a plugin", query, str, str, given=(number,)))

    def counters(self) -> dict[str, int]:
        """What the recorder counted."""
        with reading(self.location):
            return dict(self._rows("a counter", "SELECT name, value FROM counter ORDER BY 1", str, int))

    def processes(self) -> dict[int, Process]:
        """The processes that recorded it, by number of their session."""
        with reading(self.location):
            return super().processes() if {"process", "process_count"} <= self._tables else {}

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """Every cell, decompressed, and the file as it lies there."""
        budget = Budget(TOTAL_LIMIT)
        for table, columns in TABLES.items():
            if table not in self._tables:
                continue
            with reading(self.location):
                rows = self._db.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
            for number, row in enumerate(rows, 1):
                named = dict(zip(columns, row, strict=True))
                dictionary = self._readable_dictionary(named["entry"]) if table == "trace" else b""
                for column, cell in named.items():  # numbered: names of entries may hold what must not be shown
                    yield f"{table}, row {number}, {column}", _plain(cell, dictionary, budget)
        yield from _files(Path(self.location))

    def absences(self) -> list[Absence]:
        """What the baseline does not hold."""
        query = "SELECT kind, subject, count FROM absence ORDER BY 1, 2"
        with reading(self.location):
            rows = self._rows("an absence", query, str, str, int) if "absence" in self._tables else ()
            return [Absence(*row) for row in rows]


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """A baseline's file as it lies there, and the journals beside it."""
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
        if file.is_file():
            yield f"file {file.name}", file.read_bytes()


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
