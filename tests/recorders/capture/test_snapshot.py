"""Values that are held without pickling thaw to the tree that freezing them gives."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.capture.freeze import frozen_size
from pytest_runtime.recorders.capture.pickle_stubs import FrozenBytes
from pytest_runtime.recorders.capture.snapshot import PARTS, TEXT, hold
from pytest_runtime.recorders.capture.thaw import capture, thaw
from pytest_runtime.recorders.model.value_tree import encode

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.just(datetime.UTC))
    | st.timedeltas()
)
VALUES = st.recursive(
    LEAVES,
    lambda parts: st.lists(parts) | st.lists(parts).map(tuple) | st.dictionaries(st.text(max_size=9), parts),
    max_leaves=40,
)


@given(VALUES)
def test_it_thaws_to_the_same_tree(value: Any) -> None:
    """However a value is kept, its tree is the same."""
    held = hold(value)
    assert encode(thaw(held)) == encode(capture(value))
    assert frozen_size(held) > 0


def test_later_changes_do_not_reach_it() -> None:
    """Lists and dicts are copied, at every level."""
    value: dict[str, Any] = {"rows": [(1, "a"), (2, "b")], "more": {"deep": [1]}}
    expected = encode(capture(value))
    held = hold(value)
    value["rows"].append(3)
    value["more"]["deep"].clear()
    assert encode(thaw(held)) == expected


def test_what_never_changes_is_not_copied() -> None:
    """A statement with its values, and a row, cost no copy."""
    row = ("SELECT 1", (7, decimal.Decimal("1.5"), datetime.date(2026, 1, 2)))
    assert hold(row) is row


class Text(str):
    """A text of a class of its own."""


SHARED = (1, 2)


@pytest.mark.parametrize(
    "value",
    [
        Text("a"),
        (Text("a"),),
        [object()],
        ("x" * (TEXT + 1),),
        tuple(range(PARTS)),
        (SHARED, SHARED),
        [[1]] * 2,
        datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
    ],
)
def test_everything_else_is_frozen(value: Any) -> None:
    """Classes of others, large values, and containers that stand in two places go the long way, to the same tree."""
    held = hold(value)
    assert type(held) is FrozenBytes
    assert encode(thaw(held)) == encode(capture(value))


def test_a_list_that_holds_itself_is_frozen() -> None:
    """It ends."""
    value: list[Any] = []
    value.append(value)
    assert encode(thaw(hold(value))) == encode(capture(value))
