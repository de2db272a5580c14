"""One package measured: its suite recorded, replayed on unchanged code, and on one mutant after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec
from judging.mutants import Mutant

from strangers_bench.environment import ROOT, Environment
from strangers_bench.mutating import draw
from strangers_bench.product import (
    MUTANT_SECONDS,
    NO_RECORDING,
    NOTHING,
    REPLAY_SECONDS,
    Place,
    Recorded,
    Verdict,
    digest_of,
    functions_by_trace,
    judge,
    record,
)
from strangers_bench.qualify import Qualification
from strangers_bench.steps import Steps
from strangers_bench.suite import NotMeasured, Suite, lines_that_run, run_suite

Say = Callable[[str], None]
TIMES = 3.0
"""How many times as long a mutant's suite may take."""
LEAST = 15.0
"""Seconds that it may take in any case: a start of pytest varies by seconds on a busy machine."""


class Reached(msgspec.Struct, frozen=True):
    """The lines that a suite runs, by file of the tree."""

    lines: Mapping[str, set[int]]


class Own(msgspec.Struct, frozen=True):
    """What a package's own suite says of a mutant."""

    diff: str
    killed: bool


class Package(NamedTuple):
    """What judging a mutant needs."""

    environment: Environment
    suite: Suite
    functions: Mapping[str, frozenset[str]]
    """Trace → the functions that it ran when it was recorded."""


class Judged(msgspec.Struct, frozen=True):
    """One mutant: what the package's own suite says, and what the product says."""

    operator: str
    file: str
    function: str
    first: int
    last: int
    diff: str
    killed: bool
    recorded: bool
    """Whether a kept trace ran the mutated function when it was recorded."""
    verdict: Verdict
    faithful: bool
    """Whether one of those was judged."""

    @property
    def in_function(self) -> bool:
        return self.verdict.flagged and is_in_function(self, self.verdict.place)

    @property
    def at_line(self) -> bool:
        place = self.verdict.place
        return self.in_function and place is not None and self.first <= place.line <= self.last

    @property
    def green_unjudged(self) -> bool:
        """Green although the changed function was not faithfully judged: what must not be."""
        return self.verdict.green and not self.faithful


class Result(msgspec.Struct, frozen=True):
    """All of one package."""

    qualification: Qualification
    recorded: Recorded
    unchanged: Verdict
    mutants: tuple[Judged, ...]
    problem: str = ""
    """What kept it from being measured to the end."""

    @property
    def name(self) -> str:
        return self.qualification.name

    @property
    def times(self) -> float:
        """Wall time of the recorded suite in times of the plain one."""
        suite = self.qualification.suite
        return self.recorded.seconds / suite.seconds if suite is not None and suite.seconds else 0.0


def is_in_function(mutant: Judged, place: Place | None) -> bool:
    """Whether a place is in the mutated function, or in a lambda or comprehension of it."""
    if place is None or place.file != mutant.file:
        return False
    return place.function == mutant.function or place.function.startswith(f"{mutant.function}.<locals>.<")


def ran(functions: frozenset[str], file: str, function: str) -> bool:
    """Whether a function of a file of the tree is among `module:qualname`s."""
    parts = PurePosixPath(file).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    names = (one.partition(":") for one in functions)
    return any(
        name == function and parts[-module.count(".") - 1 :] == tuple(module.split(".")) for module, _, name in names
    )


def measure(found: Qualification, keep: Path, mutants: int, say: Say) -> Result:
    """Everything about one package; steps that are known are taken."""
    environment = Environment(keep / "packages" / found.name)
    steps = Steps(keep / "results" / digest_of(ROOT) / found.name)
    assert found.suite is not None
    suite = found.suite
    environment.measures_this_checkout()
    environment.clean()
    recorded = steps.step("recorded", Recorded, lambda: record(environment, suite))
    say(f"{found.name}: {recorded.summary or recorded.problem}, {len(recorded.failed)} fail only recorded")
    if not _same_recording(environment, steps):
        return Result(found, recorded, NOTHING, (), f"no baseline: {recorded.problem}")
    everything = ["--runtime-all"]
    unchanged = steps.step("unchanged", Verdict, lambda: judge(environment, everything, REPLAY_SECONDS))
    say(f"{found.name}: unchanged: {dict(unchanged.counts)}, {unchanged.seconds:.0f} s {unchanged.problem}")
    if unchanged.status is None:
        return Result(found, recorded, unchanged, (), f"no verdict on unchanged code in {unchanged.seconds:.0f} s")
    known = Steps(environment.folder)
    try:
        lines = known.step("lines", Reached, lambda: Reached(lines_that_run(environment, suite))).lines
    except NotMeasured as problem:
        return Result(found, recorded, unchanged, (), str(problem))
    drawn = draw(environment.project, found.packages, lines, mutants, found.name)
    package = Package(environment, suite, functions_by_trace(environment))
    judged = tuple(_mutant(package, steps, number, one, say) for number, one in enumerate(drawn))
    return Result(found, recorded, unchanged, judged, _cut(recorded))


def _cut(recorded: Recorded) -> str:
    return f"recording: {recorded.problem}" if recorded.problem else ""


def known(found: Qualification, keep: Path, mutants: int) -> Result:
    """What is known about one package of this version of the product; nothing is measured."""
    steps = Steps(keep / "results" / digest_of(ROOT) / found.name)
    recorded, unchanged = steps.known("recorded", Recorded), steps.known("unchanged", Verdict)
    judged = tuple(_judged_so_far(steps, mutants))
    problem = "not measured" if recorded is None else _cut(recorded)
    if recorded is not None and unchanged is None:
        problem = problem or "not replayed"
    if unchanged is not None and unchanged.status is None:
        problem = f"no verdict on unchanged code in {unchanged.seconds:.0f} s"
    return Result(found, recorded or NO_RECORDING, unchanged or NOTHING, judged, problem)


def _judged_so_far(steps: Steps, mutants: int) -> Iterator[Judged]:
    for number in range(mutants):
        found = steps.known(step_of(number), Judged)
        if found is None:
            return
        yield found


def step_of(number: int) -> str:
    """The name of the step that judges a mutant."""
    return f"mutant-{number:02}"


def _same_recording(environment: Environment, steps: Steps) -> bool:
    """See to it that the baseline in place is the one of these results; `False` when there is none.

    It is kept beside them: when another version of the product is measured in between, it has replaced this one.
    """
    store, kept, owner = environment.project / ".runtime", steps.folder / "runtime", environment.folder / "recorded-for"
    mine = owner.is_file() and owner.read_text() == str(steps.folder)
    if kept.exists() and not mine:
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(kept, store)
    elif not kept.exists() and store.exists():
        shutil.copytree(store, kept)
    owner.write_text(str(steps.folder))
    return any(store.glob("*.baseline"))


def _mutant(package: Package, steps: Steps, number: int, mutant: Mutant, say: Say) -> Judged:
    name = step_of(number)
    found = steps.known(name, Judged)
    if found is None or found.diff != mutant.diff:
        found = steps.make(name, lambda: _judge(package, name, mutant))
    what = "killed" if found.killed else "survives"
    said = "flagged" if found.verdict.flagged else "green" if found.verdict.green else "red"
    place = "at line" if found.at_line else "in function" if found.in_function else ""
    how = "" if found.faithful else "not judged" if found.recorded else "not recorded"
    alarm = "  GREEN WITHOUT EVIDENCE" if found.green_unjudged else ""
    name = package.environment.folder.name
    say(f"{name}: {mutant.operator:12} {mutant.function:40} {what:8} {said:7} {place:11} {how}{alarm}")
    return found


def _judge(package: Package, step: str, mutant: Mutant) -> Judged:
    environment = package.environment
    killed = _is_killed(package, step, mutant)
    try:
        (environment.project / mutant.file).write_bytes(mutant.source)
        verdict = judge(environment, [], MUTANT_SECONDS)
    finally:
        environment.clean()
    running = {trace for trace, functions in package.functions.items() if ran(functions, mutant.file, mutant.function)}
    return Judged(
        operator=mutant.operator,
        file=mutant.file,
        function=mutant.function,
        first=mutant.first,
        last=mutant.last,
        diff=mutant.diff,
        killed=killed,
        recorded=bool(running),
        verdict=verdict,
        faithful=not running.isdisjoint(verdict.judged),
    )


def _is_killed(package: Package, step: str, mutant: Mutant) -> bool:
    """Whether the package's own suite fails on the mutant; kept for every version of the product, which has no part."""
    steps = Steps(package.environment.folder / "suite")
    found = steps.known(step, Own)
    if found is None or found.diff != mutant.diff:
        found = steps.make(step, lambda: Own(mutant.diff, _fails(package, mutant)))
    return found.killed


def _fails(package: Package, mutant: Mutant) -> bool:
    environment, suite = package.environment, package.suite
    limit = max(LEAST, TIMES * suite.seconds)
    try:
        (environment.project / mutant.file).write_bytes(mutant.source)
        _outcomes, done = run_suite(environment, [*suite.arguments, "-x"], suite.without, suite.broken, limit)
    finally:
        environment.clean()
    return done.status != 0
