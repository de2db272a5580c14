"""The product: it is called by its command line and answers with its report, and nothing else.

Everything that depends on how it is called, and on what the report looks like, stands here.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exploring.corpus import ExploreFailed, Pair
from exploring.measured import Ran, run
from exploring.project import BASELINE, Project

SECONDS = 1200.0
BAD = ("divergences", "hung", "crashed")
"""Lists of the report whose rows say that a replay did not come out as base's."""

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What was said of one pair."""

    replayed: bool
    """Whether the recorded uses alone show a difference."""
    near: tuple[str, ...]
    """Inputs next to the recorded ones that differ: they fail the run."""
    far: tuple[str, ...]
    """Others that differ: they are listed."""
    targets: int
    """Functions that were explored."""
    reasons: tuple[str, ...]
    """Functions that were not, and replays that failed, each with the reason."""
    counts: Mapping[str, int]
    """What became of the inputs that were tried."""

    @property
    def verdict(self) -> str:
        """`near`, `far`, or `missed`."""
        return "near" if self.near else "far" if self.far else "missed"


@dataclass(frozen=True)
class Round:
    """The product on the corpus, recorded under one seed."""

    seed: int
    found: Mapping[Pair, Found]
    replay: Ran
    explore: Ran

    @property
    def targets(self) -> int:
        return sum(one.targets for one in self.found.values())

    @property
    def cpu(self) -> float:
        """Seconds that exploring takes on top of replaying."""
        return self.explore.cpu - self.replay.cpu

    @property
    def cpu_each(self) -> float:
        """Seconds for each function that was explored."""
        return self.cpu / max(self.targets, 1)


def judged(project: Project, pairs: Sequence[Pair], seed: int, examples: int) -> Round:
    """Replay, then replay and explore; a run before them makes the seal."""
    called(project, "sealed.json")
    replay, replayed = called(project, "replayed.json")
    explore, explored = called(project, "explored.json", f"--runtime-explore={examples}")
    found = {pair: found_of(pair, replayed, explored) for pair in pairs}
    return Round(seed, found, replay, explore)


def called(project: Project, name: str, *options: str) -> tuple[Ran, Report]:
    """Call it as a user would; raises `ExploreFailed` when there is no report."""
    file = project.folder / name
    command = [sys.executable, "-m", "pytest", "-p", "pytest_runtime.plugin", "-p", "no:cacheprovider", "--tb=no"]
    # In one word: pytest takes a path that follows an option it does not know yet for the folder to test.
    command += [f"--runtime-baseline={BASELINE}", f"--runtime-base={project.base}", "--runtime-only"]
    ran = run([*command, f"--runtime-json={file}", *options], project.candidate, project.environ, SECONDS)
    report: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    if not report:
        raise ExploreFailed(f"pytest {' '.join(options)} ended with {ran.status} and no report: {ran.output[-3000:]}")
    if options and "explored" not in report:
        raise ExploreFailed("the report does not say what was explored")
    return ran, report


def found_of(pair: Pair, replayed: Report, explored: Report) -> Found:
    """What both reports say of one pair."""
    targets = [one for one in explored["explored"] if is_in(one["target"], pair)]
    findings = [one for target in targets for one in target["findings"] if not one["accepted"]]
    failed = [row for row in explored["errors"] if is_in(row["entry"], pair)]
    return Found(
        replayed=any(is_in(row["entry"], pair) for row in bad_rows(replayed)),
        near=tuple(told(one) for one in findings if one["near"]),
        far=tuple(told(one) for one in findings if not one["near"]),
        targets=sum(not one["reason"] for one in targets),
        reasons=tuple(reasons_of(targets, "target")) + tuple(reasons_of(failed, "entry")),
        counts=counts_of(targets),
    )


COUNTS = (
    *("recorded", "examples", "same", "rejected"),
    *("precondition_violations", "not_propagated", "inconclusive"),
)


def counts_of(targets: Sequence[Report]) -> Counter[str]:
    return Counter({name: sum(one[name] for one in targets) for name in COUNTS})


def reasons_of(rows: Sequence[Report], key: str) -> Iterator[str]:
    return (f"{row[key].partition(':')[2]}: {row['reason']}" for row in rows if row["reason"])


def bad_rows(report: Report) -> Iterator[Report]:
    return (row for name in BAD for row in report[name] if not row.get("accepted"))


def is_in(name: str, pair: Pair) -> bool:
    """Whether an entry or a function is of this pair's module."""
    return name.partition(":")[0] == pair.module


def told(finding: Report) -> str:
    text = f"{finding['call']}: base {finding['base']}, candidate {finding['candidate']}"
    return f"{text} (seen: {finding['seen']})" if finding["seen"] else text
