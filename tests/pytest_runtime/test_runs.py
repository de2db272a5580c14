"""Whole runs against base: what is accepted, ruled out, covered and asked for decides on the exit status."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_runtime.accept.acceptance_file import FILE, read_acceptances

from ..project import ITEMS, RUN, Project, output

ONLY = (*RUN, "--runtime-only")
ACCEPT = "--runtime-accept=TICKET-7: a higher limit"


# --- base ---------------------------------------------------------------------------------------------------------


def test_a_change_is_compared_with_what_was_committed(project: Project) -> None:
    """Only what it can have reached is replayed, and both sides of the decision are reported."""
    result = project.commit().moved_threshold().run(*ONLY)
    result.assert_outcomes(failed=1, passed=1)  # the function that uses the constant that changed
    text = output(result)
    assert "runtime: compared with HEAD" in text
    assert "runtime: 3 traces replayed (2 of 6 path classes): 1 same, 2 diverged, 0 not judged, 0 error" in text
    lines = ["    base       150 > 100 is true     2 of 2", "    candidate  150 > 500 is false    2 of 2"]
    assert "\n".join(lines) in text
    result = project.run(*ONLY, "--runtime-all")
    result.assert_outcomes(failed=1, passed=ITEMS - 1)
    assert "sealing" not in output(result)  # once for each base


def test_a_change_of_nothing_replays_nothing(project: Project) -> None:
    """A comment, an own test: said in a line, and a pass."""
    project.commit().change("LIMIT = 100", "LIMIT = 100  # a lot").write("test_own.py", "def test_new():\n    pass\n")
    result = project.run(*RUN)
    result.assert_outcomes(passed=1)
    assert "nothing that the recorded traffic loads or reads differs from HEAD; nothing to replay" in output(result)
    assert "(changed, and read by none: test_own.py)" in output(result)
    assert result.ret == 0


def test_a_folder_may_be_the_base(project: Project, recorded: Path) -> None:
    """Where there is no git."""
    result = project.moved_threshold().run(*ONLY, f"--runtime-base={recorded}", "--runtime-json=report.json")
    result.assert_outcomes(failed=1, passed=1)
    report = json.loads((project.path / "report.json").read_text(encoding="utf-8"))
    assert report["oracle"]["kind"] == "directory"
    assert report["selection"] == {"classes": ITEMS, "selected": 2, "trace": ""}
    assert report["fidelity"]["runshop.pricing:fee"]["faithful"] == 3


def test_a_folder_after_a_space_is_never_compared_with_itself(project: Project, recorded: Path) -> None:
    """pytest takes it for its root before it knows the option: then nothing may be green."""
    shutil.copytree(project.path / ".runtime", recorded / ".runtime", dirs_exist_ok=True)
    result = project.moved_threshold().run(*ONLY, "--runtime-base", str(recorded))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "one word" in "\n".join(result.errlines)


# --- acceptances --------------------------------------------------------------------------------------------------


def test_what_is_accepted_passes_from_then_on(project: Project) -> None:
    """It is written, listed in each run, and complained about once it is not seen any more."""
    first = project.moved_threshold().run(*RUN, ACCEPT)
    first.assert_outcomes(passed=ITEMS + 2)
    assert first.ret == 0
    [acceptance] = read_acceptances(project.path / FILE)
    assert (acceptance.entry, acceptance.field, acceptance.reason) == (
        *("runshop.pricing:fee", "return"),
        "TICKET-7: a higher limit",
    )
    before = (project.path / FILE).read_bytes()
    again = project.run(*RUN)
    again.assert_outcomes(passed=ITEMS + 2)
    assert again.ret == 0
    assert "accepted: runshop.pricing:fee · total > LIMIT is true · return: int → int (TICKET-7" in output(again)
    assert "5 same, 2 accepted, 0 diverged" in output(again)
    stale = project.change("LIMIT = 500", "LIMIT = 100").run(*RUN)
    assert stale.ret == 1
    assert "accepted, but not seen any more: runshop.pricing:fee" in output(stale)
    assert "pytest-runtime prune staging" in output(stale)
    assert (project.path / FILE).read_bytes() == before


def test_nothing_else_is_accepted(project: Project) -> None:
    """A divergence on another path, and another one on the same path."""
    project.moved_threshold().run(*RUN, ACCEPT)
    result = project.change("return 0", "return None").change("hello", "bye").run(*RUN)
    result.assert_outcomes(passed=ITEMS - 1, failed=3)


def test_two_workers_accept_what_one_process_accepts(project: Project) -> None:
    """The same file, byte for byte."""
    project.moved_threshold().change("hello", "bye")
    project.run(*RUN, ACCEPT)
    alone = (project.path / FILE).read_bytes()
    (project.path / FILE).unlink()
    result = project.run(*RUN, ACCEPT, "-n", "2")
    assert result.ret == 0
    assert (project.path / FILE).read_bytes() == alone
    assert len(read_acceptances(project.path / FILE)) == 2


def test_a_narrowed_run_accepts_and_complains_about_what_it_looked_at(project: Project) -> None:
    """With -k, acceptances of the others are kept and not missed."""
    project.moved_threshold().change("hello", "bye").run(*RUN, ACCEPT, "-k", "label")
    [label] = read_acceptances(project.path / FILE)
    assert label.entry == "runshop.pricing:label"
    project.run(*RUN, "--runtime-accept=other", "-k", "fee")
    fee, same = read_acceptances(project.path / FILE)
    assert (fee.reason, same) == ("other", label)
    project.change("bye", "hello")
    assert project.run(*RUN, "-k", "fee").ret == 0
    assert project.run(*RUN).ret == 1


def test_an_acceptance_that_base_holds_itself_is_only_reported(project: Project) -> None:
    """It was merged with the change that it accepts: nobody has to clean up before their own change passes."""
    project.commit().moved_threshold().run(*RUN, ACCEPT)
    project.commit().change("hello", "bye")
    result = project.run(*RUN, "--runtime-all", "-k", "fee or left")
    assert "accepted, and settled at base: runshop.pricing:fee" in output(result)
    assert "by no trace: runshop.pricing:label, run by 1 recorded trace: it was deselected" in output(result)
    assert result.ret == 1


# --- rules of comparison ------------------------------------------------------------------------------------------


def compare_rule(**says: str) -> str:
    """A table of the project file."""
    lines = "\n".join(f"{key} = {value}" for key, value in says.items())
    return f"\n[[tool.pytest-runtime.compare]]\n{lines}\nreason = 'only a fee'\n"


FEE = {"field": "'return'", "entry": "'*:fee'"}


def test_a_rule_tolerates_a_divergence_and_is_reported(project: Project) -> None:
    """With its reason, and how often."""
    result = project.configure(compare_rule(**FEE, tolerance="10")).moved_threshold().run(*RUN)
    result.assert_outcomes(passed=ITEMS + 2)
    assert "rule: return of *:fee within 10: 2 differences taken for none, in 2 traces (only a fee)" in output(result)


def test_a_rule_cannot_make_a_trace_green_of_which_nothing_is_left(project: Project) -> None:
    """Such traces are not judged, whether or not they differ."""
    project.configure(compare_rule(**FEE, ignore="true")).moved_threshold()
    result = project.run(*RUN, "-k", "fee")
    result.assert_outcomes(skipped=2, deselected=ITEMS)
    assert result.ret == 1
    assert "every field of it is ignored by the project's rules of comparison" in output(result)
    json_run = project.run(*RUN, "--runtime-json=report.json")
    assert json_run.ret == 1  # others were judged, but none that ran what changed
    assert "changed and judged by no trace: runshop.pricing:fee" in output(json_run)
    report = json.loads((project.path / "report.json").read_text(encoding="utf-8"))
    assert report["counts"]["not_judged"] == 3


def test_a_project_may_implement_the_hooks(project: Project) -> None:
    """In its conftest; workers find them too."""
    hook = """
        def pytest_runtime_compare(entry, field, base, candidate):
            return True if entry.endswith(":fee") and field == "return" else None
        """
    project.write("conftest.py", hook).moved_threshold()
    for extra in ((), ("-n", "2")):
        result = project.run(*RUN, *extra)
        result.assert_outcomes(passed=ITEMS + 2)
        assert "rule: pytest_runtime_compare: return: 2 differences taken for none, in 2 traces" in output(result)
    project.run().assert_outcomes(passed=2)


def test_a_hook_that_fails_is_an_error_of_the_trace(project: Project) -> None:
    """Named, with the field; the other traces are judged."""
    hook = "def pytest_runtime_normalise(entry, field, value):\n    return {}[field]\n"
    result = project.write("conftest.py", hook).moved_threshold().run(*RUN)
    result.assert_outcomes(passed=ITEMS + 1, failed=1)
    assert "error in 2 of 2: pytest_runtime_normalise failed at return: KeyError: 'return'" in output(result)
    assert "5 same, 0 diverged, 0 not judged, 2 error" in output(result)


def test_a_mistake_in_a_rule_is_a_usage_error(project: Project) -> None:
    """With the file and the nearest key."""
    result = project.configure(compare_rule(**FEE, tolerence="10")).run(*RUN)
    assert result.ret == 4
    assert "[[tool.pytest-runtime.compare]] has no key 'tolerence'; did you mean 'tolerance'?" in output(result)


# --- coverage and the gate ----------------------------------------------------------------------------------------


def coverage_report(project: Project) -> dict[str, tuple[str, str]]:
    """What coverage.py's own command says: file → (share, missing lines)."""
    command = [sys.executable, "-m", "coverage", "report", "--data-file=ran.coverage", "--show-missing"]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=True)
    rows = re.findall(r"^(\S+\.py) +\d+ +\d+ +(\d+%) *(.*)$", done.stdout, re.M)
    return {name: (share, missing) for name, share, missing in rows}


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_replays_ran_is_coverage_data(project: Project, workers: tuple[str, ...]) -> None:
    """Which coverage.py reads; each trace is a context."""
    project.change("def label", "def unused():\n    return 1\n\ndef label")
    result = project.run(*RUN, "--runtime-coverage=ran.coverage", *workers)
    assert result.ret == 0
    assert coverage_report(project) == {
        "runshop/__init__.py": ("100%", ""),
        "runshop/pricing.py": ("91%", "10"),
        "runshop/stock.py": ("100%", ""),
    }


def test_without_coverage_the_run_does_not_begin(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install."""
    monkeypatch.setitem(sys.modules, "coverage", None)
    result = project.run(*RUN, "--runtime-coverage=ran.coverage")
    assert result.ret == 4
    assert "pip install 'pytest-runtime[coverage]'" in output(result)


def test_a_report_that_cannot_be_written_is_no_pass(project: Project) -> None:
    """And no traceback: which file, why, and what to do."""
    (project.path / "taken").mkdir()
    result = project.run(*RUN, "--runtime-json=taken")
    assert result.ret == 1
    said = r"a report cannot be written at \S*taken: Is a directory. Name a file in a folder that you may write to"
    assert re.search(said, output(result))
    assert "Traceback" not in output(result)


def test_a_share_of_the_changed_lines_may_be_required(project: Project) -> None:
    """As a gate: what no replay reaches is no pass."""
    project.change("return number", "if number > 5:\n        return 5\n    return number", "runshop/stock.py")
    assert project.run(*RUN).ret == 0
    assert project.run(*RUN, "--runtime-require-reached=50").ret == 0
    result = project.run(*RUN, "--runtime-require-reached=80")
    assert result.ret == 1
    said = r"replays reach 1 of 2 changed lines \(50 %\), and --runtime-require-reached asks for 80 %"
    assert re.search(said, output(result))
    assert project.run(*RUN, "--runtime-require-reached=101").ret == 4
