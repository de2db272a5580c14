"""Survivors: mutants that recorded traffic does not show, and whether exploring finds them.

Which of them a caller can see is decided by others: by the package's own tests, from its source release. They run in
plain processes, without the product.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from judging.bench import Bench, Benches
from judging.mutants import Mutant
from judging.mutation import chosen, share
from judging.product import Exploration
from judging.subject import Place, Subject, SubjectFailed

TARGET = 0.60
SECONDS = 120.0
TESTS = ("tests", "test")
"""Folders in which a release keeps its tests."""


@dataclass(frozen=True)
class Row:
    """A mutant that the recorded traffic does not show."""

    subject: str
    mutant: Mutant
    killed: bool
    """Whether the package's own tests fail on it."""
    found: Exploration | None
    """What exploring found; `None` where its own tests see nothing either, and so nobody looked."""


class OwnTests:
    """The tests of a package's source release, run on a version of it."""

    def __init__(self, subject: Subject, folder: Path) -> None:
        """Raises `SubjectFailed` when there are none, or they fail on the release itself."""
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        done = subprocess.run([*command, "-d", str(folder), subject.requirement], capture_output=True, text=True)
        archives = sorted(folder.glob("*.tar.gz"))
        if done.returncode or not archives:
            raise SubjectFailed(f"{subject.requirement}: its source cannot be fetched: {done.stderr.strip()[-500:]}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(folder / "source", filter="data")
        [top] = (folder / "source").iterdir()
        found = next((top / name for name in TESTS if (top / name).is_dir()), None)
        if found is None:
            raise SubjectFailed(f"{subject.requirement}: its source release has no tests")
        self._folder = folder / "own"
        shutil.copytree(found, self._folder / found.name)
        self._name = found.name
        self._failing: list[str] = []

    def calibrate(self, place: Place) -> None:
        """Tests that fail on the release itself, in this environment, say nothing about a mutant."""
        output = self._run(place, "--continue-on-collection-errors", "-rfE", "--no-header")[1]
        lines = [line.split(" ")[1] for line in output.splitlines() if line.startswith(("FAILED ", "ERROR "))]
        self._failing = [part for name in dict.fromkeys(lines) for part in ("--deselect", name)]
        self._failing += [f"--ignore={name}" for name in dict.fromkeys(lines) if "::" not in name]
        if self._run(place)[0] != 0:
            raise SubjectFailed(f"{place.subject.requirement}: its own tests fail on the release itself")

    def kill(self, place: Place) -> bool:
        """Whether they fail."""
        return self._run(place)[0] != 0

    def _run(self, place: Place, *options: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:runtime"]
        command += [self._name, *(options or ("-x",)), *self._failing]
        environ = {**os.environ, "PYTHONPATH": str(place.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                command, cwd=self._folder, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return 1, ""  # a mutant that does not end is seen
        return done.returncode, done.stdout


def run(benches: Benches, scratch: Path, count: int, note: Callable[[Row], None]) -> list[Row]:
    """Explore those of `count` mutants of one subject that its traffic does not show and its tests do."""
    tests = OwnTests(benches.base.place.subject, scratch / f"{benches.base.place.subject.name}-own")
    tests.calibrate(benches.base.place)

    def one(bench: Bench, mutant: Mutant) -> Row | None:
        changes = {mutant.file: mutant.source}
        if bench.seen(changes) is not None:
            return None
        with bench.changed(changes) as candidate:
            killed = tests.kill(candidate)
            found = bench.base.product.explore(candidate, bench.base.place) if killed else None
        row = Row(bench.base.place.subject.name, mutant, killed, found)
        note(row)
        return row

    return [row for row in benches.each(one, chosen(benches.base, count)) if row is not None]


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Per subject, and all; the first row is the head."""
    head = ["subject", "not shown by traffic", "shown by its own tests", "found", "near", "far"]
    names = list(dict.fromkeys(row.subject for row in rows))
    return [head, *(_line(name, [row for row in rows if row.subject == name]) for name in names), _line("all", rows)]


def _line(name: str, rows: Sequence[Row]) -> list[str]:
    killed = [row for row in rows if row.killed]
    near = sum(row.found is not None and row.found.near for row in killed)
    far = sum(row.found is not None and row.found.far and not row.found.near for row in killed)
    return [name, str(len(rows)), str(len(killed)), share(near + far, len(killed)), str(near), str(far)]


def listing(rows: Sequence[Row]) -> str:
    """For reading: what was found of each."""
    lines = []
    for row in rows:
        if row.found is not None:
            sort = "near" if row.found.near else "far" if row.found.far else "not found"
            place = f"{row.mutant.file}:{row.mutant.first} {row.mutant.function}"
            lines += [f"{sort:10} {row.mutant.operator:12} {place}", *(f"    {line}" for line in row.found.told[:3])]
    return "\n".join(lines) + "\n"


def missed(rows: Sequence[Row]) -> list[str]:
    """The target, where it is missed."""
    killed = [row for row in rows if row.killed]
    found = sum(row.found is not None and (row.found.near or row.found.far) for row in killed)
    if not killed or found / len(killed) >= TARGET:
        return []
    return [f"survivors: {share(found, len(killed))} found, the target is {100 * TARGET:.0f} %"]
