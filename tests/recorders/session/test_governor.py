"""The governor: the recorder's CPU stays under its share, what is new comes first, and what it took is told."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.cli.record_values import share_value
from pytest_runtime.config import read_table
from pytest_runtime.recorders.errors import ConfigurationError
from pytest_runtime.recorders.session.governor import (
    LOOK_AGAIN,
    RESERVE,
    SAVED,
    TYPICAL,
    WARM_UP,
    Governor,
    Usage,
    describe,
)
from pytest_runtime.recorders.session.sampler import QUIET, REPEATS, WINDOW_ROUNDS, Sampler, Windows
from pytest_runtime.testing import Scenario


class Process:
    """A process whose clocks a test moves."""

    def __init__(self, share: float = 0.02) -> None:
        self.cpu = 0.0
        self.wall = 0.0
        self.governor = Governor(share, cpu=lambda: self.cpu, now=lambda: self.wall)
        self.governor.serve()

    def work(self, seconds: float) -> None:
        """The service uses CPU."""
        self.cpu += seconds
        self.wall += max(seconds, LOOK_AGAIN)

    def record(self, cost: float) -> None:
        """A run is recorded, and costs this much in the collector's thread."""
        self.governor.opened()
        self.cpu += cost
        self.wall += LOOK_AGAIN
        self.governor.collected(1, cost, waiting=0)


@settings(deadline=None)
@given(
    st.floats(0.005, 0.2),
    st.lists(st.tuples(st.floats(0.0001, 0.05), st.floats(0.0, 0.5), st.booleans()), max_size=300),
)
def test_the_share_is_kept(share: float, runs: list[tuple[float, float, bool]]) -> None:
    """Whatever the runs cost, beyond the allowance the recorder takes its share, and the cost of one run, at most."""
    process = Process(share)
    for cost, work, novel in runs:
        process.work(work)
        if process.governor.may_open(novel=novel):
            process.record(cost)
    usage = process.governor.usage()
    assert usage.recorder <= usage.warm_up + share * usage.process + 0.05 + 1e-9
    assert usage.warm_up <= WARM_UP


def test_the_first_traces_are_paid_from_an_allowance() -> None:
    """A process that begins may be recorded whole until the allowance is used up, once."""
    process = Process()
    recorded = 0
    while process.governor.may_open(novel=True):
        process.record(0.01)
        recorded += 1
    assert recorded == pytest.approx(WARM_UP / 0.01, rel=0.05)
    assert process.governor.usage().warm_up == pytest.approx(WARM_UP, abs=0.02)
    assert not process.governor.may_open(novel=True)


def used_up() -> Process:
    """A process that has nothing left of the allowance."""
    process = Process()
    process.governor.spent(WARM_UP)
    return process


def test_a_steady_service_is_recorded_by_its_share() -> None:
    """After the allowance, two percent of the process's CPU go into recording, and are used."""
    process = used_up()
    for _ in range(100_000):
        process.work(0.005)
        if process.governor.may_open(novel=False):
            process.record(0.004)
    assert 0.017 <= process.governor.usage().steady <= 0.0202


def test_what_may_be_new_comes_first() -> None:
    """The last of the budget is left to entries that may show a new path."""
    process = used_up()
    process.work(0.5 * RESERVE / 0.02)
    assert not process.governor.may_open(novel=False)
    assert process.governor.may_open(novel=True)


def test_the_budget_does_not_add_up_without_end() -> None:
    """A service that was quiet for a day is not recorded for an hour."""
    process = used_up()
    process.work(100_000.0)
    spent = 0
    while process.governor.may_open(novel=True):
        process.record(0.01)
        spent += 1
    assert spent <= SAVED / 0.01 + 2


def test_runs_that_are_not_paid_for_count_already() -> None:
    """A burst does not get through before the collector has told what its runs cost."""
    process = used_up()
    process.work(100_000.0)
    let_through = 0
    while process.governor.may_open(novel=True):
        process.governor.opened()
        let_through += 1
        assert let_through < 10_000
    assert let_through == pytest.approx(SAVED / TYPICAL, abs=2)
    process.governor.collected(let_through, let_through * 0.0001, waiting=0)
    assert process.governor.may_open(novel=True)


def test_capturing_counts_as_the_collector_does() -> None:
    """What the recorder spends in the threads of the service is part of it."""
    process = used_up()
    process.work(100_000.0)
    assert process.governor.may_open(novel=True)
    process.governor.spent(SAVED)
    assert not process.governor.may_open(novel=True)
    assert process.governor.usage().recorder == WARM_UP + SAVED


def test_asking_is_cheap() -> None:
    """The CPU clock of the process is read now and then, not for each run that is turned away."""
    reads: list[int] = []

    def cpu() -> float:
        reads.append(1)
        return 0.0

    governor = Governor(0.02, cpu=cpu, now=lambda: 0.0)
    governor.spent(WARM_UP)
    reads.clear()
    assert not any(governor.may_open(novel=True) for _ in range(1000))
    assert not reads


# --- the sampler asks it ---------------------------------------------------------------------------------------------


def test_a_server_is_held() -> None:
    """Without budget nothing of a server is recorded, new or not, and what may have been new is counted."""
    process = used_up()
    sampler = Sampler("auto", process.governor)
    assert not any(sampler.admit("GET /", served=True) for _ in range(100))
    assert sampler.held == 100
    process.work(100_000.0)
    admitted = 0
    for _ in range(3 * QUIET):
        if sampler.admit("GET /", served=True):
            admitted += 1
            process.record(0.0)
    assert QUIET <= admitted <= 3 * QUIET


def test_where_everything_is_asked_for_nothing_is_held() -> None:
    """`all` is recorded whole, whatever it costs, in a server too."""
    sampler = Sampler("all", used_up().governor)
    assert all(sampler.admit("shop:f") for _ in range(3 * REPEATS))
    assert sampler.admit("GET /", served=True)


def test_a_script_is_held_only_where_it_repeats_itself() -> None:
    """A thousand traces of an entry without a new path; a new path gives another thousand; each entry has its own."""
    sampler = Sampler("auto", used_up().governor)
    assert sum(sampler.admit("shop:f") for _ in range(3 * REPEATS)) == REPEATS
    assert sum(sampler.admit("shop:g") for _ in range(3 * REPEATS)) == REPEATS
    sampler.found_path("shop:f")
    assert sum(sampler.admit("shop:f") for _ in range(3 * REPEATS)) == REPEATS
    assert sum(Sampler("auto").admit("shop:f") for _ in range(3 * REPEATS)) == 3 * REPEATS


def test_a_script_has_a_generous_share() -> None:
    """Ten times that of a server, until it serves."""
    governor = Governor(0.02)
    assert governor.usage().share == pytest.approx(0.2)
    Sampler("auto", governor).admit("GET /", served=True)
    assert governor.usage().share == 0.02


def test_windows_of_a_server_are_short() -> None:
    """Entries are looked for in every round until the process serves, and then now and then."""
    sampler = Sampler("auto")
    windows = Windows(sampler)
    assert all(windows.opens() for _ in range(100))
    sampler.admit("GET /", served=True)
    assert sum(windows.opens() for _ in range(10 * WINDOW_ROUNDS)) == 10


# --- what is told ----------------------------------------------------------------------------------------------------

SHOP = """
    def double(number):
        return number * 2
    """


def test_what_recording_took_is_reported(tmp_path: Path) -> None:
    """The recorder's own line says how much CPU it took, how much of that to warm up, and what it left out."""
    scenario = Scenario(tmp_path, {"shop": SHOP})
    scenario.record(lambda shop: [shop.double(number) for number in range(50)])
    recording = scenario.recording
    assert recording is not None
    assert 0.0 < recording.session.governor.usage().recorder < recording.session.governor.usage().process
    assert "CPU" not in recording.summary() or recording.session.governor.usage().recorder >= 0.5
    recording.session.governor.spent(1000.0)
    last = recording.summary().splitlines()[-1]
    assert last.startswith("pytest-runtime: recording took 100")
    assert "3.0 s of it to warm up" in last
    assert last.endswith("more than the 20.0% that it would hold to, because everything is recorded")
    recording._own.sampler.held = 7
    assert "7 runs that may have been new were left out" in recording.summary()


def test_the_words() -> None:
    """Seconds, share, and warm-up where there was one."""
    assert describe(Usage(1.2, 100.0, 0.0, 0.02)) == "1.2 s of the process's 100.0 s of CPU (1.2%)"
    told = describe(Usage(2.0, 50.0, 1.5, 0.02))
    assert told == "2.0 s of the process's 50.0 s of CPU (4.0%), 1.5 s of it to warm up, beyond that 1.0%"


# --- how it is set ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("given_", "share"), [("2%", 0.02), ("0.5", 0.5), ("0", 0.0), ("100%", 1.0)])
def test_a_share_on_the_command_line(given_: str, share: float) -> None:
    """A number or percent."""
    assert share_value(given_) == share


@pytest.mark.parametrize("given_", ["", "x", "2", "-1%", "nan", "101%"])
def test_what_is_no_share(given_: str) -> None:
    """Anything else is refused, with how to write it."""
    with pytest.raises(click.BadParameter, match="is no share of the CPU"):
        share_value(given_)


def test_a_share_in_the_configuration() -> None:
    """A key of its own; what lies outside is an error that says so."""
    path = Path("pyproject.toml")
    assert read_table({"cpu_share": 0.05}, path).cpu_share == 0.05
    with pytest.raises(ConfigurationError, match="cpu_share = 5: it is a share of the CPU"):
        read_table({"cpu_share": 5}, path)
