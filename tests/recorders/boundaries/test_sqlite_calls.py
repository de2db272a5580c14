"""What SQLite calls of the program: converters, adapters, functions, aggregates and orders are judged with it."""

from __future__ import annotations

import gc
import sqlite3
import textwrap
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries import sqlite
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

LOTS = """
    import datetime
    import sqlite3
    from decimal import Decimal

    def moment(raw):
        return datetime.datetime.fromisoformat(raw.decode())

    sqlite3.register_converter("lot_moment", moment)
    sqlite3.register_converter("lot_flag", lambda raw: raw == b"1")

    class Weight:
        def __init__(self, grams):
            self.grams = grams

    def to_grams(weight):
        return round(weight.grams, 1)

    sqlite3.register_adapter(Weight, to_grams)

    class Mean:
        def __init__(self):
            self.seen = []

        def step(self, value):
            self.seen.append(value)

        def inverse(self, value):
            self.seen.remove(value)

        def value(self):
            return sum(self.seen) / len(self.seen)

        def finalize(self):
            return self.value() if self.seen else None

    class Base(sqlite3.Connection):
        def __init__(self, *args, **kwargs):
            self.text_factory = str
            super().__init__(*args, **kwargs)

    def typed(path):
        with sqlite3.connect(path, detect_types=sqlite3.PARSE_DECLTYPES, factory=Base) as db:
            rows = db.execute("SELECT sku, at, open FROM lots ORDER BY sku").fetchall()
            db.row_factory = sqlite3.Row
            first = db.execute("SELECT sku, at FROM lots").fetchone()
            return rows, first["at"], [tuple(row) for row in db.execute("SELECT at FROM lots")]

    def by_name(path):
        db = sqlite3.connect(path, timeout=5.0, detect_types=sqlite3.PARSE_COLNAMES)
        return db.execute('SELECT grams AS "grams [lot_flag]", sku FROM lots').fetchmany(2)

    def letters(path):
        db = sqlite3.connect(path)
        db.text_factory = lambda raw: raw.decode().upper()
        return db.execute("SELECT sku, grams FROM lots ORDER BY sku").fetchall()

    def broken(path):
        db = sqlite3.connect(path, detect_types=sqlite3.PARSE_DECLTYPES)
        try:
            return db.execute("SELECT at FROM broken").fetchall()
        except ValueError as error:
            return str(error)

    def heavy(path, least):
        with sqlite3.connect(path) as db:
            db.execute("UPDATE lots SET grams = ? WHERE grams > ?", (Weight(33.37), Weight(least)))
            db.executemany("INSERT INTO lots (sku, grams) VALUES (?, ?)", [("z", Weight(1.25))])
            return db.in_transaction

    def weighed(path):
        db = sqlite3.connect(path)
        db.create_function("double", 1, lambda grams: grams * 2, deterministic=True)
        found = [row for row in db.execute("SELECT sku, double(grams) FROM lots ORDER BY sku")]
        with db:
            db.execute("UPDATE lots SET grams = double(grams) WHERE sku = 'b'")
        return found

    def means(path):
        db = sqlite3.connect(path)
        db.create_aggregate("mean", 1, Mean)
        db.create_window_function("rolling", 1, Mean)
        return (
            db.execute("SELECT kind, mean(grams) FROM lots GROUP BY kind ORDER BY kind").fetchall(),
            db.execute("SELECT rolling(grams) OVER (ORDER BY sku ROWS 1 PRECEDING) FROM lots").fetchall(),
        )

    def ordered(path):
        db = sqlite3.connect(path)
        db.create_collation("by_length", lambda left, right: (len(left) > len(right)) - (len(left) < len(right)))
        return db.execute("SELECT kind FROM lots ORDER BY kind COLLATE by_length, sku").fetchall()

    def refused(path):
        db = sqlite3.connect(path)
        db.create_function("check_it", 1, lambda grams: 1 / (grams - 70))
        try:
            db.execute("UPDATE lots SET grams = check_it(grams)")
        except sqlite3.OperationalError as error:
            return str(error)

    def many(path):
        db = sqlite3.connect(path)
        db.create_function("one", 1, lambda number: number + 1)
        numbers = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1500)"
        return db.execute(numbers + " SELECT sum(one(x)) FROM n").fetchone()
    """

CALLS = ("typed", "by_name", "letters", "broken", "weighed", "means", "ordered", "refused")


# The services never close what they open, as services do.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """What the tests register is gone after them."""
    kept: tuple[Any, ...] = (sqlite3.converters, sqlite3.adapters)
    before = [dict(known) for known in kept]
    yield
    for known, entries in zip(kept, before, strict=True):
        known.clear()
        known.update(entries)
    gc.collect()  # what is open is warned of here, and not in another test


def database(folder: Path) -> str:
    """Three lots."""
    path = str(folder / "lots.db")
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "CREATE TABLE lots (sku TEXT, kind TEXT, at lot_moment, open lot_flag, grams INTEGER);"
            "INSERT INTO lots VALUES ('a', 'tea', '2026-03-03 08:15:00', 1, 150), ('b', 'oolong', NULL, 0, 70),"
            "('c', 'tea', '2026-04-01 00:00:00', 1, 30);"
            "CREATE TABLE broken (at lot_moment); INSERT INTO broken VALUES ('never');"
        )
    return path


def recorded(folder: Path, *calls: str, **more: Any) -> Scenario:
    """A service whose functions were called; they answered as they do without a recorder."""
    plain: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    scenario = Scenario(folder, {"lots": LOTS})

    def traffic(lots: Any) -> None:
        for call in calls:
            seen[call] = getattr(lots, call)(path, **more)

    path = database(folder)
    module: dict[str, Any] = {"__name__": "plain"}
    exec(compile(textwrap.dedent(LOTS), "plain", "exec"), module)
    for call in calls:
        plain[call] = module[call](path, **more)
    Path(path).unlink()
    database(folder)
    scenario.record(traffic)
    assert seen == plain
    Path(path).unlink()
    return scenario


@pytest.mark.parametrize("call", CALLS)
def test_it_is_replayed_as_it_was_recorded(tmp_path: Path, call: str) -> None:
    """The program notices nothing, and every call is judged without the database."""
    replayed = recorded(tmp_path, call).replay()
    assert (replayed.counts, replayed.reasons) == ({"same": 1}, set())


CHANGES = [
    ("typed", "raw.decode())", "raw.decode()[:10])", "return[0][0][1]"),
    ("typed", 'raw == b"1"', 'raw != b"1"', "return[0][0][2]"),
    ("typed", ", detect_types=sqlite3.PARSE_DECLTYPES, factory=Base", "", "return[0][0][1]"),
    ("by_name", 'raw == b"1"', 'raw == b"70"', "return[1][0]"),
    ("letters", "raw.decode().upper()", "raw.decode().title() + '!'", "return[0][0]"),
    ("letters", "    db.text_factory = lambda raw: raw.decode().upper()\n", "", "return[0][0]"),
    ("broken", "raw.decode())", 'raw.decode().replace("never", "2026-01-01"))', "return"),
    ("weighed", "grams * 2,", "grams * 3,", "double() result"),
    ("weighed", "lambda grams: grams * 2", "lambda grams: grams * (2 if grams != 30 else 1)", "double() result"),
    ("means", "sum(self.seen) / len(self.seen)", "sum(self.seen) // 7", "mean() result"),
    ("means", "self.seen.remove(value)", "pass", "rolling() result"),
    ("ordered", "(len(left) > len(right)) -", "3 * (len(left) > len(right)) -", "by_length() result"),
    ("refused", "1 / (grams - 70)", "1 / (grams - 71)", "check_it()"),
]


@pytest.mark.parametrize(("call", "old", "new", "field"), CHANGES, ids=[f"{c[0]}-{c[2][:25]}" for c in CHANGES])
def test_a_change_of_it_is_told(tmp_path: Path, call: str, old: str, new: str, field: str) -> None:
    """What the program makes of a cell, or answers the database, is compared."""
    replayed = recorded(tmp_path, call).change("lots", old, new).replay()
    assert (replayed.counts, replayed.reasons) == ({"diverged": 1}, set())
    assert any(name.startswith(field) for name in replayed.fields), replayed.fields


def test_a_function_that_is_gone_is_a_missing_call(tmp_path: Path) -> None:
    """The database would not find it; what it answered is missed."""
    scenario = recorded(tmp_path, "weighed")
    line = '    db.create_function("double", 1, lambda grams: grams * 2, deterministic=True)\n'
    replayed = scenario.change("lots", line, "").replay()
    assert replayed.counts == {"diverged": 1}
    assert any(field.startswith("double(): missing call") for field in replayed.fields)


def test_what_the_database_is_sent_is_compared(tmp_path: Path) -> None:
    """An adapter is part of what is under validation: a value that it makes otherwise is told, a refactor is not."""
    scenario = recorded(tmp_path, "heavy", least=99.5)
    assert scenario.replay().counts == {"same": 1}
    assert scenario.change("lots", "round(weight.grams, 1)", "round(weight.grams * 10) / 10").replay().counts == {
        "same": 1
    }
    replayed = scenario.change("lots", "round(weight.grams * 10) / 10", "round(weight.grams)").replay()
    assert replayed.counts == {"diverged": 1}
    assert {"UPDATE lots parameters[1]", "INSERT lots parameters[0][1]"} <= set(replayed.fields)


def test_what_cannot_be_sent_fails_as_before(tmp_path: Path) -> None:
    """A value without an adapter is SQLite's to refuse, and one whose adapter fails is told so."""
    service = """
        import sqlite3

        class Odd:
            def __conform__(self, protocol):
                raise ValueError("odd")

        def send(path):
            db, seen = sqlite3.connect(path), []
            for value in (Odd(), {1}, "plain"):
                try:
                    seen.append(db.execute("SELECT ?", (value,)).fetchone())
                except Exception as error:
                    seen.append(type(error).__name__)
            return seen
        """
    seen: list[Any] = []
    scenario = Scenario(tmp_path, {"odd": service})
    scenario.record(lambda odd: seen.append(odd.send(str(tmp_path / "odd.db"))))
    assert seen == [["ValueError", "ProgrammingError", ("plain",)]]
    assert scenario.replay().counts == {"same": 1}


def test_too_many_calls_are_a_gap(tmp_path: Path) -> None:
    """A statement that calls the program on and on is not judged, and says so."""
    replayed = recorded(tmp_path, "many").replay()
    assert replayed.counts == {"not judged": 1}
    assert "more than 1000 calls of the program by one statement: one()" in replayed.reasons.pop()


def test_a_raw_cell_is_redacted_by_its_column(tmp_path: Path) -> None:
    """The secret in a column that a converter reads is in no baseline."""
    service = """
        import sqlite3

        sqlite3.register_converter("lot_text", lambda raw: raw.decode())

        def read(path):
            db = sqlite3.connect(path, detect_types=sqlite3.PARSE_DECLTYPES)
            return len(db.execute("SELECT password FROM people").fetchone()[0])
        """
    path = str(tmp_path / "people.db")
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE TABLE people (password lot_text); INSERT INTO people VALUES ('tr0ub4dor and three');")
    scenario = Scenario(tmp_path, {"people": service})
    scenario.record(lambda people: people.read(path))
    with closing(open_reader(scenario.store)) as reader:
        held = b"".join(data for _where, data in reader.contents())
    assert b"password" in held
    assert b"tr0ub4dor" not in held


def test_outside_of_traces_everything_is_the_program_s(tmp_path: Path) -> None:
    """The boundary in place, a statement that is not recorded converts in SQLite, and afterwards all is as it was."""
    path = database(tmp_path)
    sqlite3.register_converter("lot_flag", bool)
    undo = sqlite.install()
    with closing(sqlite3.connect(path, detect_types=sqlite3.PARSE_DECLTYPES)) as db:
        assert db.execute("SELECT open FROM lots").fetchall() == [(True,), (True,), (True,)]
    undo()
    assert sqlite3.converters["LOT_FLAG"] is bool
