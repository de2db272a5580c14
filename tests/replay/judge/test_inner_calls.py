"""Entries that move inwards: calls inside of one that no replay can call are recorded, and judge a change."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.session.inwards import CALLS
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

SHOP = """
    import sqlite3
    import time
    from contextlib import closing

    COUNTS = {}
    DB = "unset"

    def report(stream, lines):
        total = 0
        for line in lines:
            total += price(parse(line))
        stream.write(f"{total}")
        return total

    def kept(stream, lines):
        return [price(parse(line)) for line in lines]

    def parse(line):
        name, _, amount = line.partition("=")
        return {"name": name, "amount": int(amount), "at": time.time()}

    def price(item):
        if item["amount"] > 10:
            return round(item["amount"] * 0.9, 2)
        return item["amount"] * (1 + rate())

    def rate():
        return 0.25

    def stored(stream, lines):
        with closing(sqlite3.connect(DB)) as db:
            db.execute("CREATE TABLE IF NOT EXISTS line (name TEXT)")
            before = count(db)
            for line in lines:
                store(db, parse(line))
            return before, count(db)

    def store(db, item):
        db.execute("INSERT INTO line VALUES (?)", (item["name"],))
        return item["name"]

    def count(db):
        return db.execute("SELECT count(*) FROM line").fetchone()[0]

    def counted(stream, name):
        return count_up(name)

    def count_up(name):
        COUNTS[name] = COUNTS.get(name, 0) + 1
        return COUNTS[name]

    def seen(name):
        return COUNTS.get(name, 0)

    def generated(stream, lines):
        return sum(price(item) for item in items(lines))

    def items(lines):
        for line in lines:
            yield parse(line)
    """


def with_stream(*calls: Callable[[Any, Any], None]) -> Callable[[Any], None]:
    """Traffic that passes something along which no replay builds."""

    def traffic(shop: Any) -> None:
        for call in calls:
            left, right = socket.socketpair()
            with left, right, left.makefile("w") as stream:
                call(shop, stream)

    return traffic


def report(shop: Any, stream: Any) -> None:
    """Three lines, of which one takes another branch."""
    shop.report(stream, ["a=1", "b=20", "c=4"])


def traces_of(scenario: Scenario, function: str) -> list[Trace]:
    """The traces of a function."""
    return [trace for trace in scenario.traces() if trace.entry.endswith(f":{function}")]


@pytest.fixture
def reported(tmp_path: Path) -> Scenario:
    """A service that was called with a stream."""
    return Scenario(tmp_path, {"shop": SHOP}).record(with_stream(report, report))


def test_the_calls_inside_are_entries(reported: Scenario) -> None:
    """They know inside of what they ran, and who called them; what they call is a part of them."""
    names = {trace.entry.partition(":")[2] for trace in reported.traces()}
    assert names == {"report", "parse", "price"}
    inner = traces_of(reported, "price")[0].inside
    assert inner is not None
    assert (inner.entry, inner.caller) == (f"{reported.names['shop']}:report", f"{reported.names['shop']}:report")
    assert [trace.inside for trace in traces_of(reported, "report")] == [None, None]


def test_the_outer_trace_is_whole(tmp_path: Path) -> None:
    """It has what its inner ones saw, in the order in which it happened, as if they had not been recorded."""
    both: list[list[Trace]] = []
    for number, moves in enumerate((False, True)):
        folder = tmp_path / str(number)
        folder.mkdir()
        source = SHOP.replace('"unset"', repr(str(folder / "lines.db")))

        def call(shop: Any, stream: Any, moves: bool = moves) -> None:
            shop.stored(stream if moves else "stream", ["a=1", "b=2"])

        both.append(traces_of(Scenario(folder, {"shop": source}).record(with_stream(call)), "stored"))
    (plain,), (moved,) = both
    assert [one.request for one in moved.exchanges[1:]] == [one.request for one in plain.exchanges[1:]]
    assert [one.lane for one in moved.exchanges] == [one.lane for one in plain.exchanges]
    assert [len(one.values) for one in moved.readings] == [len(one.values) for one in plain.readings] == [2]
    assert [name.partition(":")[2] for name in moved.functions] == [name.partition(":")[2] for name in plain.functions]
    results = [[(call.function.partition(":")[2], call.result) for call in one.calls] for one in (moved, plain)]
    assert results[0] == results[1] == [("count", 0), ("store", "a"), ("store", "b"), ("count", 2)]


def test_a_change_is_seen_where_it_is(reported: Scenario) -> None:
    """The callers cannot be replayed; the verdict says where the difference was seen, and they stay not judged."""
    assert reported.judge(everything=True).counts == {"same": 12, "not judged": 2}
    reported.change("shop", "* 0.9", "* 0.8")
    replayed = reported.judge(located=True)
    assert replayed.counts == {"diverged": 2, "same": 4, "not judged": 2}
    assert replayed.fields == {"return": ("18.0", "16.0")}
    assert reported.plain(str(replayed.location.function)) == "shop:price"
    said = {trace.reason for trace in replayed.traces if trace.verdict == "diverged"}
    assert {reported.plain(one) for one in said} == {
        "seen at shop:price: what calls it, shop:report, could not be replayed"
    }


def test_a_harmless_change_is_silent(reported: Scenario) -> None:
    """An inner call that stays the same judges the change of its function."""
    reported.change("shop", 'round(item["amount"] * 0.9, 2)', 'round(0.9 * item["amount"], 2)')
    assert reported.judge().counts == {"same": 6, "not judged": 2}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            [("def price(item):", "def cost(item):"), ("total += price(", "total += cost(")],
            "the candidate does not define this function",
        ),
        (
            [
                ("def price(item):", "def price(item, factor):"),
                ("total += price(parse(line))", "total += price(parse(line), 1)"),
            ],
            "other parameters",
        ),
        (
            [("* 0.9, 2)", "* 0.9 * 100)"), ("total += price(parse(line))", "total += price(parse(line)) / 100")],
            "shop:report, which called it, changed as well",
        ),
    ],
    ids=["renamed", "parameters", "result"],
)
def test_what_moves_to_the_caller_is_not_judged(
    reported: Scenario, changes: list[tuple[str, str]], reason: str
) -> None:
    """No difference is reported that may be none to anybody outside; it is not green either."""
    for old, new in changes:
        reported.change("shop", old, new)
    replayed = reported.judge()
    assert replayed.counts.keys() <= {"not judged", "same"}
    assert any(reason in reported.plain(one) for one in replayed.reasons), replayed.reasons
    assert "not judged" in replayed.counts


def test_a_new_parameter_with_a_default_takes_nothing_away(reported: Scenario) -> None:
    """Whoever called the function can go on calling it so: a difference counts."""
    reported.change("shop", "def price(item):", "def price(item, factor=0.8):")
    reported.change("shop", "* 0.9", "* factor")
    assert reported.judge().counts["diverged"] == 2


def test_an_outer_trace_that_is_faithful_overrules(tmp_path: Path) -> None:
    """What was not captured was never touched: the callers judge the change, and an inner difference is no evidence."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(with_stream(lambda shop, stream: shop.kept(stream, ["a=1", "b=20"])))
    assert scenario.judge(everything=True).counts == {"same": 5}
    scenario.change("shop", "* 0.9, 2)", "* 0.9 * 100)")
    scenario.change("shop", "[price(parse(line)) for", "[price(parse(line)) / (100 if line > 'b' else 1) for")
    replayed = scenario.judge()
    assert replayed.counts == {"same": 2, "not judged": 1}
    assert any("these judge the change" in one for one in replayed.reasons)


def test_an_outer_trace_that_the_candidate_stops_speaks_for_nobody(tmp_path: Path) -> None:
    """Base replays it, so that it overrules; where the candidate touches what was not captured, nothing is judged."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(with_stream(lambda shop, stream: shop.kept(stream, ["b=20"])))
    scenario.change("shop", "* 0.9, 2)", "* 0.8, 2)")
    scenario.change("shop", "return [price(parse(line)) for", "return stream.name and [price(parse(line)) for")
    assert scenario.judge().counts == {"not judged": 2}


def test_state_is_made_once(tmp_path: Path) -> None:
    """An outer call and the call inside of it changed the same state: it is not changed twice in a replay."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    count = with_stream(*[lambda shop, stream: shop.counted(stream, "a")] * 2)

    def traffic(shop: Any) -> None:
        count(shop)
        assert shop.seen("a") == 2

    scenario.record(traffic)
    replayed = scenario.judge(everything=True)
    assert (set(replayed.counts), replayed.fields) == ({"same"}, {})


def test_the_number_of_entries_inside_is_bounded(tmp_path: Path) -> None:
    """A loop does not become as many traces as it has rounds; the outer trace has the rest."""
    lines = [f"a={number}" for number in range(CALLS)]
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(with_stream(lambda shop, stream: shop.report(stream, lines)))
    with closing(open_reader(scenario.store)) as reader:
        inside = [one.count for one in reader.classes() if not one.entry.endswith(":report")]
    assert sum(inside) == CALLS
    [outer] = traces_of(scenario, "report")
    assert sum(len(reading.values) for reading in outer.readings) == CALLS


def test_generators_stay_a_part_of_the_outer_call(tmp_path: Path) -> None:
    """Between their items the outer call goes on; what is called for them may be an entry."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(with_stream(lambda shop, stream: shop.generated(stream, ["a=1", "b=2"])))
    names = [trace.entry.partition(":")[2] for trace in scenario.traces()]
    assert sorted(names) == ["generated", "parse", "parse", "price", "price"]
    assert scenario.judge(everything=True).counts.keys() <= {"same", "not judged"}
