"""Bounded capture: what a hit keeps of a value, at a cost that does not grow with it, and without running its code."""

from __future__ import annotations

import io
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model.value_tree import Tree, encode
from pytest_runtime.recorders.probes.bounded import NODES, Bounded
from pytest_runtime.recorders.probes.render import render, shorten

from .hostile import RUNS, hostile_class, instance_of
from .test_expressions import BASES


class Holder:
    """Holds something."""

    def __init__(self, held: Any) -> None:
        self.held = held


class Text(str):
    """A text of a class of its own."""


LARGE: dict[str, Callable[[], Any]] = {
    "text": lambda: "x" * 50_000_000,
    "text of a class": lambda: Text("x" * 50_000_000),
    "bytes": lambda: b"x" * 50_000_000,
    "bytearray": lambda: bytearray(b"x" * 50_000_000),
    "dict": lambda: dict.fromkeys(range(10**6)),
    "ordered": lambda: OrderedDict.fromkeys(range(10**6)),
    "list": lambda: list(range(10**6)),
    "set": lambda: set(range(10**6)),
    "deque": lambda: deque(range(10**6)),
    "number": lambda: 10**500_000,
    "stream": lambda: io.StringIO("x" * 10**7),
    "held": lambda: Holder(["x" * 10**7] * 1000),
    "deep": lambda: _deep(5_000),
    "wide": lambda: [[[i, j] for j in range(100)] for i in range(100)],
}


def _deep(levels: int) -> Any:
    found: list[Any] = []
    for _level in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize("name", LARGE)
def test_a_large_value_costs_no_more_than_a_small_one(name: str) -> None:
    """Its mark says how much was left out, and what is kept is small."""
    value = LARGE[name]()
    costs = []
    for _turn in range(20):
        began = time.thread_time()
        tree = Bounded().of(value)
        costs.append(time.thread_time() - began)
    assert min(costs) < 0.005  # of CPU; walking through one takes 30 ms and more
    assert len(encode(tree)) < 40_000
    assert any(word in render(tree) for word in ("left out", "in all", "not looked into")), render(tree)[:200]


def test_all_values_of_a_hit_share_one_bound() -> None:
    """So many variables cost no more than a few."""
    bounded = Bounded()
    trees = [bounded.of([[1, 2], [3, 4]]) for _variable in range(1_000)]
    assert "left out: more than" in render(trees[-1])
    assert "left out" not in render(trees[NODES // 3 - 1])


def test_what_other_threads_change_is_captured_as_far_as_it_can_be() -> None:
    """A deque or a dict that grows meanwhile raises nothing."""
    queue: deque[int] = deque(range(100))
    mapping: dict[int, int] = {}
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            queue.append(number)
            mapping[number] = number
            if number % 50 == 0:
                mapping.clear()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _turn in range(500):
            tree = Bounded().of([queue, mapping])
            assert "could not be read" not in render(tree)
    finally:
        stop.set()
        thread.join()


@given(base=st.sampled_from(BASES), key=st.booleans())
def test_nothing_of_a_hostile_class_runs(base: tuple[type, tuple[Any, ...]], key: bool) -> None:
    """As a value, as an item, an attribute, or a key."""
    value, other, cls = instance_of(base[0], *base[1]), instance_of(object), hostile_class()
    held: dict[Any, Any] = {other: value} if key else {"value": value}
    values = [value, [value], held, Holder(value), cls, (cls, value), {"cls": cls}]
    RUNS.clear()
    for one in values:
        Bounded().of(one)
    assert RUNS == []


def test_an_object_that_is_being_made_is_captured() -> None:
    """Attributes and slots that are not there yet are left out."""

    class Half:
        __slots__ = ("later", "now")

        def __init__(self) -> None:
            shown.append(render(Bounded().of(self)))
            self.now = 1
            shown.append(render(Bounded().of(self)))

    shown: list[str] = []
    Half()
    assert [text.rpartition(".")[2] for text in shown] == ["Half()", "Half(now=1)"]


def test_no_reference_keeps_anything_alive() -> None:
    """What a hit keeps are copies."""
    import weakref

    holder = Holder([1, 2])
    there = weakref.ref(holder)
    tree = Bounded().of({"holder": holder})
    del holder
    assert there() is None
    assert "held=[1, 2]" in render(tree)


CUT: list[Any] = ["x" * 300, "x" * 2_000, b"x" * 300, bytes(2_000), {"k": ["x" * 5_000]}]


@pytest.mark.parametrize("value", CUT, ids=range(len(CUT)))
def test_what_is_shown_is_cut_and_says_so(value: Any) -> None:
    """Texts are captured longer than they are shown, for redaction; cutting twice changes nothing."""
    once: Tree = shorten(Bounded().of(value))
    assert shorten(once) == once
    assert len(render(once)) < 1_500
    assert "in all" in render(once)
