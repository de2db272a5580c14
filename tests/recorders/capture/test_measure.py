"""Measuring: what is too large is found from the outside, its extent is kept, and the rest is captured as it is."""

from __future__ import annotations

import collections
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.capture import freeze as capture_module
from pytest_runtime.recorders.capture.freeze import OBJECT_LIMIT, VALUE_LIMIT, freeze
from pytest_runtime.recorders.capture.measure import LOOKS, WHOLE, _is_small, measure
from pytest_runtime.recorders.capture.pickle_stubs import FrozenBytes
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.shapes import Shape
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    DictNode,
    Extent,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    Tree,
    TupleNode,
    contains_opaque,
)


class Held:
    """An instance that may hold something large."""

    def __init__(self, **held: Any) -> None:
        self.__dict__.update(held)


class Rows(list[Any]):
    """A list of its own."""


LARGE: dict[str, tuple[Callable[[], Any], Extent]] = {
    "text": (lambda: "x" * 50_000_000, Extent("str", 50_000_000, (), ())),
    "bytes": (lambda: bytearray(50_000_000), Extent("bytearray", 50_000_000, (), ())),
    "keys": (
        lambda: dict.fromkeys(range(1_000_000), "v"),
        Extent("dict", 1_000_000, ("int",), ("str",) * 16),
    ),
    "counter": (
        lambda: collections.Counter(map(str, range(1_000_000))),
        Extent("dict", 1_000_000, ("str",), ("int",) * 16),
    ),
    "numbers": (lambda: [1.5, None] * 600_000, Extent("list", 1_200_000, (), ("float",) * 16)),
    "objects": (
        lambda: [Held(n=n) for n in range(200_000)],
        Extent("list", 200_000, (), (f"{__name__}:Held",) * 16),
    ),
    "rows": (
        lambda: Rows([{"n": n} for n in range(1_500_000)]),
        Extent("list", 1_500_000, (), ("dict",) * 16),
    ),
    "set": (lambda: set(range(1_100_000)), Extent("set", 1_100_000, (), ("int",) * 16)),
}


@pytest.fixture(scope="module", params=list(LARGE))
def large(request: pytest.FixtureRequest) -> tuple[Any, Extent]:
    """A value that is much too large, and its extent."""
    make, extent = LARGE[request.param]
    return make(), extent


def test_what_is_too_large_is_not_walked_through(large: tuple[Any, Extent], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pickler never gets to see a large value: neither alone, nor as an argument, nor in an attribute."""
    value, extent = large
    written: list[int] = []

    class Sink(capture_module._Sink):
        def write(self, data: Any) -> None:
            written.append(len(data))
            super().write(data)

    monkeypatch.setattr(capture_module, "_Sink", Sink)
    for given_ in (value, (None, (1, value), {"k": value}), Held(a=1, cache=value), [[value]], {"k": {"k": value}}):
        found = contains_opaque(capture(given_))
        assert found is not None
        assert found.extent == extent
    assert sum(written) < 5_000
    assert max(written) < 1_000


def test_measuring_looks_at_a_bounded_number_of_things(large: tuple[Any, Extent]) -> None:
    """A large value is named by one look from the outside."""
    value, _extent = large
    found = measure((None, (value,), {}), VALUE_LIMIT, OBJECT_LIMIT)
    assert list(found.heavy) == [id(value)]
    assert found.size < 100


def test_the_rest_is_kept() -> None:
    """One part that is too large costs that part: the arguments and attributes beside it are captured."""
    text = "x" * 2_000_000
    order = Held(lines=[1, 2], cache=text)
    tree = capture((order, (5, [text, "y"]), {"k": {"a": text, "b": 1}}))
    assert isinstance(tree, TupleNode)
    receiver, args, kwargs = tree.items
    assert isinstance(receiver, ObjectNode)
    assert receiver.values[0] == ListNode([1, 2])
    mark = receiver.values[1]
    assert isinstance(mark, OpaqueNode)
    assert mark.extent == Extent("str", 2_000_000, (), ())
    assert mark.reason == "larger than 1000000 bytes; str of length 2000000"
    assert args == TupleNode([5, ListNode([mark, "y"])])
    assert kwargs == DictNode(["k"], [DictNode(["a", "b"], [mark, 1])])


def test_a_value_around_a_large_part_keeps_its_structure() -> None:
    """Shared containers and cycles around a large part are shared and closed in what is captured."""
    row: list[Any] = ["x" * 2_000_000]
    row.append({"row": row})
    tree = capture([row, row])
    assert isinstance(tree, ListNode)
    anchor, again = tree.items
    assert isinstance(anchor, AnchorNode)
    assert again == RefNode(anchor.number)
    assert isinstance(anchor.value, ListNode)
    assert anchor.value.items[1] == DictNode(["row"], [RefNode(anchor.number)])
    assert row[0] == "x" * 2_000_000


def test_the_service_keeps_its_own() -> None:
    """Marks stand in copies: what the service holds is untouched."""
    inner = ["x" * 2_000_000, 1]
    held: Any = Held(inner=inner)
    capture((held, inner))
    assert held.inner is inner
    assert inner[0] == "x" * 2_000_000


@pytest.mark.parametrize(
    "value",
    [
        ["x" * 900_000] * 30_000,
        [list(range(3))] * 100_000,
        dict.fromkeys(range(50000), "the same text of some length"),
        [Held()] * 50_000,
        [n % 7 for n in range(300_000)],
    ],
    ids=["one text", "one list", "one short text", "one object", "small numbers"],
)
def test_what_fits_is_kept(value: Any) -> None:
    """A value of many items that are few things, or small, is captured, because it fits."""
    assert not measure(value, VALUE_LIMIT, OBJECT_LIMIT).heavy
    frozen = freeze(value)
    assert type(frozen) is FrozenBytes
    assert len(frozen.data) > 50_000


PARTS: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda part: (
        st.lists(part, max_size=WHOLE)
        | st.dictionaries(st.text(max_size=8), part, max_size=WHOLE)
        | st.builds(lambda held: Held(**held), st.dictionaries(st.sampled_from("abc"), part))
        | st.tuples(part, part)
    ),
    max_leaves=60,
)


@settings(deadline=None)
@given(PARTS, st.integers(20, 400))
def test_nothing_that_fits_is_refused(value: Any, limit: int) -> None:
    """Where every container is small, a value that the freezer's own limit lets through is never taken for large."""
    whole = freeze((value,))
    assert type(whole) is FrozenBytes
    if len(whole.data) <= limit:
        assert freeze((value,), limit=limit).data == whole.data


@settings(deadline=None)
@given(PARTS)
def test_measuring_is_a_lower_bound_where_all_is_seen(value: Any) -> None:
    """What is counted of a value is at most what it takes, so that nothing is refused for an estimate."""
    found = measure(value, VALUE_LIMIT, OBJECT_LIMIT)
    frozen = freeze([value])
    assert found.size <= len(frozen.data)


def test_a_value_of_many_small_parts_stops_at_the_look() -> None:
    """A value that is wide on every level is refused by extrapolation: a thousand lists of a thousand objects."""
    rows = [[Held(n=n) for n in range(300)] for _ in range(300)]
    tree = capture(rows)
    assert isinstance(tree, OpaqueNode)
    assert "as far as was looked" in tree.reason
    assert LOOKS < 300


def test_extents_are_part_of_shapes() -> None:
    """The shape of a value that was too large has its type, its length and the types of its items."""
    shape = Shape()
    for count in (10, 200_000):
        shape.observe(capture([Held(n=n) for n in range(count)]))
    assert shape.types == {"list": 2}
    assert shape.ranges == {"list": (10, 200_000)}
    assert shape.items is not None
    assert shape.items.types == {f"{__name__}:Held": 26}


def test_a_recording_without_extents_is_read() -> None:
    """Marks of older recordings, which have no extent, are decoded as before."""
    import msgspec

    from pytest_runtime.recorders.model.value_tree import decode, encode

    old = msgspec.msgpack.encode(["?", "socket:socket", "it is open"])
    assert decode(old) == OpaqueNode("socket:socket", "it is open")
    tree: Tree = OpaqueNode("builtins:str", "large", Extent("str", 5, (), ()))
    assert decode(encode(tree)) == tree


def test_what_is_frozen_is_plain(large: tuple[Any, Extent]) -> None:
    """A mark in memory is small and names no class but the markers."""
    frozen = freeze(large[0])
    assert len(frozen.data) < 1_000
    with pytest.raises((pickle.UnpicklingError, ModuleNotFoundError, AttributeError)):
        pickle.loads(frozen.data.replace(b"pytest_runtime", b"pytest_nothing"))


def test_a_small_value_is_not_measured_at_all() -> None:
    """Most values are small, which is seen at once; a text, a container of its own or a long list is not."""
    small: list[Any] = [(None, (5, [1, 2], {"a": "b"}), {}), Held(a=1, b=[Held()]), [[]] * 50, {1: (2.5, b"x")}]
    others: list[Any] = [["x" * 2_000], Rows([1]), {1, 2}, list(range(1_000)), [ValueError("x" * 10)] * 300]
    assert [_is_small(value) for value in small] == [True] * len(small)
    assert [_is_small(value) for value in others] == [False] * len(others)
