"""Retention: a baseline is bounded by behaviours; counts stay exact and every path keeps its first trace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.retention import Reservoir
from pytest_runtime.recorders.sampling import BURST, NOVEL_LIMIT, Sampler
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.recorders.value_tree import field

from .scenario import Scenario

SHOP = """
    def handle(number):
        if number % 100 == 0:
            return "rare"
        if number % 2:
            return ["odd", number]
        return ["even", number]
    """


@given(st.integers(1, 8), st.lists(st.text(max_size=2), max_size=60))
def test_a_reservoir_never_overflows(capacity: int, names: list[str]) -> None:
    """It counts every trace, keeps at most its capacity, each trace once, and always the first while there is room."""
    reservoir = Reservoir(capacity)
    kept: dict[int, str] = {}
    for count, name in enumerate(names, 1):
        room = len(kept) < capacity
        slot = reservoir.offer()
        assert reservoir.count == count
        assert not room or slot is not None
        if slot is not None:
            assert 0 <= slot < capacity
            was_there = name in kept.values()
            assert reservoir.put(slot, name) is not was_there
            if not was_there:
                kept[slot] = name
    assert len(kept) <= capacity
    assert len(set(kept.values())) == len(kept)
    assert not names or len(kept) >= 1


def test_a_reservoir_is_uniform() -> None:
    """Early and late traces have the same chance to stay."""
    stayed: Counter[int] = Counter()
    for seed in range(400):
        reservoir = Reservoir(5, count=0)
        reservoir._random.seed(seed)
        kept: dict[int, int] = {}
        for number in range(100):
            slot = reservoir.offer()
            if slot is not None and reservoir.put(slot, str(number)):
                kept[slot] = number
        stayed.update(number // 20 for number in kept.values())
    assert sum(stayed.values()) == 2000
    assert all(320 <= stayed[part] <= 480 for part in range(5))


def test_a_reservoir_goes_on() -> None:
    """One that is opened again counts on from where it was and fills the gaps first."""
    reservoir = Reservoir(3, count=10, kept={0: "a", 2: "b"})
    assert reservoir.offer() == 1
    assert not reservoir.put(1, "a")
    assert reservoir.put(1, "c")
    assert reservoir.count == 11


def test_a_baseline_is_bounded_by_behaviours(tmp_path: Path) -> None:
    """300 traces on 3 paths: 5 exemplars a path at most, every path present, and exact counts."""

    def traffic(shop: Any) -> None:
        for number in range(300):
            shop.handle(number)

    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=5).record(traffic)
    reader = open_reader(scenario.store)
    classes = list(reader.classes())
    reader.close()
    assert sorted(one.count for one in classes) == [3, 147, 150]
    assert sorted(len(one.kept) for one in classes) == [3, 5, 5]
    assert len(scenario.traces()) == 13


def test_equal_traces_are_kept_once_each_time_they_differ(tmp_path: Path) -> None:
    """Different inputs on one path are different exemplars."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=50)
    traces = scenario.record(lambda shop: [shop.handle(number) for number in range(1, 20, 2)]).traces()
    inputs = {str(field(trace.input, "arguments")) for trace in traces}
    assert len(inputs) == 10


def test_the_first_of_a_class_stays_across_recordings(tmp_path: Path) -> None:
    """With room for one, a path that was seen before still has one, and a new path has its own."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=1)
    scenario.record(lambda shop: shop.handle(1))
    scenario.record(lambda shop: [shop.handle(number) for number in range(1, 60)])
    reader = open_reader(scenario.store)
    counts = sorted((one.count, len(one.kept)) for one in reader.classes())
    reader.close()
    assert counts == [(29, 1), (31, 1)]


def test_new_entries_are_always_recorded() -> None:
    """Novelty first: an entry that was never seen is let through whatever the rate, once."""
    sampler = Sampler(0.0)
    assert [sampler.admit("a"), sampler.admit("a"), sampler.admit("b"), sampler.admit("b")] == [
        True,
        False,
        True,
        False,
    ]


def test_the_rate_is_kept() -> None:
    """A burst of ten seconds' worth is let through, and then the rate."""
    sampler = Sampler(2.0)
    admitted = sum(sampler.admit("a") for _ in range(1000))
    assert 1 + 2 * BURST <= admitted <= 3 + 2 * BURST
    assert all(Sampler(None).admit("a") for _ in range(100))


def test_names_without_end_are_not_remembered() -> None:
    """A service with ids in its entry names does not fill the memory, and is not let through without end."""
    sampler = Sampler(0.0)
    admitted = sum(sampler.admit(f"GET /{number}") for number in range(NOVEL_LIMIT + 500))
    assert admitted == NOVEL_LIMIT
