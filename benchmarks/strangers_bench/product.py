"""The product, called by its command line: a suite recorded as traffic, and what a replay says.

Everything that depends on how it is called and what it answers stands here.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pytest_runtime.recorders.store.open import open_reader
from strangers_bench.environment import Environment, said
from strangers_bench.suite import ALWAYS, LIMIT, Suite, run_suite

BASELINE = "b"
RECORD_SECONDS = 5 * LIMIT
REPLAY_SECONDS = 600.0
MUTANT_SECONDS = 300.0
"""What takes longer is ended, and stands in the table with that."""
JUDGED = frozenset({"same", "diverged", "accepted"})
ALARMS = ("diverged", "hung", "crashed")
SUMMARY = re.compile(r"^pytest-runtime: baseline .*", re.MULTILINE)
RECORDED = re.compile(r"(\d+) traces recorded, (\d+) kept")


class Recorded(msgspec.Struct, frozen=True):
    """One recording of a suite."""

    traces: int
    kept: int
    summary: str
    failed: tuple[str, ...]
    """Tests of the suite that did not pass under the recorder; none where the run was ended, as nobody knows."""
    seconds: float
    problem: str = ""
    """Why there is no recording, or not a whole one."""


NO_RECORDING = Recorded(0, 0, "", (), 0.0)
"""Of a package that was not recorded yet."""


class Place(msgspec.Struct, frozen=True):
    """Where the product says that a divergence begins."""

    file: str
    line: int
    function: str
    """Qualified name, without the module."""
    how: str


class Verdict(msgspec.Struct, frozen=True):
    """What one run of replays said."""

    status: int | None
    """Exit status; `None` when it had to be ended."""
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    """Why traces were not judged → how many."""
    judged: tuple[str, ...]
    """Traces that were judged."""
    place: Place | None
    """The place that explains the most traces."""
    faithful: int
    replayed: int
    """Traces whose replay on base was compared with the recording, and how many of them equal it."""
    unfaithful: Mapping[str, int]
    seconds: float
    reached: bool = False
    """Whether a replay ran a changed line."""
    problem: str = ""
    """Why there is no report, or why the run is no pass although nothing diverged."""

    @property
    def flagged(self) -> bool:
        return any(self.counts.get(name) for name in ALARMS)

    @property
    def green(self) -> bool:
        return self.status == 0


NOTHING = Verdict(None, {}, {}, (), None, 0, 0, {}, 0.0)
"""Of a run that says nothing."""


def record(environment: Environment, suite: Suite, *options: str) -> Recorded:
    """Run the suite under the recorder, into an empty baseline; `options` of the command beside the project's."""
    shutil.rmtree(environment.project / ".runtime", ignore_errors=True)
    before = ["pytest-runtime", "record", "--baseline", BASELINE, *options, "--"]
    found, done = run_suite(environment, suite.arguments, suite.without, suite.broken, RECORD_SECONDS, before)
    summary = [line[0] for line in SUMMARY.finditer(done.output)]
    counted = RECORDED.search(summary[-1]) if summary else None
    passed = set(found.named("passed")) if found is not None else set()
    return Recorded(
        traces=int(counted[1]) if counted else 0,
        kept=int(counted[2]) if counted else 0,
        summary=summary[-1] if summary else "",
        failed=tuple(name for name in suite.tests if name not in passed) if found is not None else (),
        seconds=round(done.seconds, 2),
        problem="" if found is not None and counted else said(done),
    )


def functions_by_trace(environment: Environment) -> dict[str, frozenset[str]]:
    """The functions that each kept trace ran, as they were recorded."""
    reader = open_reader(str(environment.project / ".runtime" / f"{BASELINE}.baseline"))
    try:
        return {one.id: frozenset(one.trace.functions) for one in reader.traces() if one.trace is not None}
    finally:
        reader.close()


def judge(environment: Environment, options: Sequence[str], seconds: float) -> Verdict:
    """Replay the baseline on the working tree."""
    report, out = environment.folder / "report.json", environment.folder / "verdicts.json"
    for old in (report, out):
        old.unlink(missing_ok=True)
    command = ["python", "-m", "pytest", "-o", "addopts=", *ALWAYS, f"--strangers-out={out}"]
    command += [f"--runtime-baseline={BASELINE}", "--runtime-only", f"--runtime-json={report}", *options]
    done = environment.run(command, seconds)
    if not report.exists():
        return msgspec.structs.replace(
            NOTHING, status=done.status, seconds=round(done.seconds, 2), problem=f"no report: {said(done, 600)}"
        )
    classes = json.loads(out.read_text())["verdicts"] if out.exists() else []
    return read(json.loads(report.read_text()), classes, done.status, round(done.seconds, 2))


def read(report: Mapping[str, Any], classes: Sequence[Any], status: int | None, seconds: float) -> Verdict:
    """What a report and the verdicts of its path classes say."""
    traces = [trace for one in classes for trace in one["traces"]]
    reasons: Counter[str] = Counter()
    for row in [*report["not_judged"], *report["errors"]]:
        reasons[row["reason"]] += len(row["trace_ids"])
    unfaithful: Counter[str] = Counter()
    for found in report["fidelity"].values():
        unfaithful.update(found["reasons"])
    return Verdict(
        status=status,
        counts=report["counts"],
        reasons=dict(reasons.most_common()),
        judged=tuple(sorted(trace["trace"] for trace in traces if trace["verdict"] in JUDGED)),
        place=_place(report["causes"]),
        faithful=sum(found["faithful"] for found in report["fidelity"].values()),
        replayed=sum(found["traces"] for found in report["fidelity"].values()),
        unfaithful=dict(unfaithful.most_common()),
        seconds=seconds,
        reached=report["changed_lines"]["reached"] > 0,
        problem=report["reason"],
    )


def _place(causes: Sequence[Any]) -> Place | None:
    located = [cause for cause in causes if cause["location"] is not None]
    if not located:
        return None
    found = max(located, key=lambda cause: int(cause["traces"]))["location"]
    return Place(found["file"], found["line"], found["function"].partition(":")[2], found["how"])


def digest_of(root: Path) -> str:
    """A name for the product's source as it is: results of another product are not taken for its own."""
    import hashlib

    found = hashlib.blake2b(digest_size=6)
    for folder in ("pytest_runtime", "recorders", "replay"):
        for file in sorted((root / folder).rglob("*.py")):
            found.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
