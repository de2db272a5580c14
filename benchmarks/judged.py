"""The project whose verdicts are timed: the service of the other benchmarks in a git repository, with a baseline.

Every one of its traces is an order, and runs `Stock.article`: that is the function that changes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from processes import BENCHMARKS, EVERY, SERVICE, BenchmarkFailed, Place, World, running, start

TRACES = 2_000
BASELINE = "bench"
TESTS = 100
"""Tests of the project's own suite."""

ARTICLE = "        return int(row[0]), int(row[1])\n"
ALIKE = "        cents, pieces = row\n        return int(cents), int(pieces)\n"
OTHERWISE = "        return int(row[0]) + 1, int(row[1]) - 1\n"
"""A price and a stock that every answer follows from, be it an order or a refusal."""

PROJECT = """
[tool.pytest-runtime]
include = ["benchservice"]
app = "benchservice.web:app"
sample = "all"
exemplars = 1_000_000
"""
SUITE = f"""
import pytest

@pytest.mark.parametrize("number", range({TESTS}))
def test_number(number):
    assert number >= 0
"""


class Taken(NamedTuple):
    """What a process took, in seconds; its CPU time includes that of the processes it started."""

    wall: float
    cpu: float


def _cpu_of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


@dataclass(frozen=True)
class Judged:
    """A recorded project in a git repository, as it was recorded."""

    place: Place

    @property
    def root(self) -> Path:
        return self.place.folder

    def runs(self, *arguments: str, status: Sequence[int] = (0,), product: Path | None = None) -> tuple[Taken, str]:
        """(what it took, output) of a whole `pytest` process; with `product`, of the checkout of another version."""
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        before, cpu = time.perf_counter(), _cpu_of_children()
        done = subprocess.run(
            command, cwd=self.root, env=self._environment(product), capture_output=True, text=True, check=False
        )
        taken = Taken(time.perf_counter() - before, _cpu_of_children() - cpu)
        if done.returncode not in status:
            raise BenchmarkFailed(f"{command} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
        return taken, done.stdout

    def _environment(self, product: Path | None) -> dict[str, str]:
        if product is None:
            return self.place.environment
        path = os.pathsep.join([str(product), self.place.environment["PYTHONPATH"]])
        return {**self.place.environment, "PYTHONPATH": path}

    def change(self, text: str) -> None:
        """Let the function read so."""
        path = self.root / "benchservice" / "ordering.py"
        path.write_text((SERVICE / "benchservice" / "ordering.py").read_text().replace(ARTICLE, text))

    def seals(self) -> list[Path]:
        return list((self.root / ".runtime" / "seals").glob("*.seal"))

    def forget_seals(self) -> None:
        shutil.rmtree(self.root / ".runtime" / "seals", ignore_errors=True)


def judged_project(shared: World, edit: Callable[[Path], None] = lambda folder: None) -> Judged:
    """Written, edited in its folder, committed and recorded."""
    place = shared.place("judged", EVERY)
    place = Place(place.folder, _environment(place))
    shutil.copytree(
        SERVICE / "benchservice", place.folder / "benchservice", ignore=shutil.ignore_patterns("__pycache__")
    )
    (place.folder / "pyproject.toml").write_text(PROJECT)
    (place.folder / "test_suite.py").write_text(SUITE)
    (place.folder / ".gitignore").write_text("*.log\n.runtime/\n__pycache__/\nbytecode/\n*.baseline\n")
    edit(place.folder)
    _commit(place)
    _record(place)
    return Judged(place)


def _environment(place: Place) -> dict[str, str]:
    """The project's own copy of the service comes first, and Python keeps its bytecode as it does for users."""
    inherited = place.environment["PYTHONPATH"].split(os.pathsep)
    path = os.pathsep.join([str(place.folder), *(one for one in inherited if one != str(SERVICE))])
    bytecode = str(place.folder.with_name("bytecode"))  # beside the project: what lies in it is copied for each replay
    environment = {**place.environment, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


def _commit(place: Place) -> None:
    person = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "--all"], [*person, "commit", "-q", "-m", "service"]):
        subprocess.run(["git", *command], cwd=place.folder, check=True)


def _record(place: Place) -> None:
    """All traces of one route, sent without a server."""
    with running(start(EVERY, place, str(BENCHMARKS / "direct.py"), asked=True)) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        for _part in range(TRACES // 100):  # the recorder's queue is finite: nothing may be dropped
            process.stdin.write("order 100 rest\n")
            process.stdin.flush()
            process.stdout.readline()
    counts = place.counts()
    if counts.lost or counts.kept != TRACES:
        raise BenchmarkFailed(f"{counts.kept} of {TRACES} traces were kept; {counts.lost or 'none lost'}")
    home = place.folder / ".runtime"
    home.mkdir(exist_ok=True)
    place.baseline.rename(home / place.baseline.name)
