"""What is awaited is recorded and answered like what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.boundaries.pass_through import PassThrough
from pytest_runtime.recorders.capture.thaw import thaw
from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.recorders.model.trace import Exchange, Outcome, Trace
from pytest_runtime.recorders.model.value_tree import ListNode
from pytest_runtime.recorders.model.world import Operation, Ticket, World
from pytest_runtime.replay.world.recorded_world import RecordedWorld
from pytest_runtime.replay.world.resolver import Resolver
from pytest_runtime.replay.world.stopping import TraceStopped

READ = Operation("letters", "read", "box", "read")
LETTERS = ["first", "second", "third"]


def world_of(live: LiveWorld) -> RecordedWorld:
    """A world that answers what a live one recorded."""
    exchanges = [
        Exchange(
            *raw.operation,
            thaw(raw.request),
            thaw(raw.answer),
            list(map(thaw, raw.items)),
            raw.ended,
            thaw(raw.error),
            None,
            raw.lane,
        )
        for raw in live.exchanges
    ]
    call = CallInput("function", ListNode([]), [])
    trace = Trace("a:f", "function", 0.0, call, Outcome("return", None, None), exchanges, [], {}, None, [], [], [], [])
    return RecordedWorld(trace, Resolver(["letters"]), {})


async def answered(perform: Callable[[], Any]) -> Any:
    """A system that answers after a while."""
    await asyncio.sleep(0)
    return perform()


async def program(world: World, system: Callable[[Any], Any]) -> list[Any]:
    """Asks once, streams, and is refused."""
    seen = [await world.call_awaited(READ, "one", lambda: answered(lambda: system("one")))]
    ticket: Ticket = world.begin(READ, "all")
    seen.append(await ticket.first_awaited(lambda: answered(lambda: 3)))
    letters = iter(LETTERS)
    seen.append(await ticket.next_awaited(lambda: answered(lambda: next(letters))))
    seen.append(await ticket.take_awaited(lambda: answered(lambda: list(letters)), None))
    try:
        await world.call_awaited(READ, "none", lambda: answered(lambda: system("none")))
    except LookupError as error:
        seen.append(str(error))
    return seen


def system(name: str) -> str:
    """The other side."""
    if name == "none":
        raise LookupError("no letter")
    return f"letter {name}"


def gone(name: str) -> str:
    """The other side, later."""
    raise AssertionError("a replay asked it")


def test_what_is_awaited_is_recorded_and_answered() -> None:
    """A live world, one that keeps nothing, and a recorded one give the program the same."""
    live = LiveWorld(lambda file: file == __file__)
    seen = asyncio.run(program(live, system))
    assert seen == ["letter one", 3, "first", ["second", "third"], "no letter"]
    assert asyncio.run(program(PassThrough(), system)) == seen
    assert asyncio.run(program(world_of(live), gone)) == seen


def test_interleaved_programs_each_get_their_own() -> None:
    """Fifty at once: every answer belongs to the request that it was recorded for."""

    async def many(world: World, ask: Callable[[int], Any]) -> list[Any]:
        async def one(number: int) -> Any:
            return await world.call_awaited(READ, number, lambda: answered(lambda: ask(number)))

        return await asyncio.gather(*map(one, range(50)))

    live = LiveWorld(lambda file: file == __file__)
    assert asyncio.run(many(live, lambda number: number * number)) == [number * number for number in range(50)]
    backwards = world_of(live)

    async def reversed_order() -> list[Any]:
        calls = [backwards.call_awaited(READ, number, lambda: answered(gone_at_all)) for number in reversed(range(50))]
        return list(await asyncio.gather(*calls))

    assert asyncio.run(reversed_order()) == [number * number for number in reversed(range(50))]


def gone_at_all() -> None:
    """The other side, later."""
    raise AssertionError("a replay asked it")


def test_what_is_not_recorded_stops_the_trace() -> None:
    """Awaited or not."""
    with pytest.raises(TraceStopped):
        asyncio.run(world_of(LiveWorld(bool)).call_awaited(READ, "one", lambda: answered(gone_at_all)))


def test_every_world_keeps_the_protocol() -> None:
    """Three worlds, one protocol: what a boundary may ask is there in each."""
    names = {name for part in World.__mro__ for name in vars(part) if not name.startswith("_")}
    assert {"ambient", "environ", "call_awaited", "begin"} <= names
    for world in (LiveWorld, PassThrough, RecordedWorld):
        assert [name for name in names if not hasattr(world, name)] == []
