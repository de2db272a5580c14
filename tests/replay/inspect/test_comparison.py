"""Rates that moved, and shapes that changed: pure functions of counts and shapes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.shapes import Shape
from pytest_runtime.replay.inspect.comparison import has_moved
from pytest_runtime.replay.inspect.shape_changes import shape_changes


@pytest.mark.parametrize(
    ("was", "before", "now", "after", "moved"),
    [
        (50, 100, 50, 100, False),
        (50, 100, 60, 100, False),  # chance does that
        (50, 100, 90, 100, True),
        (500, 1_000, 600, 1_000, True),
        (500_000, 1_000_000, 505_000, 1_000_000, False),  # certain, and of no interest
        (0, 0, 5, 10, False),
        (1, 1, 0, 1, False),
        (-5, 3, 8, 2, True),  # counts of a damaged baseline
        (1, -3, 1, 2, False),
    ],
)
def test_a_rate_moved_where_chance_does_not_explain_it(
    was: int, before: int, now: int, after: int, moved: bool
) -> None:
    """And where it is a hundredth or more."""
    assert has_moved(was, before, now, after) is moved
    assert has_moved(now, after, was, before) is moved


def shape_of(*values: object) -> Shape:
    """The shape of some values."""
    shape = Shape()
    for value in values:
        shape.observe(capture(value))
    return shape


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_a_shape_has_not_changed_from_itself(values: list[object]) -> None:
    """Whatever it is of, and in whatever order it was observed."""
    assert list(shape_changes("input", shape_of(*values), shape_of(*reversed(values)))) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ([1], [1, None], {"$: None is new"}),
        ([1, "a"], [1], {"$: str is gone"}),
        ([{"a": 1}], [{"a": 1, "b": 2}], {"$.b: is new"}),
        ([{"a": 1, "b": 2}], [{"a": 1}], {"$.b: is gone"}),
        ([{"a": 1, "b": 2}], [{"a": 1}, {"a": 1, "b": 2}], {"$.b: is not always there any more"}),
        ([{"a": 1}, {}], [{"a": 1}], {"$.a: is always there now"}),
        (
            [{"items": [{"price": 1}]}],
            [{"items": [{"price": 1.5}]}],
            {"$.items[*].price: float is new", "$.items[*].price: int is gone"},
        ),
        ([1, 5], [9], set()),  # ranges widen with every trace
    ],
)
def test_a_change_of_a_shape_is_named_with_its_place(before: list[object], after: list[object], said: set[str]) -> None:
    """In words."""
    changes = shape_changes("outcome", shape_of(*before), shape_of(*after))
    assert {f"{change.place}: {change.change}" for change in changes} == said
