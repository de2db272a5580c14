"""The value tree: what is encoded comes back, and nothing else is ever decoded."""

from __future__ import annotations

import pickle
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model.value_tree import (
    NODES,
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    children,
    contains_opaque,
    decode,
    encode,
    field,
    has_all_anchors,
    map_tree,
    record,
    walk,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    TEXT,
    st.builds(BytesNode, st.binary(max_size=8)),
    st.builds(GlobalNode, TEXT),
    st.builds(RefNode, st.integers(0, 9)),
    st.builds(OpaqueNode, TEXT, TEXT),
)


def _nodes(trees: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    rows = st.lists(trees, max_size=4)
    pairs = st.lists(st.tuples(trees, trees), max_size=4)
    attributes = st.lists(st.tuples(TEXT, trees), max_size=4)
    return st.one_of(
        *(st.builds(kind, rows) for kind in (ListNode, TupleNode, SetNode, FrozenSetNode)),
        pairs.map(lambda found: DictNode([key for key, _ in found], [value for _, value in found])),
        st.builds(StandardNode, TEXT, rows),
        st.builds(EnumNode, TEXT, st.none() | TEXT, trees),
        st.builds(AnchorNode, st.integers(0, 9), trees),
        st.tuples(TEXT, trees, attributes).map(
            lambda found: ObjectNode(found[0], found[1], [n for n, _ in found[2]], [v for _, v in found[2]])
        ),
    )


TREES: st.SearchStrategy[Any] = st.recursive(LEAVES, _nodes, max_leaves=20)


@given(TREES)
def test_decode_undoes_encode(tree: Tree) -> None:
    """`decode(encode(x)) == x`, type by type, and equal trees give equal bytes."""
    data = encode(tree)
    again = decode(data)
    assert again == tree
    assert type(again) is type(tree)
    assert encode(again) == data


@given(TREES, TREES)
def test_bytes_distinguish_trees(left: Tree, right: Tree) -> None:
    """Two trees have the same bytes exactly when they are equal with all their types (`1`, `1.0` and `True` differ)."""
    if encode(left) == encode(right):
        assert repr(left) == repr(right)
    elif left == right:
        assert repr(left) != repr(right)


@pytest.mark.parametrize("pair", [(1, 1.0), (1, True), (0.0, -0.0), ("a", BytesNode(b"a"))], ids=repr)
def test_types_are_part_of_the_bytes(pair: tuple[Tree, Tree]) -> None:
    """Values that Python calls equal, and texts and bytes, have bytes of their own."""
    assert encode(pair[0]) != encode(pair[1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        pickle.dumps([1], 5),
        msgspec.msgpack.encode({"a": 1}),
        msgspec.msgpack.encode([1, 2]),
        msgspec.msgpack.encode(["x", 1]),
        msgspec.msgpack.encode(["l", 1]),
        msgspec.msgpack.encode(["o", 1, 2, 3, 4]),
        msgspec.msgpack.encode(["r", "0"]),
        encode(ListNode([1, 2]))[:-1],
        b"\xa1\x80",
        b"\x92\xa1l\x91" * 100_000 + b"\xc0",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_anything_else_is_refused(data: bytes) -> None:
    """Damaged, foreign and ill-typed bytes raise the error that the docstring names."""
    with pytest.raises(msgspec.MsgspecError):
        decode(data)


@given(st.binary(max_size=40))
def test_hostile_bytes_give_a_tree_or_the_named_error(data: bytes) -> None:
    """Whatever the bytes, a tree of known nodes comes out or `MsgspecError`."""
    try:
        tree = decode(data)
    except msgspec.MsgspecError:
        return
    assert tree is None or isinstance(tree, (bool, int, float, str, *NODES))


@given(TREES)
def test_children_cover_the_tree(tree: Tree) -> None:
    """An opaque mark is found wherever `children` leads, and only there."""
    stack, marks = [tree], []
    while stack:
        part = stack.pop()
        marks += [part] if isinstance(part, OpaqueNode) else []
        stack.extend(children(part))
    assert (contains_opaque(tree) is None) == (not marks)
    assert str(tree).count("OpaqueNode(") == len(marks) or "OpaqueNode(" in "".join(map(repr, _texts(tree)))


def _texts(tree: Tree) -> list[str]:
    found, stack = [], [tree]
    while stack:
        part = stack.pop()
        found += [part] if isinstance(part, str) else []
        stack.extend(children(part))
    return found


def test_fields_of_a_record() -> None:
    """A field is found by its name; a missing one, and a field of something else, is `None`."""
    tree = record(total=3, name="x")
    assert field(tree, "total") == 3
    assert field(tree, "missing") is None
    assert field(ListNode([1]), "total") is None


@given(TREES)
def test_walking_and_mapping_meet_every_part_once(tree: Tree) -> None:
    """In one order each; a tree in which nothing changes stays the same object, parts and all."""
    walked = list(walk(tree))
    assert walked[0] is tree
    assert sum(len(children(part)) for part in walked) == len(walked) - 1
    mapped: list[Tree] = []

    def see(part: Tree) -> Tree:
        mapped.append(part)
        return part

    assert map_tree(tree, see) is tree
    assert sorted(map(id, mapped)) == sorted(map(id, walked))
    assert mapped[-1] is tree


@given(TREES)
def test_mapping_changes_what_it_is_to_change(tree: Tree) -> None:
    """Texts at any depth, and nothing else."""
    changed = map_tree(tree, lambda part: f"<{part}>" if isinstance(part, str) else part)
    pairs = list(zip(walk(tree), walk(changed), strict=True))
    assert all(new == f"<{old}>" for old, new in pairs if isinstance(old, str))
    assert all(type(new) is type(old) for old, new in pairs)


def test_a_walk_may_leave_parts_out() -> None:
    """What is not gone into is met all the same."""
    tree = ListNode([TupleNode([1]), SetNode([2])])
    met = list(walk(tree, lambda part: () if isinstance(part, TupleNode) else children(part)))
    assert met == [tree, TupleNode([1]), SetNode([2]), 2]


def test_references_want_their_anchors() -> None:
    """A part that was cut out of a tree may refer to what stayed behind."""
    shared = ListNode([AnchorNode(0, ListNode([1])), RefNode(0)])
    assert has_all_anchors(shared)
    assert not has_all_anchors(shared.items[1])
    assert has_all_anchors(shared.items[0])
