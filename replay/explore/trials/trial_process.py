"""Trials in processes of their own, forked from the loaded process, with a limit of time and memory.

One process tries everything until an input makes it hang or crash: then that one is reported, and a new process goes on
with the others.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import msgspec

from ...execute.child_process import POLL_INTERVAL, StartChild, serve
from ...execute.responses import NoAnswer
from .trial import TrialBatch, TrialResult, decode_batch, encode, raw
from .trial_runner import TrialRunner, bound_memory

LOST_LIMIT = 2
"""Inputs of one batch that may hang or crash before the rest is given up. Each costs a time limit and a fork; the
asking side tries the rest again without the places that led there, and so needs to hear of them soon."""

GIVEN_UP = "several inputs before it did not come to an end"

ANSWER_LIMIT = 60.0
"""Seconds in which an answer that has begun is whole: the results of a batch are some megabytes at most."""

_decode_results = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_question = msgspec.msgpack.Decoder(tuple[TrialBatch, list[int]]).decode
_encode = msgspec.msgpack.Encoder().encode


class TrialHandler:
    """Answers batches of trials with processes forked from this one."""

    def __init__(self, runner: TrialRunner, start: StartChild | None, use_fallback: Callable[[], None]) -> None:
        """Without `start` everything is tried in this process, and what hangs hangs. `use_fallback` makes the exchanges
        of other traces known before the first fork."""
        self._runner = runner
        self._start = start
        self._use_fallback = use_fallback
        self._process: _Process | None = None

    def answer(self, question: bytes) -> bytes:
        """The result of each trial of a batch, in order."""
        self._use_fallback()
        return encode(self._results(decode_batch(question)))

    def _results(self, batch: TrialBatch) -> list[msgspec.Raw]:
        numbers = range(len(batch.trials))
        if self._start is None:
            return [raw(result) for result in self._runner.run(batch, numbers)]
        if not batch.fresh:
            return self._forked_results(batch, numbers, self._start)
        results = []
        for number in numbers:
            self.end()
            results += self._forked_results(batch, [number], self._start)
        self.end()
        return results

    def _forked_results(self, batch: TrialBatch, numbers: Sequence[int], start: StartChild) -> list[msgspec.Raw]:
        known: dict[int, msgspec.Raw] = {}
        lost = 0
        left = list(numbers)
        while left:
            if self._process is None:
                self._process = _Process(self._runner, start, batch.memory)
            answers, fault = self._process.ask(batch, left)
            known.update(zip(left, answers, strict=False))
            if fault is None:
                break
            self._process = None
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
        if self._process is not None:
            self._process.end()
            self._process = None


class _Fault(NamedTuple):
    """A trial that did not come to an end."""

    position: int
    result: TrialResult


class _Process:
    """A process that runs trials."""

    def __init__(self, runner: TrialRunner, start: StartChild, memory: int) -> None:
        self._progress = mmap.mmap(-1, 8)
        """Trials that are done, written by the process: it says which one hangs."""
        self._child = start(lambda connection: _live(runner, connection, self._progress, memory))

    def ask(self, batch: TrialBatch, numbers: Sequence[int]) -> tuple[list[msgspec.Raw], _Fault | None]:
        """The answers; or none, and the first one that did not come to an end."""
        self._progress[:8] = b"\0" * 8
        self._child.send(_encode((batch, list(numbers))))
        done, since = 0, self._child.moment()
        try:
            while not self._child.has_answered(POLL_INTERVAL):
                now = self._done
                if now != done:
                    done, since = now, self._child.moment()
                elif self._child.spent(since) > batch.limit:
                    return [], self._lost(TrialResult("hung", f"it was still running after {batch.limit:g} s"))
            return _results_in(self._child.receive(ANSWER_LIMIT)), None
        except (EOFError, OSError):
            return [], self._lost(TrialResult("crashed", f"it {self._child.ended()}"))
        except NoAnswer as reason:
            return [], self._lost(TrialResult("crashed", f"it wrote to the pipe that it answers by: {reason}"))

    @property
    def _done(self) -> int:
        return int.from_bytes(self._progress[:8], "little")

    def _lost(self, result: TrialResult) -> _Fault:
        fault = _Fault(self._done, result)
        self.end()
        return fault

    def end(self) -> None:
        """Nothing more is tried."""
        self._child.end()
        self._progress.close()


def _results_in(message: bytes | None) -> list[msgspec.Raw]:
    """The results in an answer; raises `NoAnswer` where it is none."""
    if message is None:
        raise NoAnswer(f"what it began to write was not whole after {ANSWER_LIMIT:g} s")
    try:
        return _decode_results(message)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise NoAnswer(f"it wrote something else: {error}") from error


def _live(runner: TrialRunner, connection: Connection[Any, Any], progress: mmap.mmap, memory: int) -> None:
    """The life of a forked process."""
    bound_memory(memory)

    def answer(question: bytes) -> bytes:
        batch, numbers = _decode_question(question)
        answers = []
        for done, result in enumerate(runner.run(batch, numbers), start=1):
            answers.append(result)
            progress[:8] = done.to_bytes(8, "little")
        return _encode(answers)

    serve(connection, answer)
