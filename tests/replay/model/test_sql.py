"""SQL as it is compared: what it says, not how it is written."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.boundaries.canonical_sql import canonical, with_own_columns
from pytest_runtime.recorders.boundaries.sql import effect_of
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import Tree
from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.model.outbound_requests import canonical_key, described
from pytest_runtime.testing import Scenario

EXECUTE = Operation("sqlite3", "execute", "sqlite3:x", "write")
MANY = Operation("sqlite3", "executemany", "sqlite3:x", "write")


def key(sql: str, *values: Any, operation: Operation = EXECUTE) -> bytes:
    """Equal for statements that say the same."""
    return canonical_key(operation, capture((sql, *values)))


def shown(sql: str, *values: Any) -> Tree:
    """The fields that are compared."""
    return described(EXECUTE, capture((sql, *values)))


ONE = "UPDATE orders SET total = ? WHERE id = ?"
STYLES: dict[str, tuple[str, Any]] = {
    "qmark": (ONE, (5, 1)),
    "a list": (ONE, [5, 1]),
    "numbered qmark": ("UPDATE orders SET total = ?2 WHERE id = ?1", (1, 5)),
    "numeric": ("UPDATE orders SET total = :2 WHERE id = :1", (1, 5)),
    "named": ("UPDATE orders SET total = :new WHERE id = :id", {"id": 1, "new": 5, "more": 0}),
    "at": ("UPDATE orders SET total = @new WHERE id = @id", {"id": 1, "new": 5}),
    "format": ("UPDATE orders SET total = %s WHERE id = %s", (5, 1)),
    "pyformat": ("UPDATE orders SET total = %(new)s WHERE id = %(id)s", {"id": 1, "new": 5}),
    "dollar": ("UPDATE orders SET total = $2 WHERE id = $1", (1, 5)),
    "letters": ("update ORDERS set Total=? where ID=?", (5, 1)),
    "an alias": ("UPDATE orders AS o SET total = :new WHERE o.id = :id", {"id": 1, "new": 5}),
    "a qualifier": ("UPDATE orders SET total = ? WHERE orders.id = ? -- one", (5, 1)),
}


@pytest.mark.parametrize("style", STYLES)
def test_the_style_of_placeholders_means_nothing(style: str) -> None:
    """The same values at the same places, however they are given; other places differ."""
    sql, values = STYLES[style]
    assert key(sql, values) == key(ONE, (5, 1))
    assert key(sql, values) != key(ONE, (1, 5))
    assert shown(sql, values) == shown(ONE, (5, 1))


def test_a_value_in_two_places_is_two_values() -> None:
    """One name may stand twice."""
    assert key("SELECT a FROM t WHERE b = :x OR c = :x", {"x": 1}) == key(
        "SELECT a FROM t WHERE b = ? OR c = ?", (1, 1)
    )
    assert key("SELECT a FROM t WHERE b = :x OR c = :x", (1,)) == key("SELECT a FROM t WHERE b = ? OR c = ?", (1, 1))


def test_many_rows_are_placed_one_by_one() -> None:
    """Sequences and mappings alike."""
    rows = [{"b": 2, "a": 1}, {"a": 3, "b": 4}]
    named = key("INSERT INTO t (a, b) VALUES (:a, :b)", rows, operation=MANY)
    assert named == key("INSERT INTO t (a, b) VALUES (?, ?)", [(1, 2), (3, 4)], operation=MANY)
    assert named != key("INSERT INTO t (a, b) VALUES (?, ?)", [(1, 2), (4, 3)], operation=MANY)


def test_what_only_looks_like_a_placeholder_stays() -> None:
    """In texts, names, comments, casts; a rest of a division; a percent sign that is written twice."""
    for sql in (
        "SELECT '?' || ':a' FROM t WHERE b = ?",
        'SELECT "a?" FROM t WHERE b = ? -- ?',
        "SELECT a %size FROM t WHERE b = ?",
    ):
        assert canonical(sql, bound=True).slots == (0,)
    assert canonical("SELECT a::int, $$ ? $$ FROM t WHERE b = :b", bound=True).slots == ("b",)
    assert "%%" not in canonical("SELECT a FROM t WHERE b LIKE 'x%%' AND a %% 2 = %s", bound=True).text.replace(
        "'x%%'", ""
    )


SAME = [
    ("SELECT o.id FROM orders AS o WHERE o.total > 1", "SELECT id FROM orders WHERE total > 1"),
    ("SELECT id AS number FROM orders ORDER BY number", "SELECT id FROM orders ORDER BY id"),
    (
        "SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer",
        "SELECT orders.id, customers.name FROM orders JOIN customers ON customers.id = orders.customer",
    ),
    ("SELECT a.id FROM t a JOIN t b ON a.id = b.up", "SELECT x.id FROM t x JOIN t y ON x.id = y.up"),
]
DIFFERENT = [
    ("SELECT o.id FROM orders o", "SELECT o.total FROM orders o"),
    ("SELECT a.id FROM t a JOIN t b ON a.id = b.up", "SELECT b.id FROM t a JOIN t b ON a.id = b.up"),
    ("SELECT x.t FROM (SELECT a AS t, b AS u FROM o) x", "SELECT x.t FROM (SELECT b AS t, a AS u FROM o) x"),
    (
        "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE i.o = o.id)",
        "SELECT id FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE i.o = i.id)",
    ),
    ("SELECT id FROM orders ORDER BY id", "SELECT id FROM orders ORDER BY total"),
    ("SELECT 'A' FROM t", "SELECT 'a' FROM t"),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_names_that_a_statement_gives_mean_nothing(left: str, right: str) -> None:
    """Of tables and of columns of the result."""
    assert key(left) == key(right)


@pytest.mark.parametrize(("left", "right"), DIFFERENT)
def test_statements_that_say_something_else_differ(left: str, right: str) -> None:
    """Another column, another side of a join, another order."""
    assert key(left) != key(right)


WORDS = st.lists(
    st.sampled_from(["SELECT", "a", "t", "FROM", "WHERE", "?", ":x", "%s", "=", ",", "AS", "'?'", "(", ")", "1", "u."]),
    max_size=12,
)


@pytest.mark.parametrize("sql", ["FROM a ?", "SELECT x FROM t ?"])
def test_no_placeholder_is_lost(sql: str) -> None:
    """Where none can stand, what parsing makes of it has fewer: then the statement is compared as it is written."""
    once = canonical(sql, bound=True)
    assert once.text.count("?") == len(once.slots) == 1
    assert once != canonical(sql.replace("?", ""), bound=True)


@settings(max_examples=200, deadline=None)
@given(st.one_of(WORDS.map(" ".join), st.sampled_from([one for pair in (*SAME, *DIFFERENT) for one in pair])))
def test_canonical_form_is_canonical(sql: str) -> None:
    """What is in canonical form stays as it is; with as many placeholders."""
    once = canonical(sql, bound=True)
    again = canonical(once.text, bound=True)
    assert again.text == once.text
    assert len(again.slots) == len(once.slots)


@pytest.mark.parametrize(
    ("sql", "effect"),
    [
        ("PRAGMA read_uncommitted", "session"),
        ("pragma main.foreign_keys = ON", "session"),
        ("PRAGMA journal_mode(WAL);", "session"),
        ("PRAGMA table_info(orders)", "read"),
        ("PRAGMA main.index_list('orders')", "read"),
        ("PRAGMA user_version", "read"),
        ("PRAGMA user_version = 5", "write"),
        ("SET NAMES utf8", "session"),
        ("RESET ALL", "session"),
        ("LISTEN news", "session"),
        (";", "session"),
        ("SELECT 1", "read"),
        ("UPDATE t SET a = 1", "write"),
    ],
)
def test_settings_of_a_session_are_no_reads(sql: str, effect: str) -> None:
    """What tells of the schema is one, what stays in the file is a write."""
    assert effect_of(sql) == effect


def test_columns_are_called_as_the_statement_calls_them() -> None:
    """Whoever reads by name reads the column that was asked for."""
    recorded = "SELECT id, total AS t, count(*) FROM o"
    assert with_own_columns("SELECT id, total AS sum, count(*) FROM o", recorded, ["id", "t", "count(*)"]) == [
        "id",
        "sum",
        "count(*)",
    ]
    assert with_own_columns("SELECT * FROM o", "SELECT * FROM o", ["id", "t"]) == ["id", "t"]


LEDGER = """
    import sqlite3

    def change(path, number, total):
        connection = sqlite3.connect(path)
        connection.execute("UPDATE orders SET total = ? WHERE id = ?", (total, number))
        connection.commit()
        connection.row_factory = sqlite3.Row
        rows = connection.execute("SELECT id, total AS sum FROM orders WHERE total > ?", (1,)).fetchall()
        connection.close()
        return [row["sum"] for row in rows]
    """


@pytest.fixture
def ledger(tmp_path: Path) -> Scenario:
    """A recorded service over a database that is gone."""
    path = str(tmp_path / "orders.db")
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE orders (id, total); INSERT INTO orders VALUES (1, 20), (2, 30);")
    connection.close()
    (tmp_path / "service").mkdir()
    scenario = Scenario(tmp_path / "service", {"ledger": LEDGER}).record(lambda module: module.change(path, 1, 5))
    Path(path).unlink()
    return scenario


def test_named_parameters_and_other_names_are_no_difference(ledger: Scenario) -> None:
    """A move to named parameters, with an alias and another name of a column that is read by it."""
    ledger.change("ledger", "total = ? WHERE id = ?", "total = :total WHERE id = :id")
    ledger.change("ledger", "(total, number)", '{"id": number, "total": total}')
    ledger.change("ledger", "SELECT id, total AS sum FROM orders", "select o.id, o.total as t from orders o")
    ledger.change("ledger", 'row["sum"]', 'row["t"]')
    replayed = ledger.judge()
    assert (replayed.fields, replayed.counts) == ({}, {"same": 1})
    replayed = ledger.change("ledger", '"total": total}', '"total": total + 1}').judge()
    assert list(replayed.fields) == ["UPDATE orders parameters.total"]


def test_a_pragma_is_said_to_nobody(ledger: Scenario) -> None:
    """One more when connecting is no difference, and is answered; one that is kept in the file is reported."""
    ledger.change(
        "ledger",
        "sqlite3.connect(path)\n",
        'sqlite3.connect(path)\n    assert connection.execute("PRAGMA read_uncommitted").fetchone() == (0,)\n',
    )
    assert ledger.judge().counts == {"same": 1}
    replayed = ledger.change(
        "ledger", 'execute("PRAGMA read_uncommitted").fetchone() == (0,)', 'execute("PRAGMA user_version = 5")'
    ).judge()
    assert replayed.counts == {"diverged": 1}
