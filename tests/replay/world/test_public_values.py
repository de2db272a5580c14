"""Reading objects as a caller reads them: attribute or property, and nothing that is asked meanwhile counts."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.value_tree import ListNode, ObjectNode, OpaqueNode, StandardNode, Tree
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.world import public_values as reading
from pytest_runtime.replay.world.public_values import Classes, Reader
from pytest_runtime.testing import Scenario


class _World:
    """Stands behind nothing."""

    stopped = None
    asked = ()


def read(value: Any) -> Tree:
    """What a caller can read of a value whose classes are included."""
    return Reader(Classes(lambda module: module == __name__), lambda: _World()).capture(value)  # type: ignore[arg-type,return-value]  # it is never asked


def names(value: Any) -> dict[str, str]:
    """Public name → how it was read."""
    tree = read(value)
    assert isinstance(tree, ObjectNode)
    return {name: how for name, how in zip(tree.names, tree.read, strict=True) if not name.startswith("_")}


class Vector:
    """Each of its properties gives another one."""

    unit = "cm"

    def __init__(self, x: int) -> None:
        self._x = x

    @property
    def x(self) -> int:
        """Public over private."""
        return self._x

    @property
    def twice(self) -> Vector:
        """A new one each time."""
        return Vector(2 * self._x)

    @property
    def broken(self) -> int:
        """Raises."""
        raise ValueError(f"no {self._x}")

    @property
    def rows(self) -> Any:
        """Cannot be captured."""
        return (one for one in range(self._x))


def test_properties_are_read_and_what_they_raise_is_their_value() -> None:
    """Constants of the class are marked as such; what cannot be captured is marked, not raised."""
    assert names(Vector(1)) == {"x": "p", "twice": "p", "broken": "p", "rows": "u", "unit": "c"}
    tree = read(Vector(3))
    assert isinstance(tree, ObjectNode)
    values = dict(zip(tree.names, tree.values, strict=True))
    assert values["x"] == 3
    assert values["broken"] == StandardNode("raised", ["builtins:ValueError", "no 3"])


def test_properties_without_an_end_are_read_to_a_depth() -> None:
    """A vector gives a vector gives a vector."""
    tree, depth = read(Vector(1)), 0
    while isinstance(tree, ObjectNode) and "twice" in tree.names:
        tree, depth = tree.values[tree.names.index("twice")], depth + 1
    assert depth == reading.DEPTH_LIMIT
    assert tree_differences(read([Vector(1), Vector(2)]), read([Vector(1), Vector(2)])) == []
    assert {path for path, _base, _candidate in tree_differences(read(Vector(1)), read(Vector(2)))} >= {".x", ".broken"}


class Slow:
    """Takes its time."""

    @property
    def late(self) -> int:
        """Longer than anyone waits."""
        until = time.monotonic() + 5
        while time.monotonic() < until:
            with contextlib.suppress(Exception):  # as a service may
                time.sleep(0.01)
        return 1


def test_a_property_that_takes_too_long_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs its limit, once, and is marked."""
    monkeypatch.setattr(reading, "TIME_LIMIT", 0.05)
    began = time.monotonic()
    tree = read([Slow(), Slow()])
    assert time.monotonic() - began < 3
    assert isinstance(tree, ListNode)
    for part in tree.items:
        assert isinstance(part, ObjectNode)
        assert part.read == "u"
        assert isinstance(part.values[0], OpaqueNode)


def test_many_properties_are_read_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of later objects are marked as not read, not left out."""
    monkeypatch.setattr(reading, "READ_LIMIT", 4)
    tree = read([Vector(1), Vector(1)])
    assert isinstance(tree, ListNode)
    assert [part.read for part in tree.items if isinstance(part, ObjectNode)] == ["apuppc", "auuuuc"]


# --- replays --------------------------------------------------------------------------------------------------------

MONEY = """
    class Money:
        def __init__(self, cents):
            self._c = cents

        @property
        def cents(self):
            return self._c

    def price(count):
        return Money(count * 100)
"""


def priced(folder: Path, source: str = MONEY) -> Scenario:
    """A service that was asked for a price."""
    return Scenario(folder, {"shop": source}).record(lambda shop: shop.price(3))


def test_a_property_over_private_state_is_read(tmp_path: Path) -> None:
    """Ten times the price is a divergence, where it shows; unchanged it is faithful and the same."""
    scenario = priced(tmp_path)
    assert scenario.judge(everything=True).counts == {"same": 1}
    assert scenario.replay().counts == {"same": 1}
    [sealed] = [scenario.seal().trace(name) for name in scenario.seal().traces]
    assert sealed is not None
    assert not sealed.why
    replayed = scenario.change("shop", "Money(count * 100)", "Money(count * 1000)").judge()
    assert replayed.fields == {"return.cents": ("300", "3000")}


def test_a_changed_property_selects_what_its_reader_sees(tmp_path: Path) -> None:
    """Nobody called it in the recording; its reader would."""
    replayed = priced(tmp_path).change("shop", "return self._c", "return self._c * 10").judge()
    assert replayed.fields == {"return.cents": ("300", "3000")}


def test_without_any_public_name_a_price_is_not_judged(tmp_path: Path) -> None:
    """Nobody can say whether ten times the private state is another price."""
    source = MONEY.replace("def cents", "def _cents")
    scenario = priced(tmp_path, source)
    assert scenario.judge(everything=True).counts == {"same": 1}
    replayed = scenario.change("shop", "Money(count * 100)", "Money(count * 1000)").judge()
    assert replayed.counts == {"not judged": 1}
    assert "it has no public name to read, and its private state differs" in replayed.reasons.pop()


BOX = """
    from dataclasses import dataclass
    from functools import cached_property

    class Box:
        kind = "box"

        def __init__(self, width):
            self.width = width
            self.area = width * width
            self.label = "box"

    def price(count):
        return {"box": Box(count)}
"""

AS_PROPERTY = """
    class Box:
        kind = "BOX"
        label = "box"

        def __init__(self, width):
            self.width = width
            self.extra = "new"

        @PROPERTY
        def area(self):
            return self.width ** 2

        @property
        def more(self):
            return 1
"""


@pytest.mark.parametrize("kind", ["property", "cached_property"])
def test_an_attribute_that_became_a_property_is_the_same(tmp_path: Path, kind: str) -> None:
    """So is one more public name, and an attribute that became a constant of the class; a wrong value is not."""
    scenario = priced(tmp_path, BOX)
    head = "from functools import cached_property\n"
    new = AS_PROPERTY.replace("PROPERTY", kind) + "\n    def price(count):\n        return {'box': Box(count)}\n"
    changed = head + "\n".join(line.removeprefix("    ") for line in new.splitlines())
    replayed = scenario.rewrite("shop", changed).judge(everything=True)
    assert replayed.counts == {"same": 1}
    assert replayed.reasons == {"new public names, which only the candidate has: Box.extra, Box.more"}
    wrong = scenario.rewrite("shop", changed.replace("** 2", "** 3")).judge(everything=True)
    assert wrong.fields == {"return.box.area": ("9", "27")}
    gone = scenario.rewrite("shop", changed.replace("self.width ** 2", "self.width ** 2 if cls else 0"))
    assert gone.judge(everything=True).fields == {
        "return.box.area": ("9", "raised('builtins:NameError', \"name 'cls' is not defined\")")
    }


DATA = """
    from dataclasses import dataclass

    @dataclass
    class Line:
        name: str
        price: int

        @property
        def total(self):
            return self.price * 2

    def price(count):
        return Line("pen", count)
"""


def test_of_plain_data_every_field_counts(tmp_path: Path) -> None:
    """A field more is another value; a property more is not."""
    scenario = priced(tmp_path, DATA)
    assert scenario.judge(everything=True).counts == {"same": 1}
    more = scenario.change("shop", "    price: int", "    price: int\n    vat: int = 19")
    assert more.judge().fields == {"return.vat": ("(absent)", "19")}
    scenario.change("shop", "    vat: int = 19\n", "").change(
        "shop", "    @property", "    @property\n    def other(self):\n        return 1\n\n    @property"
    )
    assert scenario.judge(everything=True).counts == {"same": 1}


ASKING = """
    import os, random, sqlite3, time

    class Report:
        def __init__(self, name):
            self.name = name

        @property
        def rows(self):
            with sqlite3.connect("shop.db") as connection:
                return connection.execute("SELECT 1").fetchall()

        @property
        def saved(self):
            with open("report.txt", "w") as file:
                file.write(self.name)

        @property
        def made(self):
            return time.time()

        @property
        def number(self):
            return random.random()

    def price(count):
        return Report(f"r{count} {time.time() > 0}")
"""


def test_what_is_asked_while_reading_is_no_part_of_the_trace(tmp_path: Path) -> None:
    """Exchanges and files are refused there and cost nothing; the clock stands, chance is drawn from a seed."""
    scenario = priced(tmp_path, ASKING)
    replayed = scenario.judge(everything=True)
    assert replayed.counts == {"same": 1}
    assert not (tmp_path / "report.txt").exists()
    [sealed] = [scenario.seal().trace(name) for name in scenario.seal().traces]
    assert sealed is not None
    assert sealed.observation is not None
    assert sealed.observation.outbound == []
    value = sealed.observation.value
    assert isinstance(value, ObjectNode)
    assert dict(zip(value.names, value.read, strict=True)) == {
        **{"name": "a", "made": "p", "number": "p"},
        **{"rows": "u", "saved": "u"},
    }
    replayed = scenario.change("shop", 'f"r{count} ', 'f"x{count} ').judge()
    assert set(replayed.fields) == {"return.name"}


def test_exploring_reads_too(tmp_path: Path) -> None:
    """A price that is wrong for other counts is found, although it is private."""

    def traffic(shop: Any) -> None:
        for count in (1, 2, 5, 9):
            shop.price(count)

    scenario = Scenario(tmp_path, {"shop": MONEY}).record(traffic)
    scenario.change("shop", "Money(count * 100)", "Money(count * 100 if count != 7 else 0)")
    [explored] = scenario.explore().values()
    assert [one.near for one in explored.findings] == [True]


def test_the_names_of_a_named_tuples_fields_are_read(tmp_path: Path) -> None:
    """One that is renamed is gone for its callers; a new one at the end is a new value."""
    source = """
        from typing import NamedTuple

        class Point(NamedTuple):
            x: int
            y: int

        def made(number):
            return Point(number, number + 1)
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.made(1))
    assert scenario.judge(everything=True).counts == {"same": 1}
    assert scenario.change("shop", "    x: int", "    left: int").judge().counts == {"diverged": 1}
