"""Tracing: which arms of which branches a trace took, the same on every Python and under unrelated edits."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from pytest_runtime.recorders import context
from pytest_runtime.recorders.context import PathRecord
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.recorders.store.protocol import StoredClass
from pytest_runtime.recorders.tracing.choose import NoTracer, choose_tracer
from pytest_runtime.recorders.tracing.monitoring_callbacks import IDLE_LIMIT
from pytest_runtime.recorders.tracing.path_limits import CALL_LIMIT, HIT_LIMIT, RETURN_LIMIT
from pytest_runtime.testing import Scenario

BRANCHES = """
    def if_elif(x):
        if x > 10:
            return "large"
        elif x > 5:
            return "middle"
        return "small"

    def while_loop(x):
        while x > 0:
            x -= 1
        return x

    def for_loop(rows):
        total = 0
        for row in rows:
            total += row
        else:
            total += 1
        return total

    def match_on(x):
        match x:
            case 1:
                return "one"
            case [a, b] if a > b:
                return "pair"
            case {"k": v}:
                return v
            case _:
                return "other"

    def catch(x):
        try:
            return 10 // x
        except ZeroDivisionError:
            return "zero"
        except TypeError:
            return "type"

    def ternary(x):
        return "even" if x % 2 == 0 else "odd"

    def operands(a, b):
        return a and b

    def either(a, b):
        if a or not b:
            return 1
        return 2

    def none_checks(x):
        if x is None:
            return 0
        if x is not None:
            return 1

    def comprehension(rows):
        return [row for row in rows if row > 1]

    def generator(rows):
        return sum(row for row in rows if row)

    def asserting(x):
        assert x > 0
        return x

    def chained(x):
        return 0 < x < 10

    class Shop:
        def method(self, x):
            def nested(y):
                if y:
                    return 1
                return 2
            return nested(x)
    """


def classes(scenario: Scenario) -> list[StoredClass]:
    """The path classes of a recording."""
    reader = open_reader(scenario.store)
    try:
        return list(reader.classes())
    finally:
        reader.close()


def words(found: StoredClass) -> set[str]:
    """Its arms as a person would say them."""
    return {arm.words() for arm in found.description.arms}


def arms_of(tmp_path: Path, name: str, *arguments: Any, source: str = BRANCHES) -> set[str]:
    """The arms of one call."""
    scenario = Scenario(tmp_path, {"shop": source})

    def traffic(shop: Any) -> None:
        with_errors(getattr(shop, name), *arguments)

    (found,) = classes(scenario.record(traffic))
    return words(found)


def with_errors(function: Any, *arguments: Any) -> None:
    """Call it; what it raises is of no interest here."""
    with contextlib.suppress(Exception):
        function(*arguments)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("if_elif", (11,), {"x > 10 is true"}),
        ("if_elif", (7,), {"x > 10 is false", "x > 5 is true"}),
        ("if_elif", (1,), {"x > 10 is false", "x > 5 is false"}),
        ("while_loop", (0,), {"x > 0 is false"}),
        ("while_loop", (2,), {"x > 0 is true", "x > 0 is false"}),
        ("for_loop", ([],), {"for row in rows: ended"}),
        ("for_loop", ([1],), {"for row in rows: entered", "for row in rows: ended"}),
        ("match_on", (1,), {"case 1 is true"}),
        ("catch", (5,), set()),
        ("catch", (0,), {"except ZeroDivisionError is true"}),
        ("catch", ("x",), {"except ZeroDivisionError is false", "except TypeError is true"}),
        ("ternary", (2,), {"x % 2 == 0 is true"}),
        ("ternary", (3,), {"x % 2 == 0 is false"}),
        ("operands", (0, 1), {"a is false"}),
        ("operands", (1, 0), {"a is true"}),
        ("either", (1, 1), {"a is true"}),
        ("either", (0, 0), {"a is false", "b is false"}),
        ("either", (0, 1), {"a is false", "b is true"}),
        ("none_checks", (None,), {"x is None is true"}),
        ("none_checks", (1,), {"x is None is false", "x is not None is true"}),
        ("comprehension", ([],), {"for row in rows: ended"}),
        (
            "comprehension",
            ([1, 2],),
            {"for row in rows: entered", "for row in rows: ended", "row > 1 is true", "row > 1 is false"},
        ),
        ("generator", ([1],), {"for row in rows: entered", "for row in rows: ended", "row is true"}),
        ("asserting", (1,), {"x > 0 is true"}),
        ("asserting", (0,), {"x > 0 is false"}),
    ],
)
def test_arms(tmp_path: Path, name: str, arguments: Any, expected: set[str]) -> None:
    """Each kind of decision is told by its condition and the way taken, in the source's own words."""
    assert arms_of(tmp_path, name, *arguments) == expected


def test_patterns(tmp_path: Path) -> None:
    """Every case of a match is a decision, with its guard, and different values take different paths."""
    scenario = Scenario(tmp_path, {"shop": BRANCHES})

    def traffic(shop: Any) -> None:
        for value in (1, [2, 1], [1, 2], {"k": 3}, "x"):
            shop.match_on(value)

    found = classes(scenario.record(traffic))
    assert len(found) == 5
    assert sum("a > b is true" in words(one) for one in found) == 1
    assert sum("a > b is false" in words(one) for one in found) == 1
    assert sum(any(word.startswith("case {'k': v}") for word in words(one)) for one in found) >= 2


def test_nested_functions_have_names(tmp_path: Path) -> None:
    """A decision in a method's inner function is known by the whole way to it."""
    scenario = Scenario(tmp_path, {"shop": BRANCHES}).record(lambda shop: object.__new__(shop.Shop).method(1))
    (found,) = classes(scenario)
    (arm,) = found.description.arms
    assert arm.branch.function == f"{scenario.names['shop']}:Shop.method.<locals>.nested"
    assert (arm.branch.condition, arm.taken) == ("y", "true")


def test_paths_are_counted(tmp_path: Path) -> None:
    """Traces that took the same arms are one class, with an exact count, however often they went around."""

    def traffic(shop: Any) -> None:
        for number in range(30):
            shop.if_elif(number)
            shop.for_loop(range(number))

    found = classes(Scenario(tmp_path, {"shop": BRANCHES}, exemplars=2).record(traffic))
    counts = {(one.entry.partition(":")[2], one.count) for one in found}
    assert counts == {("if_elif", 19), ("if_elif", 5), ("if_elif", 6), ("for_loop", 1), ("for_loop", 29)}
    assert all(len(one.kept) <= 2 for one in found)


EDITED = '''
    """A docstring that was not there."""

    import logging

    LIMIT = 3


    def unrelated(x):
        """New."""
        if x:
            return 1


    def if_elif(x):  # a comment
        """Another docstring."""

        y = x
        if (x >
                10):
            return "large"


        elif x > 5:
            logging.getLogger(__name__).debug("middle")
            return "middle"
        return "small"
    '''


def test_identities_survive_unrelated_edits(tmp_path: Path) -> None:
    """Shifted lines, comments, logging and other functions change no path: the same arms have the same digest."""
    digests = []
    for source in (BRANCHES, EDITED):
        scenario = Scenario(tmp_path, {"shop": source})
        scenario.names["shop"] = "shop_under_edit"
        scenario.rewrite("shop", source)

        def traffic(shop: Any) -> None:
            for number in (1, 7, 20):
                shop.if_elif(number)

        digests.append([(one.entry, one.path) for one in classes(scenario.record(traffic))])
    assert digests[0] == digests[1]
    assert len(digests[0]) == 3


def test_equal_conditions_are_distinguished(tmp_path: Path) -> None:
    """The same condition twice in a function is two decisions."""
    source = """
        def twice(x):
            found = []
            if x:
                found.append(1)
            x = not x
            if x:
                found.append(2)
            return found
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.twice(1))
    (found,) = classes(scenario)
    assert [(arm.branch.ordinal, arm.taken) for arm in found.description.arms] == [(0, "true"), (1, "false")]


def test_a_hot_loop_is_given_up(tmp_path: Path) -> None:
    """A loop beyond the hit budget is traced no further, its class says so, and the next trace starts anew."""
    source = f"""
        def hot(times):
            odd = 0
            for number in range(times):
                if number % 2:
                    odd += 1
            return odd

        def calls(times):
            return sum(small(number) for number in range({RETURN_LIMIT * 2}))

        def small(number):
            return number
        """

    def traffic(shop: Any) -> None:
        assert shop.hot(HIT_LIMIT * 3) == HIT_LIMIT * 3 // 2
        shop.calls(1)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    found = {one.entry.partition(":")[2]: one.description for one in classes(scenario)}
    assert found["hot"].truncated
    assert not found["calls"].truncated
    assert {arm.words() for arm in found["hot"].arms} >= {"number % 2 is true", "number % 2 is false"}
    calls = [trace for trace in scenario.traces() if trace.entry.endswith(":calls")]
    assert len(calls[0].calls) == RETURN_LIMIT


def test_branches_of_threads(tmp_path: Path) -> None:
    """Decisions in threads that a trace starts belong to its path."""
    source = """
        from concurrent.futures import ThreadPoolExecutor

        def work(x):
            if x:
                return 1
            return 2

        def handle(x):
            with ThreadPoolExecutor(1) as pool:
                return pool.submit(work, x).result()
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: [shop.handle(0), shop.handle(1)])
    assert sorted(map(sorted, map(words, classes(scenario)))) == [["x is false"], ["x is true"]]


def test_no_other_code_is_traced(tmp_path: Path) -> None:
    """The outside is not traced, and nothing is traced outside a trace."""
    scenario = Scenario(tmp_path, {"shop": "import json\ndef handle(x):\n    return json.loads(x)\n"})
    (found,) = classes(scenario.record(lambda shop: shop.handle("[1, 2]")))
    assert found.description.arms == []
    (trace,) = scenario.traces()
    assert [name.partition(":")[2] for name in trace.functions] == ["handle"]


@pytest.fixture
def tracer_of_another() -> Iterator[list[str]]:
    """A debugger or coverage tool that holds the trace function."""
    seen: list[str] = []

    def other(frame: FrameType, event: str, arg: Any) -> Any:
        seen.append(frame.f_code.co_name)
        return None

    before = sys.gettrace()
    sys.settrace(other)
    yield seen
    assert sys.gettrace() is other
    sys.settrace(before)


def test_the_tracer_steps_aside(tmp_path: Path, tracer_of_another: list[str]) -> None:
    """Where a trace function is set it stays and sees everything; on 3.11 the class says that arms are missing."""
    (found,) = classes(Scenario(tmp_path, {"shop": BRANCHES}).record(lambda shop: shop.if_elif(11)))
    assert "if_elif" in tracer_of_another
    if sys.version_info >= (3, 12):
        assert words(found) == {"x > 10 is true"}
    else:
        assert found.description.truncated
        assert words(found) == set()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_tools_are_given_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a recording no tool id is taken; with all of them taken, that is said, and requests alone are recorded."""
    monitoring = sys.monitoring
    free = [tool for tool in range(6) if monitoring.get_tool(tool) is None]
    Scenario(tmp_path, {"shop": BRANCHES}).record(lambda shop: shop.if_elif(11))
    assert [tool for tool in range(6) if monitoring.get_tool(tool) is None] == free
    for tool in free:
        monitoring.use_tool_id(tool, "another")
    try:
        tracer = choose_tracer(lambda fault: None, lambda file: True)
        assert isinstance(tracer, NoTracer)
        assert "every tool id" in tracer.name
        assert classes(Scenario(tmp_path, {"shop": BRANCHES}).record(lambda shop: shop.if_elif(11))) == []
        assert "calls of functions are not recorded" in capsys.readouterr().err
    finally:
        for tool in free:
            monitoring.free_tool_id(tool)


def test_a_tracer_can_be_chosen_and_stopped() -> None:
    """Begin and end may interleave between threads, and stopping gives everything back."""
    tracer = choose_tracer(lambda fault: None, lambda file: False)
    paths = [PathRecord() for _ in range(4)]

    def run(path: PathRecord) -> None:
        tracer.begin(path)
        tracer.rest()
        tracer.end(path)

    threads = [threading.Thread(target=run, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    before = sys.gettrace()
    tracer.stop()
    assert sys.gettrace() is before


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring came with 3.12")
def test_the_end_of_a_watched_frame_is_reported_however_hot_its_code_is(tmp_path: Path) -> None:
    """Code loses its events in the middle of its own frames; afterwards nothing is taken for being inside of them."""
    source = """
        import time

        def outer(depth):
            return 0 if depth == 0 else 1 + outer(depth - 1)

        def calls(function, times):
            return [function() for _ in range(times)]

        def waits(seconds):
            time.sleep(seconds)

        def made(count):
            def inner():
                count[0] += 1
                return count[0]
            return inner
        """

    def traffic(shop: Any) -> None:
        for _ in range(3 * IDLE_LIMIT):
            shop.outer(2)
        inner = shop.made([0])
        assert len([inner() for _ in range(CALL_LIMIT + 100)]) == CALL_LIMIT + 100
        assert shop.calls(inner, CALL_LIMIT + 100)
        assert context.current() is None
        shop.outer(3)

    def slow(shop: Any) -> None:
        shop.outer(1)
        shop.waits(0.3)  # the collector closes the window meanwhile
        assert context.current() is None

    Scenario(tmp_path, {"shop": source}).record(slow, sample=0.0)
    assert context.current() is None
    Scenario(tmp_path, {"shop": source}).record(traffic, sample=0.0)
    assert context.current() is None
    (tmp_path / "all").mkdir()
    assert Scenario(tmp_path / "all", {"shop": source}).record(traffic, sample="all").traces()
    assert context.current() is None
