"""Coroutines and asynchronous generators are driven again, on a loop with the time of the trace."""

from __future__ import annotations

import asyncio
import sys
import textwrap
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.inputs import CallInput
from pytest_runtime.testing import Scenario

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="before 3.12 nothing tells that a coroutine goes on")

Traffic = Callable[[Any], Coroutine[Any, Any, Any]]


def recorded(folder: Path, source: str, traffic: Traffic) -> Scenario:
    """The traffic of a coroutine, recorded."""
    return Scenario(folder, {"shop": source}).record(lambda shop: asyncio.run(traffic(shop)))


SHOP = """
    import asyncio
    import datetime

    LIMIT = 10

    class Cart:
        def __init__(self, owner):
            self.owner = owner
            self.items = []

        async def add(self, item, *, count=1):
            await asyncio.sleep(0)
            self.items += [item] * count
            return len(self.items)

        async def each(self):
            for item in self.items:
                await asyncio.sleep(0)
                yield item, price(item)

        @property
        def count(self):
            return len(self.items)

    def price(item):
        return len(item) * 2

    async def total(cart):
        prices = [cost async for _item, cost in cart.each()]
        if sum(prices) > LIMIT:
            raise ValueError(f"more than {LIMIT}")
        return sum(prices)

    def sync_total(items):
        async def run():
            cart = Cart("me")
            await asyncio.gather(*(cart.add(item) for item in items))
            return await total(cart)
        return asyncio.run(run())
"""


async def shopping(shop: Any) -> None:
    """A cart that is filled, counted, and too dear."""
    cart = shop.Cart("me")
    await cart.add("tea")
    await cart.add("pie", count=2)
    assert [cost async for _item, cost in cart.each()] == [6, 6, 6]
    with pytest.raises(ValueError, match="more than 10"):
        await shop.total(cart)


def test_unchanged_code_replays_the_same(tmp_path: Path) -> None:
    """Methods on objects that earlier ones made, items, and exceptions."""
    scenario = recorded(tmp_path, SHOP, shopping)
    replayed = scenario.judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 5}, set())


def test_a_change_is_seen_at_its_line(tmp_path: Path) -> None:
    """In a coroutine, and in what an asynchronous generator calls."""
    scenario = recorded(tmp_path, SHOP, shopping).change("shop", "len(item) * 2", "len(item) * 3")
    judged = scenario.judge(everything=True, located=True)
    assert judged.counts == {"diverged": 1, "same": 4}
    assert judged.fields["return.items[0][1]"] == ("6", "9")
    assert scenario.plain(judged.location.function) == "shop:price"


def test_an_awaited_change_is_seen(tmp_path: Path) -> None:
    """One more item a call."""
    scenario = recorded(tmp_path, SHOP, shopping).change("shop", "[item] * count", "[item] * (count + 1)")
    assert scenario.judge(everything=True).counts["diverged"] >= 2


def test_a_refactoring_is_silent(tmp_path: Path) -> None:
    """Other helpers, other tasks, the same results."""
    scenario = recorded(tmp_path, SHOP, shopping).change(
        "shop",
        "prices = [cost async for _item, cost in cart.each()]",
        "prices = await asyncio.create_task(prices_of(cart))",
    )
    scenario.change(
        "shop",
        "def sync_total",
        "async def prices_of(cart):\n    return [pair[1] async for pair in cart.each()]\n\ndef sync_total",
    )
    assert scenario.judge(everything=True).counts == {"same": 5}


def test_a_function_that_is_no_coroutine_any_more_diverges(tmp_path: Path) -> None:
    """Its callers await what it returns."""
    scenario = recorded(tmp_path, SHOP, shopping).change(
        "shop",
        "async def add(self, item, *, count=1):\n        await asyncio.sleep(0)",
        "def add(self, item, *, count=1):",
    )
    assert scenario.judge(everything=True).counts["diverged"] >= 2


def test_a_program_that_runs_its_own_loop_replays(tmp_path: Path) -> None:
    """`asyncio.run` in a plain function."""

    def traffic(shop: Any) -> None:
        assert shop.sync_total(["a", "bb"]) == 6

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    assert scenario.judge(everything=True).counts == {"same": 1}
    changed = scenario.change("shop", "len(item) * 2", "len(item) * 3").judge()
    assert changed.fields["return"] == ("6", "9")


PROGRAMS = {
    "tasks take turns": """
        async def run(n):
            seen = []
            async def one(name, pause):
                for number in range(n):
                    await asyncio.sleep(pause)
                    seen.append((name, number))
            await asyncio.gather(one("a", 0.002), one("b", 0.003), one("c", 0))
            return seen
        """,
    "equal timers keep their order": """
        async def run(n):
            seen = []
            async def one(number):
                await asyncio.sleep(0.01)
                seen.append(number)
            await asyncio.gather(*map(one, range(20 * n)))
            return seen
        """,
    "time-outs": """
        async def run(n):
            try:
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(5)
            except TimeoutError:
                n += 10
            try:
                await asyncio.wait_for(asyncio.Event().wait(), 0.01)
            except TimeoutError:
                n += 100
            return n + await asyncio.wait_for(asyncio.sleep(0.001, 1000), 5)
        """,
    "queues": """
        async def run(n):
            queue, seen = asyncio.Queue(2), []
            async def produce():
                for number in range(n * 5):
                    await queue.put(number)
                await queue.put(None)
            async def consume():
                while (number := await queue.get()) is not None:
                    await asyncio.sleep(0.0001)
                    seen.append(number)
            async with asyncio.TaskGroup() as group:
                group.create_task(produce())
                group.create_task(consume())
            return seen
        """,
    "locks, events and conditions": """
        async def run(n):
            lock, event, seen = asyncio.Lock(), asyncio.Event(), []
            async def one(number):
                await event.wait()
                async with lock:
                    seen.append(number)
                    await asyncio.sleep(0)
            tasks = [asyncio.create_task(one(number)) for number in range(n * 3)]
            asyncio.get_running_loop().call_later(0.001, event.set)
            done, pending = await asyncio.wait(tasks, return_when=asyncio.ALL_COMPLETED)
            return seen, len(done), len(pending)
        """,
    "threads": """
        import threading
        import time
        async def run(n):
            loop = asyncio.get_running_loop()
            def work(number):
                time.sleep(0.001)
                return number * 2, threading.current_thread() is threading.main_thread()
            first = await asyncio.to_thread(work, n)
            others = await asyncio.gather(*(loop.run_in_executor(None, work, i) for i in range(5)))
            return first, others
        """,
    "threads that print": """
        import time
        async def run(n):
            def work(number):
                for step in range(5):
                    print(number, step)
                    time.sleep(0.0001)
            async def beside():
                for step in range(20):
                    print("beside", step)
                    await asyncio.sleep(0)
            await asyncio.gather(beside(), *(asyncio.to_thread(work, number) for number in range(8 * n)))
            return n
        """,
    "a lock that the loop holds": """
        import threading
        async def run(n):
            lock, seen = threading.Lock(), []
            def work():
                with lock:
                    seen.append("thread")
            with lock:
                task = asyncio.get_running_loop().run_in_executor(None, work)
                seen.append("loop")
            await task
            return seen
        """,
    "threads that call back": """
        async def run(n):
            loop = asyncio.get_running_loop()
            async def inner(number):
                await asyncio.sleep(0.001)
                return number + 1
            def work(number):
                return asyncio.run_coroutine_threadsafe(inner(number), loop).result() * 2
            return await asyncio.wait_for(asyncio.to_thread(work, n), 5)
        """,
    "callbacks": """
        async def run(n):
            loop, done = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
            loop.call_later(0.002, done.set_result, n)
            loop.call_soon(print, "soon")
            return await done, await asyncio.shield(asyncio.sleep(0, 3))
        """,
    "tasks that are left behind": """
        async def run(n):
            async def for_ever():
                try:
                    while True:
                        await asyncio.sleep(1)
                finally:
                    await asyncio.sleep(1)
            asyncio.create_task(for_ever())
            await asyncio.sleep(0)
            return n
        """,
    "context managers and iterators": """
        import contextlib
        @contextlib.asynccontextmanager
        async def opened(log):
            log.append("in")
            try:
                yield log
            finally:
                await asyncio.sleep(0)
                log.append("out")
        async def run(n):
            log = []
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(opened(log))
                log.append(n)
            return log
        """,
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_of_asyncio_replay(tmp_path: Path, source: str) -> None:
    """The same again, and quickly, whatever they wait for."""
    scenario = recorded(tmp_path, f"import asyncio\n{textwrap.dedent(source)}", lambda shop: shop.run(2))
    replayed = scenario.judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 1}, set())


def test_a_sleep_takes_no_time_and_moves_the_time_of_its_loop(tmp_path: Path) -> None:
    """A change that sleeps for an hour is judged at once. The loop's time moves; readings that were recorded are given
    again as they are, as after `time.sleep`."""
    source = """
        import asyncio
        import datetime
        import time

        async def run(n):
            loop = asyncio.get_running_loop()
            before = loop.time(), time.time(), time.monotonic(), datetime.datetime.now()
            await asyncio.sleep(0.001)
            after = loop.time(), time.time(), time.monotonic(), datetime.datetime.now()
            return [int(late - early) for late, early in zip(after[:3], before[:3])], (after[3] - before[3]).seconds
        """
    scenario = recorded(tmp_path, source, lambda shop: shop.run(2)).change("shop", "0.001", "3600.001")
    started = time.monotonic()
    judged = scenario.judge(everything=True)
    assert time.monotonic() - started < 20
    assert judged.counts == {"diverged": 1}
    assert judged.fields == {"return[0][0]": ("0", "3600")}


def test_waiting_for_what_nobody_brings_has_a_reason(tmp_path: Path) -> None:
    """Beside a timer that is set for ever, too."""
    source = """
        import asyncio

        async def run(n):
            event = asyncio.Event()
            event.set()
            await event.wait()
            return n

        async def tick():
            while True:
                await asyncio.sleep(1)
        """
    scenario = recorded(tmp_path, source, lambda shop: shop.run(2)).change("shop", "event.set()\n", "pass\n")
    judged = scenario.judge(everything=True)
    assert judged.counts == {"not judged": 1}
    assert any("waits for something that nothing in the recording brings" in reason for reason in judged.reasons)
    scenario.change("shop", "    pass\n", "    asyncio.create_task(tick())\n")
    assert any("has not come after" in reason for reason in scenario.judge(everything=True).reasons)


def test_a_function_that_a_decorator_renamed_is_found_by_its_code(tmp_path: Path) -> None:
    """Nothing stands under its name, and it says another one itself."""
    source = """
        KEPT = []

        def kept(function):
            KEPT.append(function)
            function.__qualname__ = "another.name"

        @kept
        async def run(n):
            return n + 1
        """
    scenario = recorded(tmp_path, source, lambda shop: shop.KEPT[0](2))
    inputs = [trace.input for trace in scenario.traces() if trace.entry.endswith(":run")]
    assert [given.kind for given in inputs if isinstance(given, CallInput)] == ["registered"]
    assert scenario.judge(everything=True).counts.get("same") == len(scenario.traces())


TIMER = """
    import asyncio

    class Timer:
        def __init__(self, loop):
            self.loop = loop

        async def later(self, seconds):
            done = self.loop.create_future()
            self.loop.call_later(seconds, done.set_result, seconds)
            return await done, self.loop is asyncio.get_running_loop()

    def run(timer, seconds):
        return timer.loop.run_until_complete(timer.later(seconds))
    """


def test_an_event_loop_that_is_given_is_that_of_the_trace(tmp_path: Path) -> None:
    """Held by an object, too; futures and timers of it are waited for."""

    async def traffic(shop: Any) -> None:
        assert await shop.Timer(asyncio.get_running_loop()).later(0.01) == (0.01, True)

    scenario = recorded(tmp_path, TIMER, traffic).change("shop", "done.set_result, seconds", "done.set_result, 1")
    judged = scenario.judge(everything=True)
    assert judged.counts == {"diverged": 1, "same": 1}
    assert judged.fields == {"return[0]": ("0.01", "1")}


def test_an_event_loop_that_does_not_run_is_run_by_the_code_under_test(tmp_path: Path) -> None:
    """It is made for the trace, with the time of one."""

    def traffic(shop: Any) -> None:
        loop = asyncio.new_event_loop()
        assert shop.run(shop.Timer(loop), 0.01) == (0.01, True)
        loop.close()

    replayed = Scenario(tmp_path, {"shop": TIMER}).record(traffic).judge(everything=True)
    assert (replayed.counts, replayed.reasons) == ({"same": 2}, set())
