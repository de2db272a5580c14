"""Locating: the report points at the line, in the code as it is now, where a divergence begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.replay.change.versions import Versions
from pytest_runtime.replay.locate import locate as locating
from pytest_runtime.replay.model.verdict import Location
from pytest_runtime.testing import Scenario

SHOP = """
    import sqlite3

    LIMIT = 100

    def rate(total):
        if total > LIMIT:
            return 10
        return 0

    def parse(text):
        try:
            return int(text)
        except ValueError:
            return -1

    def fee(total):
        return total // 10

    def store(total):
        connection = sqlite3.connect(":memory:")
        connection.execute("SELECT ?", (total,))
        connection.execute("SELECT 1")
        connection.close()

    def headers(total):
        result = {"total": total}
        result["unit"] = "EUR"
        return result

    def checkout(text):
        total = parse(text)
        store(total)
        if not total:
            return None
        return {"rate": rate(total), "fee": fee(total), "head": headers(total)}

    def outer(text):
        return checkout(text)
    """


def located(folder: Path, *changes: tuple[str, str], text: str = "150") -> tuple[Location, str]:
    """The location after some changes, and the source line that it points at."""
    scenario = Scenario(folder, {"shop": SHOP}).record(lambda shop: shop.outer(text))
    for old, new in changes:
        scenario.change("shop", old, new)
    replayed = scenario.replay(located=True)
    assert replayed.counts == {"diverged": 1}
    location = replayed.location
    assert location.file == f"{scenario.names['shop']}.py"
    assert location.function.startswith(f"{scenario.names['shop']}:")
    source = (folder / location.file).read_text(encoding="utf-8").splitlines()
    return location, source[location.line - 1].strip()


def function(location: Location) -> str:
    """The function without its module."""
    return location.function.partition(":")[2]


THRESHOLDS = {
    "in a constant": ("LIMIT = 100", "LIMIT = 500", "if total > LIMIT:"),
    "in line": ("total > LIMIT", "total > 500", "if total > 500:"),
    "negated": ("if total > LIMIT", "if not total > LIMIT", "if not total > LIMIT:"),
}


@pytest.mark.parametrize("case", THRESHOLDS)
def test_a_decision_that_went_another_way(tmp_path: Path, case: str) -> None:
    """A threshold that moved or a condition that was negated, three calls below the entry."""
    location, line = located(tmp_path, THRESHOLDS[case][:2])
    assert (function(location), line) == ("rate", THRESHOLDS[case][2])
    if case == "negated":  # the same is asked, and answered; what follows from it is not
        assert location.condition is None
        assert "base: returned 10" in location.how
    else:
        assert location.condition == line.removeprefix("if ").removesuffix(":")
        assert "is true   candidate" in location.how
        assert " is false" in location.how


def test_code_above_and_renamed_locals_do_not_move_the_match(tmp_path: Path) -> None:
    """A branch is known by what it says and where it belongs, not by its line."""
    location, line = located(
        tmp_path,
        ("LIMIT = 100", "LIMIT = 500\n\ndef unrelated(a):\n    if a > LIMIT:\n        return 1\n    return 2\n"),
        (
            "    total = parse(text)\n    store(total)\n",
            "    # several\n    # comments\n    total = parse(text)\n    store(total)\n",
        ),
        ("def rate(total):\n    if total > LIMIT:", "def rate(amount):\n    if amount > LIMIT:"),
    )
    assert function(location) == "rate"
    assert line == "if amount > LIMIT:"


def test_a_swallowed_exception(tmp_path: Path) -> None:
    """An `except` that is new, and that the trace entered."""
    scenario = Scenario(tmp_path, {"shop": SHOP.replace("except ValueError", "except KeyError")})

    def traffic(shop: Any) -> None:
        with pytest.raises(ValueError, match="invalid literal"):
            shop.outer("x")

    scenario.record(traffic)
    replayed = scenario.change("shop", "except KeyError:", "except (KeyError, ValueError):").replay(located=True)
    assert replayed.location.function.endswith(":parse")
    assert (
        (tmp_path / replayed.location.file)
        .read_text()
        .splitlines()[replayed.location.line - 1]
        .strip()
        .startswith("except (")
    )


def test_an_except_arm_that_is_new(tmp_path: Path) -> None:
    """A `try` that was put around a call is reported as such."""
    location, line = located(
        tmp_path,
        (
            "    total = parse(text)\n",
            "    try:\n        total = parse(text) // 0\n    except ZeroDivisionError:\n        total = 200\n",
        ),
    )
    assert function(location) == "checkout"
    assert line == "except ZeroDivisionError:"
    assert "caught" in location.how


def test_an_inner_call_that_returns_something_else(tmp_path: Path) -> None:
    """Where no decision differs, the helper whose result does, with both results."""
    location, line = located(tmp_path, ("total // 10", "total // 10 + 1"))
    assert function(location) == "fee"
    assert line == "return total // 10 + 1"
    assert location.condition is None
    assert "base: returned 15" in location.how
    assert "candidate: returned 16" in location.how


def test_an_outbound_call_that_changed(tmp_path: Path) -> None:
    """The line that sends it."""
    location, line = located(tmp_path, ("(total,)", "(total + 1,)"))
    assert function(location) == "store"
    assert line == 'connection.execute("SELECT ?", (total + 1,))'


def test_an_outbound_call_that_is_missing(tmp_path: Path) -> None:
    """The place in the function that sent it, as the function is now."""
    location, line = located(tmp_path, ('    connection.execute("SELECT 1")\n', ""))
    assert function(location) == "store"
    assert line == "connection.close()"


def test_a_change_without_decisions_or_scalars_falls_to_the_changed_line(tmp_path: Path) -> None:
    """A field of a structure that a helper fills."""
    location, line = located(tmp_path, ('"EUR"', '"USD"'))
    assert function(location) == "headers"
    assert line == 'result["unit"] = "USD"'


def test_a_decision_outside_the_change_is_an_effect(tmp_path: Path) -> None:
    """`parse` changed and `rate` decides differently because of it: the cause is reported."""
    location, _line = located(tmp_path, ("return int(text)", "return int(text) - 100"))
    assert function(location) == "parse"


def test_a_file_of_a_package_is_named_from_the_root(tmp_path: Path) -> None:
    """Relative to the project, so that a link works anywhere."""
    location, _line = located(tmp_path, ("total > LIMIT", "total > 500"))
    assert not Path(location.file).is_absolute()


def test_recursion_is_located_in_the_recursive_function(tmp_path: Path) -> None:
    """A decision that occurs many times in one trace."""
    source = """
        def down(number):
            if number <= 0:
                return 0
            return 1 + down(number - 1)
        """
    scenario = Scenario(tmp_path, {"deep": source})

    def traffic(deep: Any) -> None:
        deep.down(5)

    replayed = scenario.record(traffic).change("deep", "number - 1", "number - 2").replay(located=True)
    assert replayed.location.function.endswith(":down")


def test_a_main_module_that_is_not_imported_is_no_change() -> None:
    """A service under `python -m` leaves its `__main__` in the recording; a module that is really gone does count."""
    source = "def price(amount):\n    return amount\n"
    ran = ["shop.web:price"]
    assert not Versions({"shop.web": source, "shop.__main__": "run()\n"}, {"shop.web": source}).may_have_reached(ran)
    assert Versions({"shop.web": source, "shop.prices": source}, {"shop.web": source}).may_have_reached(ran)
    changed = source.replace("return amount", "return -amount")
    assert Versions({"shop.web": source}, {"shop.web": changed}).may_have_reached(ran)


MANY = """
    def first(number):
        return number + 1

    def second(number):
        return number + 2

    def one(number):
        return first(number)

    def two(number):
        return first(number)

    def three(number):
        return first(number)

    def four(number):
        return first(number)

    def five(number):
        return first(number)

    def six(number):
        return second(number)
    """


def test_a_place_belongs_to_its_own_trace_however_many_there_are(tmp_path: Path) -> None:
    """Two changed functions make differences in the same field; each divergence is shown at its own, and values of
    another trace are said to be of that trace."""
    scenario = Scenario(tmp_path, {"shop": MANY})

    def traffic(shop: Any) -> None:
        for entry in (shop.one, shop.two, shop.three, shop.four, shop.five, shop.six):
            for number in range(5):
                entry(number * 10)

    scenario.record(traffic).change("shop", "number + 1", "number - 1").change("shop", "number + 2", "number - 2")
    replayed = scenario.replay(located=True)
    assert replayed.counts == {"diverged": 30}
    for found in replayed.classes:
        wanted = "second" if found.entry.endswith(":six") else "first"
        for trace in found.traces:
            assert trace.location is not None
            assert function(trace.location) == wanted
            [difference] = trace.differences
            is_own = trace.location.candidate == f"returned {difference.candidate_text}"
            assert is_own == (not trace.location.seen_in)
    assert any(trace.location is not None and trace.location.seen_in for trace in replayed.traces)


def test_locating_ends_when_its_time_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left gets a changed function that the recorded trace ran, and says so; the verdict stays."""
    monkeypatch.setattr(locating, "SECONDS", -1.0)
    scenario = Scenario(tmp_path, {"shop": MANY}).record(lambda shop: (shop.one(1), shop.six(1)))
    replayed = scenario.change("shop", "number + 1", "number - 1").replay(located=True)
    [trace] = [trace for trace in replayed.traces if trace.verdict == "diverged"]
    assert trace.location is not None
    assert (trace.location.kind, trace.location.base) == ("change", "")
    assert trace.location.candidate.startswith("changed: ")
    assert scenario.names["shop"] in trace.location.function
    assert trace.reason == locating.NOT_LOOKED.sentence


LONG = """
def work(text):
    total = 0
    for number in range(6_000):
        total += number
        total -= number
        total += 2
        if number % 7:
            total += 1
    return price(len(text)) + total


def price(length):
    if length == 3:
        return 10
    return length
"""


def test_a_change_that_a_long_replay_comes_to_late(tmp_path: Path) -> None:
    """What took steps before it does not hide it."""
    scenario = Scenario(tmp_path, {"shop": LONG}).record(lambda shop: shop.work("abc"))
    location = scenario.change("shop", "length == 3", "length != 3").judge(located=True).location
    assert (location.kind, location.function.rpartition(":")[2]) == ("decision", "price")
    assert (location.base, location.candidate) == ("3 == 3 is true", "3 != 3 is false")


def test_of_steps_that_were_not_looked_at_no_renamed_function_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording names what ran as it was called then."""
    monkeypatch.setattr(locating, "SECONDS", -1.0)
    source = LONG.replace("def price(", "def known(text):\n    return text != ''\n\n\ndef price(").replace(
        "return price(len(text)) + total", "return price(len(text)) if known(text) else 0"
    )
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: shop.work("abc"))
    changed = source.replace("known", "is_known").replace("length == 3", "length == 4")
    location = scenario.rewrite("shop", changed).judge(located=True).location
    assert (location.function.rpartition(":")[2], location.candidate) == ("price", "changed: if length == 4:")
