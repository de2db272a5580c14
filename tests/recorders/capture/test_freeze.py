"""Capture: a value is taken exactly, with none of its code run, and what cannot be taken is marked with a reason."""

# ruff: noqa: D101 - the classes of this file are values

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import hashlib
import itertools
import logging
import math
import pathlib
import re
import socket
import threading
import types
import uuid
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.capture import freeze as capture_module
from pytest_runtime.recorders.capture.freeze import freeze, same_frozen
from pytest_runtime.recorders.capture.pickle_stubs import FrozenBytes
from pytest_runtime.recorders.capture.readers import class_name
from pytest_runtime.recorders.capture.thaw import capture, thaw
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    DictNode,
    Extent,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    StandardNode,
    Tree,
    contains_opaque,
    decode,
    encode,
)
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver

UTC = datetime.UTC
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def again(value: Any) -> Any:
    """The value after capture, storing, loading and rebuilding; its tree must be the same as before."""
    tree = capture(value)
    back = build(decode(encode(tree)), Resolver([__name__]))
    assert encode(capture(back)) == encode(tree)
    return back


def mark_of(value: Any) -> OpaqueNode:
    """The opaque mark that stands for a value."""
    tree = capture(value)
    assert isinstance(tree, OpaqueNode)
    return tree


# --- what comes back -------------------------------------------------------------------------------------------------


class Side(enum.Enum):
    BUY = "buy"
    SELL = "sell"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Right(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Point(NamedTuple):
    x: int
    y: int = 0


@dataclass
class Order:
    symbol: str
    lines: list[int] = dataclass_field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


class Name(str):
    language: str


class Amount(int):
    pass


class Rate(float):
    pass


class Blob(bytes):
    pass


class Buffer(bytearray):
    pass


class Row(list[Any]):
    pass


class Pair(tuple[Any, ...]):
    pass


class Table(dict[Any, Any]):
    pass


class Bag(set[Any]):
    pass


class Frost(frozenset[Any]):
    pass


class Price(Decimal):
    pass


class Moment(datetime.datetime):
    source: str


class Ident(uuid.UUID):
    pass


class Queue(collections.deque[Any]):
    pass


class Tally(collections.Counter[str]):
    pass


class Refused(ValueError):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Slotted:
    __slots__ = ("left", "right")


class MixedSlots(Slotted):
    __slots__ = ("__dict__", "__private", "extra")

    def __init__(self) -> None:
        self.left = 1
        self.extra = [2]
        self.__private = 3
        self.free = 4


def named() -> None:
    """A function to refer to."""


SCALARS: list[Any] = [
    *(None, True, False, 0, -1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 10**200, 1.5, -0.0, math.inf, -math.inf),
    *("", "grüße", "\udc80 lone", "a\0b", b"", b"\xff\0", bytearray(b"xy"), 1 + 2j, complex(-0.0, math.inf)),
    *(Decimal("1.10"), Decimal("-0"), Decimal("1E+400"), Decimal("Infinity"), Fraction(-3, 7), ..., NotImplemented),
]
MOMENTS: list[Any] = [
    datetime.date(2024, 2, 29),
    datetime.time(1, 2, 3, 4),
    datetime.time(1, 2, tzinfo=UTC, fold=1),
    datetime.timedelta(days=-1, microseconds=1),
    datetime.timezone(datetime.timedelta(hours=-3), "BRT"),
    UTC,
    BERLIN,
    datetime.datetime(2024, 10, 27, 2, 30, fold=1),
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN),
    datetime.datetime(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1),
    datetime.datetime(2024, 1, 1, 1, 1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(minutes=330))),
]
OTHERS: list[Any] = [
    uuid.UUID("12345678-1234-4234-8234-123456789abc"),
    *(pathlib.PurePosixPath("/a/b"), pathlib.Path("x/y"), pathlib.PureWindowsPath("C:\\x")),
    *(range(1, 9, 2), slice(1, None, 2), re.compile("a+", re.IGNORECASE), re.compile(b"b", re.DOTALL)),
    *(Side.BUY, Level.HIGH, Right.READ, Right.READ | Right.WRITE, Right(0)),
    *(int, dict, Order, Side, named, logging.getLogger("shop")),
]
CONTAINERS: list[Any] = [
    *([], (), {}, set(), frozenset(), [1, [2, (3,)]], (1, "a", None), {"b": 1, "a": 2, 3: [4], (5, 6): {7}}),
    *({1, "a", (2, 3)}, frozenset({frozenset({1}), "x"}), {None: 1, 1.5: 2, b"k": 3, Side.BUY: 4}),
    collections.OrderedDict([("b", 1), ("a", 2)]),
    collections.defaultdict(list, {"a": [1]}),
    collections.deque([1, 2, 3], maxlen=5),
    collections.Counter("hello"),
    types.SimpleNamespace(a=1, b=[2]),
]
OBJECTS: list[Any] = [
    *(Point(1, 2), Order("ACME", [1, 2]), Money(Decimal("1.10"), "EUR")),
    *(Name("ada"), Amount(3), Rate(1.5), Blob(b"x"), Buffer(b"yz"), Row([1]), Pair((1, 2)), Table(a=1), Bag({1, 2})),
    *(Frost({3}), Price("2.50"), Ident(int=5), Queue([1], 4), Tally("aab")),
]


@pytest.mark.parametrize(
    "value", [*SCALARS, *MOMENTS, *OTHERS, *CONTAINERS, *OBJECTS], ids=lambda value: type(value).__name__
)
def test_a_value_comes_back(value: Any) -> None:
    """Standard scalars, containers, records and subclasses of built-ins come back equal, type and all."""
    back = again(value)
    assert back == value
    assert type(back) is type(value)
    if not isinstance(value, (set, frozenset, dict)):
        assert repr(back) == repr(value)


def test_not_a_number_comes_back() -> None:
    """NaN stays NaN, of each type that has one, and a negative zero stays negative."""
    assert math.isnan(again(math.nan))
    assert again(Decimal("NaN")).is_nan()
    assert again(Decimal("sNaN")).is_snan()
    assert math.copysign(1, again(-0.0)) == -1
    assert [math.isnan(item) for item in again([math.nan, math.nan])] == [True, True]


@pytest.mark.parametrize("moment", MOMENTS[-4:], ids=repr)
def test_a_moment_keeps_zone_and_fold(moment: datetime.datetime) -> None:
    """A moment is the same instant in the same zone, and the second of two equal hours stays the second."""
    back = again(moment)
    assert (back.fold, str(back.tzinfo), back.utcoffset()) == (moment.fold, str(moment.tzinfo), moment.utcoffset())


def test_a_subclass_of_datetime_comes_back() -> None:
    """A subclass of `datetime` keeps its class, zone, fold and attributes."""
    moment = Moment(2024, 10, 27, 2, 30, tzinfo=BERLIN, fold=1)
    moment.source = "clock"
    back = again(moment)
    assert type(back) is Moment
    assert (back, back.fold, back.tzinfo, back.source) == (moment, 1, BERLIN, "clock")


def test_attributes_of_subclasses_come_back() -> None:
    """What a subclass of a built-in carries besides its content is part of it."""
    name = Name("ada")
    name.language = "en"
    assert again(name).language == "en"
    factory = again(collections.defaultdict(list))
    assert factory["new"] == []
    assert again(collections.deque([1], 2)).maxlen == 2
    assert list(again(collections.OrderedDict(b=1, a=2))) == ["b", "a"]


def test_slots_and_dict_come_back() -> None:
    """Slots of every base, private ones, and `__dict__` are all there; an empty slot stays empty."""
    back = again(MixedSlots())
    assert (back.left, back.extra, back.free) == (1, [2], 4)
    assert back._MixedSlots__private == 3
    assert not hasattr(back, "right")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no", 3),
        KeyError("k"),
        OSError(2, "missing", "/etc/x"),
        OSError(2, "missing"),
        ConnectionError("down"),
        TimeoutError(),
        StopIteration(5),
        SystemExit(3),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
        Refused("refused", 7),
    ],
    ids=repr,
)
def test_an_exception_comes_back(error: BaseException) -> None:
    """An exception keeps its class, arguments, text and attributes."""
    back = again(error)
    assert (type(back), back.args, str(back), vars(back)) == (type(error), error.args, str(error), vars(error))
    for name in ("errno", "filename", "strerror", "value", "code", "start", "reason"):
        assert getattr(back, name, None) == getattr(error, name, None)


def test_an_exception_group_comes_back() -> None:
    """A group keeps its message and its exceptions, to any depth."""
    back = again(ExceptionGroup("many", [ValueError(1), ExceptionGroup("inner", [Refused("no", 2)])]))
    assert back.message == "many"
    assert [type(one) for one in back.exceptions] == [ValueError, ExceptionGroup]
    assert back.exceptions[1].exceptions[0].code == 2


def test_notes_of_an_exception_come_back() -> None:
    """Notes (PEP 678) are part of what was raised."""
    error = ValueError("no")
    error.add_note("look here")
    assert again(error).__notes__ == ["look here"]


def test_shared_references_stay_shared() -> None:
    """One object in two places is one object in two places again, and equal objects are not merged."""
    shared = Order("A")
    back = again([shared, shared, Order("A"), {"x": shared}])
    assert back[0] is back[1] is back[3]["x"]
    assert back[2] is not back[0]


def test_cycles_come_back() -> None:
    """Lists, dicts and instances that contain themselves, directly or through others, are closed again."""
    row: list[Any] = []
    row.append((row,))
    back = again(row)
    assert back[0][0] is back
    table: dict[str, Any] = {}
    table["self"] = table
    closed = again(table)
    assert closed["self"] is closed
    order = Order("A")
    order.lines.append([order])  # type: ignore[arg-type]  # on purpose
    opened = again(order)
    assert opened.lines[0][0] is opened


def test_equal_scalars_are_not_anchored() -> None:
    """Immutable scalars that the interpreter shares do not clutter the tree."""
    text = "some longer text that is one object"
    assert capture([text, text, 1, 1, (), ()]) == ListNode([text, text, 1, 1, *[capture(())] * 2])


PLAIN: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.binary(max_size=6),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.complex_numbers(allow_nan=False),
    st.uuids(),
    st.datetimes(timezones=st.none() | st.just(UTC) | st.just(BERLIN), allow_imaginary=False),
    st.timedeltas(),
    st.sampled_from([*Side, *Level, *Right]),
)
HASHABLE: st.SearchStrategy[Any] = st.recursive(
    PLAIN, lambda part: st.tuples(part, part) | st.frozensets(part, max_size=3), max_leaves=4
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    HASHABLE,
    lambda part: st.one_of(
        st.lists(part, max_size=4),
        st.tuples(part, part),
        st.dictionaries(HASHABLE, part, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.lists(part, max_size=3).map(Row),
        st.dictionaries(st.text(max_size=3), part, max_size=3).map(Table),
        st.builds(Point, part, part),
        st.builds(Order, st.text(max_size=3), st.lists(part, max_size=3)),
        st.builds(Money, st.decimals(allow_nan=False), st.text(max_size=3)),
        st.builds(lambda part: types.SimpleNamespace(part=part), part),
    ),
    max_leaves=12,
)


@given(VALUES)
def test_generated_values_come_back(value: Any) -> None:
    """`build(capture(x)) == x`, with every type inside as it was."""
    back = again(value)
    assert back == value
    assert type(back) is type(value)


@given(VALUES)
def test_freezing_twice_is_the_same(value: Any) -> None:
    """A value that did not change freezes to the same: no false change of arguments."""
    assert same_frozen(freeze((value,)), freeze((value,)))


# --- what does not come back ------------------------------------------------------------------------------------------


def countdown() -> Iterator[int]:
    """A generator."""
    yield 1


def test_what_lives_in_the_process_is_opaque(tmp_path: pathlib.Path) -> None:
    """Sockets, generators, files that are written, modules nobody finds: a mark with type and reason, and no harm."""
    generator = countdown()
    with socket.socket() as sock, (tmp_path / "f").open("w") as file:
        for value, name in (
            (sock, "socket:socket"),
            (generator, "builtins:generator"),
            (file, "_io:TextIOWrapper"),
            (types.ModuleType("nowhere"), "builtins:module"),
            (itertools.cycle([1]), "itertools:cycle"),
            (hashlib.sha256(b"x"), "_hashlib:HASH"),
        ):
            mark = mark_of(value)
            assert mark.cls == name
            assert len(mark.reason) > 10
    assert next(generator) == 1


def test_a_lock_is_rebuilt() -> None:
    """Locks are in every service object; a new one, free, stands for them."""
    with threading.Lock() as _, (lock := threading.RLock()):
        back = again({"lock": threading.Lock(), "again": lock})
    assert type(back["lock"]) is type(threading.Lock())
    assert back["lock"].acquire(blocking=False)
    assert type(back["again"]) is type(threading.RLock())


def test_an_opaque_part_leaves_the_rest() -> None:
    """One part that cannot be captured costs that part, not the value."""
    tree = capture({"rows": countdown(), "total": 3})
    assert isinstance(tree, DictNode)
    assert isinstance(tree.values[0], OpaqueNode)
    assert tree.values[1] == 3


def test_an_oversized_value_keeps_type_and_length() -> None:
    """A value over the byte limit becomes a mark that says how large it was."""
    assert mark_of([b"x" * 600_000] * 1 + [b"y" * 600_000]).reason == "larger than 1000000 bytes; list of length 2"
    assert mark_of("x" * 1_000_001).reason.endswith("str of length 1000001")
    small = capture(b"x" * 50, limit=40)
    reason = "larger than 40 bytes; bytes of length 50"
    assert small == OpaqueNode("builtins:bytes", reason, Extent("bytes", 50, (), ()))
    assert mark_of(Table({n: f"{n:0200}" for n in range(9_000)})).cls == class_name(Table)


def test_too_many_objects() -> None:
    """An object graph that drags an application along stops at the limit."""
    mark = mark_of([Slotted() for _ in range(capture_module.OBJECT_LIMIT + 1)])
    assert mark.reason == "larger than 1000000 bytes or 20000 objects; list of length 20001"
    deep: Any = [[Slotted() for _ in range(30)] for _ in range(1000)]
    for _ in range(20):
        deep = [deep]  # seen from the outside it is small
    assert mark_of(deep).reason == "more than 20000 objects; list of length 1"


def test_too_deep() -> None:
    """Deep nesting ends in a mark: beyond the levels of a tree, and beyond what the pickler can walk."""
    deep: Any = []
    for _ in range(400):
        deep = [deep]
    mark = contains_opaque(capture(deep))
    assert mark is not None
    assert mark.reason == "deeper than 150 levels"
    for _ in range(100_000):
        deep = [deep]
    assert mark_of(deep).reason == "nested too deeply; list of length 1"
    while deep:  # a deep list that is freed at once would be deep recursion for some interpreters
        deep = deep[0]


# --- none of the service's code runs ----------------------------------------------------------------------------------

CALLS: collections.Counter[str] = collections.Counter()


def _counted(name: str) -> Any:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        CALLS[name] += 1
        raise RuntimeError(f"{name} ran")

    return method


_WATCHED = (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__", "__str__", "__format__", "__bytes__"),
    *("__bool__", "__len__", "__iter__", "__next__", "__reversed__", "__contains__", "__getitem__", "__missing__"),
    *("__getattribute__", "__getattr__", "__setattr__", "__delattr__", "__dir__", "__sizeof__", "__call__", "__get__"),
    *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"),
    *("__copy__", "__deepcopy__", "__index__", "__int__", "__float__", "__complex__", "__hash__", "__enter__"),
    *("items", "keys", "values", "copy", "replace", "astimezone", "as_tuple", "isoformat", "utcoffset"),
)
_NOISY = {name: _counted(name) for name in _WATCHED} | {"shown": property(_counted("property"))}


def noisy(*bases: type, **namespace: Any) -> Any:
    """A class whose every special method counts and raises."""
    made = types.new_class("Noisy", bases, exec_body=lambda body: body.update({**_NOISY, **namespace}))
    made.__module__ = __name__
    return made


@pytest.fixture(autouse=True)
def no_calls() -> Iterator[None]:
    """Every test here leaves the count at zero."""
    CALLS.clear()
    yield
    assert CALLS == {}


def _bare(base: Any, *args: Any) -> Any:
    return base.__new__(noisy(base), *args)


def _with(cls: Any, name: str, value: Any) -> Any:
    made = object.__new__(cls)
    object.__setattr__(made, name, value)
    return made


def _noisy_uuid() -> uuid.UUID:
    made: uuid.UUID = object.__new__(noisy(uuid.UUID))
    vars(uuid.UUID)["int"].__set__(made, 5)
    return made


def _noisy_values() -> dict[str, Any]:
    row, table, bag = _bare(list), _bare(dict), _bare(set)
    list.append(row, 1)
    dict.__setitem__(table, "k", 1)
    set.add(bag, 1)
    ordered, queue = _bare(collections.OrderedDict), _bare(collections.deque)
    collections.OrderedDict.__setitem__(ordered, "k", 1)
    collections.deque.append(queue, 1)
    default = _bare(collections.defaultdict)
    dict.__setitem__(default, "k", 1)
    return {
        "plain": _with(noisy(), "state", [1]),
        "slots": _with(noisy(__slots__=("state",)), "state", [1]),
        "list": row,
        "dict": table,
        "set": bag,
        "frozenset": frozenset.__new__(noisy(frozenset), [1]),
        "tuple": tuple.__new__(noisy(tuple), [1]),
        "str": str.__new__(noisy(str), "text"),
        "bytes": bytes.__new__(noisy(bytes), b"text"),
        "bytearray": bytearray.__new__(noisy(bytearray)),
        "int": int.__new__(noisy(int), 5),
        "float": float.__new__(noisy(float), 1.5),
        "complex": complex.__new__(noisy(complex), 1.5, 2),
        "ordered dict": ordered,
        "deque": queue,
        "default dict": default,
        "exception": BaseException.__new__(noisy(ValueError), "text"),
        "decimal": decimal.Decimal.__new__(noisy(decimal.Decimal), "1.5"),
        "datetime": datetime.datetime.__new__(noisy(datetime.datetime), 2024, 1, 1),
        "date": datetime.date.__new__(noisy(datetime.date), 2024, 1, 1),
        "timedelta": datetime.timedelta.__new__(noisy(datetime.timedelta), 1),
        "fraction": object.__new__(noisy(fractions.Fraction)),
        "path": object.__new__(noisy(pathlib.PurePosixPath)),
        "uuid": _noisy_uuid(),
        "generic alias": noisy(),
    }


@pytest.mark.parametrize("name", list(_noisy_values()))
def test_nothing_of_a_class_runs(name: str) -> None:
    """A class whose every special method, property and overridden method counts and raises is captured in silence."""
    value = _noisy_values()[name]
    CALLS.clear()
    for shown in (value, [value], {"k": value}, Order("A", [value])):
        thaw(freeze(shown))
    assert CALLS == {}
    assert not isinstance(capture(value), OpaqueNode)


def test_keys_are_not_hashed() -> None:
    """Keys and members are taken as they lie: neither `__hash__` nor `__eq__` of a key runs, in any container."""

    class Key:
        quiet = True

        def __hash__(self) -> int:
            if not Key.quiet:
                CALLS["hash"] += 1
            return 1

        def __eq__(self, other: object) -> bool:
            if not Key.quiet:
                CALLS["eq"] += 1
            return self is other

    keys = [Key(), Key(), Key()]
    table, sparse = Table(dict.fromkeys(keys, 1)), Table(dict.fromkeys([*range(20), *keys], 1))
    for number in range(20):
        del sparse[number]
    values = [
        *(dict.fromkeys(keys), set(keys), frozenset(keys), table, sparse, Bag(keys), Frost(keys)),
        *(collections.OrderedDict.fromkeys(keys), collections.Counter(keys), collections.defaultdict(int, table)),
    ]
    Key.quiet = False
    trees = [capture(value) for value in values]
    Key.quiet = True
    assert all(contains_opaque(tree) is None for tree in trees)
    assert all(str(tree).count("ObjectNode(") >= 3 for tree in trees)


def test_metaclasses_do_not_run() -> None:
    """A metaclass that counts hashing, comparing, attribute access and printing of its classes stays silent."""

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            CALLS["attribute"] += armed
            return super().__getattribute__(name)

        def __hash__(cls) -> int:
            CALLS["hash"] += armed
            return 1

        def __eq__(cls, other: object) -> bool:
            CALLS["eq"] += armed
            return cls is other

        def __repr__(cls) -> str:
            CALLS["repr"] += armed
            return "Meta"

        def __instancecheck__(cls, instance: object) -> bool:
            CALLS["instance"] += armed
            return True

        def __subclasscheck__(cls, other: type) -> bool:
            CALLS["subclass"] += armed
            return True

    armed = 0
    made = Meta("Made", (), {"__module__": __name__})
    instance = made()
    instance.x = 1
    armed = 1
    tree, name = capture(instance), capture(made)
    nested = capture([instance, made])
    armed = 0
    assert +CALLS == {}
    CALLS.clear()
    assert isinstance(tree, ObjectNode)
    assert (tree.names, tree.values) == (["x"], [1])
    assert isinstance(name, GlobalNode)
    assert contains_opaque(nested) is None


def test_a_dict_of_its_own_does_not_run() -> None:
    """An instance whose `__dict__` is a subclass of `dict` is read raw too."""
    space = _bare(dict)
    dict.__setitem__(space, "x", 1)

    class Holder:
        pass

    holder = Holder()
    object.__setattr__(holder, "__dict__", space)
    CALLS.clear()
    tree = capture(holder)
    assert isinstance(tree, ObjectNode)
    assert (tree.names, tree.values) == (["x"], [1])


def test_iterators_are_not_consumed() -> None:
    """A generator in a value is where it was."""
    generator = countdown()
    capture({"rows": generator})
    assert list(generator) == [1]


# --- frozen is frozen -------------------------------------------------------------------------------------------------


def test_later_changes_do_not_show() -> None:
    """What the service does with a value after it was frozen is not in it."""
    order = Order("A", [1])
    state = {"order": order, "rows": [[1]], "bag": {1}, "buffer": bytearray(b"x")}
    before = encode(capture(state))
    frozen = freeze(state)
    order.symbol = "B"
    order.lines.append(2)
    state["rows"][0].append(2)  # type: ignore[index]  # a list in a list
    state["bag"].add(2)  # type: ignore[attr-defined]  # a set
    state["buffer"] += b"y"  # type: ignore[operator]  # a bytearray
    assert encode(thaw(frozen)) == before
    assert not same_frozen(frozen, freeze(state))


def test_frozen_bytes_name_only_markers() -> None:
    """The frozen form in memory imports nothing either: thawing knows no class but the markers."""
    frozen = freeze([Order("A"), Side.BUY, Decimal(1), named, ValueError("x")])
    assert isinstance(frozen, FrozenBytes)
    assert b"decimal" not in frozen.data.replace(b"decimal", b"", 1)
    hostile = FrozenBytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(KeyError):
        thaw(hostile)


def test_class_names_are_importable_names() -> None:
    """A class is named `module:qualname`; a function too."""
    assert class_name(Order) == f"{__name__}:Order"
    assert capture(named) == GlobalNode(f"{__name__}:named")
    assert capture(Order) == GlobalNode(f"{__name__}:Order")


def test_the_order_of_a_set_does_not_show() -> None:
    """Sets with the same members have the same tree, whatever order they iterate in."""
    first, second = set(), set()
    for number in range(0, 4000, 8):
        first.add(number)
    for number in reversed(range(0, 4000, 8)):
        second.add(number)
    assert capture(first) == capture(second)
    assert list(first) != list(second) or encode(capture(first)) == encode(capture(second))


def test_numbers_beyond_64_bits() -> None:
    """A large integer has a node of its own and is never rounded."""
    assert capture(2**63) == StandardNode("int", ["0x8000000000000000"])
    tree: Tree = capture({2**70: -(2**70)})
    assert build(tree, Resolver([])) == {2**70: -(2**70)}


def test_anchors_are_numbered_by_first_occurrence() -> None:
    """The numbers of shared values follow their order, so equal values have equal trees."""
    one, two = Order("1"), Order("2")
    tree = capture([one, two, two, one])
    assert isinstance(tree, ListNode)
    assert [part.number for part in tree.items if isinstance(part, AnchorNode)] == [0, 1]
    assert encode(tree) == encode(capture([one, two, two, one]))


def test_a_text_that_is_repeated_is_not_repeated_without_end() -> None:
    """One large text in thirty thousand places is one in memory; in a tree it would be thirty thousand."""
    for text in ("x" * 700_000, b"x" * 700_000, bytearray(700_000)):
        tree = capture(dict.fromkeys(range(30_000), text))
        assert isinstance(tree, DictNode)
        assert sum(not isinstance(value, OpaqueNode) for value in tree.values) == 22
        assert tree.values[-1] == OpaqueNode(
            f"builtins:{type(text).__name__}", "the value has more than 16000000 characters and bytes"
        )


def test_a_tree_has_an_end() -> None:
    """A member of an enumeration that holds a large list, in many places, does not grow a tree for each of them."""
    many: Any = enum.Enum
    member = many("Many", {"ALL": list(range(100_000))})["ALL"]
    tree = capture([member] * 100)
    assert isinstance(tree, ListNode)
    assert isinstance(tree.items[-1], OpaqueNode)


def test_a_large_value_under_a_key_of_its_own_class_hashes_nothing() -> None:
    """The dict around it is not copied, for a copy would ask each key for its hash."""
    asked: list[str] = []

    class Key:
        def __hash__(self) -> int:
            asked.append("hash")
            return 1

        def __eq__(self, other: object) -> bool:
            asked.append("eq")
            return self is other

    value = {"outer": {Key(): "x" * 3_000_000}, "n": 1}
    asked.clear()
    tree = thaw(freeze(value))
    assert asked == []
    assert isinstance(tree, DictNode)
    assert isinstance(tree.values[0], OpaqueNode)
    assert tree.values[1] == 1
