"""Check of a baseline: what is whole is called whole, and what was changed is named."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.errors import NewerFormat, UnknownBaseline
from pytest_runtime.recorders.store.open import damage_of, open_reader
from pytest_runtime.testing import Scenario

SHOP = """
    class Cart:
        def __init__(self):
            self.lines = []

    def make():
        return Cart()

    def add(cart, price):
        cart.lines.append(price)
        if price > 100:
            return "dear"
        return len(cart.lines)
    """


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A baseline with producers, two paths and a session."""

    def traffic(shop: Any) -> None:
        cart = shop.make()
        for price in (1, 2, 300):
            shop.add(cart, price)

    return Path(Scenario(tmp_path_factory.mktemp("shop"), {"shop": SHOP}).record(traffic).store)


@pytest.fixture
def baseline(whole: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copy(whole, tmp_path / "staging.baseline"))


def test_a_recorded_baseline_is_whole(whole: Path) -> None:
    """It has producers, so that there is something to look for."""
    with closing(open_reader(str(whole))) as reader:
        assert any(stored.producers for stored in reader.traces())
    assert damage_of(str(whole)) == []


def test_a_baseline_of_an_older_version_is_whole() -> None:
    """What a format lacks is no damage."""
    assert damage_of(str(Path(__file__).with_name("data") / "format_2.baseline")) == []


@pytest.mark.parametrize(
    ("statement", "where", "problem"),
    [
        ("UPDATE trace SET digest = x'00' WHERE slot = 0", "trace ", "its digest does not match"),
        ("UPDATE trace SET data = x'78' WHERE slot = 0", "trace ", "it is corrupt"),
        ("UPDATE trace SET revision = 9", "trace ", "its session 9 is missing"),
        ("UPDATE trace SET path = 'x' || path", "trace ", "its path class is missing"),
        ("DELETE FROM path_class", "trace ", "its path class is missing"),
        ("UPDATE path_class SET path = 'x' || path", "path x", "its arms are not those that its digest names"),
        ("UPDATE path_class SET count = 0", "path ", "are kept of 0"),
        ("UPDATE path_class SET data = x'00'", "path classes", "cannot be read"),
        ("UPDATE shape SET data = x'00'", "shapes", "cannot be read"),
        ("UPDATE text SET digest = 'ff'", "source text ff", "its digest does not match"),
        ("DELETE FROM text", "module ", "its text is missing"),
        ("UPDATE producer SET id = 'x' || id", "producer x", "its digest does not match"),
        ("DELETE FROM producer", "producer ", "it is missing, and a trace of"),
        ("DELETE FROM made", "trace ", "its producer"),
        ("UPDATE entry SET data = x'00'", "the file", "cannot be read"),
        ("UPDATE revision SET recorded = 'soon'", "sessions", "no moment"),
        ("UPDATE counter SET value = 'many'", "counters", "text where a whole number belongs"),
    ],
)
def test_what_was_changed_is_named(baseline: Path, statement: str, where: str, problem: str) -> None:
    """Where it stands, and what is wrong with it."""
    connection = sqlite3.connect(baseline)
    with connection:
        connection.execute("INSERT OR IGNORE INTO counter VALUES ('dropped', 1)")
        connection.execute(statement)
    connection.close()
    found = damage_of(str(baseline))
    assert any(damage.where.startswith(where) and problem in damage.problem for damage in found), found


def test_a_file_that_was_cut_off_is_damaged(baseline: Path) -> None:
    """Wherever it ends."""
    content = baseline.read_bytes()
    for part in (0.1, 0.5, 0.9):
        baseline.write_bytes(content[: int(len(content) * part)])
        assert damage_of(str(baseline)), part


def test_whatever_byte_changes_it_is_found_or_harmless(baseline: Path) -> None:
    """No changed file is called whole that does not hold the traces that were recorded."""

    def traces(path: Path) -> list[tuple[str, bytes]]:
        with closing(open_reader(str(path))) as reader:
            return [(stored.id, stored.data) for stored in reader.traces()]

    content, expected = baseline.read_bytes(), traces(baseline)
    used = [place for place in range(100, len(content)) if content[place]]
    choose = random.Random(7)
    noticed = 0
    for _ in range(120):
        place = choose.choice(used)
        changed = bytearray(content)
        changed[place] ^= 1 << choose.randrange(8)
        baseline.write_bytes(changed)
        try:
            found = damage_of(str(baseline))
        except NewerFormat:
            continue
        if found:
            noticed += 1
        else:
            assert [data for _name, data in traces(baseline)] == [data for _name, data in expected], place
    assert noticed > 60


def test_what_is_no_baseline_is_damage_and_what_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Of a newer version nothing can be said."""
    other = tmp_path / "other.baseline"
    other.write_text("hello " * 500)
    (damage,) = damage_of(str(other))
    assert damage.where == "the file"
    with pytest.raises(UnknownBaseline):
        damage_of(str(tmp_path / "none.baseline"))


def test_a_newer_format_is_an_error(baseline: Path) -> None:
    """It names both."""
    connection = sqlite3.connect(baseline)
    connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(NewerFormat, match="has format 99; this version reads up to"):
        damage_of(str(baseline))
