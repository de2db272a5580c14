"""Attribution: an exchange belongs to the trace whose code made it, whichever thread ran it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders import context
from pytest_runtime.recorders.boundaries.live_world import LiveWorld
from pytest_runtime.recorders.context import Scope, current, current_world, follow_threads, within
from pytest_runtime.recorders.model.value_tree import field
from pytest_runtime.testing import Scenario

SERVICE = """
    import threading
    import time
    from concurrent.futures import ThreadPoolExecutor

    POOL = ThreadPoolExecutor(3)

    def gateway(number, step):
        time.sleep(0.0005)
        return [number, step]

    def handle(number):
        found = []

        def in_thread():
            found.append(gateway(number, "thread"))

        thread = threading.Thread(target=in_thread)
        gateway(number, "before")
        thread.start()
        pooled = [POOL.submit(gateway, number, step) for step in ("first", "second")]
        mapped = list(POOL.map(gateway, [number, number], ["third", "fourth"]))
        thread.join()
        found.extend(one.result() for one in pooled)
        gateway(number, "after")
        return found + mapped
    """
STEPS = Counter(["before", "thread", "first", "second", "third", "fourth", "after"])


def test_interleaved_requests_keep_their_exchanges(tmp_path: Path) -> None:
    """50 requests over 8 threads, with threads and a shared pool of their own: no exchange strays, none is lost."""
    scenario = Scenario(tmp_path, {"shop": SERVICE}, exemplars=60, entries=("shop_*:handle",))
    scenario._options["boundaries"] = (f"{scenario.names['shop']}.gateway",)

    def traffic(shop: Any) -> None:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(shop.handle, range(50)))
        assert all(answer[0][0] == number for number, answer in enumerate(answers))
        shop.POOL.shutdown()

    traces = scenario.record(traffic).traces()
    assert len(traces) == 50
    seen = set()
    for trace in traces:
        numbers = {_arguments(one)[0] for one in trace.exchanges}
        assert len(numbers) == 1
        seen |= numbers
        assert Counter(_arguments(one)[1] for one in trace.exchanges) == STEPS
        lanes = {_arguments(one)[1]: one.lane for one in trace.exchanges}
        assert lanes["before"] == lanes["after"] == 0
        assert len({lanes[step] for step in ("thread", "first", "second", "third", "fourth")} | {0}) == 6
        assert trace.gaps == []
    assert seen == set(range(50))


def _arguments(exchange: Any) -> Any:
    found: Any = field(exchange.request, "args")
    return found.items


@pytest.fixture
def following() -> Any:
    """Threads and executors followed."""
    before = threading.Thread.start, ThreadPoolExecutor.submit
    undo = follow_threads()
    yield
    undo()
    assert (threading.Thread.start, ThreadPoolExecutor.submit) == before


def scope() -> Scope:
    """A new trace's."""
    return Scope(LiveWorld(lambda file: False))


@pytest.mark.usefixtures("following")
def test_a_worker_of_a_pool_does_not_keep_the_scope() -> None:
    """A thread that a pool started for a trace serves later callers, and carries nothing over."""
    with ThreadPoolExecutor(1) as pool:
        mine = scope()
        with within(mine):
            inside = pool.submit(current).result()
        assert pool.submit(current).result() is None
        other = scope()
        with within(other):
            again = pool.submit(current).result()
    assert inside is not None
    assert again is not None
    assert inside.world is mine.world
    assert again.world is other.world
    assert inside.lane == 1


@pytest.mark.usefixtures("following")
def test_threads_carry_the_scope_and_nothing_else() -> None:
    """A thread of a trace has its scope; other context variables stay behind, as they do without the recorder."""
    theirs: contextvars.ContextVar[str] = contextvars.ContextVar("theirs", default="default")
    found: list[Any] = []

    def look() -> None:
        found.append((current_world(), theirs.get()))
        theirs.set("set in the thread")

    mine = scope()
    token = theirs.set("set outside")
    with within(mine):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(look).result()
        assert current() is mine
    assert found == [(mine.world, "default")] * 2
    assert theirs.get() == "set outside"
    theirs.reset(token)


@pytest.mark.usefixtures("following")
def test_without_a_trace_nothing_is_wrapped() -> None:
    """A thread that is started outside every trace runs the very method it was given."""
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    assert "run" not in vars(thread)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(current).result() is None


@pytest.mark.usefixtures("following")
def test_subclasses_of_threads_run() -> None:
    """A thread that overrides `run`, and one that runs a timer, are followed too."""
    found: list[Any] = []

    class Worker(threading.Thread):
        def run(self) -> None:
            found.append(current_world())

    mine = scope()
    with within(mine):
        threads = [Worker(), threading.Timer(0, lambda: found.append(current_world()))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [mine.world] * 2


@pytest.mark.usefixtures("following")
def test_errors_pass_through() -> None:
    """What fails in a pool fails there, with its own exception; a thread is started once."""
    with within(scope()), ThreadPoolExecutor(1) as pool:
        with pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 // 0).result()
        thread = threading.Thread(target=lambda: None)
        thread.start()
        thread.join()
        with pytest.raises(RuntimeError):
            thread.start()
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]  # on purpose
    with pytest.raises(RuntimeError, match="after shutdown"), within(scope()):
        pool.submit(current)
    assert current() is None


@pytest.mark.usefixtures("following")
def test_tasks_and_executors_of_a_loop() -> None:
    """Tasks, `to_thread` and `run_in_executor` belong to the trace that made them; two traces in a loop do not mix."""

    async def look() -> list[Any]:
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(asyncio.to_thread(current_world))
        return [current_world(), await task, await loop.run_in_executor(None, current_world)]

    async def traced(one: Scope) -> list[Any]:
        with within(one):
            return await look()

    async def both() -> Any:
        return await asyncio.gather(traced(first), traced(second), look())

    first, second = scope(), scope()
    assert asyncio.run(both()) == [[first.world] * 3, [second.world] * 3, [None] * 3]


def test_lanes_are_numbered_by_start() -> None:
    """The threads of a trace have numbers of their own, threads of threads too."""
    one = scope()
    first, second = one.branch(), one.branch()
    assert [first.lane, second.lane, first.branch().lane] == [1, 2, 3]
    assert first.world is one.world


def test_a_scope_is_left_as_it_was_entered() -> None:
    """A block in a scope restores the one around it, also when it raises."""
    outer = scope()
    with within(outer):
        with pytest.raises(ValueError, match="x"), within(context.UNSAMPLED):
            raise ValueError("x")
        assert current() is outer
    assert current() is None


def test_late_exchanges_are_counted(tmp_path: Path) -> None:
    """What a thread does after its trace's outcome cannot be in it; the trace says so."""
    source = """
        import threading

        class Late:
            thread = None
            go = threading.Event()

        def gateway(number):
            return number

        def handle(number):
            Late.thread = threading.Thread(target=lambda: (Late.go.wait(2), gateway(number)))
            Late.thread.start()
            return number
        """
    scenario = Scenario(tmp_path, {"shop": source}, entries=("shop_*:handle",))
    scenario._options["boundaries"] = (f"{scenario.names['shop']}.gateway",)

    def traffic(shop: Any) -> None:
        shop.handle(1)
        shop.Late.go.set()
        shop.Late.thread.join()

    (trace,) = scenario.record(traffic).traces()
    assert trace.exchanges == []
    assert trace.gaps in ([], ["1 exchanges after the outcome"])  # the collector may be faster than the thread
