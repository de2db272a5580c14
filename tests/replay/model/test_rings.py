"""Values that lead to each other: found, and digested in time that their size sets, whatever leads where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import AnchorNode, DictNode, ListNode, RefNode, Tree
from pytest_runtime.replay.model.digests import ROUNDS, Digests
from pytest_runtime.replay.model.rings import rings


def digest(value: Any) -> bytes:
    """Of a live value."""
    tree = capture(value)
    return Digests(tree).of(tree)


def test_groups_come_after_what_they_lead_to() -> None:
    """Two rings, one behind the other, and what stands alone."""
    found = rings({1: [2], 2: [3, 1], 3: [4], 4: [3], 5: [1, 9], 6: []})
    assert [sorted(ring) for ring in found] == [[3, 4], [1, 2], [5], [6]]


@given(st.dictionaries(st.integers(0, 9), st.lists(st.integers(0, 9), max_size=4), max_size=10))
def test_every_node_is_in_one_group(edges: dict[int, list[int]]) -> None:
    """Two nodes share a group where each reaches the other, and a group comes after those that it leads to."""

    def reached(start: int) -> set[int]:
        seen, left = set(), [start]
        while left:
            for other in edges.get(left.pop(), ()):
                if other in edges and other not in seen:
                    seen.add(other)
                    left.append(other)
        return seen

    found = rings(edges)
    place = {node: at for at, ring in enumerate(found) for node in ring}
    assert sorted(place) == sorted(edges)
    for node in edges:
        for other in reached(node):
            assert place[other] <= place[node]
            assert (place[other] == place[node]) == (other == node or node in reached(other))


def crowd(size: int, odd: int = -1) -> list[dict[str, Any]]:
    """Objects that all know each other."""
    people: list[dict[str, Any]] = [{"name": f"p{number}"} for number in range(size)]
    for number, one in enumerate(people):
        one["others"] = [other for other in people if other is not one]
        one["note"] = "odd" if number == odd else ""
    return people


def test_a_crowd_is_digested() -> None:
    """Paths through it are beyond number."""
    assert digest(crowd(40)) == digest(crowd(40))
    assert digest(crowd(40)) != digest(crowd(40, odd=37))


def ring(*names: str) -> dict[str, Any]:
    """Each leads to the next, the last to the first; also back."""
    nodes: list[dict[str, Any]] = [{"name": name} for name in names]
    for number, node in enumerate(nodes):
        node["next"] = nodes[(number + 1) % len(nodes)]
        node["before"] = nodes[number - 1]
    return nodes[0]


@pytest.mark.parametrize("at", [1, 7, 30, 59])
def test_a_difference_far_around_is_seen(at: int) -> None:
    """However far from where one looks."""
    names = ["x"] * 60
    plain = digest(ring(*names))
    names[at] = "y"
    assert digest(ring(*names)) != plain
    assert digest(ring(*["x"] * 60)) == plain


def long_ring(names: list[str]) -> Tree:
    """The same as a tree, longer than anything that is captured."""
    size = len(names)
    around = [(RefNode((at + 1) % size), RefNode((at - 1) % size)) for at in range(size)]
    nodes = [DictNode(["name", "next", "before"], [name, *sides]) for name, sides in zip(names, around, strict=True)]
    return ListNode([AnchorNode(at, node) for at, node in enumerate(nodes)])


def test_beyond_the_rounds_a_difference_is_seen_too() -> None:
    """Rounds are bounded, what is compared is not."""
    plain, other = ["x"] * (5 * ROUNDS), ["x"] * (5 * ROUNDS)
    other[2 * ROUNDS + 50] = "y"
    seen = [
        Digests(tree).of(tree.items[0]) for tree in map(long_ring, (plain, plain, other)) if isinstance(tree, ListNode)
    ]
    assert seen[0] == seen[1] != seen[2]


def test_the_order_of_keys_means_nothing() -> None:
    """Nor where one begins to walk."""
    left: dict[str, Any] = {"a": [1], "b": [2]}
    right: dict[str, Any] = {"b": [2], "a": [1]}
    for one in (left, right):
        one["a"].append(one)
        one["b"].append(one["a"])
    assert digest(left) == digest(right)
