"""Entries: whatever included frame is entered from outside is found again under a name, and called as it was called."""

from __future__ import annotations

import functools
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import DictNode, GlobalNode, ListNode, Tree, TupleNode, field
from pytest_runtime.testing import Scenario

SHOP = """
    import contextlib
    import functools

    REGISTRY = {}

    def twice(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs) * 2
        return wrapper

    def registered(function):
        REGISTRY[function.__name__] = function

    @registered
    def handler(number):
        return helper(number) + 10

    @twice
    def doubled(number, by=1):
        return number + by

    def helper(number):
        return number * 3

    def options(first, second=2, *rest, third=3, **others):
        return [first, second, list(rest), third, others]

    def numbers(stop):
        for number in range(stop):
            yield helper(number)
        return "done"

    @contextlib.contextmanager
    def opened(log):
        log.append("in")
        yield len(log)
        log.append("out")

    async def later(number):
        return helper(number)

    def made():
        def inner(number):
            return helper(number) + 1
        return inner

    class Account:
        kind = "plain"

        def __init__(self, balance):
            self.balance = balance

        @classmethod
        def kinds(cls):
            return [cls.kind]

        @twice
        def doubled(self, number):
            return self.balance + number

        @property
        def rich(self):
            return self.balance > 1000

        def __repr__(self):
            return f"<{self.balance}>"

        def __private(self):
            return self.balance

        secret = __private

    class Savings(Account):
        kind = "savings"
    """

SEES_ALL = sys.version_info >= (3, 12)


def shop(folder: Path, traffic: Callable[[Any], object]) -> Scenario:
    """The shop, under traffic."""
    return Scenario(folder, {"shop": SHOP}).record(traffic)


def only(scenario: Scenario, name: str) -> Trace:
    """The one trace of an entry."""
    [found] = [trace for trace in scenario.traces() if trace.entry.partition(":")[2] == name]
    return found


def arguments(trace: Trace) -> tuple[list[Tree], dict[str, Tree]]:
    """What it was called with."""
    whole = field(trace.input.tree(), "arguments")
    assert isinstance(whole, TupleNode)
    _receiver, positional, named = whole.items
    assert isinstance(positional, TupleNode)
    assert isinstance(named, DictNode)
    return list(positional.items), dict(zip(map(str, named.keys), named.values, strict=True))


def kind(trace: Trace) -> str:
    """How it is called."""
    return str(field(trace.input.tree(), "kind"))


# --- which name -------------------------------------------------------------------------------------------------


def test_a_wrapper_is_known_by_the_name_that_it_stands_under(tmp_path: Path) -> None:
    """The code of a decorator's wrapper runs for many functions; a change of the decorator is seen."""

    def traffic(shop: Any) -> None:
        assert shop.doubled(2) == 6
        assert shop.Account(1).doubled(2) == 6

    scenario = shop(tmp_path, traffic)
    assert [kind(only(scenario, name)) for name in ("doubled", "Account.doubled")] == ["function", "method"]
    assert scenario.judge(everything=True).counts == {"same": 3}
    replayed = scenario.change("shop", "kwargs) * 2", "kwargs) * 3").judge(located=True)
    assert replayed.counts == {"diverged": 2}
    assert replayed.location.function.endswith(":twice.<locals>.wrapper")


def test_a_function_that_only_a_registry_keeps(tmp_path: Path) -> None:
    """A decorator that returns nothing: the function is found again, whoever keeps it."""
    scenario = shop(tmp_path, lambda shop: shop.REGISTRY["handler"](1))
    assert kind(only(scenario, "handler")) == "registered"
    assert scenario.judge(everything=True).counts == {"same": 1}
    replayed = scenario.change("shop", "helper(number) + 10", "helper(number) + 11").judge()
    assert replayed.fields == {"return": ("13", "14")}


def test_methods_of_every_make(tmp_path: Path) -> None:
    """Class methods of a subclass, properties, operators, private names."""

    def traffic(shop: Any) -> None:
        account = shop.Account(5)
        assert shop.Savings.kinds() == ["savings"]
        assert not account.rich
        assert repr(account) == "<5>"
        assert account.secret() == 5

    scenario = shop(tmp_path, traffic)
    receiver = field(only(scenario, "Account.kinds").input.tree(), "arguments")
    assert isinstance(receiver, TupleNode)
    assert isinstance(receiver.items[0], GlobalNode)
    assert receiver.items[0].name.endswith(":Savings")
    assert kind(only(scenario, "Account.rich")) == "property"
    assert kind(only(scenario, "Account._Account__private")) == "method"
    assert scenario.judge(everything=True).counts == {"same": 5}
    assert scenario.change("shop", "> 1000", "> 4").judge().fields["return"] == ("False", "True")


def test_a_local_function_is_an_entry_with_what_it_closes_over(tmp_path: Path) -> None:
    """No name leads to it: a replay puts it together again, and what it calls is a part of its trace."""
    scenario = shop(tmp_path, lambda shop: shop.made()(7))
    assert kind(only(scenario, "made.<locals>.inner")) == "local"
    assert only(scenario, "made.<locals>.inner").outcome.value == 22
    assert [trace for trace in scenario.traces() if trace.entry.endswith("helper")] == []
    assert scenario.judge(everything=True).counts == {"same": 2}
    assert scenario.change("shop", "number * 3", "number * 4").judge().fields["return"] == ("22", "29")


# --- generators -------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SEES_ALL, reason="before 3.12 nothing tells that a generator goes on")
def test_a_generator_is_replayed_as_far_as_it_was_taken(tmp_path: Path) -> None:
    """Its items and its result are the outcome; what the consumer does between them is no part of the trace."""

    def traffic(shop: Any) -> None:
        for number in shop.numbers(3):
            shop.helper(number)
        started = shop.numbers(9)
        assert next(started) == 0
        started.close()

    scenario = shop(tmp_path, traffic)
    whole = [trace.outcome.value for trace in scenario.traces() if trace.entry.endswith("numbers")]
    assert DictNode(["items", "returned", "ended"], [ListNode([0, 3, 6]), "done", True]) in whole
    assert DictNode(["items", "returned", "ended"], [ListNode([0]), None, False]) in whole
    assert sum(trace.entry.endswith("helper") for trace in scenario.traces()) == 3
    assert scenario.judge(everything=True).counts == {"same": 5}
    replayed = scenario.change("shop", 'return "done"', 'return "over"').judge()
    assert replayed.counts == {"same": 1, "diverged": 1}


@pytest.mark.skipif(not SEES_ALL, reason="before 3.12 nothing tells that a generator goes on")
def test_a_generator_behind_a_decorator_of_a_library(tmp_path: Path) -> None:
    """`contextlib.contextmanager`: the body before and after the block."""
    log: list[str] = []

    def traffic(shop: Any) -> None:
        with shop.opened(log):
            log.append("block")

    scenario = shop(tmp_path, traffic)
    assert log == ["in", "block", "out"]
    assert only(scenario, "opened").outcome.kind == "return"


# --- with what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "positional", "named"),
    [
        (lambda options: options(1), [1], {}),
        (lambda options: options(1, 2), [1, 2], {}),
        (lambda options: options(first=1), [], {"first": 1}),
        (lambda options: options(1, second=2), [1], {"second": 2}),
        (lambda options: options(1, 5, 6, 7), [1, 5, 6, 7], {}),
        (lambda options: options(1, third=3), [1], {"third": 3}),
        (lambda options: options(1, fourth=4), [1], {"fourth": 4}),
        (lambda options: options(*[1]), [1], {}),
        (lambda options: options(*[1, 5]), [1, 5], {}),
        (lambda options: options(**{"first": 1, "third": 9}), [1], {"third": 9}),
        (lambda options: next(map(options, [1])), [1], {}),
        (lambda options: functools.partial(options, third=8)(1), [1], {"third": 8}),
    ],
)
def test_a_call_is_replayed_as_it_was_made(
    tmp_path: Path, call: Any, positional: list[Tree], named: dict[str, Tree]
) -> None:
    """The calling instruction says what was given by position, what by name, and what was left to a default. Where it
    does not say, a value that is the default counts as not given."""
    scenario = shop(tmp_path, lambda shop: call(shop.options))
    assert arguments(only(scenario, "options")) == (positional, named)


def test_another_default_is_a_difference_only_where_it_was_left_to_it(tmp_path: Path) -> None:
    """Who gives the value of the old default does not see the new one."""

    def traffic(shop: Any) -> None:
        shop.options(1)
        shop.options(1, 2)

    scenario = shop(tmp_path, traffic)
    replayed = scenario.change("shop", "second=2", "second=4").judge()
    assert replayed.counts == {"same": 1, "diverged": 1}


def test_a_renamed_parameter_is_seen_by_those_who_name_it(tmp_path: Path) -> None:
    """By position it is a refactoring."""
    scenario = shop(tmp_path, lambda shop: (shop.options(1), shop.options(first=1)))
    scenario.change("shop", "def options(first,", "def options(one,").change("shop", "[first, second", "[one, second")
    replayed = scenario.judge()
    assert replayed.counts == {"same": 1, "diverged": 1}


def test_calls_of_a_callable_argument_are_alike_by_position_and_by_name(tmp_path: Path) -> None:
    """How the code under test writes the call of a callback is its own affair; what the callback gets is not."""
    source = "def run(callback):\n    return callback(1, 2)\n"

    def outside(first: int, second: int, third: int = 3) -> int:
        return first + second + third

    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.run(outside))
    assert scenario.change("shop", "(1, 2)", "(second=2, first=1)").judge().counts == {"same": 1}
    scenario.change("shop", "(second=2, first=1)", "(1, 2, third=3)")
    assert scenario.judge().counts == {"same": 1}
    assert scenario.change("shop", "third=3", "third=4").judge().counts == {"diverged": 1}


def test_a_callback_may_be_called_wrongly(tmp_path: Path) -> None:
    """A candidate that calls it as nobody can gets the error that a function gives."""
    source = "def run(callback):\n    return callback(1)\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.run(lambda first: first))
    replayed = scenario.change("shop", "callback(1)", "callback(1, 2)").judge()
    assert replayed.counts == {"diverged": 1}
    assert "takes 1 positional argument but 2 were given" in replayed.fields["exception"][1]


def test_functions_of_libraries_in_state_are_those_of_the_library(tmp_path: Path) -> None:
    """A clock that an object keeps, and one that is given, are known by name; on replay they ask the recording."""
    source = """
        import time

        class Timer:
            def __init__(self, clock=time.time):
                self.clock = clock

            def now(self):
                return self.clock() > 0

        def is_clock(clock):
            return clock is time.time
        """

    def traffic(shop: Any) -> None:
        assert shop.Timer().now()
        assert shop.is_clock(time.time)
        assert repr(time.time) == "<built-in function time>"
        assert pickle.loads(pickle.dumps(time.time)) is time.time

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    assert arguments(only(scenario, "is_clock")) == ([GlobalNode("time:time")], {})
    assert scenario.judge(everything=True).counts == {"same": 3}


def test_a_name_is_looked_for_within_a_bound() -> None:
    """Functions that close over each other, as parsers made of functions do, are each looked at once."""
    from pytest_runtime.recorders.entries import target

    looked: list[Any] = []
    original = target._parts
    web: list[Any] = [(lambda: web)]
    for _ in range(30):
        web.append((lambda one, two: lambda: (one, two, web))(web[-1], web[0]))
    try:
        target._parts = lambda value: looked.append(value) or original(value)  # type: ignore[func-returns-value]
        assert target._running(web[-1], only.__code__) is None
    finally:
        target._parts = original
    assert len(looked) <= target._LOOKED_AT
