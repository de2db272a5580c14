"""State that outlives calls: what a trace finds in modules and classes is kept with it, and who left it there."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Trace, decode_trace
from pytest_runtime.recorders.model.value_tree import DictNode, ListNode, ObjectNode, OpaqueNode
from pytest_runtime.recorders.session.module_state import CHAIN_LIMIT, QUIET
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

SHOP = """
    ITEMS = {}
    TABLE = {number: str(number) for number in range(50)}
    rate = 1

    class Basket:
        count = 0

        def __init__(self):
            self.lines = []

        def add(self, line):
            Basket.count += 1
            self.lines.append(line)

    BASKET = Basket()

    def put(key, value):
        ITEMS[key] = value

    def get(key):
        return ITEMS.get(key)

    def set_rate(new):
        global rate
        rate = new

    def price(amount):
        return amount * rate

    def look(number):
        return TABLE[number]

    def lines():
        return list(BASKET.lines), Basket.count

    def fill(line):
        BASKET.add(line)

    def passes(number):
        return number
    """


def recorded(folder: Path, traffic: Any, source: str = SHOP, **options: Any) -> list[Trace]:
    """The traces of a module under traffic, in order."""
    scenario = Scenario(folder, {"shop": source}, **options).record(traffic)
    return sorted(scenario.traces(), key=lambda trace: trace.started)


def state(trace: Trace) -> dict[str, Any]:
    """What a trace found, by name without its module."""
    return {read.place.partition(":")[2]: read.value for read in trace.state}


def last(folder: Path, traffic: Any, source: str = SHOP, **options: Any) -> Trace:
    """The last trace."""
    return recorded(folder, traffic, source, **options)[-1]


def test_what_the_import_left_is_not_kept(tmp_path: Path) -> None:
    """A table of constants costs a trace nothing."""

    def traffic(shop: Any) -> None:
        shop.look(3)
        shop.get("a")
        shop.price(2)

    assert [trace.state for trace in recorded(tmp_path, traffic)] == [[], [], []]


def test_a_store_in_memory_is_kept_with_who_filled_it(tmp_path: Path) -> None:
    """As it was before the trace, which may change it itself."""

    def traffic(shop: Any) -> None:
        shop.put("a", 1)
        shop.put("b", 2)
        shop.get("a")

    first, second, third = recorded(tmp_path, traffic)
    assert first.state == []
    assert state(second) == {"ITEMS": DictNode(["a"], [1])}
    assert state(third) == {"ITEMS": DictNode(["a", "b"], [1, 2])}
    assert (third.state[0].makers, third.state[0].whole) == ([0, 1], True)
    assert len(third.producers) == 2


def test_a_name_that_is_bound_anew_an_attribute_of_a_class_and_an_instance_are_state(tmp_path: Path) -> None:
    """Whatever may be left behind for the next call."""

    def traffic(shop: Any) -> None:
        shop.set_rate(3)
        shop.fill("x")
        shop.price(2)
        shop.lines()

    *_, price, lines = recorded(tmp_path, traffic)
    assert state(price) == {"rate": 3}
    found = state(lines)
    assert found["Basket.count"] == 1
    basket = found["BASKET"]
    assert isinstance(basket, ObjectNode)
    assert basket.values == [ListNode(["x"])]


def test_only_what_the_code_of_a_trace_can_reach_is_kept(tmp_path: Path) -> None:
    """By the names in it."""

    def traffic(shop: Any) -> None:
        shop.put("a", 1)
        shop.passes(1)

    assert last(tmp_path, traffic).state == []


def test_what_nobody_is_known_to_have_changed_has_no_makers(tmp_path: Path) -> None:
    """The next call that changes it is one again, from what was recorded before it."""

    def traffic(shop: Any) -> None:
        shop.put("a", 1)
        shop.ITEMS["b"] = 2
        shop.get("a")
        shop.put("c", 3)
        shop.get("a")

    _, unknown, _, known = recorded(tmp_path, traffic)
    assert (state(unknown)["ITEMS"], unknown.state[0].makers) == (DictNode(["a", "b"], [1, 2]), [])
    assert (unknown.state[0].whole, known.state[0].whole) == (False, False)
    assert [len(known.state[0].makers), len(known.producers)] == [1, 1]


def test_a_long_chain_is_known_by_its_last_link(tmp_path: Path) -> None:
    """A store that a thousand calls filled is put back, and the last of these replayed."""

    def traffic(shop: Any) -> None:
        for number in range(CHAIN_LIMIT + 3):
            shop.put(number, number)
        shop.get(0)

    trace = last(tmp_path, traffic)
    assert len(trace.state[0].makers) == len(trace.producers) <= CHAIN_LIMIT
    assert not trace.state[0].whole


def test_what_was_quiet_for_long_is_still_seen_to_change(tmp_path: Path) -> None:
    """A look from outside sees that an item is there."""

    def traffic(shop: Any) -> None:
        for _ in range(2 * QUIET):
            shop.get("a")
        shop.put("a", 1)
        shop.get("a")

    assert state(last(tmp_path, traffic, exemplars=50)) == {"ITEMS": DictNode(["a"], [1])}


def test_what_its_makers_ran_is_known(tmp_path: Path) -> None:
    """A change of it concerns the traces that come after."""

    def traffic(shop: Any) -> None:
        shop.put("a", 1)
        time.sleep(0.3)  # by now it is stored
        shop.get("a")

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    with closing(open_reader(scenario.store)) as reader:
        [maker] = [data for stored in reader.traces() for data in stored.producers.values()]
    assert [scenario.plain(name) for name in decode_trace(maker).functions] == ["shop:put"]


def test_what_is_too_large_is_a_mark(tmp_path: Path) -> None:
    """With its size."""

    def traffic(shop: Any) -> None:
        shop.ITEMS.update((number, f"{number:100}") for number in range(20_000))
        shop.get(3)

    found = state(last(tmp_path, traffic))["ITEMS"]
    assert isinstance(found, OpaqueNode)
    assert found.extent is not None
    assert found.extent.length == 20_000


def test_a_long_text_is_a_mark_too(tmp_path: Path) -> None:
    """Of each type that is frozen as it is."""

    def traffic(shop: Any) -> None:
        shop.set_rate("x" * 1_000_000)
        shop.price(1)

    found = state(last(tmp_path, traffic))["rate"]
    assert isinstance(found, OpaqueNode)
    assert found.extent is not None
    assert found.extent.length == 1_000_000


def test_secrets_in_state_are_not_written(tmp_path: Path) -> None:
    """By the names in it, as everywhere."""
    source = """
        settings = {}

        def configure(password):
            settings["password"] = password

        def length():
            return len(settings["password"])
        """

    def traffic(shop: Any) -> None:
        shop.configure("PLANTED-hunter2-PLANTED")
        shop.length()

    assert last(tmp_path, traffic, source).state
    assert not any(b"PLANTED" in file.read_bytes() for file in tmp_path.glob("*.baseline*"))


def test_no_code_of_the_service_runs_for_it(tmp_path: Path) -> None:
    """Neither a property of a class nor a method of an object that a module holds."""
    source = """
        class Meta(type):
            def __getattribute__(cls, name):
                if not name.startswith("__"):
                    raise SystemError(name)
                return super().__getattribute__(name)

        class Loud(metaclass=Meta):
            kept = []

            def __eq__(self, other):
                raise SystemError("compared")

            def __hash__(self):
                raise SystemError("hashed")

            @property
            def kept_too(self):
                raise SystemError("read")

        HELD = Loud()

        def use(one):
            HELD
            Loud
            try:
                one.kept
                one.kept_too
            except (AttributeError, SystemError):
                return "refused"
        """
    assert last(tmp_path, lambda shop: shop.use(1), source).outcome.value == "refused"


@pytest.mark.parametrize("kind", ["a method", "a class method", "a nested class"])
def test_attributes_of_the_own_class_are_reached_through_self_and_cls(tmp_path: Path, kind: str) -> None:
    """A registry, a counter, a default instance."""
    source = """
        class Outer:
            seen = []

            def note(self, one):
                self.seen.append(one)

            @classmethod
            def noted(cls):
                return len(cls.seen)

            class Inner:
                known = []

                def note(self, one):
                    self.known.append(one)
        """

    def traffic(shop: Any) -> None:
        if kind == "a nested class":
            shop.Outer.Inner().note(1)
            shop.Outer.Inner().note(2)
            return
        shop.Outer().note(1)
        if kind == "a method":
            shop.Outer().note(2)
        else:
            shop.Outer.noted()

    wanted = "Outer.Inner.known" if kind == "a nested class" else "Outer.seen"
    assert state(last(tmp_path, traffic, source)) == {wanted: ListNode([1])}
