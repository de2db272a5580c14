"""The contract of every type adapter: what it takes apart is built again, and nothing of the value runs meanwhile."""

from __future__ import annotations

import array
import ast
import collections
import concurrent.futures
import contextlib
import datetime
import decimal
import fractions
import functools
import io
import ipaddress
import itertools
import logging
import operator
import os
import pathlib
import queue
import random
import re
import struct
import sys
import threading
import time
import traceback
import types
import typing
import uuid
import weakref
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree

import pytest
from hostile.classes import WATCH, members, noting

from pytest_runtime.recorders.boundaries.asyncpg_records import Columns, record_of
from pytest_runtime.recorders.boundaries.psycopg_inert import inert
from pytest_runtime.recorders.capture.adapters import registry as taken
from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    BytesNode,
    DictNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    StandardNode,
    Tree,
    TupleNode,
    contains_opaque,
    decode,
    encode,
    walk,
)
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.model.render import as_json, literal
from pytest_runtime.replay.world.adapters import registry as built
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable

HERE = Resolver([__name__.partition(".")[0]])


class Tree_(dict[str, int]):
    """A dict to look at."""

    def shown(self) -> int:
        """A method."""
        return len(self)


def twice(value: Any) -> Any:
    """A function of an included package."""
    return value * 2


KEPT = Tree_(a=1)
"""What weak references lead to: alive as long as they are looked at."""

ELEMENT = ElementTree.fromstring("<a x='1'>text<b/>tail</a>")


def _moved(iterator: Iterator[Any]) -> Iterator[Any]:
    """An iterator of which one item was taken."""
    next(iterator)
    return iterator


def _items(value: Any) -> Any:
    """What two iterators have in common if they are alike."""
    return list(itertools.islice(value, 5))


def _same(value: Any) -> Any:
    return value


def _failed() -> types.TracebackType:
    """Where an exception came from."""
    try:
        twice(None)
    except TypeError as error:
        found = error.__traceback__
    if found is None:
        raise AssertionError
    return found


def _streamed(value: Any) -> Any:
    return value.getvalue(), value.tell()


def _match(value: Any) -> Any:
    return value.re, value.string, value.pos, value.endpos, value.regs


SAMPLES: list[tuple[Any, Callable[[Any], Any]]] = [
    *((one, _same) for one in (decimal.Decimal("1.00"), fractions.Fraction(1, 3), 1 + 2j, uuid.UUID(int=7))),
    *((one, _same) for one in (range(1, 9, 2), slice(1, None), ..., NotImplemented, re.compile("a+", re.I))),
    *((one, _same) for one in (datetime.date(2026, 1, 2), datetime.time(1, 2, fold=1), datetime.timedelta(days=-1))),
    (datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2), "X")), _same),
    (zoneinfo.ZoneInfo("Europe/Berlin"), _same),
    *((one, _same) for one in (pathlib.PurePosixPath("a/b"), pathlib.PureWindowsPath("a/b"))),
    (re.compile(r"(a)|(b)").search("xxb", 1), _match),
    (list(re.finditer(r"\d", "a1b2"))[1], _match),
    (struct.Struct("<hI"), lambda value: (value.format, value.size)),
    *((ipaddress.ip_address(one), _same) for one in ("10.0.0.1", "::1", "fe80::1%eth0")),
    *((ipaddress.ip_network(one), _same) for one in ("10.0.0.0/8", "10.0.0.1/32", "2001:db8::/32")),
    *((ipaddress.ip_interface(one), _same) for one in ("10.0.0.1/8", "::1/64")),
    (time.gmtime(0), lambda value: (value, value.tm_zone, value.tm_gmtoff)),
    (os.stat_result(range(10)), _same),
    (os.terminal_size((80, 24)), _same),
    (KEPT.shown, lambda value: value()),
    *((one, lambda value: value("b")) for one in ("a".__add__, "abc".find, {"b": 1}.get, re.compile("b").match)[:3]),
    (functools.partial(twice, 4), lambda value: value()),
    (operator.itemgetter(1, 0), lambda value: value("ab")),
    (operator.attrgetter("numerator"), lambda value: value(3)),
    (operator.methodcaller("split", ",", maxsplit=1), lambda value: value("a,b,c")),
    (operator.methodcaller("split", ","), lambda value: value("a,b,c")),
    *((one, list) for one in (KEPT.keys(), KEPT.values(), KEPT.items())),
    (collections.OrderedDict(b=1, a=2).keys(), list),
    (types.MappingProxyType({"a": 1}), _same),
    *((one, _same) for one in (memoryview(b"abc"), memoryview(bytearray(8)).cast("h"))),
    *((one, _same) for one in (array.array("d", [1.5, 2]), array.array("i"))),
    (ELEMENT, ElementTree.tostring),
    (_moved(iter([1, 2, 3])), _items),
    *((one, _items) for one in (map(twice, [1, 2]), zip([1, 2], "ab", strict=False), filter(None, [0, 1]))),
    *((one, _items) for one in (_moved(enumerate("abc")), itertools.count(5, 2), itertools.count(0.5))),
    *((one, _items) for one in (itertools.repeat(1, 3), itertools.repeat("x"), itertools.starmap(pow, [(2, 3)]))),
    *((one, _items) for one in (_moved(itertools.chain([1, 2], [3])), itertools.chain())),
    (itertools.chain.from_iterable(iter([[1, 2], [3]])), _items),
    (functools.lru_cache(5, typed=True)(twice), lambda value: (value(2), value.cache_parameters())),
    (map(twice, filter(twice, map(twice, [0, 1]))), _items),
    *((one, _streamed) for one in (io.StringIO("text"), io.BytesIO(b"data"))),
    (sys.stdout, _same),
    (_failed(), lambda value: [tuple(call)[:3] for call in traceback.extract_tb(value)]),
    (logging.getLogger("a.b"), _same),
    (logging.getLogger(), _same),
    *((one, lambda value: value.acquire(False)) for one in (threading.Lock(), threading.RLock())),
    (threading.Event(), lambda value: value.is_set()),
    (threading.Condition(), lambda value: value.acquire(False)),
    (threading.Semaphore(3), lambda value: value._value),
    (threading.BoundedSemaphore(3), lambda value: (value._value, value._initial_value)),
    (threading.local(), lambda value: vars(value)),
    (concurrent.futures.ThreadPoolExecutor(3, "x"), lambda value: (value._max_workers, value._thread_name_prefix)),
    (queue.Queue(3), lambda value: (value.maxsize, value.qsize())),
    (queue.LifoQueue(), lambda value: value.maxsize),
    *((one, _same) for one in (list[int], dict[str, Tree_], int | None, typing.Optional, typing.Any, list)),
    *((one, _same) for one in (typing.Optional[int], typing.List[int], typing.Callable[[int], str])),  # noqa: UP006, UP045
    *((one, _same) for one in (typing.Literal["a"], typing.ClassVar[int], typing.Dict[str, int])),  # noqa: UP006
]


def again(value: object) -> Any:
    """Captured, written, read and built."""
    return build(decode(encode(capture(value))), HERE)


def _id(value: object) -> str:
    return type(value).__name__


def _name(sample: tuple[Any, Any]) -> str:
    return type(sample[0]).__name__


@pytest.mark.parametrize("sample", SAMPLES, ids=_name)
def test_what_is_taken_apart_is_built_again(sample: tuple[Any, Callable[[Any], Any]]) -> None:
    """Of the same type and equal, its tree the same again, and no difference to itself; it can be shown."""
    value, told = sample
    tree = capture([value])
    assert contains_opaque(tree) is None
    made = build(decode(encode(tree)), HERE)[0]
    assert type(made) is type(value)
    assert encode(capture([made])) == encode(tree)
    assert tree_differences(tree, capture([made])) == []
    assert literal(tree)
    assert as_json(tree)
    assert told(made) == told(again(value) if told is _items else value)


def test_every_adapter_has_a_sample_and_a_builder() -> None:
    """Kinds on one side are kinds on the other; what is added is tested here, or this fails."""
    kinds = {part.kind for value, _told in SAMPLES for part in walk(capture(value)) if isinstance(part, StandardNode)}
    more = {"weakref", "weakkeys", "weakset", "weakvalues"}  # below
    more.add("eventloop")  # that of a trace, see test_coroutine_replay
    more.add("celery.task")  # one that is registered, see test_bound_tasks
    more.add("mock")  # see test_mocks
    more |= {"psycopg.report", "psycopg.connection", "psycopg.session"}  # below, and in tests/contract
    more |= {"asyncpg.record", "asyncpg.connection", "asyncpg.lent", "asyncpg.pool"}  # likewise
    known = {adapter.kind for adapter in taken.BUILT_IN}
    more |= {
        kind
        for kind in known
        if kind.startswith(("numpy.", "pandas.", "sqlalchemy.", "django.", "pydantic.", "lxml.", "bs4."))
    }  # tests of their own
    assert known - kinds - more == set()
    elsewhere = {"int", "str", "bytearray", "standardstream", "cached"}
    assert {builder.kind for builder in built.BUILT_IN} == known | elsewhere


def test_connections_of_psycopg_are_connected_to_nothing() -> None:
    """What an error holds of its connection is gone; a connection that a function is given asks the recording."""
    psycopg = pytest.importorskip("psycopg")
    connection = psycopg.Connection(inert(psycopg.pq.PGconn, {"dbname": "shop"}, {}), psycopg.rows.dict_row)
    connection._autocommit = True
    failed = psycopg.pq.PGconn.connect_start(b"sslmode=none")
    report = failed.make_empty_result(psycopg.pq.ExecStatus.FATAL_ERROR)
    made = again([connection, connection, failed, report])
    assert made[0] is made[1]
    assert (type(made[0]), made[0].closed, made[0].autocommit) == (psycopg.Connection, False, True)
    assert made[0].row_factory is psycopg.rows.dict_row
    assert made[2:] == [None, {}]
    for one in (connection, made[0]):
        one.close()


def test_rows_of_asyncpg_are_records_again() -> None:
    """Also where two columns are called alike; a UUID of the library is taken for what it is equal to."""
    asyncpg = pytest.importorskip("asyncpg")
    from asyncpg.pgproto import pgproto
    from asyncpg.protocol.protocol import _create_record

    row = record_of(Columns(["a", "b", "a"]), (1, _create_record({"x": 0}, ([2],)), 3), asyncpg.Record)
    made = again([row, row, pgproto.UUID("7" * 32)])
    assert (type(made[0]), made[0], list(made[0].items())) == (asyncpg.Record, row, list(row.items()))
    assert (made[0]["a"], made[0]["b"]["x"], made[1]) == (3, [2], row)
    assert (type(made[2]), made[2]) == (uuid.UUID, pgproto.UUID("7" * 32))
    assert tree_differences(capture([row]), capture([row])) == []
    assert literal(capture(_create_record({"x": 0}, (2,)))) == "Record({'x': 2})"
    found = tree_differences(capture(_create_record({"x": 0}, (2,))), capture(_create_record({"x": 0}, (3,))))
    assert [path for path, _base, _candidate in found] == [".x"]


def test_no_connection_of_asyncpg_is_built_of_anything_else() -> None:
    """What a hostile baseline holds in its place is refused."""
    pytest.importorskip("asyncpg")
    hostile: list[tuple[str, list[Tree]]] = [
        ("asyncpg.record", [DictNode([1], [2]), None]),
        ("asyncpg.record", [DictNode(["x"], [2]), GlobalNode("builtins:int")]),
        ("asyncpg.record", ["x", None]),
        ("asyncpg.connection", [5, None, False, None, None]),
        ("asyncpg.connection", ["postgresql:", None, "x", None, None]),
        ("asyncpg.connection", ["postgresql:", None, True, "x", None]),
        ("asyncpg.connection", ["postgresql:", None, True, None, GlobalNode("builtins:int")]),
        ("asyncpg.lent", [None, None]),
        ("asyncpg.pool", ["postgresql:", 10**9, None, None, None, "open"]),
        ("asyncpg.pool", ["postgresql:", "x", None, None, None, "open"]),
    ]
    for kind, parts in hostile:
        with pytest.raises(Unbuildable):
            build(StandardNode(kind, parts), HERE)


def test_weak_references_lead_to_what_else_holds_it() -> None:
    """And to nothing where nothing does."""
    given: dict[str, Any] = {"kept": KEPT, "weak": weakref.ref(KEPT), "keys": weakref.WeakKeyDictionary()}
    made = again({**given, "set": weakref.WeakSet(), "values": weakref.WeakValueDictionary({"k": KEPT})})
    assert made["weak"]() is made["kept"]
    assert made["values"]["k"] is made["kept"]
    assert (type(made["keys"]), type(made["set"])) == (weakref.WeakKeyDictionary, weakref.WeakSet)
    assert again([weakref.ref(KEPT)])[0]() is None


def test_what_is_shared_and_can_change_is_shared_again() -> None:
    """What is written through one name is read through the other; a condition waits on the lock that it was given."""
    stream, lock, row = io.StringIO(), threading.Lock(), array.array("i", [1])
    made = again({"a": stream, "b": stream, "lock": lock, "on": threading.Condition(lock), "row": [row, row]})
    made["a"].write("x")
    assert made["b"].getvalue() == "x"
    assert made["on"]._lock is made["lock"]
    assert made["row"][0] is made["row"][1]
    lines: list[int] = []
    bound = again([lines, lines.append])
    bound[1](5)
    assert bound[0] == [5]


@pytest.mark.parametrize(
    "iterator", [iter({"a": 1}.items()), reversed([1, 2]), _moved(iter("abc")), iter({1}), iter(b"ab")], ids=_id
)
def test_iterators_of_containers_give_what_is_left(iterator: Iterator[Any]) -> None:
    """Whatever they iterate over, a list of it stands for that."""
    assert list(again(iterator)) == list(iterator)


class Numbers(random.Random):
    """Random numbers of one's own."""


class Zone(datetime.tzinfo):
    """A zone of one's own."""

    def __init__(self) -> None:
        self.hours = 2

    def utcoffset(self, moment: datetime.datetime | None) -> datetime.timedelta:
        """Two hours."""
        return datetime.timedelta(hours=self.hours)

    def dst(self, moment: datetime.datetime | None) -> None:
        """None."""

    def tzname(self, moment: datetime.datetime | None) -> str:
        """Its name."""
        return "Z"


class Day(datetime.date):
    """A day of one's own."""


class Span(datetime.timedelta):
    """A span of one's own."""


class Clock(datetime.time):
    """A time of one's own."""


class Store(threading.local):
    """Attributes of each thread, which a thread gets when it first asks."""

    def __init__(self) -> None:
        self.rows = [1]


class Nothing:
    """No state at all."""

    __slots__ = ()


@pytest.mark.parametrize("value", [Numbers(5), random.Random(7)], ids=_id)
def test_random_numbers_go_on(value: random.Random) -> None:
    """From the state that they were in."""
    value.random()
    made = again(value)
    assert [made.random() for _ in range(3)] == [value.random() for _ in range(3)]


@pytest.mark.parametrize(
    "value", [Day(2026, 1, 2), Span(3), Clock(4, 5), datetime.datetime(2026, 1, 2, tzinfo=Zone())], ids=_id
)
def test_moments_of_a_class_of_one_s_own(value: Any) -> None:
    """Are of that class again."""
    made = again(value)
    assert (type(made), made) == (type(value), value)


def test_attributes_of_a_thread_are_restored() -> None:
    """As this thread had them; another thread begins its own."""
    store = Store()
    store.rows.append(2)
    made = again(store)
    assert (type(made), made.rows) == (Store, [1, 2])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: made.rows).result() == [1]
        pool.submit(lambda: store.rows).result()
        tree = capture(store)
    assert isinstance(tree, OpaqueNode)


def test_an_object_that_holds_nothing() -> None:
    """`__slots__ = ()` is all of its state."""
    assert type(again(Nothing())) is Nothing


def test_a_syntax_tree() -> None:
    """All of its state is in attributes."""
    made = again(ast.parse("f(x) + 1"))
    assert ast.dump(made, include_attributes=True) == ast.dump(ast.parse("f(x) + 1"), include_attributes=True)


# --- nothing runs ----------------------------------------------------------------------------------------------------


def _noisy(*bases: type, **more: Any) -> Any:
    """A class whose methods note that they run."""
    names = (
        *("__eq__", "__hash__", "__repr__", "__str__", "__iter__", "__next__", "__getattribute__", "__reduce_ex__"),
        *("__call__", "__index__", "__getitem__", "__len__", "__bool__", "keys", "__reduce__", "__getstate__"),
    )
    found = members(bases or (object,), names) | more
    return types.new_class("Noisy", bases, exec_body=lambda body: body.update(found))


def _noisy_parts() -> list[Any]:
    """Values of adapted types which hold what notes that it is used."""
    thing = object.__new__(_noisy())
    call = noting("called", None)
    number = int.__new__(_noisy(int), 5)
    text = str.__new__(_noisy(str), "text")
    table = dict.__new__(_noisy(dict))
    dict.__setitem__(table, "k", thing)
    event = threading.Event()
    vars(event)["_flag"] = thing
    address = ipaddress.IPv4Address(1)
    type(address)._ip.__set__(address, number)  # type: ignore[attr-defined]  # of a slot
    element = ElementTree.Element("a")
    element.text = thing
    alive = object.__new__(_noisy(__slots__=("__weakref__",)))
    KEEP.append(alive)
    return [
        *(functools.partial(call, thing), map(call, [thing]), filter(call, [thing]), enumerate([thing])),
        *(zip([thing], strict=False), itertools.repeat(thing), itertools.chain([thing]), itertools.count(number)),
        *(itertools.starmap(call, [thing]), types.MappingProxyType(table), dict.keys(table), dict.items(table)),
        *(list.append.__get__(list.__new__(_noisy(list))), weakref.ref(alive), types.GenericAlias(list, (thing,))),
        *(event, address, element, operator.itemgetter(thing), operator.methodcaller("x", thing, y=thing)),
        *(re.compile("t").match(text), iter([thing]), slice(thing, number), types.MethodType(call, thing)),
        *(time.struct_time((number,) * 9), logging.Logger(text), functools.lru_cache(call)),
    ]


KEEP: list[Any] = []


@pytest.mark.parametrize("position", range(len(_noisy_parts())))
def test_nothing_of_what_a_value_holds_runs(position: int) -> None:
    """Neither a method of a part, nor a callback."""
    value = _noisy_parts()[position]
    WATCH.ran.clear()
    WATCH.is_armed = True
    capture(value)
    WATCH.is_armed = False
    assert dict(WATCH.ran) == {}


def _extended() -> list[Any]:
    """Values of classes that extend an adapted type, or something that a builder knows, and note what runs."""
    found: list[Any] = []
    for base, *given in (
        *((datetime.date, 2026, 1, 2), (datetime.time, 1), (datetime.timedelta, 1), (datetime.tzinfo,)),
        *((random.Random,), (io.StringIO,), (io.BytesIO,), (array.array, "i"), (ElementTree.Element, "a")),
        *((threading.Event,), (threading.local,), (map, twice, [1]), (itertools.count,), (functools.partial, twice)),
        *((ipaddress.IPv4Address, 1), (logging.Logger, "x"), (weakref.WeakSet,), (queue.Queue,), (struct.Struct, "h")),
    ):
        cls: Any = _noisy(base)
        found.append(base.__new__(cls, *given))
    return found


@pytest.mark.parametrize("position", range(len(_extended())))
def test_nothing_of_a_class_below_runs(position: int) -> None:
    """A class that extends an adapted type is no adapted type."""
    value = _extended()[position]
    WATCH.ran.clear()
    WATCH.is_armed = True
    tree = capture(value)
    WATCH.is_armed = False
    assert dict(WATCH.ran) == {}
    assert isinstance(tree, (ObjectNode, OpaqueNode))


# --- hostile parts ---------------------------------------------------------------------------------------------------

GARBAGE: list[list[Tree]] = [
    [],
    [ListNode([])] * 2,
    [GlobalNode("builtins:len")] * 3,
    [10**12, 10**12],
    ["../../etc", BytesNode(b"x"), DictNode(["a"], [1]), TupleNode([1])],
    [None] * 9,
]


@pytest.mark.parametrize("kind", sorted(builder.kind for builder in built.BUILT_IN))
@pytest.mark.parametrize("parts", GARBAGE, ids=range(len(GARBAGE)))
def test_hostile_parts_are_refused_or_harmless(kind: str, parts: list[Tree]) -> None:
    """Whatever a baseline says, the builder gives a value, or `Unbuildable` with the reason, and nothing else."""
    before = set(sys.modules)
    made: Any = None
    with contextlib.suppress(Unbuildable):
        made = build(StandardNode(kind, parts), HERE)
    assert type(made).__module__.partition(".")[0] in {*sys.stdlib_module_names, "pytest_runtime"}
    assert set(sys.modules) == before


@pytest.mark.parametrize(
    "tree",
    [
        StandardNode("builtinmethod", [ListNode([]), "__reduce_ex__"]),
        StandardNode("builtinmethod", [GlobalNode(f"{__name__}:Nothing"), "mro"]),
        StandardNode("operator", ["attrgetter", TupleNode(["__init__.__globals__"]), DictNode([], [])]),
        StandardNode("operator", ["methodcaller", TupleNode(["__reduce_ex__", 2]), DictNode([], [])]),
        StandardNode("operator", ["attrgetter", TupleNode(["gi_frame.f_builtins"]), DictNode([], [])]),
        StandardNode("operator", ["call", TupleNode([]), DictNode([], [])]),
        StandardNode("structure", [f"{__name__}:Tree_", TupleNode([]), DictNode([], [])]),
        StandardNode("threadpool", [10**9, "x"]),
        StandardNode("standardstream", ["modules"]),
        StandardNode("typingalias", ["get_type_hints", None, None]),
        StandardNode("lazy", ["map", TupleNode([GlobalNode("builtins:len"), 5]), False]),
        StandardNode("iterator", [5]),
        StandardNode("dictview", ["clear", DictNode([], [])]),
        StandardNode("path", ["os", "x"]),
        StandardNode("ipaddress", ["collapse_addresses", 1, None, None]),
        StandardNode("nobody", []),
    ],
    ids=repr,
)
def test_what_a_builder_refuses(tree: Tree) -> None:
    """What would reach beyond the value is named, and not built."""
    with pytest.raises(Unbuildable):
        build(tree, HERE)
