"""The `sqlite3` boundary.

`sqlite3.connect` gives connections and cursors of subclasses, mixed below the classes that the program asks for
(`factory=`), so `isinstance`, `super()` and row factories work as before. Rows are recorded as they are fetched,
never ahead. Behind a recorded world the same objects sit on an empty database in memory that nothing asks.
"""

from __future__ import annotations

import sqlite3
import zlib
from typing import Any, NamedTuple

from ..context import current_world
from ..model.world import Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .dbapi import StatementCursor, end_transaction, gap, given, mixed, nothing
from .sqlite_calls import (
    CALLS_KEPT,
    Cells,
    Functions,
    SqliteCodec,
    WorkingCursor,
    adapted,
    mark_converters,
    unmark_converters,
)


class Facts(NamedTuple):
    """What a cursor says of a statement that ran."""

    columns: tuple[str, ...] | None
    rowcount: int
    lastrowid: int | None
    in_transaction: bool
    called: int = 0
    """Calls of the program's functions that come before the rows."""


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    undos = Undos()
    undos.add(wrap(sqlite3, "connect", _connect))
    undos.add(wrap(sqlite3.dbapi2, "connect", _connect))
    undos.add(unmark_converters)
    return undos.run


def _connect(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    database = str(args[0] if args else kwargs.get("database"))
    args, kwargs = _with_factory(args, kwargs)
    _database, _timeout, detects = given(args, kwargs, "database", "timeout", "detect_types")
    converts = bool(detects)
    if world is None:
        return _named(wrapped(*args, **kwargs), database, converts)
    operation = Operation("sqlite3", "connect", database, "session")
    if world.sandboxed and not world.recorded:
        return _named(_private(wrapped, database, args, kwargs), database, converts)
    if not world.recorded:
        opened: list[Any] = []
        # The recording needs to know that it worked, not what it gave.
        world.begin(operation, database).first(lambda: opened.append(wrapped(*args, **kwargs)))
        return _named(opened[0], database, converts)
    world.begin(operation, database).first(lambda: None)
    return _named(_opened(wrapped, ":memory:", False, args, kwargs), database, converts)


def _opened(connect: Any, database: str, uri: bool, args: Any, kwargs: Any) -> Any:
    """A connection to another database than the program asked for, otherwise as it asked."""
    rest = args[1:7]
    named = {key: value for key, value in kwargs.items() if key not in ("database", "uri")}
    return connect(database, *rest, uri=uri, **named)


_private_databases: dict[str, Any] = {}


def _private(connect: Any, database: str, args: Any, kwargs: Any) -> Any:
    """A database in memory that all connections to one name share, for as long as the process lives."""
    name = f"file:pytest-runtime-{zlib.crc32(database.encode()):08x}?mode=memory&cache=shared"
    if name not in _private_databases:
        _private_databases[name] = sqlite3.Connection(name, uri=True, check_same_thread=False)
    return _opened(connect, name, True, args, kwargs)


def _with_factory(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if len(args) > 5:  # sqlite3.connect(database, timeout, detect_types, isolation_level, check_same_thread, factory)
        return (*args[:5], _mixed(args[5], Connection), *args[6:]), dict(kwargs)
    return args, {**kwargs, "factory": _mixed(kwargs.get("factory", sqlite3.Connection), Connection)}


_mixes: dict[tuple[type, type], type] = {}


def _mixed(factory: Any, ours: type) -> Any:
    return mixed(factory, sqlite3.Connection if ours is Connection else sqlite3.Cursor, ours, _mixes)


def _named(connection: Any, database: str, converts: bool) -> Any:
    if isinstance(connection, Connection):
        connection._resource = f"sqlite3:{database}"
        connection._cells.converts = converts
    return connection


class Connection(sqlite3.Connection):
    """A connection whose statements go through the world of the running trace."""

    _resource = "sqlite3:?"
    _makes_rows: Any = None
    _recorded_transaction = False

    _cells: Cells
    _functions: Functions

    def __new__(cls, *args: Any, **kwargs: Any) -> Connection:
        """With what is known of the program's code: a class of its own may use that before it connects."""
        made = super().__new__(cls)
        made._cells, made._functions = Cells(converts=False), Functions()
        return made

    @property
    def text_factory(self) -> Any:
        """The program's text factory. One that is code makes texts after raw cells were recorded."""
        return self._cells.text

    @text_factory.setter
    def text_factory(self, factory: Any) -> None:
        self._cells.text = factory
        sqlite3.Connection.text_factory.__set__(self, self._cells.text_factory())

    def create_function(self, *args: Any, **kwargs: Any) -> None:
        """A function of the program that SQL may call."""
        name, takes, function = given(args, kwargs, "name", "narg", "func")
        more = {key: value for key, value in kwargs.items() if key == "deterministic"}
        super().create_function(name, takes, self._functions.function(name, takes, function), **more)

    def create_aggregate(self, *args: Any, **kwargs: Any) -> None:
        """An aggregate of the program."""
        name, takes, aggregate = given(args, kwargs, "name", "n_arg", "aggregate_class")
        super().create_aggregate(name, takes, self._functions.aggregate(name, takes, aggregate))  # type: ignore[arg-type]  # `None` removes it

    def create_window_function(self, name: Any, takes: Any, aggregate: Any, /) -> None:
        """A window function of the program."""
        super().create_window_function(name, takes, self._functions.aggregate(name, takes, aggregate))

    def create_collation(self, name: Any, function: Any, /) -> None:
        """An order of the program."""
        super().create_collation(name, self._functions.function(name, 2, function))

    @property
    def row_factory(self) -> Any:
        """The program's row factory. The C attribute below stays empty, so that plain rows can be recorded."""
        return self._makes_rows

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._makes_rows = factory

    @property
    def in_transaction(self) -> bool:
        """Whether changes wait for a commit, here or in the recording."""
        if _recorded(current_world()):
            return self._recorded_transaction
        return bool(sqlite3.Connection.in_transaction.__get__(self))

    def cursor(self, factory: Any = None) -> Any:
        """A cursor of the program's class with ours below it."""
        made = super().cursor(_mixed(factory if factory is not None else sqlite3.Cursor, Cursor))
        made.row_factory = self._makes_rows
        return made

    def execute(self, *args: Any) -> Any:
        """One statement on a new cursor."""
        return self.cursor().execute(*args)

    def executemany(self, *args: Any) -> Any:
        """One statement many times on a new cursor."""
        return self.cursor().executemany(*args)

    def executescript(self, *args: Any) -> Any:
        """A script on a new cursor."""
        return self.cursor().executescript(*args)

    def commit(self) -> None:
        """End the transaction; without one, nothing happens and nothing is recorded."""
        self._end("commit", super().commit)

    def rollback(self) -> None:
        """Undo the transaction; without one, nothing happens and nothing is recorded."""
        self._end("rollback", super().rollback)

    def _end(self, name: str, perform: Any) -> None:
        world = current_world()
        if world is None:
            perform()
        else:
            in_transaction = self.in_transaction
            end_transaction(world, "sqlite3", name, self._resource, in_transaction, perform)
            if in_transaction:
                self._recorded_transaction = False

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> Any:
        if kind is not None:
            self.rollback()
            return False
        try:
            self.commit()
        except BaseException:
            self.rollback()
            raise
        return False


def _recorded(world: World | None) -> bool:
    return world is not None and world.recorded


class Cursor(StatementCursor, WorkingCursor):
    """A cursor whose statements and rows go through the world of the running trace."""

    _boundary = "sqlite3"
    _makes_rows: Any = None
    _calls = 0
    """Calls of the program's functions by the last statement."""

    @property
    def row_factory(self) -> Any:
        """The program's row factory; see `Connection.row_factory`."""
        return self._makes_rows

    @row_factory.setter
    def row_factory(self, factory: Any) -> None:
        self._makes_rows = factory

    @property
    def description(self) -> Any:
        """Column descriptions of the last statement."""
        if self._facts is not None:
            columns = self._facts.columns
            return None if columns is None else tuple((name, *[None] * 6) for name in columns)
        return sqlite3.Cursor.description.__get__(self)

    @property
    def rowcount(self) -> Any:
        """Rows that the last statement changed."""
        return self._facts.rowcount if self._facts is not None else sqlite3.Cursor.rowcount.__get__(self)

    @property
    def lastrowid(self) -> Any:
        """Row id of the last insertion."""
        return self._facts.lastrowid if self._facts is not None else sqlite3.Cursor.lastrowid.__get__(self)

    def execute(self, sql: str, *args: Any) -> Any:
        """One statement."""
        return self._execute("execute", super().execute, (sql, *args))

    def executemany(self, sql: str, parameters: Any, /) -> Any:
        """One statement for each set of parameters; an iterator of them is consumed here, as sqlite3 would."""
        if current_world() is not None and type(parameters) is not list:
            parameters = list(parameters)
        return self._execute("executemany", super().executemany, (sql, parameters))

    def executescript(self, script: str, /) -> Any:
        """A script of statements."""
        return self._execute("executescript", super().executescript, (script,))

    def _resource_name(self) -> str:
        connection: Any = self.connection
        return str(connection._resource)

    def _execute(self, name: str, perform: Any, request: tuple[Any, ...]) -> Any:
        if isinstance(request[0], str):
            if current_world() is not None:
                request = _as_sent(name, request)
                if self.connection._cells.converts:  # type: ignore[attr-defined]  # it is ours
                    mark_converters()
            self._run(name, lambda: perform(*request), lambda: request)
        else:  # what is no text fails, as it should
            self._started(None)
            perform(*request)
        return self

    def _hold(self, world: World, facts: Any, perform: Any) -> None:
        connection: Any = self.connection
        connection._functions.forget_instances()
        if facts is None:
            while self._replayed(self._ticket.next(nothing)):  # type: ignore[union-attr]  # of this statement
                pass  # then comes the error that it failed with
            # Of the session, and not recorded: the empty database behind it answers.
            self._ticket = None
            perform()
            return
        self._facts = Facts(*facts)
        for _call in range(self._facts.called):
            self._replayed(self._ticket.next(nothing))  # type: ignore[union-attr]  # of this statement
        connection._recorded_transaction = self._facts.in_transaction
        if self._makes_rows is sqlite3.Row and self._facts.columns:
            self._prime(self._facts.columns)

    def _look(self) -> tuple[Any, ...]:
        described = sqlite3.Cursor.description.__get__(self)
        columns = tuple([one[0] for one in described]) if described is not None else None
        facts = columns, self.rowcount, self.lastrowid, self.connection.in_transaction
        return Facts(*facts, self._calls) if self._calls else facts

    def _started(self, ticket: Ticket | None) -> None:
        super()._started(ticket)
        self._calls = 0

    def note(self, call: dict[str, Any]) -> bool:
        """SQLite calls a function of the program's while it works on this statement."""
        self._calls += 1
        if self._ticket is None or self._calls > CALLS_KEPT:
            gap(current_world(), f"more than {CALLS_KEPT} calls of the program by one statement: {call['function']}()")
            return False
        self._ticket.item(call)
        return True

    def resource(self) -> str:
        """The database."""
        return self._resource_name()

    def _replayed(self, item: Any) -> bool:
        """Whether an item is a call of the program's function: then that is called."""
        if type(item) is not dict:
            return False
        connection: Any = self.connection
        connection._functions.replay(item, connection._resource)
        return True

    def _row(self, ticket: Ticket, fetch: Any) -> Any:
        row = ticket.next(fetch)
        while self._replayed(row):
            row = ticket.next(fetch)
        return row

    def _rows(self, ticket: Ticket, fetch: Any, most: int | None) -> list[Any]:
        rows: list[Any] = []
        while True:
            taken = ticket.take(fetch, None if most is None else most - len(rows))
            came = [row for row in taken if not self._replayed(row)]
            rows += came
            if len(came) == len(taken) or most is None:
                return rows

    def _prime(self, columns: tuple[str, ...]) -> None:
        """Give the C cursor the recorded column names: `sqlite3.Row` reads them there."""
        quoted = ('"' + name.replace('"', '""') + '"' for name in columns)
        super().execute("SELECT " + ", ".join(f"NULL AS {name}" for name in quoted))

    def _maker(self) -> Any:
        factory, connection = self._makes_rows, self.connection
        cells: Cells = connection._cells  # type: ignore[attr-defined]  # it is ours
        if self._ticket is None or not (cells.are_marked or self._facts is not None):
            return None if factory is None else lambda row: factory(self, row)
        if factory is None:
            return cells.made
        return lambda row: factory(self, cells.made(row))


def _as_sent(name: str, request: tuple[Any, ...]) -> tuple[Any, ...]:
    """A statement and its parameters as the database is sent them."""
    sql, *rest = request
    if not rest or name == "executescript":
        return request
    try:
        return (sql, list(map(adapted, rest[0])) if name == "executemany" else adapted(rest[0]), *rest[1:])
    except Exception:  # noqa: BLE001 - an adapter failed: SQLite asks it again, and tells it
        return request


CODEC = SqliteCodec()
