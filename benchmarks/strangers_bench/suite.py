"""The suite of a package: the tests that pass plainly, by a rule that knows no package.

The tests are run with `python -m pytest`. What fails the first time is left out of the second run; what still fails is
left out of a third, which has to be green. At least `SHARE` of the tests that are not skipped, and of the files that
hold them, must be left, and a run may take `LIMIT` seconds. The `addopts` of the package are not applied (they split
the run into processes, which are not recorded, or measure coverage, which costs more than what is measured here);
where the tests do not pass without them, they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from strangers_bench.environment import Environment, said
from strangers_bench.limited import Done
from strangers_bench.releases import PassedOver

LIMIT = 120.0
"""Seconds that a run may take."""
SHARE = 0.9
ALWAYS = ("-p", "strangers_outcomes", "-p", "no:cacheprovider", "-p", "no:randomly", "-q", "--tb=short")
VARIANTS = (("-o", "addopts="), ())


class NotMeasured(Exception):
    """What kept a package from being measured to the end."""


class Outcomes(msgspec.Struct, frozen=True):
    """How the tests of one run came out."""

    outcomes: Mapping[str, str]
    """Node id → `passed`, `failed` or `skipped`."""
    broken: tuple[str, ...]
    """Files that cannot be collected."""

    def named(self, outcome: str) -> list[str]:
        return sorted(name for name, found in self.outcomes.items() if found == outcome)


class Suite(msgspec.Struct, frozen=True):
    """The tests that count, and how they are run."""

    arguments: tuple[str, ...]
    tests: tuple[str, ...]
    """Node ids of those that pass."""
    without: tuple[str, ...]
    """Node ids of those that do not pass plainly."""
    broken: tuple[str, ...]
    """Files that cannot be collected."""
    seconds: float
    """Wall time of the last plain run."""


def why_no_suite(found: Outcomes) -> str:
    """Why the first run's outcomes make no suite; empty where they do."""
    passed, failed = found.named("passed"), found.named("failed")
    if not passed:
        what = f"{len(failed)} fail" if failed else "none was collected"
        return f"no test passes: {what}, {len(found.broken)} files cannot be collected"
    if len(passed) < SHARE * (len(passed) + len(failed)):
        return f"{len(failed)} of {len(passed) + len(failed)} tests fail"
    files = {name.partition("::")[0] for name in found.outcomes}
    if len(files) < SHARE * (len(files) + len(found.broken)):
        return f"{len(found.broken)} of {len(files) + len(found.broken)} files cannot be collected"
    return ""


def establish(environment: Environment) -> Suite:
    """The suite of a package; raises `PassedOver`."""
    problems = []
    for variant in VARIANTS:
        try:
            return _establish(environment, [*variant, *ALWAYS])
        except PassedOver as reason:
            problems.append(str(reason))
    raise PassedOver(problems[0])


def _establish(environment: Environment, arguments: Sequence[str]) -> Suite:
    first, done = run_suite(environment, [*arguments, "--continue-on-collection-errors"], [], [], LIMIT)
    if done.status is None:
        raise PassedOver(f"too slow: its tests take more than {LIMIT:.0f} s")
    if first is None:
        raise PassedOver(f"tests fail: pytest does not start: {said(done)}")
    problem = why_no_suite(first)
    if problem:
        raise PassedOver(f"tests fail: {problem} ({first_error(done)})")
    found, seen = first, set(first.named("passed"))
    without: set[str] = set()
    for _again in range(2):
        without |= set(found.named("failed"))
        again, done = run_suite(environment, arguments, sorted(without), first.broken, LIMIT)
        if done.status is None or again is None:
            raise PassedOver(f"tests fail: a run without the failing tests does not end well ({said(done)})")
        found = again
        if done.status == 0:
            tests = tuple(sorted(seen & set(found.named("passed"))))
            if len(tests) < SHARE * (len(tests) + len(without)):
                break
            return Suite(tuple(arguments), tests, tuple(sorted(without)), first.broken, round(done.seconds, 2))
    raise PassedOver(f"tests fail: other ones in each run ({first_error(done)})")


def run_suite(
    environment: Environment,
    arguments: Sequence[str],
    without: Iterable[str],
    broken: Iterable[str],
    seconds: float,
    before: Sequence[str] = (),
) -> tuple[Outcomes | None, Done]:
    """Run the tests and read how they came out; `before` is what the command line begins with (a recorder)."""
    out, skip = environment.folder / "outcomes.json", environment.folder / "skip.json"
    out.unlink(missing_ok=True)
    skip.write_text(json.dumps({"tests": list(without), "files": list(broken)}))
    options = [f"--strangers-out={out}", f"--strangers-skip={skip}"]
    done = environment.run([*before, "python", "-m", "pytest", *arguments, *options], seconds)
    environment.clean()
    return read_outcomes(out), done


def read_outcomes(file: Path) -> Outcomes | None:
    """What the plugin wrote; `None` when the session did not end."""
    return msgspec.json.decode(file.read_bytes(), type=Outcomes) if file.exists() else None


def first_error(done: Done) -> str:
    """The first error of pytest's output, in one line."""
    lines = done.output.splitlines()
    found = [line.strip() for line in lines if line.startswith(("E  ", "ERROR", "FAILED"))]
    return found[0][:200] if found else said(done)


def lines_that_run(environment: Environment, suite: Suite) -> dict[str, set[int]]:
    """The lines of the package that its suite runs, by file."""
    file = environment.folder / "lines.json"
    file.unlink(missing_ok=True)
    arguments = [*suite.arguments, f"--strangers-lines={file}"]
    _found, done = run_suite(environment, arguments, suite.without, suite.broken, 4 * LIMIT)
    if not file.exists():
        raise NotMeasured(f"the lines that the suite runs cannot be had: {said(done)}")
    return {name: set(lines) for name, lines in json.loads(file.read_text()).items()}
