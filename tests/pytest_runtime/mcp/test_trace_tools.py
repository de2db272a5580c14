"""The tools that find, show and compare traces, and say why some fail; and the one that runs inputs of its own."""

from __future__ import annotations

import pytest

from .assistant import Assistant
from .repository import Repository


def found(assistant: Assistant, where: str) -> str:
    """The first trace of which a condition is true."""
    return str(assistant.ask("find_traces", where=where).data["traces"][0]["trace"])


def test_traces_are_found_by_condition(assistant: Assistant) -> None:
    """With examples, and a hint where a path is misspelt."""
    data = assistant.ask("find_traces", where="total > 100").data
    assert (data["matching"], data["looked_at"], data["kept"]) == (2, 7, 7)
    assert "fee(total=150)" in data["traces"][0]["input"] + data["traces"][1]["input"]
    missed = assistant.call("find_traces", where="totl > 100")
    assert missed.failed
    assert "did you mean args.total" in missed.text
    refused = assistant.call("find_traces", where="open('x')")
    assert refused.failed
    assert "cannot be called in a condition" in refused.text


def test_a_trace_is_a_skeleton_and_then_one_node(assistant: Assistant) -> None:
    """Named by a path of the skeleton."""
    trace = found(assistant, 'user == "bob"')
    data = assistant.ask("show_trace", trace=trace).data
    assert "login(" in data["input"]
    assert "'bob'" in data["values"]["args.user"]
    node = assistant.ask("show_trace", trace=trace, node="result.size").data["node"]
    assert "21" in node
    missed = assistant.call("show_trace", trace=trace, node="result.siz")
    assert missed.failed
    assert "result.size" in missed.text


def test_values_at_decisions_come_from_a_replay_on_base(assistant: Assistant) -> None:
    """In a process of its own."""
    data = assistant.ask("show_trace", trace=found(assistant, "total == 150"), values=True).data
    assert any("total = 150" in step["values"] for step in data["steps"])


def test_a_trace_that_is_none_is_refused(assistant: Assistant) -> None:
    """And so is a beginning that several share."""
    assert assistant.call("show_trace", trace="zzz").failed
    assert "several traces" in assistant.call("show_trace", trace="").text


def test_traces_stand_side_by_side(assistant: Assistant) -> None:
    """Of the entries that a condition is about."""
    data = assistant.ask("compare_traces", group="total > 100").data
    assert data["groups"] == {"true": 2, "false": 1}
    assert data["traces"] == 3
    picked = assistant.ask("compare_traces", group="total > 100", pick=["total", "result"]).data
    names = [row["path"] for kind in ("separating", "differing") for row in picked[kind]]
    assert sorted(names) == ["args.total", "result"]


def test_failures_are_explained_without_false_certainty(assistant: Assistant) -> None:
    """One failing trace is no evidence."""
    data = assistant.ask("explain_failures", fails='exception.type == "ValueError"').data
    assert (data["failing"], data["passing"], data["place"]) == (1, 1, "runshop/stock.py")
    assert "number < 0 is true" in data["suspects"][0]["text"]
    assert data["suspects"][0]["certainty"] == "may be chance"
    assert data["caution"]
    assert "pytest.raises(ValueError)" in data["test"]
    assert assistant.call("explain_failures", fails="total > 1000").failed


def test_inputs_of_ones_own_run_on_both_sides(assistant: Assistant, repository: Repository) -> None:
    """On the working tree, and on a patch."""
    repository.change("LIMIT = 100", "LIMIT = 155")
    inputs = [{"total": 100}, {"args.total": 101}, {"total": 156}]
    data = assistant.ask("simulate_inputs", trace="runshop.pricing:fee", inputs=inputs).data
    assert [row["result"] for row in data["results"]] == ["same", "differs", "same"]
    assert "return: 10 → 0" in data["results"][1]["differences"][0]
    patch = repository.git("diff")
    repository.git("checkout", "--quiet", ".")
    again = assistant.ask("simulate_inputs", trace="runshop.pricing:fee", inputs=inputs, patch=patch).data
    assert [row["result"] for row in again["results"]] == ["same", "differs", "same"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trace": "nobody", "inputs": [{"total": 1}]}, "no one trace has an id that begins with 'nobody'"),
        ({"trace": "runshop.pricing:fee", "inputs": [{"total.deep[0]": 1}]}, "has nothing at 'total.deep[0]'"),
        ({"trace": "runshop.pricing:fee", "inputs": [{"a b c!": 1}]}, "is no path"),
    ],
)
def test_an_input_that_cannot_be_made_says_why(
    assistant: Assistant, repository: Repository, asked: dict[str, object], said: str
) -> None:
    """Before anything is compared."""
    repository.change("LIMIT = 100", "LIMIT = 155")
    assert said in assistant.ask("simulate_inputs", **asked).data["problem"]
