"""Conditions: what people write is accepted, what could run or cost anything is refused, what is missing is false."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.errors import UnknownEntry
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.inspect.condition import Condition, ConditionProblem, parse_condition
from pytest_runtime.replay.inspect.facts import Facts
from pytest_runtime.replay.inspect.questions import Asked, Scope, UnknownPath, asked
from pytest_runtime.testing import Scenario

from .asking import facts_of

SHOP = """
    import decimal, os

    class Order:
        def __init__(self, total):
            self.total = total

        def __eq__(self, other):
            raise RuntimeError("nobody compares me")

    def place(order, items, tags=None, note=""):
        if order.total > 100:
            raise ValueError(f"too much: {order.total}")
        os.environ.get("SHOP_MODE")
        return {"count": len(items), "price": decimal.Decimal("12.50"), "tags": tags}
    """


def traffic(shop: Any) -> None:
    """One order that is placed, and one that is refused."""
    shop.place(shop.Order(50), [1, 2, 3], {"a": None}, note="hello")
    with pytest.raises(ValueError, match="too much"):
        shop.place(shop.Order(500), [], note="x" * 60)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, Facts]:
    """The traces, the placed one first."""
    found = facts_of(tmp_path_factory.mktemp("asked"), {"shop": SHOP}, traffic)
    placed, refused = sorted(
        (facts for facts in found if facts.entry.endswith(":place")), key=lambda facts: "exception" in facts.tree.keys
    )
    return placed, refused


@pytest.mark.parametrize(
    "text",
    [
        "result.count == 3",
        "result.count > 2 and not result.tags.b",
        "result.price > 12 and result.price <= 12.5",
        "args.order.total < 100",
        "order.total < 100",
        'note.startswith("he")',
        'note.upper() == "HELLO"',
        'note in ["hello", "bye"]',
        '"ell" in note',
        "len(items) == 3 and items[0] == 1 and items[-1] == 3",
        'tags.get("a") is None and tags.get("z", 7) == 7',
        'outcome == "returned"',
        'took("order.total > 100 is false")',
        'ran("place") and not ran("other")',
        "1 if order.total else 0",
        "50 <= order.total <= 50",
        "order.total * 2 == 100 and order.total % 7 == 1",
        'max(1, 2) == 2 and abs(-3) == 3 and int("7") == 7',
        "not exception.type",
        'environment.SHOP_MODE is None and "SHOP_MODE" in environment',
        "true_of_nothing != 1 or True",
    ],
)
def test_what_people_write_is_true_of_the_placed_order(both: tuple[Facts, Facts], text: str) -> None:
    """And of the other it is evaluated, too."""
    placed, refused = both
    condition = parse_condition(text)
    assert condition.holds(placed)
    assert condition.holds(refused) in (True, False)


def test_an_exception_has_type_and_message(both: tuple[Facts, Facts]) -> None:
    """By the last part of its class."""
    _placed, refused = both
    assert parse_condition('exception.type == "ValueError" and "too much" in exception.message').holds(refused)


@pytest.mark.parametrize(
    "text",
    ["nothing.at.all", "nothing > 1", "nothing < 1", "nothing == 1", "nothing != 1", "nothing in [1]", "-nothing"],
)
def test_what_is_missing_is_false(both: tuple[Facts, Facts], text: str) -> None:
    """Whatever is asked of it."""
    assert not parse_condition(text).holds(both[0])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "__import__('os')",
        "open('x')",
        "order.total.__class__()",
        "[x for x in items]",
        "lambda: 1",
        "(x := 1)",
        "10 ** 10 ** 8",
        "1 << 10 ** 9",
        "f'{note}'",
        "note.format(1)",
        "len(items, key=1)",
        "not " * 500 + "x",
        "x" * 3_000,
        "(" * 500 + ")" * 500,
        "a\0",
    ],
)
def test_what_could_run_or_cost_is_refused(text: str) -> None:
    """With a sentence, before any trace is looked at."""
    with pytest.raises(ConditionProblem):
        parse_condition(text)


@pytest.mark.parametrize(
    "text", ["'x' * 10", "note / 2", "1 / 0", "order.total // 0", "order + order", "len(order)", "items[9]", "items.a"]
)
def test_an_operation_without_a_value_is_missing(both: tuple[Facts, Facts], text: str) -> None:
    """It raises nothing."""
    assert not parse_condition(f"({text}) == 1").holds(both[0])


def test_types_are_not_mixed(both: tuple[Facts, Facts]) -> None:
    """A text is no number, and objects of the service are compared by what was recorded of them."""
    assert not parse_condition("note > 5").holds(both[0])
    assert not parse_condition('result.count == "3"').holds(both[0])
    assert parse_condition("order == args.order").holds(both[0])
    assert not parse_condition("order == items").holds(both[0])


def test_a_path_that_no_trace_has_is_told_with_those_near(both: tuple[Facts, Facts]) -> None:
    """So that a misspelt condition is no answer."""
    with pytest.raises(UnknownPath, match=r"did you mean result\.count") as problem:
        Asked(both, 2).check(parse_condition("reslt.count > 2"))
    assert "result.count" in problem.value.near
    Asked(both, 2).check(parse_condition("result.count > 2"))
    with pytest.raises(UnknownPath):
        Asked(both, 2).check(parse_condition("order.totl > 2 and result.count"))


def test_a_condition_knows_what_it_decides_on() -> None:
    """A column that it compares with another one explains something; one that it compares with a constant does not."""
    condition = parse_condition('len(result.items) < exchanges["items"].rows and response.status >= 500')
    assert condition.decides_on("response.status")
    assert not condition.decides_on("exchanges['SELECT items'].rows")
    assert parse_condition('exchanges["/charges"].count > 1').decides_on("exchanges['POST h:1/charges'].count")


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Nothing else comes of it."""
    with suppress(ConditionProblem):
        assert isinstance(parse_condition(text), Condition)


def test_an_unknown_entry_is_told(tmp_path: Path) -> None:
    """By the question itself."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    with closing(open_reader(scenario.store)) as reader, pytest.raises(UnknownEntry):
        asked([("staging", reader)], Scope(entry="none"))
