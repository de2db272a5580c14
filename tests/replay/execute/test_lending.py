"""Lending: other processes replay on copies of one loaded process, each as if it had loaded the code itself."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.replay.execute.lending import Lender
from pytest_runtime.replay.execute.plan import CannotReplay
from pytest_runtime.replay.execute.process import ReplayerProcess
from pytest_runtime.replay.judge.processes import plan_of
from pytest_runtime.replay.model.job import Job, Observed
from pytest_runtime.testing import Scenario
from tests.replay.execute.without_state import without_state

SHOP = """
    seen = []

    def visit(name):
        seen.append(name)
        return list(seen)
    """


class Lends:
    """A lender, the process that it lends, and jobs."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self.lender = Lender()
        self._scenario = scenario
        self._folder = folder
        self._processes: list[ReplayerProcess] = []
        with closing(open_reader(scenario.store)) as reader:
            entries = reader.entries()
            self.plan = plan_of(scenario._setup(), reader, str(folder))
            self.jobs = [
                Job(stored.id, entries[stored.entry], without_state(stored.data)) for stored in reader.traces()
            ]

    def process(self, lender: str = "") -> ReplayerProcess:
        """A process of its own, or with a lender's address a copy; not loaded yet."""
        path = [str(self._folder), *sys.path]
        process = ReplayerProcess(self.plan, store=self._scenario.store, path=path, launch="fork", lender=lender)
        self._processes.append(process)
        return process

    def borrowed(self) -> ReplayerProcess:
        """A copy, loaded."""
        process = self.process(self.lender.address)
        process.load()
        return process

    def stop(self) -> None:
        """End everything."""
        self.lender.close()
        for process in reversed(self._processes):
            process.stop()


@contextmanager
def lends(folder: Path, *, offers: bool = True) -> Iterator[Lends]:
    """The shop, loaded and offered."""

    def traffic(shop: Any) -> None:
        for name in "abc":
            shop.visit(name)

    scenario = Scenario(folder, {"shop": SHOP}).record(traffic)
    found = Lends(scenario, folder)
    try:
        if offers:
            process = found.process()
            process.load()
            found.lender.offer(process)
        yield found
    finally:
        found.stop()
        scenario._forget()


def sizes(process: ReplayerProcess, jobs: list[Job], **changes: Any) -> list[int]:
    """How much the process had seen at each job."""
    shown: list[Observed] = list(process.run([msgspec.structs.replace(job, **changes) for job in jobs]))
    values: list[Any] = [found.observation.value for found in shown if found.observation is not None]
    return [len(value.items) for value in values]


def test_each_copy_begins_as_the_code_was_loaded(tmp_path: Path) -> None:
    """Nothing that one replays is in another, and all say what was loaded."""
    with lends(tmp_path) as found:
        first, second = found.borrowed(), found.borrowed()
        assert sizes(first, found.jobs) == [1, 2, 3]
        assert sizes(second, found.jobs) == [1, 2, 3]
        assert sizes(first, found.jobs) == [4, 5, 6]
        assert sizes(second, found.jobs, fresh=True) == [1, 1, 1]
        assert first.loaded == second.loaded
        assert [Path(file).parent for file in first.loaded.files] == [tmp_path]


def test_a_copy_notes_lines_by_itself(tmp_path: Path) -> None:
    """With the paths of the working tree."""
    with lends(tmp_path) as found:
        copy = found.borrowed()
        [file] = copy.loaded.files
        assert copy.watch({file: [4]}) == ""
        [shown] = copy.run(found.jobs[:1])
        assert list(shown.lines) == [file]
        assert [shown.lines for shown in found.borrowed().run(found.jobs[:1])] == [{}]


def test_who_asks_early_waits_until_the_code_is_loaded(tmp_path: Path) -> None:
    """What is offered may still be loading."""
    from concurrent.futures import ThreadPoolExecutor

    with lends(tmp_path, offers=False) as found, ThreadPoolExecutor(1) as pool:
        asking = pool.submit(found.borrowed)
        process = found.process()
        process.load()
        found.lender.offer(process)
        assert sizes(asking.result(), found.jobs) == [1, 2, 3]


def test_a_lender_whose_process_was_killed_loads_another(tmp_path: Path) -> None:
    """The copies that it made go on."""
    with lends(tmp_path) as found:
        before = found.borrowed()
        os.kill(found._processes[0].pid, signal.SIGKILL)
        assert sizes(found.borrowed(), found.jobs) == [1, 2, 3]
        assert sizes(before, found.jobs) == [1, 2, 3]


def test_without_the_lender_nothing_is_replayed(tmp_path: Path) -> None:
    """Whoever asks, or waits, gets to know it."""
    with lends(tmp_path, offers=False) as found:
        found.lender.close()
        with pytest.raises(CannotReplay, match="lends out the loaded code is gone"):
            found.borrowed()


def test_code_that_cannot_be_loaded_again_is_told(tmp_path: Path) -> None:
    """To who asks for a copy, with the reason."""
    with lends(tmp_path) as found:
        [file] = found._processes[0].loaded.files
        Path(file).write_text("import os\nos.write(2, b'no licence')\nos._exit(3)\n")
        os.kill(found._processes[0].pid, signal.SIGKILL)
        with pytest.raises(CannotReplay, match="no licence"):
            found.borrowed()
