"""Awaiting in a replay: what a function returns is driven to its end on an event loop of its own.

The loop is made for one trace and closed after it. What the program left running is cancelled then, outside of the
trace: nobody sees what it still does.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from .adapters.concurrency import LOOPS
from .recorded_world import RecordedWorld
from .stopping import TraceStopped

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")


def drive(start: Callable[[], Awaitable[T]], world: RecordedWorld, loop: asyncio.AbstractEventLoop | None = None) -> T:
    """The result of what `start` gives, which is called within the loop: `loop`, which stays, or one that is made for
    it. Raises what it raises, and `TraceStopped`."""
    import asyncio

    if loop is not None:
        return _drive_on(loop, start, world)

    async def run() -> T:
        return await start()

    coroutine: Coroutine[Any, Any, T] = run()
    runner = asyncio.Runner(loop_factory=lambda: LOOPS.take() or asyncio.SelectorEventLoop())
    try:
        return runner.run(coroutine)
    finally:
        with _over(world):
            runner.close()
            coroutine.close()


def _drive_on(loop: asyncio.AbstractEventLoop, start: Callable[[], Awaitable[T]], world: RecordedWorld) -> T:
    """`drive` on a loop that stays, with the tasks that run on it already."""
    import asyncio

    async def run() -> T:
        return await start()

    before = asyncio.all_tasks(loop)
    coroutine = run()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        with _over(world):
            left = asyncio.all_tasks(loop) - before
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.wait(left) if left else asyncio.sleep(0))
            coroutine.close()


async def items_of(generator: AsyncIterator[Any], most: int) -> dict[str, Any]:
    """The items of an asynchronous generator, up to `most`, and whether it came to its end; it is closed."""
    items: list[Any] = []
    ended = False
    while len(items) < most:
        try:
            items.append(await generator.__anext__())
        except StopAsyncIteration:
            ended = True
            break
    if not ended:
        await generator.aclose()  # type: ignore[attr-defined]  # a generator has it
    return {"items": items, "returned": None, "ended": ended}


@contextmanager
def _over(world: RecordedWorld) -> Iterator[None]:
    """Around what is cleared away: nothing of it belongs to the trace, and nobody wants to read of it."""
    import asyncio

    logger = logging.getLogger("asyncio")
    was_off, logger.disabled = logger.disabled, True
    world.end()
    try:
        yield
    except (TraceStopped, asyncio.CancelledError, Exception):  # noqa: BLE001 - the trace has its outcome
        return
    finally:
        logger.disabled = was_off
