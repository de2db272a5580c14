"""The sqlite3 boundary: statements and rows are recorded as the program sees them, and everything works as before."""

# ruff: noqa: D102 - methods of the program's own classes

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import sqlite
from pytest_runtime.recorders.boundaries.live_world import LiveWorld, RawExchange
from pytest_runtime.recorders.boundaries.sql import effect_of
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.context import Scope, within
from pytest_runtime.testing import Scenario


class Traced:
    """A database, and the trace that the statements belong to."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.world = LiveWorld(lambda file: file == __file__)
        self.scope = Scope(self.world)

    @property
    def exchanges(self) -> list[RawExchange]:
        """What was recorded, connecting left out."""
        return [one for one in self.world.exchanges if one.operation.effect != "session"]

    @property
    def statements(self) -> list[tuple[str, str]]:
        """(operation, effect) of each exchange."""
        return [(one.operation.name, one.operation.effect) for one in self.exchanges]

    @property
    def rows(self) -> list[Any]:
        """Rows of the last exchange."""
        return [item if type(item) is tuple else thaw(item) for item in self.exchanges[-1].items]


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    """A database with three rows, the boundary in place, in a trace; afterwards all is as it was."""
    path = str(tmp_path / "shop.db")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL)")
        db.executemany("INSERT INTO item (name, price) VALUES (?, ?)", [("a", 1.5), ("b", 2.5), ("c", None)])
        db.commit()
    before = _attributes()
    undo = sqlite.install()
    found = Traced(path)
    with within(found.scope):
        yield found
    undo()
    assert _attributes() == before


def _attributes() -> list[dict[str, int]]:
    modules = (sqlite3, sqlite3.dbapi2)
    return [{name: id(value) for name, value in vars(one).items() if name != "dump"} for one in modules]


@pytest.fixture
def db(traced: Traced) -> Iterator[sqlite3.Connection]:
    """A connection to it."""
    with contextlib.closing(sqlite3.connect(traced.path)) as connection:
        yield connection


def test_connecting_is_a_session(traced: Traced, db: sqlite3.Connection) -> None:
    """Opening a connection is recorded, and is no write."""
    (opened,) = traced.world.exchanges
    assert opened.operation == ("sqlite3", "connect", traced.path, "session")
    assert isinstance(db, sqlite3.Connection)


def test_a_failed_connection_is_recorded(traced: Traced, tmp_path: Path) -> None:
    """The error of a place that cannot be opened is raised unchanged, and recorded."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        sqlite3.connect(str(tmp_path / "no" / "such" / "folder.db"))
    assert "unable to open database file" in str(thaw(traced.world.exchanges[-1].error))


ROWS = [(1, "a", 1.5), (2, "b", 2.5), (3, "c", None)]


@pytest.mark.parametrize(
    "fetch",
    [
        lambda cursor: cursor.fetchall(),
        lambda cursor: list(cursor),
        lambda cursor: [cursor.fetchone(), *cursor.fetchmany(1), *cursor.fetchmany(5), *cursor.fetchall()],
        lambda cursor: [next(cursor), *cursor],
        lambda cursor: list(iter(cursor.fetchone, None)),
    ],
)
def test_rows_are_recorded_as_they_are_fetched(traced: Traced, db: sqlite3.Connection, fetch: Any) -> None:
    """Whichever way the rows are fetched, the program gets them and the trace holds them, up to their end."""
    cursor = db.execute("SELECT * FROM item ORDER BY id")
    assert fetch(cursor) == ROWS
    assert traced.rows == ROWS
    assert traced.exchanges[-1].ended
    assert traced.statements == [("execute", "read")]


def test_rows_are_never_fetched_ahead(traced: Traced, db: sqlite3.Connection) -> None:
    """Rows that the program did not ask for are not in the trace."""
    cursor = db.execute("SELECT * FROM item ORDER BY id")
    assert cursor.fetchone() == ROWS[0]
    assert traced.rows == ROWS[:1]
    assert not traced.exchanges[-1].ended
    cursor.arraysize = 2
    assert cursor.fetchmany() == ROWS[1:]
    assert traced.rows == ROWS
    cursor.close()


def test_requests_are_recorded(traced: Traced, db: sqlite3.Connection) -> None:
    """A statement is recorded with its parameters, by position and by name, and with the line that sent it."""
    db.execute("SELECT * FROM item WHERE id = ?", (2,))
    db.execute("SELECT * FROM item WHERE id = :id", {"id": 3})
    first, second = traced.exchanges
    assert "id = ?" in str(thaw(first.request))
    assert "TupleNode(items=[2])" in str(thaw(first.request))
    assert "keys=['id'], values=[3]" in str(thaw(second.request))
    assert first.operation.resource == f"sqlite3:{traced.path}"
    assert first.site is not None
    assert first.site[0].co_name == "test_requests_are_recorded"


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("SELECT 1", "read"),
        ("  select 1", "read"),
        ("PRAGMA table_info(item)", "read"),
        ("EXPLAIN SELECT 1", "read"),
        ("VALUES (1)", "read"),
        ("WITH one AS (SELECT 1) SELECT * FROM one", "read"),
        ("INSERT INTO item (name) VALUES ('x')", "write"),
        ("update item set price = 1", "write"),
        ("DELETE FROM item", "write"),
        ("WITH one AS (SELECT 1) DELETE FROM item", "write"),
        ("CREATE TABLE other (x)", "write"),
        ("(SELECT 1", "read"),
        ("", "write"),
    ],
)
def test_reads_and_writes(sql: str, effect: str) -> None:
    """The first word of a statement says what it does; `WITH` the words after it."""
    assert effect_of(sql) == effect


def test_facts_of_a_statement(traced: Traced, db: sqlite3.Connection) -> None:
    """`lastrowid`, `rowcount`, `description` and `in_transaction` are the real ones, and recorded with the answer."""
    cursor = db.execute("INSERT INTO item (name) VALUES ('d')")
    assert (cursor.lastrowid, cursor.rowcount, cursor.description, db.in_transaction) == (4, 1, None, True)
    assert str(thaw(traced.exchanges[-1].answer)) == "TupleNode(items=[None, 1, 4, True])"
    cursor = db.execute("SELECT name AS title, price FROM item")
    assert [column[0] for column in cursor.description] == ["title", "price"]
    assert cursor.rowcount == -1
    assert "TupleNode(items=['title', 'price'])" in str(thaw(traced.exchanges[-1].answer))


def test_many_and_scripts(traced: Traced, db: sqlite3.Connection) -> None:
    """`executemany` takes lists and iterators; a script is one write."""
    cursor = db.executemany("INSERT INTO item (name) VALUES (?)", [("d",), ("e",)])
    assert cursor.rowcount == 2
    db.executemany("INSERT INTO item (name) VALUES (?)", (("f",) for _ in range(1)))
    db.commit()
    db.executescript("UPDATE item SET price = 1; DELETE FROM item WHERE id > 4;")
    assert db.execute("SELECT count(*), sum(price) FROM item").fetchone() == (4, 4.0)
    assert traced.statements == [
        *(("executemany", "write"), ("executemany", "write"), ("commit", "write")),
        *(("executescript", "write"), ("execute", "read")),
    ]
    assert "ListNode(items=[TupleNode(items=['f'])])" in str(thaw(traced.exchanges[1].request))


def test_transactions(traced: Traced, db: sqlite3.Connection) -> None:
    """Commit and rollback are recorded where there is something to end, and work where there is not."""
    db.commit()
    db.rollback()
    assert traced.statements == []
    db.execute("INSERT INTO item (name) VALUES ('d')")
    db.rollback()
    assert not db.in_transaction
    assert db.execute("SELECT count(*) FROM item").fetchone() == (3,)
    db.execute("INSERT INTO item (name) VALUES ('d')")
    db.commit()
    assert [name for name, _ in traced.statements] == ["execute", "rollback", "execute", "execute", "commit"]


def test_with_blocks(traced: Traced, db: sqlite3.Connection) -> None:
    """A with-block commits, or rolls back when it is left by an exception, which goes on."""
    with db as same:
        db.execute("INSERT INTO item (name) VALUES ('d')")
    assert same is db
    with contextlib.suppress(ZeroDivisionError), db:
        db.execute("INSERT INTO item (name) VALUES ('e')")
        1 / 0  # noqa: B018 - the exception
    assert [name for name, _ in traced.statements] == ["execute", "commit", "execute", "rollback"]
    assert db.execute("SELECT count(*) FROM item").fetchone() == (4,)


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (lambda db: db.execute("SELEC 1"), sqlite3.OperationalError),
        (lambda db: db.execute("INSERT INTO item (name) VALUES ('a')"), sqlite3.IntegrityError),
        (lambda db: db.execute("SELECT ?", ()), sqlite3.ProgrammingError),
        (lambda db: db.execute("SELECT ?", (object(),)), sqlite3.Error),
        (lambda db: db.executemany("INSERT INTO item (name) VALUES (?)", [("a",)]), sqlite3.IntegrityError),
        (lambda db: db.executescript("SELECT 1; SELEC 2"), sqlite3.OperationalError),
    ],
)
def test_errors_are_raised_and_recorded(traced: Traced, db: sqlite3.Connection, run: Any, kind: Any) -> None:
    """An error is the one that sqlite3 raises, and the exchange holds it."""
    with pytest.raises(kind) as caught:
        run(db)
    assert str(caught.value.args[0]) in str(thaw(traced.exchanges[-1].error))


@pytest.mark.parametrize("run", [lambda db: db.execute(), lambda db: db.execute(1), lambda db: db.cursor().execute()])
def test_wrong_calls_fail_as_before(db: sqlite3.Connection, run: Any) -> None:
    """A call that sqlite3 refuses is a `TypeError` here too."""
    with pytest.raises(TypeError):
        run(db)


def test_closing(traced: Traced, db: sqlite3.Connection) -> None:
    """A closed cursor and a closed connection refuse work with the usual error."""
    cursor = db.execute("SELECT 1")
    cursor.close()
    with pytest.raises(sqlite3.ProgrammingError):
        cursor.fetchone()
    db.close()
    with pytest.raises(sqlite3.ProgrammingError):
        db.execute("SELECT 1")


def test_row_objects(traced: Traced, db: sqlite3.Connection) -> None:
    """`sqlite3.Row` gives rows by name; plain rows are recorded."""
    db.row_factory = sqlite3.Row
    row = db.execute("SELECT * FROM item WHERE id = 1").fetchone()
    assert type(row) is sqlite3.Row
    assert (row["name"], row["price"], row.keys(), tuple(row)) == ("a", 1.5, ["id", "name", "price"], (1, "a", 1.5))
    assert [one["name"] for one in db.execute("SELECT name FROM item ORDER BY id")] == ["a", "b", "c"]
    assert traced.rows == [("a",), ("b",), ("c",)]
    assert db.row_factory is sqlite3.Row


def test_a_row_factory_of_the_program(traced: Traced, db: sqlite3.Connection) -> None:
    """A factory is called with the cursor and the plain row, on a connection and on a cursor of its own."""

    def as_dict(cursor: sqlite3.Cursor, row: Any) -> dict[str, Any]:
        return dict(zip([column[0] for column in cursor.description], row, strict=True))

    db.row_factory = as_dict
    assert db.execute("SELECT id, name FROM item WHERE id = 1").fetchone() == {"id": 1, "name": "a"}
    assert db.execute("SELECT id FROM item ORDER BY id").fetchmany(2) == [{"id": 1}, {"id": 2}]
    assert traced.rows == [(1,), (2,)]
    cursor = db.cursor()
    cursor.row_factory = lambda _cursor, row: row[0]
    assert cursor.execute("SELECT name FROM item ORDER BY id").fetchall() == ["a", "b", "c"]
    db.row_factory = None
    assert db.execute("SELECT 1").fetchone() == (1,)


class Loud(sqlite3.Connection):
    """A connection class of the program."""

    opened = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opened += 1

    def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("LOUD", "SELECT"), *args)


class Upper(sqlite3.Cursor):
    """A cursor class of the program that changes what it is asked, like Django's `SQLiteCursorWrapper`."""

    def execute(self, query: str, params: Any = None) -> Any:
        if params is None:
            return super().execute(query)
        return super().execute(query % tuple("?" * len(params)), params)

    def executemany(self, query: str, rows: Any) -> Any:
        return super().executemany(query % ("?",), rows)


@pytest.mark.filterwarnings("ignore:Passing more than 1 positional argument:DeprecationWarning")
@pytest.mark.parametrize("positional", [True, False])
def test_a_connection_class_of_the_program(traced: Traced, positional: bool) -> None:
    """`factory=` is honoured: the program's class is on top, its `super()` calls are what is recorded."""
    if positional:
        db = sqlite3.connect(traced.path, 5.0, 0, "DEFERRED", True, Loud)
    else:
        db = sqlite3.connect(traced.path, factory=Loud)
    with contextlib.closing(db):
        assert isinstance(db, Loud)
        assert db.opened == 1
        assert type(db).__name__ == "Loud"
        assert db.execute("LOUD 7").fetchone() == (7,)
    assert "SELECT 7" in str(thaw(traced.exchanges[-1].request))


def test_a_cursor_class_of_the_program(traced: Traced, db: sqlite3.Connection) -> None:
    """`cursor(factory=...)` is honoured: what reaches sqlite3 is recorded, once."""
    cursor: Any = db.cursor(factory=Upper)
    assert isinstance(cursor, Upper)
    assert cursor.execute("SELECT name FROM item WHERE id = %s", [2]).fetchall() == [("b",)]
    cursor.executemany("INSERT INTO item (name) VALUES (%s)", [["x"]])
    assert traced.statements == [("execute", "read"), ("executemany", "write")]
    assert "id = ?" in str(thaw(traced.exchanges[0].request))


def test_a_factory_function(traced: Traced) -> None:
    """A function as factory still makes the connection; what it opens itself is recorded."""
    factory: Any = lambda *args, **kwargs: Loud(*args)  # noqa: E731 - no class, on purpose
    made = sqlite3.connect(traced.path, factory=factory)
    with contextlib.closing(made):
        assert type(made) is Loud


def test_outside_a_trace_nothing_is_recorded(traced: Traced, db: sqlite3.Connection) -> None:
    """The same connection works without a trace, with all its features, and leaves nothing behind."""
    with within(None):
        db.row_factory = sqlite3.Row
        cursor = db.execute("INSERT INTO item (name) VALUES ('d')")
        assert (cursor.lastrowid, db.in_transaction) == (4, True)
        db.commit()
        assert [row["name"] for row in db.execute("SELECT name FROM item ORDER BY id")] == ["a", "b", "c", "d"]
        other = sqlite3.connect(traced.path)
        assert other.execute("SELECT 1").fetchmany(3) == [(1,)]
        other.close()
    assert traced.exchanges == []


def test_other_features_still_work(traced: Traced, db: sqlite3.Connection) -> None:
    """Functions, adapters, converters, backups and blobs are untouched."""
    db.create_function("twice", 1, lambda number: 2 * number)
    assert db.execute("SELECT twice(4)").fetchone() == (8,)
    with contextlib.closing(sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_COLNAMES)) as other:
        db.backup(other)
        assert other.execute("SELECT count(*) FROM item").fetchone() == (3,)
    assert next(iter(db.iterdump())) == "BEGIN TRANSACTION;"
    assert db.total_changes == 0
    assert isinstance(db.cursor(), sqlite3.Cursor)


SERVICE = """
    import sqlite3

    def setup(path):
        with sqlite3.connect(path) as db:
            db.executescript("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO item VALUES (1, 'a')")
        db.close()

    def run(path, name):
        db = sqlite3.connect(path)
        db.row_factory = sqlite3.Row
        try:
            with db:
                found = db.execute("SELECT * FROM item WHERE name = ?", (name,)).fetchone()
                if found is None:
                    made = db.execute("INSERT INTO item (name) VALUES (?)", (name,))
                    return {"id": made.lastrowid, "new": True}
                names = [row[1] for row in db.execute("SELECT * FROM item")]
                return {"id": found["id"], "name": found["name"], "all": names}
        finally:
            db.close()
    """


def test_a_recorded_database_replays(tmp_path: Path) -> None:
    """What was recorded is enough to run the service again without its database, and notices a changed statement."""
    database = str(tmp_path / "live.db")

    def traffic(shop: Any) -> None:
        shop.setup(database)
        shop.run(database, "a")
        shop.run(database, "b")

    scenario = Scenario(tmp_path, {"shop": SERVICE}, entries=("shop_*:run",)).record(traffic)
    Path(database).unlink()
    assert scenario.replay().counts == {"same": 2}
    scenario.change("shop", "INSERT INTO item (name) VALUES (?)", "INSERT INTO item (name) VALUES (upper(?))")
    assert scenario.replay().counts == {"same": 1, "diverged": 1}
    assert not Path(database).exists()
