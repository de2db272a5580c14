"""Trials in processes of their own, forked from the loaded process, with a limit of time and memory.

One process tries everything until an input makes it hang or crash: then that one is reported, and a new process goes on
with the others.
"""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection, Pipe
from typing import Any, NamedTuple

import msgspec

from ...execute.extension import Fork
from ...execute.offspring import ended_by
from .trial import TrialBatch, TrialResult, decode_batch, encode, raw
from .trial_runner import TrialRunner, bound_memory

LOST_LIMIT = 2
"""Inputs of one batch that may hang or crash before the rest is given up. Each costs a time limit and a fork; the
asking side tries the rest again without the places that led there, and so needs to hear of them soon."""

GIVEN_UP = "several inputs before it did not come to an end"

POLL_INTERVAL = 0.02
"""Seconds between looks at how far a process is: a fifteenth of the shortest time limit (0.3 s), so that a limit is met
to within 7 %, at 50 wake-ups a second."""

PATIENCE = 0.5
"""Seconds in which a process that has closed its pipe says how it ended. It is about to be reaped: the time is an upper
bound for a loaded machine, and is not waited for where the process is gone."""

_decode_results = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_question = msgspec.msgpack.Decoder(tuple[TrialBatch, list[int]]).decode
_encode = msgspec.msgpack.Encoder().encode

Ours = Callable[[], AbstractContextManager[None]]
"""Around what the process does for itself."""


class TrialHandler:
    """Answers batches of trials with processes forked from this one."""

    def __init__(self, runner: TrialRunner, fork: Fork | None, use_fallback: Callable[[], None], ours: Ours) -> None:
        """Without `fork` everything is tried in this process, and what hangs hangs. `use_fallback` makes the exchanges
        of other traces known before the first fork."""
        self._runner = runner
        self._fork = fork
        self._use_fallback = use_fallback
        self._ours = ours
        self._child: _Child | None = None

    def answer(self, question: bytes) -> bytes:
        """The result of each trial of a batch, in order."""
        self._use_fallback()
        return encode(self._results(decode_batch(question)))

    def _results(self, batch: TrialBatch) -> list[msgspec.Raw]:
        numbers = range(len(batch.trials))
        if self._fork is None:
            return [raw(result) for result in self._runner.run(batch, numbers)]
        if not batch.fresh:
            return self._forked_results(batch, numbers, self._fork)
        results = []
        for number in numbers:
            self.end()
            results += self._forked_results(batch, [number], self._fork)
        self.end()
        return results

    def _forked_results(self, batch: TrialBatch, numbers: Sequence[int], fork: Fork) -> list[msgspec.Raw]:
        known: dict[int, msgspec.Raw] = {}
        lost = 0
        left = list(numbers)
        while left:
            if self._child is None:
                self._child = _Child(self._runner, fork, batch.memory, self._ours)
            answers, fault = self._child.ask(batch, left)
            known.update(zip(left, answers, strict=False))
            if fault is None:
                break
            self._child = None
            culprit = left[len(answers)] if answers else left[fault.position]
            known[culprit] = raw(fault.result)
            lost += 1
            left = [number for number in left if number not in known]
            if lost >= LOST_LIMIT:
                known.update(dict.fromkeys(left, raw(TrialResult("untried", GIVEN_UP))))
                break
        return [known[number] for number in numbers]

    def end(self) -> None:
        """No process of it stays."""
        if self._child is not None:
            self._child.end()
            self._child = None


class _Fault(NamedTuple):
    """A trial that did not come to an end."""

    position: int
    result: TrialResult


class _Child:
    """A forked process that runs trials."""

    def __init__(self, runner: TrialRunner, fork: Fork, memory: int, ours: Ours) -> None:
        self._ours = ours
        self._progress = mmap.mmap(-1, 8)
        """Trials that are done, written by the process: it says which one hangs."""
        self._connection, theirs = Pipe()
        mine = self._connection
        self._pid = fork(lambda: _live(runner, theirs, mine, self._progress, memory))
        theirs.close()

    def ask(self, batch: TrialBatch, numbers: Sequence[int]) -> tuple[list[msgspec.Raw], _Fault | None]:
        """The answers; or none, and the first one that did not come to an end."""
        self._progress[:8] = b"\0" * 8
        try:
            self._connection.send_bytes(_encode((batch, list(numbers))))
            done, since = 0, time.monotonic()
            while not self._connection.poll(POLL_INTERVAL):
                now = int.from_bytes(self._progress[:8], "little")
                if now != done:
                    done, since = now, time.monotonic()
                elif time.monotonic() - since > batch.limit:
                    return [], self._lost(TrialResult("hung", f"it was still running after {batch.limit:g} s"))
            return _decode_results(self._connection.recv_bytes()), None
        except (EOFError, OSError):
            return [], self._lost(TrialResult("crashed"))

    def _lost(self, result: TrialResult) -> _Fault:
        position = int.from_bytes(self._progress[:8], "little")
        has_crashed = result.ended == "crashed"
        status = self.end(patience=PATIENCE if has_crashed else 0.0)
        return _Fault(position, TrialResult("crashed", _how_ended(status)) if has_crashed else result)

    def end(self, *, patience: float = 0.0) -> int:
        """Kill it, where it does not end by itself in some seconds; gives how it ended."""
        self._connection.close()
        until = time.monotonic() + patience
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        while not ended and time.monotonic() < until:
            time.sleep(0.001)
            ended, status = os.waitpid(self._pid, os.WNOHANG)
        if not ended:
            with self._ours():
                os.kill(self._pid, signal.SIGKILL)  # what code under test registered for its end is not to run
            _ended, status = os.waitpid(self._pid, 0)
        self._progress.close()
        return status


def _how_ended(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"it {ended_by(os.WTERMSIG(status))}"
    return f"it ended its process with status {os.WEXITSTATUS(status)} (`os._exit`)"


def _live(
    runner: TrialRunner, connection: Connection[Any, Any], other: Connection[Any, Any], progress: mmap.mmap, memory: int
) -> None:
    """The life of a forked process."""
    other.close()
    bound_memory(memory)
    try:
        while True:
            batch, numbers = _decode_question(connection.recv_bytes())
            answers = []
            for done, result in enumerate(runner.run(batch, numbers), start=1):
                answers.append(result)
                progress[:8] = done.to_bytes(8, "little")
            connection.send_bytes(_encode(answers))
    except (EOFError, ConnectionError):
        return  # the asking side is gone, or has what it wanted
