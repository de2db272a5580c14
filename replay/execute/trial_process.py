"""This file is about trying in processes of their own: forked from the loaded process, with a limit of time and memory.

One process tries everything until an input makes it hang or crash: then that one is told, and a new process goes on
with the others.
"""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.connection import Connection, Pipe
from typing import Any

import msgspec

from ..model.trial import Trials, Tried
from .offspring import ended_by
from .trial_runner import Attempts, bound_memory

LOST_LIMIT = 2
"""Inputs of one question that may hang or crash before the rest is given up."""

GIVEN_UP = "several inputs before it did not come to an end"

LOOK = 0.02
"""Seconds between looks at how far a process is."""

PATIENCE = 0.5
"""Seconds in which a process that has closed its pipe says how it ended."""

_encode = msgspec.msgpack.Encoder().encode
_decode_tried = msgspec.msgpack.Decoder(list[msgspec.Raw]).decode
_decode_which = msgspec.msgpack.Decoder(tuple[Trials, list[int]]).decode


def _raw(tried: Tried) -> msgspec.Raw:
    return msgspec.Raw(_encode(tried))


Fork = Callable[[Callable[[], None]], int]
"""Forks a process that runs a function and ends; gives its id."""

Ours = Callable[[], AbstractContextManager[None]]


class Trying:
    """Answers questions with processes forked from this one."""

    def __init__(self, attempts: Attempts, fork: Fork | None, ours: Ours = nullcontext) -> None:
        """Without `fork` everything is tried in this process, and what hangs hangs. `ours` is around what is done to
        the processes."""
        self._ours = ours
        self._attempts = attempts
        self._fork = fork
        self._process: _Process | None = None

    def answer(self, question: Trials) -> list[msgspec.Raw]:
        """What came of each trial, in order; each a `Tried`."""
        if self._fork is None:
            return [_raw(one) for one in self._attempts.run(question, range(len(question.trials)))]
        if question.fresh:
            answers = []
            for number in range(len(question.trials)):
                self.end()
                answers += self._answers(question, [number])
            self.end()
            return answers
        return self._answers(question, range(len(question.trials)))

    def _answers(self, question: Trials, which: Sequence[int]) -> list[msgspec.Raw]:
        assert self._fork is not None
        known: dict[int, msgspec.Raw] = {}
        lost = 0
        left = list(which)
        while left:
            if self._process is None:
                self._process = _Process(self._attempts, self._fork, question.memory, self._ours)
            answers, fault = self._process.ask(question, left)
            known.update(zip(left, answers, strict=False))
            if fault is None:
                break
            self._process = None
            bad = left[len(answers)] if answers else left[fault.at]
            known[bad] = _raw(fault.tried)
            lost += 1
            left = [number for number in left if number not in known]
            if lost >= LOST_LIMIT:
                known.update(dict.fromkeys(left, _raw(Tried("error", GIVEN_UP))))
                break
        return [known[number] for number in which]

    def end(self) -> None:
        """No process of it stays."""
        if self._process is not None:
            self._process.end()
            self._process = None


class _Fault:
    def __init__(self, at: int, tried: Tried) -> None:
        self.at = at
        self.tried = tried


class _Process:
    """A forked process that tries what it is told."""

    def __init__(self, attempts: Attempts, fork: Fork, memory: int, guard: Ours) -> None:
        self._ours = guard
        self._progress = mmap.mmap(-1, 8)
        self._connection, theirs = Pipe()
        ours = self._connection
        self._child = fork(lambda: _live(attempts, theirs, ours, self._progress, memory))
        theirs.close()

    def ask(self, question: Trials, which: Sequence[int]) -> tuple[list[msgspec.Raw], _Fault | None]:
        """The answers; or none, and the first one that did not come to an end."""
        self._progress[:8] = b"\0" * 8
        try:
            self._connection.send_bytes(_encode((question, list(which))))
            at, since = 0, time.monotonic()
            while not self._connection.poll(LOOK):
                now = int.from_bytes(self._progress[:8], "little")
                if now != at:
                    at, since = now, time.monotonic()
                elif time.monotonic() - since > question.limit:
                    return [], self._lost(Tried("hung", f"it was still running after {question.limit:g} s"))
            return _decode_tried(self._connection.recv_bytes()), None
        except (EOFError, OSError):
            return [], self._lost(Tried("crashed", ""))

    def _lost(self, tried: Tried) -> _Fault:
        at = int.from_bytes(self._progress[:8], "little")
        status = self.end(patience=PATIENCE if tried.ended == "crashed" else 0.0)
        if tried.ended == "crashed":
            tried = Tried("crashed", _how(status))
        return _Fault(at, tried)

    def end(self, *, patience: float = 0.0) -> int:
        """Kill it, where it does not end by itself in so many seconds; gives how it ended."""
        self._connection.close()
        until = time.monotonic() + patience
        ended, status = os.waitpid(self._child, os.WNOHANG)
        while not ended and time.monotonic() < until:
            time.sleep(0.001)
            ended, status = os.waitpid(self._child, os.WNOHANG)
        if not ended:
            with self._ours():
                os.kill(self._child, signal.SIGKILL)  # what code under test registered for its end is not to run
            _ended, status = os.waitpid(self._child, 0)
        self._progress.close()
        return status


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"it {ended_by(os.WTERMSIG(status))}"
    return f"it ended its process with status {os.WEXITSTATUS(status)} (`os._exit`)"


def _live(
    attempts: Attempts, connection: Connection[Any, Any], other: Connection[Any, Any], progress: mmap.mmap, memory: int
) -> None:
    other.close()
    bound_memory(memory)
    try:
        while True:
            question, which = _decode_which(connection.recv_bytes())
            answers = []
            for done, tried in enumerate(attempts.run(question, which), start=1):
                answers.append(tried)
                progress[:8] = done.to_bytes(8, "little")
            connection.send_bytes(_encode(answers))
    except (EOFError, ConnectionError):
        return
