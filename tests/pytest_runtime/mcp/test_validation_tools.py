"""The tools that judge a change: on the working tree, a patch, and a revision; in the background, and cancelled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_runtime.mcp.workspace import Workspace

from .assistant import Assistant
from .repository import Repository


def test_a_session_of_an_assistant(assistant: Assistant, repository: Repository) -> None:
    """It finds the function, looks, changes, validates, is told of the branch, mends it, and validates again."""
    assert "runshop.pricing:fee" in assistant.ask("list_entries").data["functions"]
    looked = assistant.ask("describe_function", function="fee").data
    assert looked["branches"][0]["arms"] == {"true": 2, "false": 1}

    repository.change("total > LIMIT", "total > LIMIT + 55")
    first = assistant.ask("validate_change", wait=50).data
    assert first["state"] == "done"
    assert first["verdict"]["safe_to_merge"] == "no"
    (divergence,) = first["verdict"]["divergences"]
    assert divergence["where"] == "runshop/pricing.py:5"
    assert "150 > 100 is true" in divergence["sides"][0]["base"]
    assert "150 > 155 is false" in divergence["sides"][0]["candidate"]
    assert divergence["differences"][0]["field"] == "return"
    assert (divergence["traces"], len(divergence["trace_ids"])) == ("1 of 2", 1)
    whole = assistant.ask("show_divergence", number=1).data
    assert "if total > LIMIT + 55:" in whole["candidate_source"]
    assert "assert result == 10" in whole["test"]

    repository.change("total > LIMIT + 55", "LIMIT < total")
    again = assistant.ask("validate_change", wait=50).data
    assert again["verdict"]["safe_to_merge"] == "yes"
    assert again["verdict"]["counts"] == {"same": 3}


def test_a_patch_is_judged_in_a_scratch_copy(assistant: Assistant, repository: Repository) -> None:
    """The working tree stays as it is, index included."""
    repository.change("LIMIT = 100", "LIMIT = 155")
    patch = repository.git("diff")
    repository.git("checkout", "--quiet", ".")
    judged = assistant.ask("validate_change", patch=patch, wait=50).data
    assert judged["verdict"]["safe_to_merge"] == "no"
    assert repository.git("status", "--porcelain") == ""


def test_a_revision_is_judged_against_where_it_left(assistant: Assistant, repository: Repository) -> None:
    """A branch, without checking it out."""
    repository.git("checkout", "--quiet", "-b", "wider")
    repository.change("LIMIT = 100", "LIMIT = 155")
    repository.git("commit", "--quiet", "--all", "--message", "wider")
    repository.git("checkout", "--quiet", "main")
    judged = assistant.ask("validate_change", revision="wider", wait=50).data
    assert judged["verdict"]["safe_to_merge"] == "no"
    assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"patch": "no patch at all"}, "does not apply"),
        ({"patch": "--- a/../../x\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n"}, "does not apply"),
        ({"revision": "mian"}, "Did you mean 'main'"),
        ({"base": "--output=x"}, "no branch, tag or commit"),
    ],
)
def test_a_candidate_that_cannot_be_had_fails_with_the_reason(
    assistant: Assistant, asked: dict[str, str], said: str
) -> None:
    """And says to mend it."""
    data = assistant.ask("validate_change", wait=50, **asked).data
    assert data["state"] == "failed"
    assert said in data["problem"]


def test_code_that_cannot_be_imported_is_named(assistant: Assistant, repository: Repository) -> None:
    """With what the import raised."""
    repository.change("LIMIT = 100", "LIMIT = missing")
    verdict = assistant.ask("validate_change", wait=50).data["verdict"]
    assert verdict["safe_to_merge"] == "no"
    assert any("NameError" in line for line in verdict["failed"])


def test_exploring_finds_inputs_that_nobody_sent(assistant: Assistant, repository: Repository) -> None:
    """Beside the recorded ones, where the recorded ones come out the same."""
    repository.change("total > LIMIT", "total > LIMIT + 20")
    verdict = assistant.ask("validate_change", explore=40, wait=50).data["verdict"]
    assert verdict["counts"] == {"same": 3}
    assert verdict["safe_to_merge"] == "no"
    assert verdict["found_inputs"]


def test_a_validation_runs_on_and_can_be_cancelled(
    assistant: Assistant, repository: Repository, workspace: Workspace
) -> None:
    """With everything that it started; nothing of its scratch copies stays."""
    repository.change("return number", "while number:\n        pass\n    return number", file="runshop/stock.py")
    begun = assistant.ask("validate_change", wait=0).data
    assert begun["state"] == "running"
    assert "there are: validation-1" in assistant.call("validation_status", run="not_there").text
    cancelled = assistant.ask("cancel_validation").data
    assert cancelled["state"] == "cancelled"
    process = workspace.jobs.job("validation-1").process
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_run_that_is_none_is_refused_with_those_that_are(assistant: Assistant) -> None:
    """And how to begin one."""
    assert "Begin one with validate_change" in assistant.call("validation_status").text
    assert "Begin one with validate_change" in assistant.call("show_divergence", number=1, run="x").text


def test_a_project_without_a_repository_takes_no_patch(assistant: Assistant, repository: Repository) -> None:
    """Its working tree is judged on what was recorded."""
    (Path(repository.path) / ".git").rename(Path(repository.path) / "elsewhere")
    assert "lies in no git repository" in assistant.ask("validate_change", patch="x", wait=50).data["problem"]
