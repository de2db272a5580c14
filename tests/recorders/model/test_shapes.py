"""Shapes: the structure of values, merged in any order, bounded, without the values."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model import shapes
from pytest_runtime.recorders.model.shapes import Shape
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    ListNode,
    ObjectNode,
    RefNode,
    StandardNode,
    Tree,
    record,
)

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5).map(BytesNode)
    | st.decimals().map(lambda value: StandardNode("decimal", [str(value)]))
)
TREES: st.SearchStrategy[Tree] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4).map(ListNode)
        | st.dictionaries(st.sampled_from("abcdef") | st.text(max_size=4), inner, max_size=5).map(
            lambda fields: DictNode(list(fields), list(fields.values()))
        )
        | inner.map(lambda value: ObjectNode("shop:Order", None, ["total"], [value]))
    ),
    max_leaves=15,
)


def shape_of(*trees: Tree) -> Shape:
    """The shape of the values."""
    shape = Shape()
    for tree in trees:
        shape.observe(tree)
    return shape


@given(st.lists(TREES, max_size=6), st.randoms())
def test_merging_equals_observing_in_any_order(trees: list[Tree], random: object) -> None:
    """The shapes of single values, merged in either direction, are the shape of all, byte for byte."""
    singles = [shape_of(tree) for tree in trees]
    forwards = reduce(Shape.merge, singles, Shape())
    backwards = reduce(lambda right, left: left.merge(right), reversed(singles), Shape())
    expected = shapes.encode(shape_of(*trees))
    assert shapes.encode(forwards) == shapes.encode(backwards) == expected
    assert shapes.encode(shape_of(*reversed(trees))) == expected


@given(st.lists(st.sets(st.integers(0, 200)), min_size=1, max_size=5))
def test_the_key_limit_does_not_depend_on_the_order(key_sets: list[set[int]]) -> None:
    """The keys that stay, and their counts, are the same whatever was seen first."""
    trees = [record(**{f"k{key}": key for key in keys}) for keys in key_sets]
    merged = reduce(Shape.merge, map(shape_of, trees))
    assert merged == shape_of(*trees) == shape_of(*reversed(trees))
    assert len(merged.keys) <= shapes.KEY_LIMIT
    assert sum(part.count for part in merged.keys.values()) + merged.rest == sum(map(len, key_sets))


@given(TREES)
def test_encoding_is_reversible(tree: Tree) -> None:
    """A shape that is stored and read is the same shape."""
    shape = shape_of(tree)
    assert shapes.decode(shapes.encode(shape)) == shape


def test_merging_changes_neither() -> None:
    """The shapes merged stay as they were, and share nothing with the result."""
    left, right = shape_of(record(a=1)), shape_of(record(a=2, b=ListNode([3])))
    before = shapes.encode(left), shapes.encode(right)
    left.merge(right).observe(record(a=5, b=ListNode([9])))
    assert (shapes.encode(left), shapes.encode(right)) == before


def test_description() -> None:
    """A person reads types, ranges, lengths, which keys may be missing and how often a value is None."""
    shape = shape_of(
        record(amount="1", user="bob", note=None, items=ListNode([1, 5])),
        record(amount="12345678", user="francesca", items=ListNode([])),
        record(amount="12", user="al", note="x" * 4, items=ListNode([2])),
    )
    assert shape.describe() == (
        '{"amount": str len 1–8, "user": str len 2–9, "note"?: str len 4|None (50 % None), '  # noqa: RUF001  # ranges
        '"items": list[int 1–5] len 0–2}'  # noqa: RUF001  # ranges
    )


def test_numbers_of_every_type_have_a_range() -> None:
    """Integers, floats and decimals each have theirs; NaN has none."""
    shape = shape_of(1, 7, 0.5, float("nan"), StandardNode("decimal", ["12.50"]), StandardNode("int", ["9" * 30]))
    assert shape.ranges == {"int": (1, 1e30), "float": (0.5, 0.5), "decimal": (12.5, 12.5)}


def test_objects_show_their_class() -> None:
    """An object is described by its class and attributes."""
    shape = shape_of(ObjectNode("shop:Order", None, ["total"], [5]))
    assert shape.describe() == 'shop:Order{"total": int 5}'


@given(st.text(alphabet="QWZ!@#", min_size=9, max_size=60))
def test_no_text_is_kept(secret: str) -> None:
    """Neither the description nor the stored shape holds a text, or a key that does not read like a name."""
    tree = record(a=secret, b=BytesNode(secret.encode()), c=ListNode([secret]), d=DictNode([secret + "!"], [1]))
    shape = shape_of(tree)
    assert secret not in shape.describe()
    assert secret.encode() not in shapes.encode(shape)


def test_size_is_bounded() -> None:
    """However wide, deep, shared and cyclic the values are, a shape has a few thousand nodes at most."""
    wide: Tree = 1
    for _ in range(3):
        wide = DictNode([f"k{at}" for at in range(40)], [wide] * 40)
    deep: Tree = 1
    for _ in range(150):
        deep = ListNode([deep])
    cyclic = AnchorNode(1, ListNode([RefNode(1)] * 100))
    shape = shape_of(wide, deep, cyclic, *(record(**{f"x{at}": at}) for at in range(500)))
    assert len(shapes.encode(shape)) < 1_000_000
    assert shape.rest > 0
