"""Comparing value trees: what a caller can tell apart differs, what no caller can does not."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import re
import subprocess
import sys
import types
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.model.value_tree import (
    DictNode,
    EnumNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    SetNode,
    StandardNode,
    Tree,
    decode,
    encode,
)
from pytest_runtime.replay.compare.aligned_items import aligned
from pytest_runtime.replay.compare.tree_diff import tree_differences, unknown_part
from pytest_runtime.replay.model.difference import ABSENT
from pytest_runtime.replay.model.render import literal
from pytest_runtime.replay.world.public_values import Classes, Reader

NAN = float("nan")


def capture(value: object) -> Tree:
    """What a replay captures of a value, with no class included."""
    return Reader(Classes(lambda module: False), None).capture(value)


OTHER_NAN = float("inf") - float("inf")
PLUS_TWO = datetime.timezone(datetime.timedelta(hours=2))


class Account:
    """A class without `__eq__`."""

    def __init__(self, **attributes: Any) -> None:
        vars(self).update(attributes)


class Queue(collections.OrderedDict[str, int]):
    """A mapping with an order."""


class Slotted:
    """State in slots."""

    __slots__ = ("balance",)

    def __init__(self, balance: int) -> None:
        self.balance = balance


class AlwaysEqual:
    """Claims to be equal to everything."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]  # as Python sets it


class Colour(enum.Enum):
    """Two members."""

    RED = 1
    BLUE = 2


class Weekend(enum.Enum):
    """A member of the same name and value as one of `Colour`."""

    RED = 1


class Name(str):
    """A string of one's own."""


def differences(base: object, candidate: object) -> list[tuple[str, str, str]]:
    """Differences of two live values, with both sides as text."""
    return [
        (path, literal(left), literal(right))
        for path, left, right in tree_differences(capture(base), capture(candidate))
    ]


def moment(*, tz: datetime.tzinfo | None = None, hour: int = 1, fold: int = 0) -> datetime.datetime:
    """A moment in an hour that occurs twice."""
    return datetime.datetime(2026, 10, 25, hour, 30, tzinfo=tz, fold=fold)


SAME = {
    "nan": (NAN, OTHER_NAN),
    "nan in list": ([NAN], [OTHER_NAN]),
    "nan in dict": ({"a": NAN}, {"a": OTHER_NAN}),
    "nan in complex": (complex(NAN, 1), complex(OTHER_NAN, 1)),
    "order of a set": ({"a", "b", "c", "d"}, {"d", "c", "b", "a"}),
    "order of a frozenset": (frozenset("abcd"), frozenset("dcba")),
    "order of a dict": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "underscored attributes": (Account(balance=1, _cache=1), Account(balance=1, _cache=2)),
    "underscored attribute added": (Account(balance=1), Account(balance=1, _lock="held", __secret=1)),
    "no __eq__": (Account(balance=1), Account(balance=1)),
    "slots": (Slotted(1), Slotted(1)),
    "enum members": (Colour.RED, Colour.RED),
    "namespace": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=1)),
    "pattern": (re.compile("a", re.I), re.compile("a", re.I)),
    "aliasing": ([[1], [1]], [(shared := [1]), shared]),
    "aliasing of the same object twice in a dict": (
        {"a": (state := {"x": 1}), "b": state},
        {"a": {"x": 1}, "b": {"x": 1}},
    ),
    "addresses": (repr(Account()), repr(Account())),
    "addresses in an exception": (ValueError(repr(Account())), ValueError(repr(Account()))),
}

DIFFERENT = {
    "zeros": (0.0, -0.0),
    **{
        f"{left!r} and {right!r} {where}": (wrap(left), wrap(right))
        for left, right in ((1, True), (1, 1.0), (True, 1.0), (0, False))
        for where, wrap in (
            ("", lambda value: value),
            ("in a list", lambda value: [value]),
            ("in a tuple", lambda value: (value,)),
            ("in a set", lambda value: {value}),
            ("as a key", lambda value: {value: "x"}),
            ("as a value", lambda value: {"x": value}),
            ("as an attribute", lambda value: Account(value=value)),
        )
    },
    "decimal and float": (decimal.Decimal("1.0"), 1.0),
    "decimals of other precision": (decimal.Decimal("1.0"), decimal.Decimal("1.00")),
    "one ulp": (0.3, 0.1 + 0.2),
    "str and bytes": ("a", b"a"),
    "bytes and bytearray": (b"a", bytearray(b"a")),
    "str and its subclass": ("a", Name("a")),
    "composed and decomposed": ("\u00e9", "e\u0301"),
    "naive and aware": (moment(), moment(tz=datetime.UTC)),
    "one instant in two zones": (moment(tz=datetime.UTC, hour=1), moment(tz=PLUS_TWO, hour=3)),
    "fold": (moment(), moment(fold=1)),
    "date and datetime": (datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1)),
    "list and tuple": ([1], (1,)),
    "set and frozenset": ({1}, frozenset({1})),
    "order of a list": ([1, 2], [2, 1]),
    "public attributes": (Account(balance=1), Account(balance=2)),
    "an attribute of plain data more": (types.SimpleNamespace(a=1), types.SimpleNamespace(a=1, b=2)),
    "order of an ordered dict": (
        collections.OrderedDict([("a", 1), ("b", 2)]),
        collections.OrderedDict([("b", 2), ("a", 1)]),
    ),
    "order of a mapping that extends an ordered dict": (Queue([("a", 1), ("b", 2)]), Queue([("b", 2), ("a", 1)])),
    "slots": (Slotted(1), Slotted(2)),
    "__eq__ that says yes": (AlwaysEqual(1), AlwaysEqual(2)),
    "keys with underscores": ({"__x": 1}, {"__x": 2}),
    "enum members": (Colour.RED, Colour.BLUE),
    "enum classes": (Colour.RED, Weekend.RED),
    "enum and its value": (Colour.RED, 1),
    "pattern flags": (re.compile("a"), re.compile("a", re.I)),
    "message of an exception": (ValueError("a"), ValueError("b")),
    "type of an exception": (ValueError("a"), KeyError("a")),
    "None and absence": ({"a": None}, {}),
    "int beyond 64 bit": (2**70, 2**70 + 1),
    "long keys that begin alike": (
        {"k " * 500 + "a": 1, "k " * 500 + "b": 2},
        {"k " * 500 + "a": 2, "k " * 500 + "b": 1},
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_what_no_caller_can_distinguish_is_the_same(case: str) -> None:
    """The same, in both directions."""
    left, right = SAME[case]
    assert differences(left, right) == []
    assert differences(right, left) == []


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_a_caller_can_distinguish_differs(case: str) -> None:
    """Different, in both directions."""
    left, right = DIFFERENT[case]
    assert differences(left, right)
    assert differences(right, left)


def test_an_ordered_dict_is_known_by_its_content() -> None:
    """An `OrderedDict` and a `dict` differ; two with other values too."""
    ordered = collections.OrderedDict(a=1)
    assert differences(ordered, {"a": 1})
    assert differences(ordered, collections.OrderedDict(a=2))
    assert differences(ordered, collections.OrderedDict(a=1)) == []


def test_a_class_that_moved_to_another_module_is_the_same() -> None:
    """The module behind a class's name is an internal: it may stand behind a re-export."""
    private = ObjectNode("shop.models:_Order", None, ["total"], [1])
    assert tree_differences(private, ObjectNode("shop.models:_Purchase", None, ["total"], [1])) == []
    before = ObjectNode("shop.models:Order", None, ["total"], [1])
    after = ObjectNode("shop.orders:Order", None, ["total"], [1])
    renamed = ObjectNode("shop.models:Purchase", None, ["total"], [1])
    assert tree_differences(before, after) == []
    assert tree_differences(before, renamed)
    assert tree_differences(EnumNode("shop.a:Side", "BUY", 1), EnumNode("shop.b:Side", "BUY", 1)) == []


def test_a_public_name_that_only_the_candidate_has_is_no_difference() -> None:
    """A name more is no failure, wherever the object lies; a name less is one."""
    for wrap in (lambda one: one, lambda one: [one], lambda one: {1: one}, lambda one: Account(inner=one)):
        assert differences(wrap(Account(balance=1)), wrap(Account(balance=1, owner="x"))) == []
        assert differences(wrap(Account(balance=1, owner="x")), wrap(Account(balance=1)))
        assert differences(wrap(Account(balance=1)), wrap(Account(balance=2, owner="x")))
    few, many = (frozenset({Account(balance=1, **more)}) for more in ({}, {"owner": "x"}))
    assert differences(few, many) == []
    assert differences(many, few)


def test_of_an_ordered_dict_the_common_keys_keep_their_order() -> None:
    """A key more is reported as one; the order of the others still counts."""
    base = collections.OrderedDict([("a", 1), ("b", 2)])
    longer = collections.OrderedDict([("x", 0), ("a", 1), ("b", 2)])
    assert differences(base, longer) == [(".x", "(absent)", "0")]
    longer.move_to_end("a")
    assert [path for path, _base, _candidate in differences(base, longer)] == [".x", ""]


def test_the_smallest_parts_are_named() -> None:
    """Only what differs is reported, each with its path."""
    base = {"user": Account(name="x", tags=["a", "b"]), "total": 1, "other": list(range(100))}
    candidate = {"user": Account(name="x", tags=["a", "c"]), "total": True, "other": list(range(100)), 7: None}
    assert differences(base, candidate) == [
        (".user.tags[1]", "'b'", "'c'"),
        (".total", "1", "True"),
        ("[7]", "(absent)", "None"),
    ]


def test_an_insertion_at_the_front_is_one_insertion() -> None:
    """A list that moved by one does not differ in every item."""
    items = [{"id": number} for number in range(40)]
    assert differences(items, [{"id": -1}, *items]) == [("[0]", "(absent)", "{'id': -1}")]
    assert differences([{"id": -1}, *items], items) == [("[0]", "{'id': -1}", "(absent)")]


def test_a_removal_beside_a_change_is_reported_as_both() -> None:
    """Aligned items are compared inside; the one without a partner is reported as absent."""
    found = differences([1, 2, 3, 4], [1, 3, 5])
    assert ("[1]", "2", "(absent)") in found
    assert all(path in ("[1]", "[2]", "[3]") for path, _base, _candidate in found)


def test_alignment_names_positions() -> None:
    """(position, in base, in candidate) of what has no partner."""
    assert aligned(["a", "b"], ["x", "a", "b"]) == [(0, None, 0)]
    assert aligned(["x", "a", "b"], ["a", "b"]) == [(0, 0, None)]


def ring(size: int, odd: int | None = None) -> Account:
    """Nodes that each hold the next, the last the first."""
    nodes = [Account(value=-1 if number == odd else number) for number in range(size)]
    for number, node in enumerate(nodes):
        vars(node)["next"] = nodes[(number + 1) % size]
    return nodes[0]


@pytest.mark.parametrize("size", [1, 2, 50])
def test_cycles_are_compared_to_their_end(size: int) -> None:
    """Equal rings are the same; one that differs in one node differs there."""
    assert differences(ring(size), ring(size)) == []
    found = differences(ring(size), ring(size, odd=size - 1))
    assert found == [(".next" * (size - 1) + ".value", str(size - 1), "-1")]


def test_a_ring_beside_a_difference_stays_the_same() -> None:
    """What differs elsewhere does not draw an equal cycle in."""
    assert differences([ring(5), 1], [ring(5), 2]) == [("[1]", "1", "2")]
    assert differences([1, ring(5), ring(3)], [2, ring(5), ring(3)]) == [("[0]", "1", "2")]


def test_a_cycle_of_another_length_differs() -> None:
    """A ring of two is not a ring of three."""
    assert differences(ring(2), ring(3))


def chain(depth: int, end: int) -> Any:
    """Every level holds the level below twice: 2**depth ways lead down."""
    level: Any = [end]
    for _step in range(depth):
        level = {"left": level, "right": level}
    return level


def calls_of(run: Callable[[], object]) -> int:
    """Functions that are called while something runs: what it costs, on every machine the same."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        run()
    finally:
        sys.setprofile(before)
    return calls


def test_shared_references_are_compared_once() -> None:
    """Twice the depth of a shared chain costs at most three times as much, not 2**9 times, equal or not."""
    assert differences(chain(18, 1), chain(18, 1)) == []
    assert [(left, right) for _path, left, right in differences(chain(18, 1), chain(18, 2))] == [("1", "2")]
    for end in (1, 2):
        shallow, deep = (calls_of(partial(differences, chain(depth, 1), chain(depth, end))) for depth in (9, 18))
        assert deep < 3 * shallow


def test_a_shared_part_and_copies_of_it_are_compared_quickly() -> None:
    """Sharing on one side only is no difference, and costs no more."""
    shared = list(range(1000))

    def compare(count: int) -> None:
        assert differences([shared] * count, [list(range(1000)) for _copy in range(count)]) == []

    assert calls_of(lambda: compare(20)) < 5 * calls_of(lambda: compare(5))


UNKNOWN = OpaqueNode("socket:socket", "its state is held in C")


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        (UNKNOWN, 1),
        (ListNode([1, UNKNOWN]), ListNode([1, 2])),
        (DictNode(["a"], [UNKNOWN]), DictNode(["a"], [OpaqueNode("io:Other", "another reason")])),
        (ObjectNode("a:B", None, ["c"], [UNKNOWN]), ObjectNode("a:B", None, ["c"], [None])),
        (ObjectNode("a:B", UNKNOWN, [], []), ObjectNode("a:B", 1, [], [])),
        (SetNode([UNKNOWN]), SetNode([OpaqueNode("io:Other", "another reason")])),
        (EnumNode("a:B", "C", UNKNOWN), EnumNode("a:B", "C", 1)),
        (DictNode([UNKNOWN], [1]), DictNode([OpaqueNode("io:Other", "another reason")], [1])),
        (StandardNode("slice", [UNKNOWN, None, None]), StandardNode("slice", [1, None, None])),
    ],
)
def test_what_was_not_captured_is_never_different(base: Tree, candidate: Tree) -> None:
    """An opaque part says nothing, on whichever side it stands."""
    assert tree_differences(base, candidate) == []
    assert tree_differences(candidate, base) == []


def test_what_stands_beside_an_opaque_part_is_compared() -> None:
    """One unknown part hides no other."""
    base, candidate = ListNode([UNKNOWN, 1]), ListNode([OpaqueNode("io:Other", ""), 2])
    assert tree_differences(base, candidate) == [("[1]", 1, 2)]


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        (ObjectNode("a:B", None, ["c"], [UNKNOWN]), ObjectNode("a:C", None, ["c"], [UNKNOWN])),
        (EnumNode("a:B", "C", UNKNOWN), EnumNode("a:B", "D", UNKNOWN)),
        (SetNode([UNKNOWN]), ListNode([UNKNOWN])),
    ],
)
def test_an_opaque_part_does_not_hide_what_its_holder_is(base: Tree, candidate: Tree) -> None:
    """Class and name of the holder were captured, and count."""
    assert tree_differences(base, candidate)


def test_absence_is_no_value() -> None:
    """A key that is gone is reported as absent, not as None."""
    assert tree_differences(DictNode(["a"], [None]), DictNode([], [])) == [(".a", None, ABSENT)]


@pytest.mark.parametrize("kept", [True, False])
def test_a_long_list_is_compared_in_proportion_to_its_length(kept: bool) -> None:
    """Equal or with one change, a list of records costs in proportion to its length: some hundred calls a record."""

    def compare(count: int) -> int:
        base = [{"id": number, "name": f"n{number}", "tags": ["a", "b"]} for number in range(count)]
        candidate = [dict(row) for row in base]
        candidate[count // 2]["name"] = base[count // 2]["name"] if kept else "other"
        left, right = capture(base), capture(candidate)
        expected = [] if kept else [(f"[{count // 2}].name", f"n{count // 2}", "other")]
        found: list[object] = []
        calls = calls_of(lambda: found.extend(tree_differences(left, right)))
        assert found == expected
        return calls

    whole = compare(1000)
    assert whole < 5 * compare(250)
    assert whole < 800 * 1000


def test_deepdiff_is_not_loaded_while_everything_is_equal() -> None:
    """Equal trees, and differences that need no alignment, are reported without deepdiff."""
    code = (
        "import sys\n"
        "from pytest_runtime.recorders.capture.thaw import capture\n"
        "from pytest_runtime.replay.compare.tree_diff import tree_differences\n"
        "assert tree_differences(capture([1, {'a': 2}]), capture([1, {'a': 2}])) == []\n"
        "assert tree_differences(capture([1, {'a': 2}]), capture([1, {'a': 3}]))\n"
        "assert 'deepdiff' not in sys.modules\n"
        "assert tree_differences(capture([1]), capture([2, 1]))\n"
        "assert 'deepdiff' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- laws ---------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.binary(max_size=8),
    st.decimals(allow_nan=False, places=2),
    st.datetimes(timezones=st.sampled_from([None, datetime.UTC, PLUS_TWO])),
    st.sampled_from([*Colour, Weekend.RED]),
)
HASHABLE = st.one_of(st.integers(-3, 3), st.text(max_size=2), st.booleans(), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.dictionaries(st.sampled_from(["a", "b", "_c"]), inner).map(lambda named: types.SimpleNamespace(**named)),
        st.dictionaries(st.sampled_from(["_b", "_c"]), inner).map(lambda named: Account(a=1, **named)),
        inner.map(lambda value: [value, value]),
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_everything_is_the_same_as_itself(value: object) -> None:
    """diff(x, x) is empty, also through the store's encoding."""
    tree = capture(value)
    assert tree_differences(tree, tree) == []
    assert tree_differences(decode(encode(tree)), capture(value)) == []


@settings(max_examples=150, deadline=None)
@given(VALUES, VALUES)
def test_whether_there_is_a_difference_does_not_depend_on_the_side(left: object, right: object) -> None:
    """diff(x, y) is empty exactly when diff(y, x) is."""
    assert bool(differences(left, right)) == bool(differences(right, left))


@settings(max_examples=100, deadline=None)
@given(st.lists(HASHABLE, max_size=8), st.lists(HASHABLE, max_size=8))
def test_lists_of_scalars_differ_exactly_when_their_literals_do(left: list[Any], right: list[Any]) -> None:
    """For plain scalars, equality is that of type and value at each position."""
    assert bool(differences(left, right)) == (repr(left) != repr(right))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(), max_size=8, unique=True), st.integers(0, 8))
def test_one_insertion_is_one_difference(items: list[int], position: int) -> None:
    """Wherever an item is inserted, that item alone is reported."""
    position = min(position, len(items))
    inserted = [*items[:position], "new", *items[position:]]
    assert differences(items, inserted) == [(f"[{position}]", "(absent)", "'new'")]


def test_a_graph_in_which_too_much_can_differ_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not looked at is neither the same nor reported as different."""
    monkeypatch.setattr("pytest_runtime.replay.compare.tree_diff.PAIRS", 3)
    one, other = capture([[[[1]]]]), capture([[[[2]]]])
    assert tree_differences(one, other) == []
    unknown = unknown_part(one, other)
    assert unknown is not None
    assert "more parts can differ" in unknown[1].reason
