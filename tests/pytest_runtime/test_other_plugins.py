"""Plug-ins of others, and options of pytest: items behave like tests beside each of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from xml.etree import ElementTree

import coverage.tracer  # noqa: F401  # kept loaded: its C part cannot be imported anew in each session of this process
import pytest

from ..project import ITEMS, RUN, Project, failed_ids, output, without_plugins

Run: TypeAlias = Callable[..., pytest.RunResult]


@pytest.fixture
def with_plugins(project: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Makes what runs the project with plug-ins of others."""

    def make(*plugins: str) -> Run:
        monkeypatch.setenv("PYTEST_ADDOPTS", without_plugins(*plugins))
        return lambda *args: project.run(*RUN, *args)

    return make


def report(project: Project) -> bytes:
    """The JSON report of the last run."""
    return (project.path / "report.json").read_bytes()


# --- of pytest itself -------------------------------------------------------------------------------------------------


def test_what_failed_comes_first(project: Project) -> None:
    """With --ff, all the others after it."""
    [node] = failed_ids(project.moved_threshold().run(*RUN))
    result = project.run(*RUN, "--ff", "-v")
    [first, *_others] = [line for line in result.stdout.lines if line.startswith((".runtime/", "test_own.py"))]
    assert first.startswith(f"{node} FAILED")
    result.assert_outcomes(failed=1, passed=ITEMS + 1)


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "workers"])
def test_the_run_stops_after_so_many_failures(project: Project, workers: tuple[str, ...]) -> None:
    """--maxfail; what was not replayed is missed by the gates, and no report says it passed."""
    project.moved_threshold().change("hello", "bye").change("return number", "return -number", "runshop/stock.py")
    result = project.run(*RUN, "--maxfail=2", "--runtime-only", "--runtime-json=report.json", *workers)
    assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED)
    assert "stopping after 2 failures" in output(result)
    assert result.parseoutcomes()["failed"] >= 2


def test_durations_are_those_of_the_items(project: Project) -> None:
    """--durations lists replays by their node ids."""
    result = project.run(*RUN, "--durations=3", "--durations-min=0", "--runtime-only")
    assert len([line for line in result.stdout.lines if "s call     .runtime/staging/runshop." in line]) == 3


# --- of others --------------------------------------------------------------------------------------------------------


def test_another_order_changes_no_byte_of_the_report(project: Project, with_plugins: Callable[..., Run]) -> None:
    """pytest-randomly."""
    project.moved_threshold()
    run = with_plugins("randomly")
    orders, reports = [], set()
    for seed in (1, 2, 3):
        result = run("-v", "--runtime-only", f"--randomly-seed={seed}", "--runtime-json=report.json")
        orders.append([line.split()[0] for line in result.stdout.lines if line.startswith(".runtime/")])
        reports.add(report(project))
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    project.run(*RUN, "--runtime-only", "--runtime-json=report.json")
    assert reports == {report(project)}


def test_an_item_that_is_run_again_counts_once(project: Project, with_plugins: Callable[..., Run]) -> None:
    """pytest-rerunfailures: in the counts, in the reports, and in the properties of the item."""
    project.moved_threshold()
    run = with_plugins("rerunfailures")
    result = run("--reruns=2", "--runtime-json=report.json", "--junitxml=junit.xml")
    assert result.parseoutcomes() == {"failed": 1, "passed": ITEMS + 1, "rerun": 2}
    assert "7 traces replayed (6 of 6 path classes): 5 same, 2 diverged" in output(result)
    again = report(project)
    project.run(*RUN, "--runtime-json=report.json")
    assert report(project) == again
    cases = ElementTree.parse(project.path / "junit.xml").findall(".//testcase")
    names = [[found.attrib["name"] for found in case.findall(".//property")] for case in cases]
    assert max(map(len, names)) == 5
    assert all(len(found) == len(set(found)) for found in names)


def test_an_item_has_the_time_that_a_test_has(project: Project, with_plugins: Callable[..., Run]) -> None:
    """pytest-timeout ends one that waits for its replay; the run goes on, and the item is no pass."""
    project.change("def label(name):\n", "def label(name):\n    while name:\n        pass\n")
    limit = """
        import pytest

        def pytest_collection_modifyitems(items):
            for item in items:
                if "label" in item.name:
                    item.add_marker(pytest.mark.timeout(0.5))
        """
    project.write("conftest.py", limit)
    run = with_plugins("timeout")
    result = run("-k", "label or left")
    result.assert_outcomes(failed=1, passed=2, deselected=5)
    assert "Timeout (>0.5s) from pytest-timeout" in output(result)
    assert result.ret == 1


def test_coverage_of_the_tests_is_measured_beside(project: Project, with_plugins: Callable[..., Run]) -> None:
    """pytest-cov sees what tests run, and replays run elsewhere."""
    project.write("test_own.py", "from runshop.stock import left\n\ndef test_left():\n    assert left(1) == 1\n")
    run = with_plugins("pytest_cov")
    result = run("--cov=runshop", "--cov-report=json:cov.json")
    result.assert_outcomes(passed=ITEMS + 1)
    assert result.ret == 0
    files: dict[str, Any] = json.loads((project.path / "cov.json").read_text(encoding="utf-8"))["files"]
    assert files[str(Path("runshop", "stock.py"))]["missing_lines"] == [4]


def test_the_progress_of_another_plugin_is_left_alone(project: Project, with_plugins: Callable[..., Run]) -> None:
    """pytest-sugar, which writes a terminal reporter of its own."""
    project.moved_threshold()
    run = with_plugins("sugar")
    result = run("--force-sugar")
    assert "7 traces replayed (6 of 6 path classes): 5 same, 2 diverged" in output(result)
    assert "runshop/pricing.py:5  if total > LIMIT:" in output(result)
    assert result.ret == 1


def test_all_of_them_at_once_with_workers(project: Project, with_plugins: Callable[..., Run]) -> None:
    """The report is that of a run without any of them."""
    project.moved_threshold()
    run = with_plugins("pytest_cov", "randomly", "rerunfailures", "sugar", "timeout")
    result = run("-n", "2", "--reruns=1", "--timeout=60", "--cov=runshop", "--runtime-json=report.json")
    assert result.ret == 1
    together = report(project)
    project.run(*RUN, "--runtime-json=report.json")
    assert report(project) == together
