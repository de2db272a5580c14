"""Coroutines, asynchronous generators and coroutine functions among the arguments: watched, and answered on replay."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.value_tree import DictNode, ListNode
from pytest_runtime.testing import Scenario

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 nothing tells that a coroutine goes on")

SHOP = """
    import asyncio
    import inspect

    LIMIT = 100

    class Stream:
        def __init__(self, source):
            self.source = source

        async def total(self):
            return sum([number async for number in self.source])

    async def firsts(source, count):
        found = []
        async for number in source:
            found.append(number)
            if len(found) == count:
                break
        await source.aclose()
        return found

    async def doubled(coroutine):
        return min(2 * await coroutine, LIMIT)

    async def in_a_task(coroutine):
        return await asyncio.wait_for(asyncio.create_task(coroutine), 5)

    async def applied(function, numbers):
        assert inspect.iscoroutinefunction(function)
        return await asyncio.gather(*(function(number, scale=2) for number in numbers))

    async def guarded(coroutine):
        try:
            return await coroutine
        except ValueError as error:
            return str(error)

    async def each(stop):
        for number in range(stop):
            yield number

    async def own(number):
        await asyncio.sleep(0)
        return number
"""


async def numbers(stop: int) -> AsyncIterator[int]:
    """Slowly."""
    for number in range(stop):
        await asyncio.sleep(0)
        yield number


async def later(number: int, scale: int = 1) -> int:
    """A result that takes a moment."""
    await asyncio.sleep(0.001)
    if number < 0:
        raise ValueError(f"not {number}")
    return number * scale


async def traffic(shop: Any) -> None:
    """Everything once."""
    assert await shop.firsts(numbers(9), 3) == [0, 1, 2]
    assert await shop.firsts(numbers(2), 3) == [0, 1]
    assert await shop.Stream(numbers(4)).total() == 6
    assert await shop.doubled(later(4)) == 8
    assert await shop.in_a_task(later(5)) == 5
    assert await shop.applied(later, [1, 2, 3]) == [2, 4, 6]
    assert await shop.guarded(later(-1)) == "not -1"
    assert await shop.doubled(shop.own(7)) == 14


@pytest.fixture
def recorded(tmp_path: Path) -> Scenario:
    """The shop under traffic."""
    return Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: asyncio.run(traffic(shop)))


def test_they_are_exchanges_of_the_trace(recorded: Scenario) -> None:
    """Items, results and errors, in the trace that asked for them."""
    found: dict[str, list[Any]] = {}
    for trace in recorded.traces():
        assert trace.gaps == []
        found.setdefault(trace.entry.rpartition(":")[2], []).append(
            [(exchange.boundary, exchange.answer, exchange.items, exchange.ended) for exchange in trace.exchanges]
        )
    assert sorted(map(str, found["firsts"])) == [
        "[('iterator', None, [0, 1, 2], False)]",
        "[('iterator', None, [0, 1], True)]",
    ]
    assert [("iterator", 4, [], True)] in found["doubled"]
    assert [("iterator", 5, [], True)] in found["in_a_task"]
    assert [(answer, ended) for _name, answer, _items, ended in found["applied"][0]] == [
        (2, False),
        (4, False),
        (6, False),
    ]


def test_they_are_answered_on_replay(recorded: Scenario) -> None:
    """Nothing of them runs again, and all comes out the same."""
    replayed = recorded.judge(everything=True)
    assert replayed.reasons == set()
    assert set(replayed.counts) == {"same"}


def test_a_change_of_what_is_done_with_them_is_seen(recorded: Scenario) -> None:
    """More items than there are in the recording, another limit, other arguments."""
    changed = recorded.change("shop", "LIMIT = 100", "LIMIT = 5").change("shop", "scale=2", "scale=3").judge()
    assert changed.fields["return"] in (("8", "5"), ("14", "5"))
    assert "outbound" in changed.kinds


def test_one_that_runs_in_a_trace_of_its_own_tells_both(tmp_path: Path) -> None:
    """A generator of the package that had begun outside: its items belong to whoever takes them, too."""

    async def run(shop: Any) -> None:
        generator = shop.each(3)
        assert await anext(generator) == 0
        assert await shop.firsts(generator, 3) == [1, 2]

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: asyncio.run(run(shop)))
    outcomes = {trace.entry.rpartition(":")[2]: trace.outcome.value for trace in scenario.traces()}
    assert outcomes["firsts"] == ListNode([1, 2])
    assert outcomes["each"] == DictNode(["items", "returned", "ended"], [ListNode([0, 1, 2]), None, True])
    [taken] = [trace for trace in scenario.traces() if trace.entry.endswith(":firsts")]
    assert [(exchange.boundary, exchange.items, exchange.ended) for exchange in taken.exchanges] == [
        ("iterator", [1, 2], True)
    ]
    assert scenario.judge(everything=True).counts == {"same": 2}
    replayed = scenario.change("shop", "found.append(number)", "found.append(-number)").judge()
    assert (replayed.counts, replayed.fields["return[0]"]) == ({"diverged": 1}, ("1", "-1"))


def test_a_generator_at_its_end_gives_nothing_again(tmp_path: Path) -> None:
    """There is nothing to watch in it, and nothing unknown."""

    async def run(shop: Any) -> None:
        generator = numbers(2)
        assert [number async for number in generator] == [0, 1]
        assert await shop.firsts(generator, 3) == []

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: asyncio.run(run(shop)))
    assert scenario.judge(everything=True).counts == {"same": 1}
