"""Processes: one version of the code, loaded once, answers from children that it forks, or, without fork, anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.execute.plan import CannotReplay, Loaded
from pytest_runtime.replay.execute.process import ReplayerProcess
from pytest_runtime.replay.judge.processes import plan_of
from pytest_runtime.replay.model.job import Job, Observed, fingerprint
from pytest_runtime.testing import Scenario
from tests.replay.execute.without_state import without_state

SHOP = """
    import os

    seen = []

    def visit(name):
        seen.append(name)
        return list(seen)

    def big(size):
        return "x" * size

    def process():
        return os.getpid()
    """


class Loads:
    """A loaded process and the jobs of a baseline."""

    def __init__(self, process: ReplayerProcess, jobs: list[Job]) -> None:
        self.process = process
        self.jobs = jobs

    def run(self, *jobs: Job, **changes: Any) -> list[Observed]:
        """The answers, to all jobs of the baseline where none are named."""
        return list(self.process.run([msgspec.structs.replace(job, **changes) for job in jobs or self.jobs]))


@contextmanager
def loaded(folder: Path, traffic: Any, *, launch: Literal["spawn", "fork"] = "fork", **options: Any) -> Iterator[Loads]:
    """The shop in a process of its own."""
    scenario = Scenario(folder, {"shop": SHOP}).record(traffic)
    reader = open_reader(scenario.store)
    entries = reader.entries()
    sys.path.insert(0, str(folder))
    process = ReplayerProcess(
        plan_of(scenario._setup(), reader, str(folder)),
        store=scenario.store,
        path=[str(folder), *sys.path],
        launch=launch,
        **options,
    )
    try:
        process.load()
        jobs = [
            Job(one.id, entries[one.entry], without_state(one.data), dict(one.producers)) for one in reader.traces()
        ]
        yield Loads(process, jobs)
    finally:
        process.stop()
        reader.close()
        sys.path.remove(str(folder))
        scenario._forget()


def values(observed: list[Observed]) -> list[Any]:
    """What was returned."""
    return [getattr(one.observation.value, "items", one.observation.value) for one in observed if one.observation]


@pytest.mark.parametrize(("launch", "forking"), [("fork", True), ("fork", False), ("spawn", True), ("spawn", False)])
def test_warm_jobs_share_a_process_and_fresh_ones_do_not(
    tmp_path: Path, launch: Literal["spawn", "fork"], forking: bool
) -> None:
    """With fork and without, in a copy of this process, in one of a fork server, and in an interpreter of its own."""

    def traffic(shop: Any) -> None:
        shop.visit("a")
        shop.visit("b")

    with loaded(tmp_path, traffic, launch=launch, forking=forking) as loads:
        assert sorted(map(len, values(loads.run()))) == [1, 2]
        assert sorted(map(len, values(loads.run(fresh=True)))) == [1, 1]
        assert sorted(map(len, values(loads.run()))) == [3, 4]


def test_what_is_expected_need_not_be_sent(tmp_path: Path) -> None:
    """The fingerprint in the job is that of the observation."""
    with loaded(tmp_path, lambda shop: shop.visit("a")) as loads:
        [first] = loads.run(fresh=True)
        assert first.observation is not None
        [again] = loads.run(fresh=True, expected=fingerprint(first.observation))
        assert again.matched
        [other] = loads.run(fresh=True, expected=b"another")
        assert not other.matched
        assert other.observation == first.observation


def test_many_large_jobs_and_answers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """Neither side is stuck writing while the other is."""

    def traffic(shop: Any) -> None:
        for size in range(40):
            shop.big(200_000 + size)

    with loaded(tmp_path, traffic) as loads:
        assert len(loads.run(*loads.jobs * 3)) == 3 * len(loads.jobs)


def test_a_process_that_ends_while_it_loads_says_so(tmp_path: Path) -> None:
    """With its last words."""
    scenario = Scenario(tmp_path, {"shop": SHOP}).record(lambda shop: shop.visit("a"))
    scenario.rewrite("shop", "import os\nos.write(2, b'no licence')\nos._exit(3)\n")
    reader = open_reader(scenario.store)
    process = ReplayerProcess(
        plan_of(scenario._setup(), reader, str(tmp_path)),
        store=scenario.store,
        path=[str(tmp_path), *sys.path],
        launch="fork",
    )
    try:
        with pytest.raises(CannotReplay, match="no licence"):
            process.load()
    finally:
        process.stop()
        reader.close()


def test_what_was_loaded_is_reported(tmp_path: Path) -> None:
    """Files, texts, faults."""
    with loaded(tmp_path, lambda shop: shop.visit("a")) as loads:
        found: Loaded = loads.process.loaded
        [module] = found.sources
        assert module.startswith("shop_")
        assert "def visit" in found.sources[module]
        assert list(found.files.values()) == [module]
        assert found.import_faults == {}
