"""What really happens in a function, as a baseline has it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.inspect.functions import (
    FunctionTraffic,
    UnknownFunction,
    function_traffic,
    functions_of,
)
from pytest_runtime.testing import Scenario

SHOP = """
    def rate(total):
        if total > 100:
            return 2
        match total:
            case 7:
                return 7
            case _:
                return 1

    def fee(total, coupon=None):
        if coupon == "NONE":
            raise ValueError("no coupon")
        while True:
            return rate(total)

    def never(total):
        for part in range(total):
            if part:
                return part
        return 0
    """


def traffic(shop: Any) -> None:
    """Nine fees, of which one is refused."""
    for total in (1, 2, 3, 4, 200, 201, 202, 203):
        shop.fee(total)
    with pytest.raises(ValueError, match="no coupon"):
        shop.fee(1, "NONE")


@pytest.fixture
def looked_at(tmp_path: Path) -> Callable[..., FunctionTraffic]:
    """Looks at a function of the recorded service."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)

    def look(wanted: str, file: str = "", most: int = 5_000) -> FunctionTraffic:
        with closing(open_reader(scenario.store)) as reader:
            return function_traffic(reader, wanted, file=file.format(**scenario.names), most=most)

    return look


def test_an_inner_function_has_runs_entries_and_results(looked_at: Callable[..., FunctionTraffic]) -> None:
    """As many as the recording has, through the entry that they came by."""
    found = looked_at("rate")
    assert (found.runs, found.kept) == (8, 8)
    assert [(row.entry.rpartition(":")[2], row.runs, row.recorded) for row in found.entries] == [("fee", 8, 9)]
    assert {seen.what: seen.traces for seen in found.results} == {"1": 4, "2": 4}
    assert found.exceptions == ()
    assert found.source.startswith("def rate(total):")


def test_arms_that_were_never_taken_are_named(looked_at: Callable[..., FunctionTraffic]) -> None:
    """Of decisions that were reached; what decides nothing is none."""
    assert looked_at("rate").never == ["line 6: case 7 is true"]
    assert looked_at("fee").never == []


def test_the_exception_of_an_entry_is_told(looked_at: Callable[..., FunctionTraffic]) -> None:
    """By its class."""
    assert [(seen.what, seen.traces) for seen in looked_at("fee").exceptions] == [("ValueError", 1)]


def test_a_function_that_never_ran_has_its_decisions(looked_at: Callable[..., FunctionTraffic]) -> None:
    """All of them unreached."""
    found = looked_at("never")
    assert (found.runs, found.entries, found.examples) == (0, (), ())
    assert found.never == [
        "line 18: for part in range(total) entered",
        "line 18: for part in range(total) ended",
        "line 19: part is true",
        "line 19: part is false",
    ]


def test_a_line_means_the_innermost_function(looked_at: Callable[..., FunctionTraffic]) -> None:
    """Of a file, however much of its path is given."""
    assert looked_at("3", "{shop}.py").function.endswith(":rate")
    assert looked_at("12", "src/{shop}.py").function.endswith(":fee")
    with pytest.raises(UnknownFunction) as missed:
        looked_at("400", "{shop}.py")
    assert [name.rpartition(":")[2] for name in missed.value.known] == ["rate", "fee", "never"]


def test_few_traces_are_looked_at_where_few_are_asked_for(looked_at: Callable[..., FunctionTraffic]) -> None:
    """The counts are the recording's all the same."""
    found = looked_at("rate", most=2)
    assert (found.kept, found.runs) == (2, 8)


def test_functions_come_with_those_that_ran_most_first(tmp_path: Path) -> None:
    """Each as often as traces ran it."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    with closing(open_reader(scenario.store)) as reader:
        assert [(row.function.rpartition(":")[2], row.runs) for row in functions_of(reader)] == [
            ("fee", 9),
            ("rate", 8),
        ]
