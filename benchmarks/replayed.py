"""Replays traces of the project in this folder in one warm process, as the candidate does when nothing diverges.

`verdict.py` starts this beside `answered.py`: a line `ROUTE COUNT` on stdin, a line of CPU seconds on stdout.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import msgspec

from pytest_runtime.config import load_project
from pytest_runtime.recorders.store.protocol import BaselineReader
from pytest_runtime.replay.execute.replayer import Replayer
from pytest_runtime.replay.judge.processes import plan_of
from pytest_runtime.replay.model.job import Job, fingerprint
from pytest_runtime.replay.world.response_fallback import ResponseFallback
from pytest_runtime.wiring import open_baseline, setup_of

_cpu = time.process_time
"""Taken before the boundaries are put in place."""


def jobs(reader: BaselineReader, replayer: Replayer) -> list[Job]:
    """Those that a replay answers as it is expected to: their observations need not be sent."""
    entries = reader.entries()
    found = []
    for stored in reader.traces():
        job = Job(stored.id, entries[stored.entry], stored.data, dict(stored.producers))
        observation = replayer.run(job).observation
        assert observation is not None
        job = msgspec.structs.replace(job, expected=fingerprint(observation))
        if replayer.run(job).matched:
            found.append(job)
    return found


def main(baseline: str) -> int:
    project = load_project(Path.cwd())
    reader = open_baseline(project, baseline)
    setup = setup_of(project, baseline, reader)
    output = os.fdopen(os.dup(1), "w", buffering=1)
    replayer = Replayer(plan_of(setup, reader, setup.root), traces=lambda: ResponseFallback([]))
    replayer.start()
    replayer.load()
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Job).decode
    questions = cycle([encode(job) for job in jobs(reader, replayer)])
    print("ready", file=output)
    for line in sys.stdin:
        before = _cpu()
        for question in islice(questions, int(line.split()[1])):
            encode(replayer.run(decode(question)))
        print(_cpu() - before, file=output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
