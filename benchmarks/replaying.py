"""Replays the baseline of the project in this folder several times and prints what that took, as one line of JSON.

`replay.py` starts this in a process of its own, because replaying closes the process it runs in.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_runtime.config import load_project
from pytest_runtime.recorders.model.trace import Trace
from pytest_runtime.recorders.model.value_tree import encode
from pytest_runtime.replay.compare.volatile import count_leaves
from pytest_runtime.replay.execute.replayer import Replayer
from pytest_runtime.replay.execute.roots import Roots
from pytest_runtime.replay.judge.judge import Case, Doubts, Judge
from pytest_runtime.replay.judge.processes import plan_of
from pytest_runtime.replay.judge.seal import SealedTrace
from pytest_runtime.replay.model.job import Job, fingerprint
from pytest_runtime.replay.model.observation import recorded_observation
from pytest_runtime.replay.world.response_fallback import ResponseFallback
from pytest_runtime.wiring import open_baseline, setup_of

ROUNDS = 7

# Taken before the replayer puts its boundaries in place.
_cpu = time.process_time


class InProcess:
    """The candidate in this process, so that its CPU time is this one's."""

    def __init__(self, replayer: Replayer) -> None:
        self._replayer = replayer
        self.loaded = replayer.load()

    def start(self) -> None:
        """It is loaded already."""

    def load(self) -> Any:
        return self.loaded

    def watch(self, lines: Any) -> str:
        return self._replayer.watch(lines)

    def run(self, jobs: Any) -> Any:
        return map(self._replayer.run, jobs)

    def stop(self) -> None:
        self._replayer.stop()


def case_of(stored: Any, entries: Any, roots: Roots) -> Case:
    """A stored trace, with the recording in the place of base."""
    base = roots.hidden(recorded_observation(stored.trace))
    sealed = SealedTrace(stored.id, observation=base, fingerprint=fingerprint(base), leaves=count_leaves(base))
    return Case(Job(stored.id, entries[stored.entry], stored.data, dict(stored.producers)), stored.trace, sealed)


def one_round(judge: Judge, cases: Sequence[Case]) -> tuple[float, Counter[str]]:
    """(CPU seconds, verdicts) of judging every kept trace: decoded, replayed, compared."""
    before = _cpu()
    verdicts: Counter[str] = Counter(judgement.verdict for judgement in judge.judge(cases))
    return _cpu() - before, verdicts


def exact(candidate: InProcess, cases: Sequence[Case]) -> int:
    """Traces whose replayed outcome is the recorded one to the last byte: no parsing, pruning or masking between."""
    count = 0
    for case, observed in zip(cases, candidate.run(case.job for case in cases), strict=True):
        base = case.sealed.observation
        assert base is not None
        shown = observed.observation
        count += shown is not None and encode(shown.value) == encode(base.value)
    return count


def main(baseline: str) -> int:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    project = load_project(Path.cwd())
    sys.path.insert(0, str(project.root))
    reader = open_baseline(project, baseline)
    setup = setup_of(project, baseline, reader)
    entries, roots = reader.entries(), Roots(setup.root)
    stored = [one for one in reader.traces() if one.trace is not None and not one.trace.gaps]
    traces: list[Trace] = [one.trace for one in stored if one.trace is not None]
    replayer = Replayer(plan_of(setup, reader, setup.root), traces=lambda: ResponseFallback(traces))
    replayer.start()
    try:
        candidate = InProcess(replayer)
        judge = Judge(candidate, doubts=lambda trace: Doubts(False, frozenset()), against_recording=True)
        cases = [case_of(one, entries, roots) for one in stored]
        first, verdicts = one_round(judge, cases)
        seconds = [one_round(judge, cases)[0] for _ in range(ROUNDS)]
        found = {"first": first, "seconds": seconds, "verdicts": dict(verdicts), "traces": verdicts.total()}
        print(json.dumps({**found, "exact": exact(candidate, cases)}))
    finally:
        replayer.stop()
        reader.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
