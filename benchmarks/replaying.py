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
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.recorders.store.protocol import BaselineReader
from pytest_runtime.recorders.value_tree import encode
from pytest_runtime.replay.engine import Engine, Group
from pytest_runtime.replay.observation import recorded_observation

ROUNDS = 7

# Taken before the engine puts its boundaries in place.
_cpu = time.process_time


def one_round(engine: Engine, groups: Sequence[Group]) -> tuple[float, Counter[str]]:
    """(CPU seconds, verdicts) of judging every kept trace: read, replayed, compared."""
    before = _cpu()
    verdicts: Counter[str] = Counter()
    for group in groups:
        judged, _replays = engine.judge(group)
        verdicts.update(trace.verdict for trace in judged.traces)
    return _cpu() - before, verdicts


def exact(engine: Engine, groups: Sequence[Group], reader: BaselineReader) -> int:
    """Traces whose replayed outcome is the recorded one to the last byte: no parsing, pruning or masking between."""
    by_path = {(group.stored.entry, group.stored.path): group for group in groups}
    count = 0
    for stored in reader.traces():
        assert stored.trace is not None
        _judged, replays = engine.judge(by_path[stored.entry, stored.path], only=stored.id)
        shown = replays[0].observation if replays else None
        count += shown is not None and encode(shown.value) == encode(recorded_observation(stored.trace).value)
    return count


def measure(engine: Engine, reader: BaselineReader) -> dict[str, Any]:
    groups = engine.groups()
    first, verdicts = one_round(engine, groups)
    seconds = [one_round(engine, groups)[0] for _ in range(ROUNDS)]
    found = {"first": first, "seconds": seconds, "verdicts": dict(verdicts), "traces": verdicts.total()}
    return {**found, "exact": exact(engine, groups, reader)}


def main(baseline: str) -> int:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    project = load_project(Path.cwd())
    sys.path.insert(0, str(project.root))
    url, configured = project.store_url(baseline), project.configuration
    engine = Engine(
        open_reader(url),
        include=configured.include,
        app=configured.app,
        boundaries=configured.boundaries,
        root=str(project.root),
    )
    reader = open_reader(url)
    engine.start()
    try:
        engine.load()
        found = measure(engine, reader)
    finally:
        engine.stop()
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
