"""The tools that read baselines."""

from __future__ import annotations

from pathlib import Path

import pytest

from .assistant import Assistant
from .repository import Repository


def test_the_list_says_what_each_baseline_holds(assistant: Assistant) -> None:
    """And the only one need not be named from then on."""
    (row,) = assistant.ask("list_baselines").data["baselines"]
    assert (row["name"], row["entries"], row["paths"], row["recorded"]) == ("staging", 4, 6, 7)


def test_entries_come_with_traffic_and_error_rates(assistant: Assistant) -> None:
    """Those with most traffic first, and the functions that ran."""
    data = assistant.ask("list_entries").data
    assert [(row["name"], row["recorded"], row["error_rate"]) for row in data["entries"]][:2] == [
        ("runshop.pricing:fee", 3, 0.0),
        ("runshop.stock:left", 2, 0.5),
    ]
    assert data["functions"]["runshop.pricing:fee"] == 3


def test_an_entry_has_shapes_branches_and_paths(assistant: Assistant) -> None:
    """With one example each."""
    data = assistant.ask("describe_entry", entry="runshop.pricing:fee").data
    assert data["branches"] == [
        {"where": "runshop.pricing:fee:5", "condition": "total > LIMIT", "arms": {"false": 1, "true": 2}}
    ]
    assert "fee(total=150)" in data["paths"][0]["example"]["input"]


@pytest.mark.parametrize("named", ["fee", "pricing.fee", "runshop.pricing:fee", "runshop/pricing.py:6", "pricing.py:4"])
def test_a_function_is_found_by_name_or_line(assistant: Assistant, named: str) -> None:
    """However it is called."""
    data = assistant.ask("describe_function", function=named).data
    assert data["function"] == "runshop.pricing:fee"
    assert (data["runs"], data["entries"]) == (3, {"runshop.pricing:fee": "3 of 3"})
    assert data["never_taken"] == []


def test_a_function_says_how_traces_failed_that_ran_it(assistant: Assistant) -> None:
    """By the class of the exception."""
    assert assistant.ask("describe_function", function="left").data["exceptions"] == {"ValueError": 1}


def test_a_miss_says_what_may_be_meant(assistant: Assistant) -> None:
    """Of entries, functions and baselines."""
    missed = assistant.call("describe_entry", entry="runshop.pricing:fe")
    assert missed.failed
    assert "Did you mean 'runshop.pricing:fee'?" in missed.text
    missed = assistant.call("describe_function", function="fees")
    assert missed.failed
    assert "runshop.pricing:fee" in missed.text
    missed = assistant.call("list_entries", baseline="stagin")
    assert missed.failed
    assert "Did you mean 'staging'?" in missed.text


def test_without_a_baseline_it_says_how_to_record_one(assistant: Assistant, repository: Repository) -> None:
    """In the list and in errors."""
    (Path(repository.path) / ".runtime" / "staging.baseline").unlink()
    assert "pytest-runtime record" in assistant.ask("list_baselines").data["note"]
    assert "there are none yet" in assistant.call("list_entries").text
