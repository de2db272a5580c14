"""Rebuilding: a value captured and built again is the same value, of the classes as they are now."""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import enum
import fractions
import functools
import http
import math
import pathlib
import re
import signal
import sqlite3
import threading
import types
import uuid
import zoneinfo
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import GlobalNode, ObjectNode, OpaqueNode, TupleNode, decode, encode
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable

HERE = Resolver([__name__.partition(".")[0]])


class Side(enum.Enum):
    """An enumeration."""

    BUY = "buy"
    SELL = "sell"


class Access(enum.Flag):
    """Flags, whose combinations have no name."""

    READ = 1
    WRITE = 2


@dataclass
class Order:
    """A dataclass with state of all kinds."""

    total: decimal.Decimal
    lines: list[int] = field(default_factory=list)
    parent: Order | None = None


class Slotted:
    """Slots, in a base class and here, and a private name."""

    __slots__ = ("__hidden", "shown")

    def __init__(self) -> None:
        self.shown = 1
        self.__hidden = 2

    def hidden(self) -> int:
        """The private one."""
        return self.__hidden


class Names(list[str]):
    """A list with an attribute."""

    owner = "nobody"


class Money(decimal.Decimal):
    """A decimal of one's own."""


class Failure(Exception):
    """An exception that asks for more than it keeps in `args`."""

    def __init__(self, code: int, *, detail: str) -> None:
        super().__init__(code)
        self.detail = detail


def helper() -> None:
    """A function to refer to."""


def again(value: object) -> Any:
    """Captured, written, read and built."""
    return build(decode(encode(capture(value))), HERE)


VALUES: list[object] = [
    *(None, True, 1, -(2**70), 1.5, math.inf, "x", "\ud800", b"x", bytearray(b"x"), 1 + 2j),
    *([1, [2]], (1, (2,)), {"a": {1: 2}}, {1, 2}, frozenset({1}), range(1, 9, 2), slice(1, None), ..., NotImplemented),
    *(decimal.Decimal("1.00"), fractions.Fraction(1, 3), uuid.UUID(int=7), re.compile("a+", re.I), re.compile(b"a")),
    *(datetime.date(2026, 1, 2), datetime.time(1, 2, fold=1), datetime.timedelta(days=-1, seconds=3)),
    datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC),
    datetime.datetime(2026, 1, 2, 3, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2), "X")),
    *(pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("a/b"), Side.BUY, Access.READ | Access.WRITE),
    collections.OrderedDict(a=1, b=2),
    collections.Counter("aab"),
    collections.deque([1, 2], maxlen=3),
    types.SimpleNamespace(a=1),
    Order(decimal.Decimal("1.0"), [1], Order(decimal.Decimal(2))),
    Names(["a"]),
    Money("1.50"),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_is_built_again(value: object) -> None:
    """build(capture(x)) == x, and of the same type."""
    made = again(value)
    assert type(made) is type(value)
    assert made == value
    assert tree_differences(capture(value), capture(made)) == []


def test_a_built_value_is_a_new_copy() -> None:
    """What one replay does to it is not seen by the next."""
    tree = capture([[1]])
    first = build(tree, HERE)
    first[0].append(2)
    assert build(tree, HERE) == [[1]]


def test_shared_references_and_cycles_are_kept() -> None:
    """The same object is the same object."""
    shared: list[Any] = [1]
    ring: dict[str, Any] = {"left": shared, "right": shared}
    ring["self"] = ring
    made = again(ring)
    assert made["left"] is made["right"]
    assert made["self"] is made


def test_a_shared_empty_container_is_shared_again() -> None:
    """What is appended through one name is seen through the other."""
    shared: list[Any] = []
    made = again({"left": shared, "right": shared})
    assert made["left"] is made["right"]


def test_slots_and_private_names_are_filled() -> None:
    """Without any method of the class."""
    made = again(Slotted())
    assert (made.shown, made.hidden()) == (1, 2)


def test_a_default_factory_works() -> None:
    """A `defaultdict` makes what it made."""
    made = again(collections.defaultdict(list, a=[1]))
    made["b"].append(2)
    assert made == {"a": [1], "b": [2]}


def test_references_to_functions_and_classes() -> None:
    """By name, of included modules and of the short list."""
    assert again([helper, Order, int]) == [helper, Order, int]


def test_locks_are_new_ones() -> None:
    """Open, whatever they were."""
    held = threading.Lock()
    with held:
        made = again([held])
    assert made[0].acquire(blocking=False)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a", 1),
        KeyError("k"),
        FileNotFoundError(2, "no", "file"),
        StopIteration(3),
        SystemExit(4),
        UnicodeError("u"),
    ],
    ids=repr,
)
def test_an_exception_is_built_with_its_own_fields(error: BaseException) -> None:
    """`errno`, `filename`, `value`, `code`: what handlers look at."""
    made = again(error)
    assert type(made) is type(error)
    assert (made.args, str(made)) == (error.args, str(error))
    for name in ("errno", "filename", "value", "code"):
        assert getattr(made, name, None) == getattr(error, name, None)


def test_an_exception_with_a_constructor_of_its_own() -> None:
    """The constructor does not run, and would not take `args`."""
    made = again(Failure(402, detail="card"))
    assert (type(made), made.args, made.detail) == (Failure, (402,), "card")


def test_an_exception_group_keeps_its_members() -> None:
    """In order."""
    made = again(ExceptionGroup("several", [ValueError("a"), KeyError("b")]))
    assert [str(one) for one in made.exceptions] == ["a", "'b'"]


def test_a_library_s_exception_loses_what_cannot_be_built() -> None:
    """Its connection or request stays behind; of an included class, nothing may be missing."""
    socket = OpaqueNode("socket:socket", "its state is held in C")
    made = build(
        ObjectNode(f"sqlite3:{sqlite3.OperationalError.__name__}", TupleNode(["locked"]), ["connection"], [socket]),
        HERE,
    )
    assert (str(made), vars(made)) == ("locked", {})
    with pytest.raises(Unbuildable, match=r"socket\.socket that was not captured"):
        build(ObjectNode(f"{__name__}:Failure", TupleNode([1]), ["detail"], [socket]), HERE)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Gone", "is gone: the code under test does not define it"),
        ("helper.inner", "is gone"),
        ("pathlib.Path", "refused to build"),
    ],
)
def test_what_is_gone_is_named(name: str, said: str) -> None:
    """With the reason that a report gives."""
    with pytest.raises(Unbuildable, match=said) as caught:
        build(GlobalNode(f"{__name__}:{name}"), HERE)
    assert name in str(caught.value)


def test_a_member_that_is_gone_is_named() -> None:
    """An enumeration may lose one; a member that was renamed is found by its value."""
    from pytest_runtime.recorders.model.value_tree import EnumNode

    assert build(EnumNode(f"{__name__}:Side", "PURCHASE", "buy"), HERE) is Side.BUY
    with pytest.raises(Unbuildable, match=r"Side has no member 'HOLD' any more"):
        build(EnumNode(f"{__name__}:Side", "HOLD", "hold"), HERE)


@pytest.mark.parametrize(
    "value",
    [http.HTTPStatus.NOT_FOUND, signal.SIGTERM, re.IGNORECASE | re.MULTILINE, range, slice, datetime.timedelta],
)
def test_enumerations_and_types_of_the_standard_library_are_values(value: Any) -> None:
    """Members of its enumerations, and its value types themselves, as `type(page)` is one."""
    assert again([value]) == [value]


@pytest.mark.parametrize("value", [abs, len, sorted, map, repr])
def test_functions_of_the_interpreter_that_only_compute_are_values(value: Any) -> None:
    """A table of filters or converters holds them."""
    assert again({"f": value})["f"] is value


@pytest.mark.parametrize(
    "name", ["eval", "exec", "open", "__import__", "getattr", "setattr", "compile", "input", "vars"]
)
def test_functions_of_the_interpreter_that_do_more_are_refused(name: str) -> None:
    """A baseline hands no function to the code under test that reads, writes, or runs what it is given."""
    with pytest.raises(Unbuildable, match="refused to build"):
        build(GlobalNode(f"builtins:{name}"), HERE)


@pytest.mark.parametrize(
    "name",
    ["builtins:range", "builtins:map", "builtins:memoryview", "http:HTTPStatus", "builtins:NoneType"],
)
def test_a_baseline_that_lies_about_such_a_type_builds_nothing(name: str) -> None:
    """No instance without its content."""
    with pytest.raises(Unbuildable, match="not built as it was"):
        build(ObjectNode(name, None, ["x"], [1]), HERE)


def test_a_slot_that_is_gone_is_named() -> None:
    """There is no place for the recorded attribute."""
    with pytest.raises(Unbuildable, match="has no place for the recorded attribute 'other'"):
        build(ObjectNode(f"{__name__}:Slotted", None, ["other"], [1]), HERE)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4) | st.tuples(inner, inner)
    ),
    max_leaves=15,
)


@settings(max_examples=150, deadline=None)
@given(PLAIN)
def test_plain_data_survives_whatever_it_is(value: object) -> None:
    """build(decode(encode(capture(x)))) == x."""
    assert again(value) == value


class Table(dict[str, Any]):
    """A dict with a name of its own."""


def test_a_subclass_that_contains_itself_comes_back() -> None:
    """The instance is there before its content is built."""
    table = Table()
    table["me"] = [table]
    made = again(table)
    assert type(made) is Table
    assert made["me"][0] is made


class Bus:
    """Keeps what is bound to it."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}

    def handle(self) -> Bus:
        """Nothing but itself."""
        return self


def test_a_bound_method_that_its_own_object_keeps_comes_back() -> None:
    """It is needed before it can be made: its object is being filled."""
    bus = Bus()
    bus.handlers["me"] = method = bus.handle
    made = again(method)
    assert made.__self__.handlers["me"].__self__ is made.__self__
    assert made() is made.__self__


def test_a_partial_that_its_own_object_keeps_is_one() -> None:
    """Two places that held the same hold the same again."""
    bus = Bus()
    bus.handlers["me"] = bound = functools.partial(again, bus)
    made = again([bound, bus])
    assert made[0] is made[1].handlers["me"]
    assert made[0].args[0] is made[1]


def test_what_occurs_in_a_key_and_in_its_value_is_the_same() -> None:
    """Keys are written before values, and are built in that order."""
    shared = (1, [2])
    made = again({"first": {frozenset({("a", 1)}): 0}, "rest": [shared, shared]})
    assert made["rest"][0] is made["rest"][1]
    pair = (Names, ("x",))
    twice = again(dict.fromkeys([pair], pair))
    assert next(iter(twice)) is twice[pair]


def test_text_that_a_module_holds_is_that_very_object() -> None:
    """As code asks `help is argparse.SUPPRESS`."""
    made = again([argparse.SUPPRESS, {"help": argparse.SUPPRESS}])
    assert made[0] is made[1]["help"] is argparse.SUPPRESS
