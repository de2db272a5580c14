"""Probes in a running service: what they see, where they stand, and that nothing of them stays."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime import probes
from pytest_runtime.recorders.errors import ProbeRefused, UnknownProbe
from pytest_runtime.recorders.probes import armed
from pytest_runtime.recorders.probes.render import render

from .live import Service, service, until

EVENTS = sys.version_info >= (3, 12)
needs_events = pytest.mark.skipif(not EVENTS, reason="before 3.12 there are no local events")

TRADING = """
    class Order:
        def __init__(self, total):
            self.total = total
            self.high_value = False

    def price(total, name="widget"):
        order = Order(total)
        if total > 10_000:
            order.high_value = True
        body = {"total": total, "high": order.high_value}  # made
        return body  # end

    def fail(total):
        if total < 0:
            raise ValueError("negative")
        return total
"""


def test_a_log_says_what_it_was_asked_for(tmp_path: Path) -> None:
    """Formatted, with the condition, and at most so many times."""
    with service(tmp_path, TRADING) as shop:
        text = "total={total:,} high={order.high_value} {name!r} {{}} {total=}"
        status = shop.place("log", "# end", text=text, condition="total > 10_000", hits=2)
        for total in (5, 20_000, 7, 30_000, 40_000):
            shop.module.price(total)
        assert shop.texts(status, 2) == [
            "total=20,000 high=True widget {} total=20000",
            "total=30,000 high=True widget {} total=30000",
        ]
        until(lambda: shop.status(status.probe.id).life == "done")


def test_a_snapshot_keeps_variables_and_callers(tmp_path: Path) -> None:
    """As value trees, with the names of the functions that called."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("snapshot", "# end", hits=1)
        shop.module.price(12)
        called = sys._getframe().f_lineno - 1
        (hit,) = shop.hits(status)
        shown = {name: render(value) for name, value in zip(hit.names, hit.values, strict=True)}
        assert shown["total"] == "12"
        assert shown["body"] == "{'total': 12, 'high': False}"
        assert shown["order"].endswith("Order(total=12, high_value=False)")
        assert hit.stack[0].function.endswith("test_a_snapshot_keeps_variables_and_callers")
        assert (hit.stack[0].file, hit.stack[0].line) == (__file__, called)


def test_metrics_are_added_up(tmp_path: Path) -> None:
    """Counters, values, and durations, of calls that raise, too."""
    with service(tmp_path, TRADING) as shop:
        counter = shop.place("counter", "# end")
        value = shop.place("value", "# made", text="total / 2", condition="total > 1")
        duration = shop.place("duration", "fail")
        for total in (1, 2, 4):
            shop.module.price(total)
            with contextlib.suppress(ValueError):
                shop.module.fail(total - 2)
        until(lambda: shop.status(duration.probe.id).hits == 3)
        until(lambda: shop.status(value.probe.id).hits == 2)
        assert shop.status(counter.probe.id).hits == 3
        metric = shop.status(value.probe.id).metric
        assert metric is not None
        assert (metric.count, metric.total, metric.least, metric.most) == (2, 3.0, 1.0, 2.0)
        measured = shop.status(duration.probe.id).metric
        assert measured is not None
        assert 0 < measured.least <= measured.most < 1


def test_a_place_is_found_however_it_is_written(tmp_path: Path) -> None:
    """By line, function, module, the line of a `def` or its decorator; one-line functions and lambdas, too."""
    source = """
        import functools

        def passing(function):
            @functools.wraps(function)
            def wrapper(*args):
                return function(*args)
            return wrapper

        @passing
        @passing  # decorator
        def decorated(
            number,
        ):
            return number  # inside

        class Shelf:
            @property
            def size(self):
                return 3

            @classmethod
            def make(cls):
                return cls()

        def one(x): return x + 1
    """
    with service(tmp_path, source) as shop:
        placed = [
            (shop.place("counter", "decorated"), lambda: shop.module.decorated(1)),
            (shop.place("counter", f"{shop.name}:decorated"), lambda: shop.module.decorated(1)),
            (shop.place("counter", "# decorator"), lambda: shop.module.decorated(1)),
            (shop.place("counter", "# inside"), lambda: shop.module.decorated(1)),
            (shop.place("counter", "Shelf.size"), lambda: shop.module.Shelf().size),
            (shop.place("counter", "make"), lambda: shop.module.Shelf.make()),
            (shop.place("counter", shop.line("return x + 1")), lambda: shop.module.one(1)),
        ]
        shop.module.decorated(1)
        assert shop.module.Shelf.make().size == 3
        assert shop.module.one(1) == 2
        for status, _call in placed:
            until(lambda status=status: shop.status(status.probe.id).hits == 1)  # type: ignore[misc]


LINES = """
    def loops(items):
        for item in items:  # header
            if item:
                continue
        else:
            done = True  # else
        return done

    def cleans(fails):
        try:
            if fails:
                raise ValueError
        except ValueError:
            pass
        finally:
            left = 1  # finally
        return left

    def add(*numbers):
        return sum(numbers)

    def spreads(first, second):
        total = add(  # call
            first,
            add(second,
                1),
        )
        return total

    def matches(value):
        match value:
            case 1:
                found = "one"  # case
            case _:
                found = "other"
        return found
"""


@needs_events
def test_each_execution_is_one_hit(tmp_path: Path) -> None:
    """Lines that the compiler wrote twice, that a statement comes back to, and headers of loops."""
    with service(tmp_path, LINES) as shop:
        texts = {"# header": 4, "# else": 1, "# finally": 2, "# call": 1, "# case": 1}
        placed = {text: shop.place("counter", text) for text in texts}
        shop.module.loops([1, 0, 2])
        shop.module.cleans(True)
        shop.module.cleans(False)
        assert shop.module.spreads(1, 2) == 4
        assert shop.module.matches(1) == "one"
        assert shop.module.matches(2) == "other"
        for text, count in texts.items():
            until(lambda text=text, count=count: shop.status(placed[text].probe.id).hits == count)  # type: ignore[misc]


@needs_events
def test_variables_of_comprehensions_cells_and_deleted_ones(tmp_path: Path) -> None:
    """What has a value is seen, and the service's variables are what they were."""
    source = """
        def work(numbers):
            outer = [1]
            gone = 1
            del gone
            squares = [number * outer[0] for number in numbers]
            def inner():
                outer.append(len(squares))
                return outer  # inner
            before = locals()
            inner()
            count = len(before)  # end
            return squares, outer, count, before is locals()
    """
    with service(tmp_path, source) as shop:
        expected = shop.module.work([1, 2])
        status = shop.place("snapshot", "# end", hits=1)
        inner = shop.place("log", "# inner", text="{outer} {squares}", hits=1)
        assert shop.module.work([1, 2]) == expected
        (hit,) = shop.hits(status)
        assert {"outer", "squares", "numbers", "before", "inner"} <= set(hit.names)
        assert "gone" not in hit.names
        assert shop.texts(inner) == ["[1, 2] [1, 2]"]


@needs_events
def test_a_snapshot_keeps_nothing_alive(tmp_path: Path) -> None:
    """What the function lets go of is gone, in a frame that still runs."""
    source = """
        class Big:
            pass

        def work(seen, look):
            big = Big()
            seen(big)
            size = 1  # here
            del big
            return look()
    """
    with service(tmp_path, source) as shop:
        status = shop.place("snapshot", "# here", hits=1)
        refs: list[Any] = []
        assert shop.module.work(lambda big: refs.append(weakref.ref(big)), lambda: refs[0]()) is None
        assert "big" in shop.hits(status)[0].names


@pytest.mark.skipif(EVENTS, reason="since 3.12 single variables can be read")
def test_a_function_that_looks_at_its_own_variables(tmp_path: Path) -> None:
    """Sees them as they are: before 3.12 nothing reads them there."""
    source = """
        def work(number):
            before = locals()
            count = len(before)  # end
            return count
    """
    with service(tmp_path, source) as shop:
        assert "looks at its own local variables" in refused(shop, "snapshot", "# end")
        assert "looks at its own local variables" in refused(shop, "counter", "# end", condition="number > 0")
        status = shop.place("counter", "# end")
        assert shop.module.work(1) == 1
        until(lambda: shop.status(status.probe.id).hits == 1)


def test_coroutines_and_generators_are_measured_to_their_ends(tmp_path: Path) -> None:
    """However they are interleaved, closed or cancelled."""
    source = """
        import asyncio

        async def fetch(number):
            await asyncio.sleep(0.02 * number)
            return number  # fetched

        async def never():
            await asyncio.sleep(60)

        def counting(limit):
            for number in range(limit):
                yield number
    """
    with service(tmp_path, source) as shop:
        log = shop.place("log", "# fetched", text="{number}")
        fetch, never = shop.place("duration", "fetch"), shop.place("duration", "never")
        counting = shop.place("duration", "counting")

        async def run() -> list[int]:
            cancelled = asyncio.create_task(shop.module.never())
            found: list[int] = await asyncio.gather(*(shop.module.fetch(number) for number in (3, 1, 2)))
            cancelled.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await cancelled
            return found

        assert asyncio.run(run()) == [3, 1, 2]
        assert list(shop.module.counting(3)) == [0, 1, 2]
        closed = shop.module.counting(3)
        next(closed)
        closed.close()
        assert shop.texts(log, 3) == ["1", "2", "3"]
        until(lambda: shop.status(fetch.probe.id).hits == 3)
        until(lambda: shop.status(never.probe.id).hits == 1)
        until(lambda: shop.status(counting.probe.id).hits >= 1)
        metric = shop.status(fetch.probe.id).metric
        assert metric is not None
        assert metric.least >= 0.015
        assert metric.most >= 0.055


# --- refusals ---------------------------------------------------------------------------------------------------------


def refused(shop: Service, kind: Any, place: str, **options: Any) -> str:
    """Why a probe is refused; nothing of it stays."""
    with pytest.raises(ProbeRefused) as found:
        shop.place(kind, place, **options)
    assert probes.list(root=shop.root) == ()
    return str(found.value)


def test_a_place_that_is_none_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """Lines, functions, variables that are not there."""
    with service(tmp_path, TRADING) as shop:
        assert "the nearest that have are 11, 12, 15, 16, 17" in refused(shop, "counter", f"{shop.file}:200")
        assert "there is no function prise in it; there are price" in refused(shop, "counter", "prise")
        assert "price has no variable 'totl'; it has total" in refused(shop, "log", "# end", text="{totl}")
        assert "a duration is that of a function" in refused(shop, "duration", "# end")
        assert "is no place" in refused(shop, "counter", "nowhere:1x")
        assert "needs the text of its line" in refused(shop, "log", "# end")
        assert "there is no process 999999999" in refused(shop, "counter", "price", pid=999_999_999)
        assert "a closing brace" in refused(shop, "log", "# end", text="}")
        assert "is not accepted" in refused(shop, "log", "# end", text="{total:>10000000}")


def test_a_file_that_is_not_what_is_loaded_is_refused(tmp_path: Path) -> None:
    """Its lines may be others; a function can still be named."""
    with service(tmp_path, TRADING) as shop:
        (tmp_path / shop.file).write_text("\n\n" + shop.source)
        assert "the file that you see differs from that" in refused(shop, "counter", "# end")
        shop.remove(shop.place("counter", "price"))


def test_a_file_that_is_not_loaded_is_waited_for(tmp_path: Path) -> None:
    """A probe may come before the module does, and says whether it is loaded but not included."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("counter", "later_on.py:1")
        (process,) = status.processes
        assert (process.state, process.reason) == ("waiting", "no module of that file is loaded here")
        (process,) = shop.place("counter", "textwrap.py:10").processes
        assert "not of the included packages" in process.reason


def test_an_unknown_probe_is_named(tmp_path: Path) -> None:
    """With those that are there."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("counter", "price")
        with pytest.raises(UnknownProbe, match=status.probe.id):
            probes.read("00000000", root=tmp_path)


# --- limits -----------------------------------------------------------------------------------------------------------


def test_hits_are_exact_under_many_threads(tmp_path: Path) -> None:
    """However many get there at once."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("log", "# end", text="{total}", hits=7)
        start = threading.Barrier(16)

        def work() -> None:
            start.wait()
            for total in range(300):
                shop.module.price(total)

        threads = [threading.Thread(target=work) for _thread in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until(lambda: shop.status(status.probe.id).life == "done")
        assert len(shop.hits(status, 7)) == 7


def test_a_probe_expires_without_traffic_and_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the clock on the wall is set back an hour, or forward."""
    with service(tmp_path, TRADING) as shop:
        real = time.time
        status = shop.place("counter", "price", seconds=1.0)
        for shift in (-3600.0, 3600.0):
            monkeypatch.setattr("pytest_runtime.recorders.probes.preparing._TIME", lambda shift=shift: real() + shift)
            monkeypatch.setattr("pytest_runtime.recorders.probes.control._time", lambda shift=shift: real() + shift)
            assert shop.state(status) in ("armed", "next call")
        until(lambda: shop.status(status.probe.id).life == "expired", 3.0)
        until(lambda: shop.state(status) == "expired")


def test_a_burst_is_paused_told_and_goes_on_by_itself(tmp_path: Path) -> None:
    """And costs next to nothing meanwhile."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("log", "# end", text="{total}", hits=10_000)
        end = time.monotonic() + 20
        while shop.state(status) != "paused":
            assert time.monotonic() < end
            for _hit in range(500):
                shop.module.price(1)
        (process,) = shop.status(status.probe.id).processes
        assert process.state == "paused"
        assert "a second" in process.reason or "of a CPU" in process.reason
        until(lambda: shop.state(status) == "armed")
        before = shop.status(status.probe.id).hits
        assert before <= 400
        shop.module.price(2)
        assert shop.texts(status, before + 1)[-1] == "2"


def test_a_condition_on_a_hot_line_is_paused(tmp_path: Path) -> None:
    """Which is false, and is evaluated again and again."""
    source = """
        def work(seconds, clock):
            number, end = 0, clock() + seconds
            while clock() < end:
                number += 1  # hot
            return number
    """
    with service(tmp_path, source) as shop:
        status = shop.place("log", "# hot", text="{number}", condition="[n for n in range(300) if n == number + 500]")
        assert shop.module.work(0.5, time.monotonic) > 0
        until(lambda: "of a CPU" in (shop.status(status.probe.id).processes[0].reason or ""), 2.0)


def test_what_cannot_be_evaluated_is_counted_and_told(tmp_path: Path) -> None:
    """A log says it in its place; a condition that cannot be evaluated is no hit."""
    with service(tmp_path, TRADING) as shop:
        log = shop.place("log", "# end", text="{order.nothing} {total}", hits=1)
        condition = shop.place("log", "# end", text="x", condition="order.nothing > 1")
        shop.module.price(1)
        assert shop.texts(log) == [f"<{shop.name}.Order has no nothing> 1"]
        until(lambda: shop.status(condition.probe.id).processes[0].errors == 1)
        assert "has no nothing" in shop.status(condition.probe.id).processes[0].error


def test_a_fault_of_its_own_never_reaches_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After some of them the probe is given up, and says so."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("log", "# end", text="{total}")
        monkeypatch.setattr(armed, "_thread_name", functools.partial(divmod, 1, 0))
        for total in range(5):
            assert shop.module.price(total)["total"] == total
        until(lambda: shop.state(status) == "broken")
        assert "ZeroDivisionError" in shop.status(status.probe.id).processes[0].reason


# --- nothing stays ----------------------------------------------------------------------------------------------------


@needs_events
def test_removing_leaves_nothing(tmp_path: Path) -> None:
    """No tool id, no events, no callback, no file; the recursion limit is what it was."""
    monitoring, limit = sys.monitoring, sys.getrecursionlimit()
    with service(tmp_path, TRADING) as shop:
        taken = [monitoring.get_tool(tool) for tool in range(6)]
        placed = [
            shop.place("log", "# end", text="{total}"),
            shop.place("duration", "fail"),
            shop.place("counter", "fail"),
        ]
        (tool,) = [at for at in range(6) if monitoring.get_tool(at) == "pytest-runtime probes"]
        code = shop.module.price.__code__
        assert monitoring.get_local_events(tool, code)
        assert sys.getrecursionlimit() == limit
        for status in placed:
            shop.remove(status)
        assert [monitoring.get_tool(tool) for tool in range(6)] == taken
        monitoring.use_tool_id(tool, "the next")
        assert monitoring.get_local_events(tool, code) == 0
        assert monitoring.get_events(tool) == 0
        assert monitoring.register_callback(tool, monitoring.events.LINE, None) is None
        monitoring.free_tool_id(tool)
        folder = tmp_path / ".runtime" / "live.baseline.probes"
        left = sorted(path.name for path in folder.rglob("*") if path.is_file())
        assert left == ["audit.log"]
    assert "pytest-runtime probes" not in [monitoring.get_tool(tool) for tool in range(6)]


def test_the_end_of_a_recording_leaves_nothing(tmp_path: Path) -> None:
    """Functions have their own code again, and the process says that it ended."""
    with service(tmp_path, TRADING) as shop:
        code = shop.module.price.__code__
        status = shop.place("counter", "# end")
        shop.module.price(1)
    assert shop.module.price.__code__ is code
    (process,) = shop.status(status.probe.id).processes
    assert (process.state, process.running, process.hits) == ("removed", False, 1)
    if EVENTS:
        assert "pytest-runtime probes" not in [sys.monitoring.get_tool(tool) for tool in range(6)]


@needs_events
def test_taken_tool_ids_are_said(tmp_path: Path) -> None:
    """A debugger, coverage and profilers may have them all."""
    with service(tmp_path, TRADING) as shop:
        free = [tool for tool in range(6) if sys.monitoring.get_tool(tool) is None]
        for tool in free:
            sys.monitoring.use_tool_id(tool, "somebody")
        try:
            assert "every tool id of sys.monitoring is taken" in refused(shop, "counter", "price")
        finally:
            for tool in free:
                sys.monitoring.free_tool_id(tool)


def test_a_loop_that_runs_already(tmp_path: Path) -> None:
    """Is seen by local events, and before 3.12 the status says that the next call will be."""
    source = """
        import time

        def work(stop):
            turns = 0
            while not stop.is_set():
                turns += 1
                time.sleep(0.005)  # turn
            return turns
    """
    with service(tmp_path, source) as shop:
        stop = threading.Event()
        thread = threading.Thread(target=shop.module.work, args=(stop,))
        thread.start()
        try:
            status = shop.place("log", "# turn", text="{turns}", hits=3)
            if EVENTS:
                first, second, third = map(int, shop.texts(status, 3))
                assert second - first == third - second == 1
            else:
                assert shop.state(status) == "next call"
                assert "calls that run already are not seen" in shop.status(status.probe.id).processes[0].reason
        finally:
            stop.set()
            thread.join()


def test_placing_and_removing_under_traffic_changes_nothing(tmp_path: Path) -> None:
    """Generators, exceptions and results in other threads are what they are without."""
    source = """
        def numbers(count):
            for number in range(count):
                yield number  # each

        def work(count):
            total = 0
            for number in numbers(count):
                try:
                    if number % 7 == 0:
                        raise ValueError(number)
                    total += number  # add
                except ValueError:
                    total -= 1
            return total
    """
    with service(tmp_path, source) as shop:
        expected = shop.module.work(500)
        results: list[int] = []
        stop = threading.Event()

        def traffic() -> None:
            while not stop.is_set():
                results.append(shop.module.work(500))

        threads = [threading.Thread(target=traffic) for _thread in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _turn in range(5):
                placed = [
                    shop.place("log", "# add", text="{total}", hits=50),
                    shop.place("snapshot", "# each", hits=10),
                    shop.place("duration", "work"),
                ]
                for status in placed:
                    shop.remove(status)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert set(results) == {expected}


@needs_events
def test_a_service_at_the_end_of_its_stack_gets_as_deep(tmp_path: Path) -> None:
    """With a probe in the function that recurses."""
    source = """
        def deep(level):
            try:
                return deep(level + 1)  # deeper
            except RecursionError:
                return level
    """
    with service(tmp_path, source) as shop:
        expected = shop.module.deep(0)
        status = shop.place("counter", "# deeper")
        assert shop.module.deep(0) >= expected - 1
        assert shop.state(status) in ("armed", "paused")


def test_garbage_is_not_kept(tmp_path: Path) -> None:
    """A probe that was removed keeps no object of the service."""
    with service(tmp_path, TRADING) as shop:
        status = shop.place("snapshot", "# end", hits=5)
        order = shop.module.Order(1)
        there = weakref.ref(order)
        shop.module.price(order.total)
        shop.remove(status)
        del order
        gc.collect()
        assert there() is None
