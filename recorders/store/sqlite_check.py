"""Check of the default store: every digest, and whether everything that refers to something finds it.

Reading a baseline stops at the first thing that is wrong with its head and passes over damaged traces; this names all.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec

from ..errors import NotABaseline
from ..model.branches import path_digest
from ..model.trace import decode_trace, trace_id
from .guard import SIZE_LIMIT, STEPS, STEPS_LIMIT, TEXT_LIMIT, TOTAL_LIMIT, Budget
from .sqlite_reader import SqliteReader
from .sqlite_schema import connect, digest_of, path_of

PROBLEMS_OF_PAGES = 20
"""Problems of the file's pages that SQLite is asked for: one is enough to restore it."""


class Damage(NamedTuple):
    """One thing that is wrong with a baseline."""

    where: str
    """`trace 5c1e… of POST /trades`"""
    problem: str


class SqliteCheck(SqliteReader):
    """Looks at everything in a baseline."""

    def damage(self) -> Iterator[Damage]:
        """All that is wrong, from the pages of the file to single traces."""
        pages = list(self._pages())
        yield from pages
        if pages:
            return  # what the rest says follows from it
        parts: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("path classes", self.classes),
            ("shapes", self.shapes),
            ("sessions", self.revisions),
            ("counters", self.counters),
            ("absences", self.absences),
            ("processes", self.processes),
            ("keys", self.keys),
        )
        readable = True
        for part, read in parts:
            try:
                read()
            except NotABaseline as error:
                readable = False
                yield Damage(part, error.reason)
        if readable:
            for look in (self._paths, self._texts, self._producers_kept, self._traces_kept):
                try:
                    yield from look()
                except (sqlite3.Error, NotABaseline) as error:
                    yield Damage("the file", str(error))

    def _pages(self) -> Iterator[Damage]:
        """What SQLite finds, on a connection of its own: the guard of this one lets nothing but tables be read."""
        looks = 0

        def is_enough() -> bool:
            nonlocal looks
            looks += 1
            return looks > STEPS_LIMIT

        connection = connect(f"{path_of(self.location).absolute().as_uri()}?mode=ro", uri=True)
        try:
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, SIZE_LIMIT)
            connection.set_progress_handler(is_enough, STEPS)
            for (found,) in connection.execute(f"PRAGMA integrity_check({PROBLEMS_OF_PAGES})").fetchall():
                if found != "ok":
                    yield Damage("the file", str(found))
        except sqlite3.Error as error:
            yield Damage("the file", str(error))
        finally:
            connection.close()

    def _paths(self) -> Iterator[Damage]:
        """Path classes are named by what they are."""
        entries = self.entries()
        for stored in self.classes():
            where = f"path {stored.path} of {stored.entry}"
            if path_digest(stored.description.arms, stored.description.outcome) != stored.path:
                yield Damage(where, "its arms are not those that its digest names")
            if stored.entry not in entries:
                yield Damage(where, "its entry is missing")
            if stored.count < len(stored.kept):
                yield Damage(where, f"{len(stored.kept)} traces are kept of {stored.count} that were recorded")

    def _texts(self) -> Iterator[Damage]:
        """Source texts are named by what they are, and those of all sessions are there."""
        if not {"source", "text"} <= self._tables:
            return
        budget = Budget(TOTAL_LIMIT)
        for name, data in self._db.execute("SELECT digest, data FROM text ORDER BY 1"):
            try:
                plain = budget.unsqueeze(data, limit=TEXT_LIMIT)
            except (zlib.error, TypeError) as error:
                yield Damage(f"source text {name}", str(error))
                continue
            if digest_of(plain).hex() != name:
                yield Damage(f"source text {name}", "its digest does not match")
        query = "SELECT revision, module FROM source WHERE digest NOT IN (SELECT digest FROM text) ORDER BY 1, 2"
        for revision, module in self._db.execute(query):
            yield Damage(f"module {module} of session {revision}", "its text is missing")

    def _producers_kept(self) -> Iterator[Damage]:
        """Producers are named by what they are, and those that traces need are there."""
        if not {"producer", "made"} <= self._tables:
            return
        budget = Budget(TOTAL_LIMIT)
        for name, data in self._db.execute("SELECT id, data FROM producer ORDER BY 1"):
            problem = _problem_of_producer(name, data, budget)
            if problem:
                yield Damage(f"producer {name}", problem)
        missing = "SELECT DISTINCT producer, entry FROM made WHERE producer NOT IN (SELECT id FROM producer)"
        for name, entry in self._db.execute(f"{missing} ORDER BY 1, 2"):
            yield Damage(f"producer {name}", f"it is missing, and a trace of {entry} needs it")

    def _traces_kept(self) -> Iterator[Damage]:
        """Traces have the digest that was noted of them, and belong to a path class and a session that are there."""
        classes = {(stored.entry, stored.path) for stored in self.classes()}
        revisions = self.revisions()
        for stored in self.traces():
            where = f"trace {stored.id} of {stored.entry}"
            if stored.fault:
                yield Damage(where, stored.fault)
            if (stored.entry, stored.path) not in classes:
                yield Damage(where, "its path class is missing")
            if stored.revision not in revisions:
                yield Damage(where, f"its session {stored.revision} is missing")
            if stored.trace is not None:
                for name in set(stored.trace.producers) - stored.producers.keys():
                    yield Damage(where, f"its producer {name} is missing")


def _problem_of_producer(name: str, data: bytes, budget: Budget) -> str:
    try:
        plain = budget.unsqueeze(data)
        decode_trace(plain)
    except (zlib.error, msgspec.MsgspecError, TypeError, RecursionError) as error:
        return f"it is corrupt: {error}"
    return "" if trace_id(plain) == name else "its digest does not match"


def damage_of(url: str) -> list[Damage]:
    """All that is wrong with a baseline; raises `UnknownBaseline`, and `NewerFormat` for what cannot be known."""
    try:
        check = SqliteCheck(url)
    except NotABaseline as error:
        return [Damage("the file", error.reason)]
    try:
        return list(check.damage())
    finally:
        check.close()
