"""Expressions of probes: what is accepted, what is refused and why, and that nothing of a class of the service runs."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import enum
import sys
import time
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Iterator
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.errors import ProbeRefused
from pytest_runtime.recorders.privacy.sensitive_names import PUBLIC, Names
from pytest_runtime.recorders.probes.expressions import compile_expression
from pytest_runtime.recorders.probes.plain import Unreadable
from pytest_runtime.recorders.probes.preparing import CodeNames
from pytest_runtime.recorders.probes.view import View

from .hostile import RUNS, hostile_class, instance_of

_names = Names((), ())


def sensitive(name: str) -> bool:
    """As redaction has it."""
    return _names.care(name) > PUBLIC


def evaluate(source: str, frame: FrameType) -> Any:
    """What an expression gives in a frame; raises `ProbeRefused` and `Unreadable`."""
    bind = CodeNames(frame.f_code, frame.f_globals)
    return compile_expression(source, bind, sensitive, bind.is_local).evaluate(View(frame))


class Tier(enum.Enum):
    """Members are compared by identity."""

    GOLD = "gold"


class Level(enum.IntEnum):
    """Members are numbers."""

    HIGH = 3


class Order:
    """An ordinary class."""

    limit = 10

    def __init__(self) -> None:
        self.total = 12
        self.tier = Tier.GOLD
        self.password = "hunter2"

    @property
    def high_value(self) -> bool:
        """Would run."""
        raise AssertionError

    def is_paid(self) -> bool:
        """Would run."""
        raise AssertionError


class Slotted:
    """Attributes in slots, one of them empty."""

    __slots__ = ("empty", "size")

    def __init__(self) -> None:
        self.size = 3


Point = namedtuple("Point", "x y")

ACCEPTED = {
    "total > 10_000": True,
    "total >= 12_000 and not paid": True,
    'd.get("k")': 1,
    'd.get("none")': None,
    'd["k"] + 1': 2,
    '"k" in d': True,
    's.startswith("x")': True,
    's.upper() == "XYZ"': True,
    "s[0] + s[-1]": "xz",
    "len(items) > 3": False,
    "items[-1] == 3": True,
    "items[1:]": [2, 3],
    "3 in items": True,
    "order.tier == Tier.GOLD and order.total > 10": True,
    "order.limit": 10,
    "order.tier is Tier.GOLD": True,
    "nothing is None": True,
    "1 if nothing else 2": 2,
    "isinstance(order, Order)": True,
    "isinstance(order, (int, str))": False,
    "type(order).__name__": "Order",
    "[item * 2 for item in items if item > 1]": [4, 6],
    "any(item > 2 for item in items)": True,
    "all(item > 2 for item in items)": False,
    "sum(item for item in items) / len(items)": 2.0,
    "[key for key, value in d.items() if value == 1]": ["k"],
    "max(items) - min(items)": 2,
    "sorted([3, 1, 2])": [1, 2, 3],
    "slotted.size": 3,
    "point.x + point.y": 3,
    "level > 2": True,
    "level == Level.HIGH": True,
    "0 < total < 20_000": True,
    "price > 9": True,
    "price * 2 == price + price": True,
    "when.year > 2020": True,
    "(later - when).total_seconds()": 60.0,
    "ordered": OrderedDict(a=1),
    'ordered["a"] == 1': True,
    "len(queue)": 2,
    "tags == {'a', 'b'}": True,
    "round(2.345, 1)": 2.3,
    "int('7') + float('1.5')": 8.5,
    "outer + 1": 2,
    "LIMIT": 5,
    "-total": -12_000,
    "list(range(3))": [0, 1, 2],
}
LIMIT = 5


@pytest.mark.parametrize("source", ACCEPTED)
def test_what_people_write_is_accepted(source: str) -> None:
    """And it is what Python makes of it."""
    outer = 1

    def place() -> Any:
        total, paid, d, s, items, nothing = 12_000, False, {"k": 1}, "xyz", [1, 2, 3], None
        order, slotted, point, level, price = Order(), Slotted(), Point(1, 2), Level.HIGH, decimal.Decimal("9.90")
        when = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
        later = when + datetime.timedelta(minutes=1)
        ordered, queue, tags = OrderedDict(a=1), deque([1, 2]), {"a", "b"}
        used = (total, paid, d, s, items, nothing, order, slotted, point, level, price, later, ordered, queue, tags)
        assert used
        assert outer
        return evaluate(source, sys._getframe())

    assert place() == ACCEPTED[source]


REFUSED = {
    "order.is_paid()": "is_paid() would run code",
    "open('x')": "it would run code",
    "__import__('os')": "it would run code",
    "lambda: 1": "a function would run code",
    "(x := 1)": "it would set a variable",
    "order.__dict__": "names with two underscores",
    "order.__class__.__bases__": "names with two underscores",
    "f'{order}'": "texts are put together in the text of a log",
    "[*items]": "something of unknown size",
    "'x' * 10**8": "it would make a text of more than 10000 characters",
    "10**10**8": "more than 4096 bits",
    "1 << 10**9": "more than 4096 bits",
    "'%0999999999d' % 1": "is not formatted with %",
    "re.match('(a+)+$', s)": "match() would run code",
    "totl": "has no variable 'totl'; it has order",
    "order.password": "'password' is redacted",
    "order['api_key']": "'api_key' is redacted",
    "order.get('Authorization')": "'Authorization' is redacted",
    "password": "'password' is redacted",
    "total >": "is no expression of Python",
    "x" * 2_000: "is too long",
    "[" * 60 + "]" * 60: "nested too deeply",
    "+".join(["1"] * 150): "has more than",
}


@pytest.mark.parametrize("source", REFUSED)
def test_what_is_refused_says_what_and_why(source: str) -> None:
    """Before anything is evaluated."""

    def place(order: Any, items: Any, s: Any) -> None:
        with pytest.raises(ProbeRefused) as refused:
            evaluate(source, sys._getframe())
        assert REFUSED[source] in str(refused.value)

    place(Order(), [], "")


def test_an_expensive_expression_stops_with_its_reason() -> None:
    """Whatever the values are, within some milliseconds."""
    big, digits, text, nested = list(range(10**6)), 10**5000, "x" * 10**7, [list(range(900))] * 900
    mapping = dict.fromkeys(range(10**6))
    assert big
    assert mapping
    sources = (
        "sum(big)",
        "sorted(big)",
        "[1 for one in nested for other in one]",
        "text * len(text)",
        "text + text",
        "digits * digits",
        "digits ** 2",
        "'y' in text",
        "text.upper()",
        "mapping.get(5)",
        "5 in big",
        "big == big[:0] + big",
        "any(other == 901 for one in nested for other in one)",
        "'x' * digits",
        "range(10**9)[5] in range(10**9)",
        "max(range(10**9))",
        "str(digits)",
        "int(text)",
    )
    for source in sources:
        frame, began = sys._getframe(), time.thread_time()
        with pytest.raises((Unreadable, ProbeRefused)) as stopped:
            evaluate(source, frame)
        assert time.thread_time() - began < 0.2, source
        assert str(stopped.value), source
    assert digits
    assert text
    assert nested


def test_an_iterator_is_not_used_up() -> None:
    """It gives the same items afterwards."""
    log: list[int] = []
    generator = (item for item in (1, 2, 3))
    mapped: Iterator[Any] = map(log.append, (1, 2))
    with open(__file__) as lines:
        for name in ("generator", "mapped", "lines"):
            for form in ("list({})", "sum({})", "2 in {}", "[x for x in {}]", "max({})", "tuple({})", "len({})"):
                with pytest.raises(Unreadable, match=r"use it up|run its code"):
                    evaluate(form.format(name), sys._getframe())
        assert lines.tell() == 0
    assert list(generator) == [1, 2, 3]
    assert log == []
    assert list(mapped) == [None, None]


def test_a_property_a_method_and_a_descriptor_are_not_read() -> None:
    """An attribute that the instance itself holds is, past a descriptor of the class, as ORMs have them."""

    class Mapped:
        def __get__(self, instance: object, owner: type) -> Any:
            raise AssertionError

        def __set__(self, instance: object, value: object) -> None:
            raise AssertionError

    class Row:
        name = Mapped()

    order, row = Order(), Row()
    row.__dict__["name"] = "stored"
    assert evaluate("row.name", sys._getframe()) == "stored"
    for source in ("order.high_value", "order.is_paid", "order.nothing"):
        with pytest.raises(Unreadable):
            evaluate(source, sys._getframe())
    assert order


def test_what_lies_under_a_sensitive_key_stays_unseen() -> None:
    """Whoever puts the name together so that nobody sees it gets nothing either."""
    d = {"password": "hunter2", "name": "Ada"}
    key = "pass"
    assert key
    assert evaluate("[value for value in d.values() if isinstance(value, str)]", sys._getframe()) == ["Ada"]
    for source in ("d[key + 'word']", "d.get(key + 'word')", "[v == 'hunter2' for k, v in d.items()]"):
        with pytest.raises(Unreadable, match="redacted"):
            evaluate(source, sys._getframe())
    assert d


def test_an_empty_variable_is_said_to_be_empty() -> None:
    """Before it is set, after it was deleted, and in a slot."""
    slotted, gone = Slotted(), 1
    del gone
    for source in ("later", "gone", "slotted.empty"):
        with pytest.raises(Unreadable, match=r"has no"):
            evaluate(source, sys._getframe())
    later = 1
    assert slotted
    assert later == 1


BASES: tuple[tuple[type, tuple[Any, ...]], ...] = (
    (object, ()),
    (int, (3,)),
    (str, ("abc",)),
    (float, (1.5,)),
    (list, ([1, 2],)),
    (dict, ({"k": 1},)),
    (tuple, ((1, 2),)),
    (set, ({1, 2},)),
    (bytes, (b"abc",)),
    (defaultdict, (int,)),
    (Exception, ("abc",)),
)

_operands = st.sampled_from(["h", "other", "1", "'k'", "items", "d", "None", "h.total", "C", "h.tier", "d['k']"])
_forms = st.sampled_from(
    [
        *("{a} == {b}", "{a} != {b}", "{a} < {b}", "{a} >= {b}", "{a} in {b}", "{a} is {b}", "{a} + {b}", "{a} * {b}"),
        *("{a} / {b}", "{a} ** {b}", "{a} % {b}", "not {a}", "-{a}", "{a} and {b}", "{a} or {b}", "{a} if {b} else 1"),
        *(
            "{a}[{b}]",
            "{a}[0:1]",
            "{a}.total",
            "{a}.computed",
            "{a}.described",
            "{a}.method",
            "{a}.missing",
            "len({a})",
        ),
        *(
            "{a}.get({b})",
            "{a}.items()",
            "{a}.startswith({b})",
            "isinstance({a}, {b})",
            "isinstance({a}, C)",
            "str({a})",
        ),
        *("[x for x in {a}]", "any(x == {b} for x in {a})", "sum({a})", "max({a}, {b})", "sorted({a})", "abs({a})"),
        *(
            "int({a})",
            "float({a})",
            "list({a})",
            "bool({a})",
            "round({a})",
            "{a} == [{b}]",
            "{{{a}: {b}}}",
            "type({a})",
        ),
        *(
            "[{a}] == [{b}]",
            "{a} in ({b}, 1)",
            "{a} in items",
            "{b} in d",
            "d.get({a})",
            "{a}.count({b})",
            "range({a})",
        ),
    ]
)


@given(form=_forms, a=_operands, b=_operands, base=st.sampled_from(BASES), key=st.booleans())
def test_nothing_of_a_hostile_class_ever_runs(
    form: str, a: str, b: str, base: tuple[type, tuple[Any, ...]], key: bool
) -> None:
    """Whatever is done with its instances, its classes, and containers that hold them, as keys too."""
    h, other, C = instance_of(base[0], *base[1]), instance_of(object), hostile_class()
    items = [h, 1, other]
    d: dict[Any, Any] = {"k": h, other: 1} if key else {"k": h}
    RUNS.clear()
    with contextlib.suppress(Unreadable, ProbeRefused):
        evaluate(form.format(a=a, b=b), sys._getframe())
    assert RUNS == []
    assert len((h, other, C, items, d)) == 5
