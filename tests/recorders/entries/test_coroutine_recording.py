"""Coroutines and asynchronous generators as entries: recorded as they run, each with what belongs to it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import textwrap
import types
import warnings
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import DictNode, ListNode, TupleNode
from pytest_runtime.testing import Scenario

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 nothing tells that a coroutine goes on")

SHOP = """
    import asyncio
    import contextvars
    import os
    import time

    USER = contextvars.ContextVar("user", default="nobody")

    async def later(number, *, pause=0.0):
        await asyncio.sleep(pause)
        return await helper(number)

    async def helper(number):
        await asyncio.sleep(0)
        return number * 3

    async def numbers(stop):
        for number in range(stop):
            await asyncio.sleep(0)
            yield await helper(number)

    async def failing(number):
        await asyncio.sleep(0)
        raise ValueError(number)

    async def variable(number):
        for _ in range(number % 7):
            await asyncio.sleep(0)
        found = os.environ.get(f"SHOP_{number}")
        await asyncio.sleep(0)
        return found, await asyncio.to_thread(os.environ.get, f"SHOP_THREAD_{number}")

    async def forever():
        while True:
            await asyncio.sleep(0.001)

    async def trap():
        await Foreign()

    class Foreign:
        def __await__(self):
            yield "trap"

    class Cart:
        def __init__(self):
            self.items = []

        async def add(self, item):
            await asyncio.sleep(0)
            self.items.append(item)
            return len(self.items)

        @classmethod
        async def made(cls, *items):
            cart = cls()
            for item in items:
                await cart.add(item)
            return cart
"""


def shop(folder: Path, traffic: Any) -> Scenario:
    """The traffic, recorded in a loop of its own."""
    return Scenario(folder, {"shop": SHOP}).record(lambda shop: asyncio.run(traffic(shop)))


def named(scenario: Scenario, name: str) -> list[Trace]:
    """The traces of an entry."""
    return [trace for trace in scenario.traces() if trace.entry.endswith(f":{name}")]


def call(trace: Trace) -> CallInput:
    """The input of a trace, which is a call."""
    assert isinstance(trace.input, CallInput)
    return trace.input


def test_a_coroutine_is_a_call_of_its_kind_that_is_awaited(tmp_path: Path) -> None:
    """Arguments as given, and the result of the last step; the coroutines that it awaits belong to it."""

    async def traffic(shop: Any) -> None:
        assert await shop.later(2, pause=0.001) == 6
        assert await (await shop.Cart.made(1)).add(2) == 2
        with pytest.raises(ValueError, match="5"):
            await shop.failing(5)

    scenario = shop(tmp_path, traffic)
    (later,) = named(scenario, "later")
    assert (call(later).kind, call(later).awaits, call(later).generates) == ("function", True, False)
    assert call(later).arguments == TupleNode([None, TupleNode([2]), DictNode(["pause"], [0.001])])
    assert (later.outcome.value, later.gaps, named(scenario, "helper")) == (6, [], [])
    assert [call(trace).kind for trace in named(scenario, "Cart.made")] == ["classmethod"]
    assert [call(trace).kind for trace in named(scenario, "Cart.add")] == ["method"]
    assert [trace.outcome.kind for trace in named(scenario, "failing")] == ["exception"]


def test_an_asynchronous_generator_is_recorded_item_by_item(tmp_path: Path) -> None:
    """What it awaits in between is no item of it; one that is closed early ends there."""

    async def traffic(shop: Any) -> None:
        assert [number async for number in shop.numbers(3)] == [0, 3, 6]
        started = shop.numbers(9)
        assert await anext(started) == 0
        await started.aclose()

    scenario = shop(tmp_path, traffic)
    early, whole = sorted((trace.outcome.value for trace in named(scenario, "numbers")), key=str, reverse=True)
    assert all((call(trace).awaits, call(trace).generates) == (True, True) for trace in named(scenario, "numbers"))
    assert whole == DictNode(["items", "returned", "ended"], [ListNode([0, 3, 6]), None, True])
    assert early == DictNode(["items", "returned", "ended"], [ListNode([0]), None, False])


def test_of_fifty_interleaved_tasks_none_is_misattributed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each reads a variable of its own, in its task and in a thread, while all others do."""
    for number in range(50):
        monkeypatch.setenv(f"SHOP_{number}", f"v{number}")
        monkeypatch.setenv(f"SHOP_THREAD_{number}", f"t{number}")

    async def traffic(shop: Any) -> None:
        found = await asyncio.gather(*map(shop.variable, range(50)))
        assert found == [(f"v{number}", f"t{number}") for number in range(50)]

    traces = named(shop(tmp_path, traffic), "variable")
    numbers = {call(trace).positional[0]: trace for trace in traces}
    assert len(numbers) >= 7  # a path class keeps some
    for given, trace in numbers.items():
        names = {f"SHOP_{given}": f"v{given}", f"SHOP_THREAD_{given}": f"t{given}"}
        assert {name: value for name, value in trace.variables.items() if name.startswith("SHOP_")} == names


def test_a_coroutine_that_was_ended_from_outside_says_so(tmp_path: Path) -> None:
    """A replay would not end it there."""

    async def traffic(shop: Any) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(shop.forever(), 0.01)
        coroutine = shop.later(1)
        coroutine.send(None)
        coroutine.close()

    scenario = shop(tmp_path, traffic)
    assert [trace.gaps for trace in named(scenario, "forever")] == [["its task was cancelled from outside"]]
    assert [trace.gaps for trace in named(scenario, "later")] == [
        ["the coroutine was closed before it came to its end"]
    ]


def test_what_another_library_awaits_is_named(tmp_path: Path) -> None:
    """What asyncio would not take is no rest of one of its tasks."""

    def traffic(shop: Any) -> None:
        coroutine = shop.trap()
        assert coroutine.send(None) == "trap"
        with pytest.raises(StopIteration):
            coroutine.send(None)

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    (trace,) = named(scenario, "trap")
    assert len(trace.gaps) == 1
    assert "asyncio does not know, which gives a str" in trace.gaps[0]


def test_a_coroutine_that_runs_for_long_lets_its_calls_be_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The main loop of a service has no end that is worth waiting for."""
    monkeypatch.setattr("pytest_runtime.recorders.entries.function_run.LONG", 0.01)
    scenario = shop(tmp_path, lambda shop: shop.later(4, pause=0.05))
    assert [trace.outcome.value for trace in named(scenario, "helper")] == [12]
    assert ["it ran for more than" in gap for gap in named(scenario, "later")[0].gaps] == [True]


def test_the_service_sees_the_coroutines_that_it_made(tmp_path: Path) -> None:
    """Types, names, states, context and warnings are those of a run without a recorder."""

    def seen(shop: Any) -> list[Any]:
        async def inner() -> list[Any]:
            coroutine = shop.later(1)
            facts = [type(coroutine).__name__, coroutine.__name__, inspect.getcoroutinestate(coroutine)]
            task = asyncio.create_task(coroutine, name="mine")
            await asyncio.sleep(0)
            facts += [
                task.get_coro() is coroutine,
                inspect.getcoroutinestate(coroutine),
                coroutine.cr_await is not None,
            ]
            facts += [await task, inspect.getcoroutinestate(coroutine), shop.USER.get()]
            cancelled = asyncio.create_task(shop.forever())
            await asyncio.sleep(0.003)
            facts += [cancelled.cancel("why"), cancelled.cancelling()]
            with pytest.raises(asyncio.CancelledError) as caught:
                await cancelled
            facts += [caught.value.args, cancelled.cancelled(), inspect.iscoroutinefunction(shop.later)]
            generator = shop.numbers(2)
            facts += [type(generator).__name__, await anext(generator), generator.ag_frame is not None]
            return [*facts, await generator.aclose(), generator.ag_frame]

        return asyncio.run(inner())

    recorded: list[Any] = []
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: recorded.append(seen(shop)))
    plain = types.ModuleType("shop")
    exec(textwrap.dedent(SHOP), vars(plain))
    assert len(scenario.traces()) >= 3
    assert recorded == [seen(plain)]


def test_a_coroutine_that_nobody_awaits_warns_as_ever(tmp_path: Path) -> None:
    """The recorder holds none."""

    def traffic(shop: Any) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            shop.later(1)
            gc.collect()
        assert [str(one.message) for one in caught] == ["coroutine 'later' was never awaited"]

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    assert named(scenario, "later") == []


RETURNING = """
    import asyncio
    import functools

    def counted(function):
        @functools.wraps(function)
        def call(*args):
            call.calls += 1
            return function(*args)
        call.calls = 0
        return call

    @counted
    async def doubled(number):
        await asyncio.sleep(0)
        return factor() * number

    def factor():
        return 2

    def delayed(number):
        if number < 0:
            raise ValueError(number)
        return asyncio.sleep(0.001, number)

    def handed_on(coroutine):
        return coroutine

    def counting(stop):
        async def run():
            for number in range(stop):
                await asyncio.sleep(0)
                yield number * factor()
        return run()
    """


async def returning(shop: Any) -> None:
    """What plain functions return is awaited, in the caller's task or in one of its own, or never."""
    assert await shop.doubled(4) == 8
    assert await asyncio.create_task(shop.doubled(5)) == 10
    assert await shop.delayed(3) == 3
    with pytest.raises(ValueError, match="-1"):
        shop.delayed(-1)
    assert await shop.handed_on(asyncio.sleep(0, 7)) == 7
    assert [number async for number in shop.counting(3)] == [0, 2, 4]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shop.doubled(6)
        gc.collect()


def test_what_a_function_returns_to_be_awaited_belongs_to_it(tmp_path: Path) -> None:
    """The trace goes on with the coroutine, whoever wrote it, and a replay awaits it too."""
    scenario = Scenario(tmp_path, {"shop": RETURNING}).record(lambda shop: asyncio.run(returning(shop)))
    traces = [trace for trace in scenario.traces() if not trace.entry.endswith((":counted", ".__init__"))]
    names = {trace.entry.rpartition(":")[2] for trace in traces}
    assert names == {"doubled", "delayed", "counting", "handed_on"}
    results = {trace.entry.rpartition(":")[2]: trace for trace in traces if not trace.gaps}
    assert results["delayed"].outcome.value is not None
    assert results["counting"].outcome.value == DictNode(
        ["items", "returned", "ended"], [ListNode([0, 2, 4]), None, True]
    )
    assert [trace.gaps for trace in traces if trace.gaps] == [["the coroutine was closed before it came to its end"]]
    replayed = scenario.judge(everything=True)
    assert set(replayed.counts) == {"same", "not judged"}
    assert replayed.counts["not judged"] == 1
    assert scenario.change("shop", "return 2", "return 3").judge().counts["diverged"] >= 2
