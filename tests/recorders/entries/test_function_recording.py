"""Function entries: the outermost call into an included function is a trace, and the function stays what it was."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import DictNode, ListNode, ObjectNode, Tree, TupleNode, field
from pytest_runtime.recorders.session.sampler import QUIET
from pytest_runtime.testing import Scenario

SEES_ALL = sys.version_info >= (3, 12)
"""Before 3.12 functions without statements in a source file (a lambda, a dataclass's method) are not seen."""

SHOP = """
    import dataclasses
    import enum
    import functools
    import typing

    def logged(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return ["logged", function(*args, **kwargs)]
        return wrapper

    def inner(number):
        return number + 1

    def outer(number):
        '''Calls another.'''
        return inner(number) * 2

    @logged
    def decorated(number, *, by=1):
        return number * by

    @functools.lru_cache(maxsize=4)
    def cached(number: int) -> int:
        return number * 3

    def append(rows, value):
        rows.append(value)

    def refuse(number):
        raise ValueError(f"no {number}")

    def numbers():
        yield 1

    async def later():
        return 1

    class Account:
        def __init__(self, owner, balance=0):
            self.owner = owner
            self.balance = balance

        def deposit(self, amount):
            self.balance += self._checked(amount)
            return self.balance

        def _checked(self, amount):
            if amount <= 0:
                raise ValueError("amount")
            return amount

        @classmethod
        def empty(cls, owner):
            return cls(owner)

        @staticmethod
        def fee(amount):
            return amount // 100

        @property
        def rich(self):
            return self.balance > 1000

        def __len__(self):
            return self.balance

        def __repr__(self):
            return f"<{self.owner}>"

    class Savings(Account):
        def deposit(self, amount):
            return super().deposit(amount) + 1

    @dataclasses.dataclass
    class Order:
        symbol: str
        lines: list = dataclasses.field(default_factory=list)

    class Side(enum.Enum):
        BUY = 1

    class Refused(Exception):
        def __init__(self, code):
            super().__init__(code)
            self.code = code

    class Quoting(typing.Protocol):
        def quote(self): ...

    alias = outer
    double = lambda number: number * 2
    """


def recorded(tmp_path: Path, traffic: Any, **options: Any) -> list[Trace]:
    """The traces of some traffic, in the order in which they were kept."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, **options).record(traffic)
    return sorted(scenario.traces(), key=lambda trace: trace.started)


def entries(traces: list[Trace]) -> list[str]:
    """Their entries, without the module."""
    return [trace.entry.partition(":")[2] for trace in traces]


def positional(trace: Trace) -> list[Tree]:
    """Positional arguments of a trace."""
    arguments: Any = field(trace.input.tree(), "arguments")
    found: list[Tree] = arguments.items[1].items
    return found


def test_the_outermost_call_is_the_trace(tmp_path: Path) -> None:
    """Calls between included functions are part of the trace, with their results."""
    (trace,) = recorded(tmp_path, lambda shop: shop.outer(3))
    assert entries([trace]) == ["outer"]
    assert (positional(trace), trace.outcome.value, trace.outcome.kind) == ([3], 8, "return")
    assert [name.partition(":")[2] for name in trace.functions] == ["outer", "inner"]
    assert ("inner", 4) in [(call.function.partition(":")[2], call.result) for call in trace.calls]


def test_decorators_are_part_of_the_entry(tmp_path: Path) -> None:
    """What the caller sees is recorded: the decorated function, under its own name."""
    (trace,) = recorded(tmp_path, lambda shop: shop.decorated(3, by=2))
    assert entries([trace]) == ["decorated"]
    assert trace.outcome.value == ListNode(["logged", 6])


def test_a_cache_keeps_its_methods(tmp_path: Path) -> None:
    """A cached function is an entry where it runs; a hit runs nothing. `cache_info` and `cache_clear` work."""

    def traffic(shop: Any) -> None:
        assert (shop.cached(2), shop.cached(2)) == (6, 6)
        assert shop.cached.cache_info().hits == 1
        shop.cached.cache_clear()
        assert shop.cached.cache_info().currsize == 0
        assert shop.cached.cache_parameters() == {"maxsize": 4, "typed": False}

    assert entries(recorded(tmp_path, traffic)) == ["cached"]


def test_methods_of_every_kind(tmp_path: Path) -> None:
    """Constructors, methods, class methods, static methods, operators and inherited methods are entries."""

    def traffic(shop: Any) -> None:
        account = shop.Account("ada", balance=5)
        assert account.deposit(7) == 12
        assert len(account) == 12
        assert shop.Account.fee(500) == account.fee(500) == 5
        assert shop.Account.empty("bob").owner == "bob"
        assert shop.Savings("eve").deposit(1) == 2
        assert shop.Order("A") == shop.Order("A")

    traces = recorded(tmp_path, traffic)
    names = [f"Account.{name}" for name in ("__init__", "deposit", "__len__", "fee", "fee", "empty", "__init__")]
    generated = ["Order.__init__", "Order.__init__", "Order.__eq__"] if SEES_ALL else []
    assert entries(traces) == [*names, "Savings.deposit", *generated]
    made = traces[0].outcome.value
    assert isinstance(made, ObjectNode)
    assert (made.names, made.values) == (["owner", "balance"], ["ada", 5])
    kinds = [str(field(trace.input.tree(), "kind")) for trace in traces]
    made_kinds = ["constructor", "constructor", "method"] if SEES_ALL else []
    plain_kinds = ["constructor", "method", "method", "function", "function", "classmethod", "constructor", "method"]
    assert kinds == plain_kinds + made_kinds


def test_the_receiver_is_recorded_before_and_after(tmp_path: Path) -> None:
    """A method's object is part of the input as it was, and of the outcome as it is then."""
    trace = recorded(tmp_path, lambda shop: shop.Account("ada", 5).deposit(7))[1]
    arguments: Any = field(trace.input.tree(), "arguments")
    assert arguments.items[0].values == ["ada", 5]
    after: Any = trace.outcome.arguments
    assert after.items[0].values == ["ada", 12]


def test_changed_arguments(tmp_path: Path) -> None:
    """An argument that the function changed is in the outcome, as it became; one that it did not change is not."""

    def traffic(shop: Any) -> None:
        rows = [1]
        shop.append(rows, 2)
        rows.append(3)
        shop.outer(1)

    first, second = recorded(tmp_path, traffic)
    assert positional(first) == [ListNode([1]), 2]
    assert first.outcome.arguments == TupleNode([None, TupleNode([ListNode([1, 2]), 2]), DictNode([], [])])
    assert second.outcome.arguments is None


def test_exceptions(tmp_path: Path) -> None:
    """What a function raises goes on unchanged, and is its outcome."""

    def traffic(shop: Any) -> None:
        with pytest.raises(ValueError, match="no 3") as caught:
            shop.refuse(3)
        assert caught.traceback[-1].name == "refuse"

    (trace,) = recorded(tmp_path, traffic)
    value = trace.outcome.value
    assert trace.outcome.kind == "exception"
    assert isinstance(value, ObjectNode)
    assert (value.cls, value.content) == ("builtins:ValueError", TupleNode(["no 3"]))


def test_wrong_calls_fail_as_before(tmp_path: Path) -> None:
    """A call with wrong arguments is a `TypeError` with the function's own name; nothing of it runs, or is seen."""

    def traffic(shop: Any) -> None:
        with pytest.raises(TypeError, match=r"outer\(\) missing 1 required positional argument"):
            shop.outer()
        with pytest.raises(TypeError, match=r"Account\.__init__\(\) missing"):
            shop.Account()

    assert recorded(tmp_path, traffic) == []


def test_whatever_is_entered_from_outside_is_an_entry(tmp_path: Path) -> None:
    """Generators, coroutines, lambdas, properties, exceptions and operators, as they are reached."""

    def traffic(shop: Any) -> None:
        assert next(shop.numbers()) == 1
        shop.later().close()
        assert shop.double(2) == 4
        assert repr(shop.Side.BUY) == "<Side.BUY: 1>"
        assert shop.Refused(3).code == 3
        account = object.__new__(shop.Account)
        account.owner, account.balance = "a", 1
        assert (repr(account), account.rich) == ("<a>", False)

    traces = recorded(tmp_path, traffic)
    names = ["numbers", *(["double"] if SEES_ALL else []), "Refused.__init__", "Account.__repr__", "Account.rich"]
    assert sorted(entries(traces)) == sorted(names)
    kinds = {name: field(trace.input.tree(), "kind") for name, trace in zip(entries(traces), traces, strict=True)}
    assert kinds["numbers"] == "function"
    assert kinds["Account.rich"] == "property"


def test_an_alias_is_the_same_function(tmp_path: Path) -> None:
    """A second name of a function leads to the first."""

    def traffic(shop: Any) -> None:
        assert shop.alias(3) == 8

    assert entries(recorded(tmp_path, traffic)) == ["outer"]


def test_a_function_stays_what_it_was(tmp_path: Path) -> None:
    """Signature, annotations, docstring, name, source, pickling by name, copying and equality are kept."""

    def traffic(shop: Any) -> None:
        assert str(inspect.signature(shop.outer)) == "(number)"
        assert str(inspect.signature(shop.decorated)) == "(number, *, by=1)"
        assert str(inspect.signature(shop.Account)) == "(owner, balance=0)"
        assert (shop.outer.__doc__, shop.outer.__name__, shop.outer.__qualname__) == (
            "Calls another.",
            "outer",
            "outer",
        )
        assert shop.cached.__wrapped__.__annotations__ == {"number": int, "return": int}
        assert "inner(number) * 2" in inspect.getsource(shop.outer)
        assert inspect.isfunction(shop.outer)
        assert inspect.ismethod(shop.Account.empty)
        assert callable(shop.outer)
        assert pickle.loads(pickle.dumps(shop.outer)) is shop.outer
        assert pickle.loads(pickle.dumps(shop.Account.fee))(300) == 3
        account = shop.Account("ada")
        assert pickle.loads(pickle.dumps(account.deposit))(4) == 4
        assert copy.deepcopy([shop.outer])[0](1) == 4
        assert copy.deepcopy(account.deposit)(4) == 4
        assert account.balance == 0
        assert account.deposit == account.deposit
        assert hash(shop.outer) == hash(shop.outer)
        assert shop.outer.__module__ == shop.__name__
        shop.outer.note = "set by the service"
        assert shop.outer.note == "set by the service"

    recorded(tmp_path, traffic)


def test_everything_is_unwrapped_at_the_end(tmp_path: Path) -> None:
    """After the recording the module holds plain functions again."""
    kept: list[Any] = []
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(kept.append)
    (shop,) = kept
    assert type(vars(shop)["outer"]).__name__ == "function"
    assert type(vars(shop.Account)["deposit"]).__name__ == "function"
    assert type(vars(shop.Account)["empty"]) is classmethod
    assert shop.outer(3) == 8
    assert scenario.traces() == []


def test_an_unsampled_entry_records_nothing(tmp_path: Path) -> None:
    """Beyond its rate nothing is recorded, inner calls of what was not sampled least of all, and all is counted."""

    def traffic(shop: Any) -> None:
        for number in range(200):
            assert shop.outer(number) == 2 * (number + 1)

    scenario = Scenario(tmp_path, {"shop": SHOP}, sample=0.1, exemplars=500).record(traffic)
    traces = scenario.traces()
    assert set(entries(traces)) == {"outer"}
    assert len(traces) <= QUIET + 3
    assert scenario.recording is not None
    assert scenario.recording.tallies.counters.snapshot()["not sampled"] == 200 - len(traces)


def test_entries_can_be_named(tmp_path: Path) -> None:
    """Patterns narrow the entries down: other functions are called without a trace."""

    def traffic(shop: Any) -> None:
        shop.outer(1), shop.decorated(1), shop.Account("a").deposit(1)

    traces = recorded(tmp_path, traffic, entries=("*:outer", "*:Account.dep*"))
    assert entries(traces) == ["outer", "Account.deposit"]


def test_included_callers_are_no_outsiders(tmp_path: Path) -> None:
    """What an included module calls while it is imported is no trace."""
    source = "def limit():\n    return 3\nLIMIT = limit()\ndef get():\n    return LIMIT\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.get())
    assert entries(scenario.traces()) == ["get"]


def test_a_late_change_of_an_argument_does_not_show(tmp_path: Path) -> None:
    """Input and outcome are frozen at the call and at the return, not when the collector comes by."""

    def traffic(shop: Any) -> None:
        order = shop.Order("A", [1])
        shop.decorated(order, by=_One())
        order.lines.append(2)

    traces = [one for one in recorded(tmp_path, traffic) if one.entry.endswith(":decorated")]
    shown = str(traces[0].outcome.value)
    assert "ListNode(items=[1])" in shown
    assert "items=[1, 2]" not in shown


class _One:
    def __rmul__(self, other: Any) -> Any:
        return other


INHERITED = """
    class Base:
        rate = 1

        def __init__(self, price):
            self.price = price * self.rate
            if price < 0:
                raise ValueError(type(self).__name__)

    class Sub(Base):
        rate = 2

    class Own(Base):
        def __init__(self):
            super().__init__(3)
    """


def test_an_inherited_constructor_is_replayed_as_the_subclass(tmp_path: Path) -> None:
    """It makes what it made, and fails as it failed; a change of the subclass reaches it."""
    scenario = Scenario(tmp_path, {"shop": INHERITED})

    def traffic(shop: Any) -> None:
        shop.Sub(5)
        shop.Base(7)
        shop.Own()
        with pytest.raises(ValueError, match="Sub"):
            shop.Sub(-1)

    scenario.record(traffic)
    replayed = scenario.change("shop", "rate = 2", "rate = 3").replay()
    assert replayed.counts == {"diverged": 1, "same": 3}
    assert replayed.fields["return.price"] == ("10", "15")
