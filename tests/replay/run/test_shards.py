"""The division of a run into shards: complete, disjoint, balanced, and the same for all who make it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.replay.run.shards import Shard, divide

costs = st.dictionaries(
    st.tuples(st.text(max_size=6), st.text(max_size=6)), st.floats(0, 1e6) | st.integers(0, 50), max_size=60
)
counts = st.integers(1, 12)


@given(costs, counts)
def test_each_key_is_in_one_shard(costs: dict[tuple[str, str], float], of: int) -> None:
    """The shards together hold every key, and no key is in two of them."""
    shards = divide(costs, of)
    assert shards.keys() == costs.keys()
    assert set(shards.values()) <= set(range(1, of + 1))


@given(costs, counts, st.randoms(use_true_random=False))
def test_the_order_of_the_keys_changes_nothing(
    costs: dict[tuple[str, str], float], of: int, chance: random.Random
) -> None:
    """Machines that meet the keys in another order divide them alike."""
    keys = list(costs)
    chance.shuffle(keys)
    assert divide({key: costs[key] for key in keys}, of) == divide(costs, of)


@given(costs, counts)
def test_the_shards_are_balanced(costs: dict[tuple[str, str], float], of: int) -> None:
    """No shard costs more than the mean and one key: what the list scheduling of Graham guarantees."""
    loads = dict.fromkeys(range(1, of + 1), 0.0)
    for key, index in divide(costs, of).items():
        loads[index] += costs[key]
    mean, most = sum(costs.values()) / of, max(costs.values(), default=0)
    assert max(loads.values()) <= (mean + most) * (1 + 1e-9)


@given(st.integers(0, 60), counts)
def test_keys_without_a_cost_are_spread_by_number(number: int, of: int) -> None:
    """Where nothing is known of the costs, shards differ by one key at most."""
    shards = list(divide({f"k{position}": 0.0 for position in range(number)}, of).values())
    sizes = [shards.count(index) for index in range(1, of + 1)]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("costs", "of", "expected"),
    [
        ({"a": 5.0, "b": 3.0, "c": 3.0}, 2, {"a": 1, "b": 2, "c": 2}),
        ({"a": 1.0}, 3, {"a": 1}),
        ({}, 2, {}),
    ],
)
def test_a_division(costs: dict[str, float], of: int, expected: dict[str, int]) -> None:
    """The costliest first, each where least is."""
    assert divide(costs, of) == expected


def test_a_shard_says_which_it_is() -> None:
    """Counted from one."""
    assert Shard(2, 8).describe() == "shard 2 of 8"
