"""Statements over `asyncpg` as they are asked of the world: the same for one that records and one that answers."""

from __future__ import annotations

import re
import sys
import weakref
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from ..model.world import Effect, Operation, Ticket, World
from .asyncpg_codec import PREPARE
from .dbapi import record_error
from .sql import effect_of

_SESSION = "_runtime_session"
"""The attribute in which a connection's protocol keeps what is known of it."""

_NAMED = re.compile(r"__asyncpg_savepoint_[0-9a-f]+__")
"""Savepoints are counted through the whole process: here through a transaction."""

_MOVED = re.compile(r"MOVE FORWARD (\d+) (__asyncpg_portal_[0-9a-f]+__)")

_PLAIN = ("BEGIN", "BEGIN ISOLATION LEVEL READ COMMITTED")
"""How a transaction begins of which nothing is asked: SQLAlchemy says what a server does anyhow, once a connection was
asked for another level and went back to its pool."""

_OF_ITS_OWN = "SELECT pg_advisory_unlock_all()"
"""How the library begins to reset a connection."""


_OF_COPY = re.compile(r"SELECT [^;]+ FROM [^; ]+ LIMIT 1")
"""How the library asks for the types of the columns into which it copies rows."""


class Session:
    """What is kept of a connection, beside what the library knows."""

    __slots__ = ("begun", "has_spoken", "is_ended", "portals", "reached", "resource", "savepoints")

    def __init__(self, resource: str) -> None:
        self.resource = resource
        self.begun = 0
        """Exchanges that were begun over it."""
        self.reached = 0
        """Statements that the server was asked to prepare."""
        self.has_spoken = True
        """Whether anything was said since the transaction began."""
        self.is_ended = False
        """Whether the program closed the connection, or was told that it is gone."""
        self.portals: dict[str, tuple[World, Ticket, Any]] = {}
        """Name of a cursor → whose trace opened it, its exchange, and its columns where the recording answers."""
        self.savepoints: dict[str, str] = {}


def session_of(protocol: Any) -> Session:
    """What is kept of the connection of a protocol; a new one where nobody saw it connect."""
    held = vars(protocol) if protocol is not None else {}
    found = held.get(_SESSION)
    if not isinstance(found, Session):
        found = held[_SESSION] = Session("postgresql:")
    return found


def keep_session(protocol: Any, session: Session) -> None:
    """Remember what belongs to a connection."""
    vars(protocol)[_SESSION] = session


class Simple(NamedTuple):
    """A statement that is sent as text, as it is asked of the world."""

    name: str
    request: tuple[Any, ...] | None
    effect: Effect


def simple(session: Session, text: str) -> Simple | None:
    """What a statement without values asks for; `None` where the library tidies up."""
    bare = text.strip(" ;\n\t").upper()
    if bare in ("COMMIT", "END", "ROLLBACK"):
        session.savepoints.clear()
        session.portals.clear()  # cursors end with their transaction
        is_heard, session.has_spoken = session.has_spoken, True
        return Simple("rollback" if bare == "ROLLBACK" else "commit", None, "write" if is_heard else "session")
    if bare.startswith(("BEGIN", "START TRANSACTION")):
        session.has_spoken = False
        is_plain = bare in _PLAIN
        return Simple("begin", None if is_plain else (text,), "session" if is_plain else "write")
    if text.startswith(_OF_ITS_OWN):
        return None
    if moved := _MOVED.fullmatch(text):
        return Simple("scroll", (int(moved[1]),), "read")
    asked = _NAMED.sub(lambda found: _numbered(session, found[0]), text) if "__asyncpg_s" in text else text
    return Simple("execute", (asked,), effect_of(asked))


def _numbered(session: Session, name: str) -> str:
    return session.savepoints.setdefault(name, f"savepoint_{len(session.savepoints) + 1}")


def begin(world: World, session: Session, name: str, request: tuple[Any, ...] | None, effect: Effect) -> Ticket:
    """Ask the world."""
    session.begun += 1
    if effect != "session":
        session.has_spoken = True
    return world.begin(Operation("asyncpg", name, session.resource, effect), request)


def begin_statement(world: World, session: Session, sql: str, values: Any) -> Ticket:
    """Ask the world for what a statement gives."""
    return begin(world, session, "execute", (sql, tuple(values)) if values else (sql,), effect_of(sql))


def begin_many(world: World, session: Session, sql: str, rows: list[Any]) -> Ticket:
    """Ask the world for what a statement gives for each of several rows of values."""
    return begin(world, session, "executemany", (sql, [_plain(row) for row in rows]), effect_of(sql))


def _plain(row: Any) -> Any:
    """A row of values as a tuple, so that each stands under the name of its column."""
    return tuple(row) if isinstance(row, list) else row


_ENDING = ("ConnectionDoesNotExistError", "AdminShutdownError", "CrashShutdownError")


def ends_connection(error: Exception) -> bool:
    """Whether the connection was gone with an error, so that the library knows it as closed."""
    known = sys.modules["asyncpg"].exceptions
    ending = tuple(found for name in _ENDING if (found := getattr(known, name, None)) is not None)
    return isinstance(error, (ConnectionError, *ending))


def fail(ticket: Ticket, session: Session, error: BaseException) -> None:
    """Record an error that is on its way to the program."""
    if isinstance(error, Exception) and ends_connection(error):
        session.is_ended = True
    record_error(ticket, error)


class Prepared:
    """Which statements a trace prepared, or used of those that were prepared before: each is asked for once."""

    def __init__(self) -> None:
        self._of: weakref.WeakKeyDictionary[Any, dict[str, Any]] = weakref.WeakKeyDictionary()

    def of(self, world: World) -> dict[str, Any]:
        """Statement → what is known of it."""
        return self._of.setdefault(world, {})


prepared = Prepared()


def begin_prepared(world: World, session: Session, sql: str) -> Ticket:
    """Ask the world for what a prepared statement takes and gives."""
    is_own = effect_of(sql) == "session" or _OF_COPY.fullmatch(sql) is not None
    effect: Effect = "session" if is_own else "read"
    session.begun += 1
    return world.begin(Operation("asyncpg", PREPARE, session.resource, effect), (sql,))


def facts_of(state: Any) -> tuple[Any, ...]:
    """Of a statement that was prepared: columns, their types, and the types of its values."""
    attributes = state._get_attributes()
    parameters = state._get_parameters() or ()
    columns = tuple([attribute.name for attribute in attributes])
    types = tuple([tuple(attribute.type) for attribute in attributes])
    return columns, types, tuple([tuple(one) for one in parameters])


def place_of(given: Mapping[str, Any]) -> dict[str, str]:
    """Where a connection leads to, as the program said it, without a word of who it is."""
    dsn = given.get("dsn")
    address, _, path = str(dsn or "").partition("://")[2].partition("/")
    host, _, port = address.rpartition("@")[2].partition(":") if "," not in address else (address, "", "")
    database, _, query = path.partition("?")
    more = {name: values[-1] for name, values in parse_qs(query).items()}
    return {
        "host": str(given.get("host") or more.get("host") or host.rpartition("@")[2]),
        "port": str(given.get("port") or more.get("port") or port),
        "database": str(given.get("database") or more.get("database") or more.get("dbname") or unquote(database)),
    }


def resource_of(place: Mapping[str, str]) -> str:
    """The name of the database that a connection leads to."""
    return f"postgresql:{place['host']}:{place['port']}/{place['database']}"
