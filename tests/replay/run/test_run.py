"""The pipeline: a run judges, explores and says what it means, without a test runner around it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.judge.acceptance import propose
from pytest_runtime.replay.run.options import ExploreOptions, RunOptions, RunProject
from pytest_runtime.replay.run.run import CannotExplore, Run, RunFindings
from pytest_runtime.testing import Scenario

SHOP = """
    LIMIT = 100

    def fee(total):
        if total > LIMIT:
            return 10
        return 0

    def label(name):
        return f"hello {name}"
    """


def traffic(shop: object) -> None:
    """Both sides of the limit, and a function beside it."""
    for total in (50, 150):
        shop.fee(total)  # type: ignore[attr-defined]  # a module of the scenario
    shop.label("x")  # type: ignore[attr-defined]  # a module of the scenario


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    """A service with a baseline of three path classes."""
    return Scenario(tmp_path, {"shop": SHOP}).record(traffic)


@contextmanager
def run_of(scenario: Scenario, options: RunOptions = RunOptions(), *, base: bool = True) -> Iterator[Run]:  # noqa: B008
    """A run on the scenario as it is now."""
    setup = scenario._setup(base=str(scenario.base) if base else "")
    run = Run(RunProject(setup, open_reader(scenario.store)), options)
    sys.path.insert(0, str(scenario.folder))
    try:
        yield run
    finally:
        run.stop()
        sys.path.remove(str(scenario.folder))


def test_a_run_judges_what_the_change_can_have_reached_and_says_that_it_failed(scenario: Scenario) -> None:
    """Plan, verdicts, result and exit status come from the run alone."""
    scenario.change("shop", "LIMIT = 100", "LIMIT = 500")
    with run_of(scenario) as run:
        run.prepare()
        plan = run.plan()
        assert {group.stored.entry.partition(":")[2] for group in plan.groups} == {"fee"}
        assert plan.targets == ()
        verdicts = run.judge_all()
        assert [trace.verdict for verdict in verdicts for trace in verdict.traces].count("diverged") == 1
        result = run.result()
    assert (result.passed(), result.exit_status, result.no_pass()) == (False, 1, "")
    assert result.oracle.differs
    assert result.baseline.classes == 3


def test_what_is_accepted_passes_and_what_is_proposed_is_returned(scenario: Scenario) -> None:
    """Acceptances come in as values; nothing is written anywhere."""
    scenario.change("shop", "LIMIT = 100", "LIMIT = 500")
    with run_of(scenario, RunOptions(accept="TICKET-7")) as run:
        run.judge_all()
        result = run.result()
        unasked = run.result(accepts=False)
    assert result.passed()
    assert [acceptance.reason for acceptance in result.acceptances.proposed] == ["TICKET-7"]
    assert result.acceptances.all == result.acceptances.used == result.acceptances.proposed
    assert not unasked.passed()
    assert unasked.acceptances.all == ()
    assert list(result.acceptances.proposed) == propose(unasked.verdicts, "TICKET-7")


def test_a_run_without_a_difference_passes_and_loads_nothing(scenario: Scenario) -> None:
    """There is nothing to do."""
    with run_of(scenario) as run:
        assert not run.prepare().differs
        assert run.judge_all() == []
        assert run.result().exit_status == 0


def test_a_run_explores_within_its_budget(scenario: Scenario) -> None:
    """The number of inputs is the run's, and so is what a finding means."""
    scenario.change("shop", "total > LIMIT", "total >= LIMIT")
    with run_of(scenario, RunOptions(explore=ExploreOptions(30))) as run:
        run.judge_all()
        targets = run.plan().targets
        explored = [run.explore(target) for target in targets]
        result = run.result()
    assert max(target.counts.examples for target in explored) <= 30
    assert any(judged.failing for judged in result.explored)
    assert result.counts()["diverged"] == 0
    assert result.exit_status == 1


def test_exploring_that_is_required_needs_base(scenario: Scenario) -> None:
    """Where it is not required, the run says so and goes on."""
    with (
        run_of(scenario, RunOptions(explore=ExploreOptions(5, is_required=True)), base=False) as run,
        pytest.raises(CannotExplore, match="exploring needs base"),
    ):
        run.prepare()
    with run_of(scenario, RunOptions(explore=ExploreOptions(5)), base=False) as run:
        run.prepare()
        assert run.plan().targets == ()


def test_what_is_found_twice_counts_once(scenario: Scenario) -> None:
    """A verdict comes from the run that judged, and once more from the report that carried it."""
    scenario.change("shop", "LIMIT = 100", "LIMIT = 500")
    with run_of(scenario) as run:
        verdicts = run.judge_all()
        for verdict in verdicts:
            run.found.add_verdict(verdict)
        assert run.found.verdicts == sorted(verdicts, key=lambda verdict: (verdict.entry, verdict.path))
    assert RunFindings().verdicts == []


def test_the_pipeline_loads_no_exploring_and_no_test_runner() -> None:
    """The core can be imported without `explore`, and a command judges without pytest."""
    code = (
        "import sys, pytest_runtime.replay.run.run\n"
        "banned = ('pytest_runtime.replay.explore', '_pytest', 'hypothesis')\n"
        "names = [name for name in sys.modules if name.startswith(banned)]\n"
        "assert names == [], names\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
