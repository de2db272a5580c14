"""Service: the loaded process, which imports the code under test and replays nothing itself.

It forks a *warm* process that answers one job after the other, and a *fresh* one for each job that asks for it; several
of these work at the same time. Where there is no fork, it answers warm jobs itself.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from ...recorders.privacy.encryption import Keyring
from ...recorders.privacy.keys import KEY_VARIABLE, RECIPIENT_VARIABLE
from ...recorders.privacy.secret_parts import opened
from ...recorders.store.open import open_reader
from ..model.job import Job
from ..model.outbound_requests import read_ahead
from ..world.response_fallback import ResponseFallback
from .child_process import ChildProcess, Live, forked
from .job_process import JobProcess
from .memory import keep_no_core, limit_memory, physical
from .messages import (
    Ask,
    End,
    Failed,
    Forked,
    Jobs,
    Lend,
    Load,
    Question,
    Watching,
    WatchLines,
    decode_observed,
    decode_question,
    encode,
)
from .passing import received_descriptors
from .plan import CannotReplay
from .replayer import Replayer
from .surroundings import use_temporary

HANG_AGAIN = 10
"""Once a replay hung, the others of the run have this part of the time."""


SLOWER = 5
"""So many times what the slowest of the others took is left to each even then: on a busy machine all are slow."""


def limit_after_hang(limit: float, slowest: float) -> float:
    """Seconds for a replay once one hung; fewer, because a loop without an end is seldom met by one trace alone."""
    return max(limit / HANG_AGAIN, min(limit, 1.0), min(limit, SLOWER * slowest))


def main(descriptor: int) -> None:
    """The loaded process, when it is started anew."""
    _serve(Connection(descriptor))


def serve_forked(connection: Connection[Any, Any], output: int) -> None:
    """The loaded process, when it is a copy of the asking one; what it says goes to the descriptor `output`."""
    os.setpgid(0, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.settrace(None)
    _serve(connection)


def _serve(connection: Connection[Any, Any]) -> None:
    question = decode_question(connection.recv_bytes())
    assert isinstance(question, Load)
    gc.freeze()  # what is here already: in a copy of a large process, a collection would copy all of it
    faulthandler.register(signal.SIGUSR1, 2, all_threads=False)
    if question.environ is not None:
        os.environb.clear()
        os.environb.update(question.environ)
    _forget(question.plan.include)
    sys.path[:] = question.path
    os.chdir(question.plan.root)
    use_temporary(question.plan.temporary)
    limit_memory(physical())
    keep_no_core()
    for name in (KEY_VARIABLE, RECIPIENT_VARIABLE):
        os.environ.pop(name, None)
    replayer = Replayer(question.plan, traces=lambda: _fallback(question.store, Keyring(question.plan.keys)))
    replayer.own_process()
    replayer.start()
    try:
        loaded = replayer.load()
    except CannotReplay as error:
        connection.send_bytes(encode(Failed(replayer.masks.text(str(error)))))
        return
    gc.collect()
    gc.freeze()  # what is loaded stays: a collection in a child would copy all its pages
    faults = {module: replayer.masks.text(fault) for module, fault in loaded.import_faults.items()}
    kept_out = [replayer.masks.text(fault) for fault in loaded.faults]
    connection.send_bytes(encode(msgspec.structs.replace(loaded, import_faults=faults, faults=kept_out)))
    _Service(replayer, connection, question).serve()


def _forget(include: Sequence[str]) -> None:
    """A copy of a process that has the code under test loaded, in whatever version, loads its own."""
    for module in list(sys.modules):
        if any(module == package or module.startswith(f"{package}.") for package in include):
            del sys.modules[module]


def _fallback(store: str, keys: Keyring) -> ResponseFallback:
    reader = open_reader(store)
    try:
        return ResponseFallback(opened(stored.trace, keys) for stored in reader.traces() if stored.trace is not None)
    finally:
        reader.close()


class _Service:
    """Answers questions in the loaded process."""

    def __init__(self, replayer: Replayer, connection: Connection[Any, Any], load: Load) -> None:
        self._replayer = replayer
        self._connection = connection
        self._load = load
        self._warm: JobProcess | None = None
        self._fresh: deque[JobProcess] = deque()
        """Processes of their own whose answers are still to be sent, oldest first."""
        self._at_once = 1
        """How many of them may work at the same time."""
        self._parses = False
        """Whether replays come to parsing SQL."""
        self._hung = False
        self._slowest = 0.0
        """Seconds that the slowest replay took which came to its end."""
        self._handlers = replayer.handlers(self._start if load.forking else None)

    def serve(self) -> None:
        """Until the asking side is gone."""
        try:
            while not isinstance(question := self._next(), End):
                self._answer(question)
        except (EOFError, ConnectionError):
            pass  # the asking side has what it wanted
        finally:
            self._drop_warm()
            for handler in self._handlers.values():
                handler.end()
            for process in self._fresh:
                process.end()
            self._replayer.stop()

    def _start(self, live: Live) -> ChildProcess:
        """A child behind the inner wall."""
        inherited = self._connections()
        enclosure = self._replayer.enclosure

        def enclosed(connection: Connection[Any, Any]) -> None:
            for other in inherited:
                other.close()
            enclosure.own_child()
            live(connection)

        return ChildProcess(enclosed, enclosure.ours, enclosure.forget_child)

    def _connections(self) -> list[Connection[Any, Any]]:
        """Those that a forked process inherits: code under test is to say nothing in the name of others."""
        known = [*self._fresh, *([self._warm] if self._warm is not None else [])]
        return [self._connection, *(process.connection for process in known)]

    def _next(self) -> Question:
        """The next question; where there is none yet, or enough is being done, an answer is sent first."""
        while self._fresh and (len(self._fresh) >= self._at_once or not self._connection.poll(0)):
            self._send_oldest()
        question: Question = decode_question(self._connection.recv_bytes())
        return question

    def _send_oldest(self) -> None:
        process = self._fresh.popleft()
        answer = process.answer()
        self._hung = self._hung or process.hung
        self._slowest = max(self._slowest, process.seconds)
        process.end()
        self._learn(answer)
        self._connection.send_bytes(answer)

    def _answer(self, question: Question) -> None:
        match question:
            case WatchLines(lines=lines):
                while self._fresh:
                    self._send_oldest()
                self._drop_warm()
                self._connection.send_bytes(encode(Watching(self._replayer.watch(lines))))
            case Jobs(jobs=jobs, at_once=at_once):
                self._at_once = at_once
                for job in jobs:
                    if job.fresh and self._load.forking:
                        self._begin(job)
                    else:
                        self._connection.send_bytes(self._run(job))
            case Ask(handler=name, question=asked):
                self._connection.send_bytes(self._handlers[name].answer(asked))
            case Lend():
                self._lend()
            case Load() | End():
                raise AssertionError("it is loaded already")

    def _begin(self, job: Job) -> None:
        """Let a process of its own work on a job; several do at the same time, and are answered in order."""
        self._make_ready(job)
        process = JobProcess(self._replayer, self._limit, self._start)
        self._fresh.append(process)
        process.begin(job)

    def _lend(self) -> None:
        """Fork a process that answers, over a connection of its own, whoever is given the other end."""
        with self._replayer.enclosure.ours():
            [descriptor] = received_descriptors(self._connection.fileno(), 1)
        connection: Connection[Any, Any] = Connection(descriptor)
        inherited = self._connections()

        def serve() -> None:
            for other in inherited:
                other.close()
            _Service(self._replayer, connection, self._load).serve()

        forked(serve, self._replayer.enclosure.ours)
        connection.close()
        self._connection.send_bytes(encode(Forked()))

    def _run(self, job: Job) -> bytes:
        """The answer of the warm process, after those that are still to be given."""
        while self._fresh:
            self._send_oldest()
        if not self._load.forking:
            return encode(self._replayer.run(job))
        if self._warm is None:
            self._warm = JobProcess(self._replayer, self._limit, self._start)
        self._warm.begin(job)
        answer = self._warm.answer()
        self._slowest = max(self._slowest, self._warm.seconds)
        if not self._warm.alive:
            self._hung = self._hung or self._warm.hung
            self._drop_warm()
        return answer

    @property
    def _limit(self) -> float:
        limit = self._load.limit
        return limit_after_hang(limit, self._slowest) if self._hung else limit

    def _learn(self, answer: bytes) -> None:
        """What one process had to make ready, later ones will too: it is made once, here."""
        observed = decode_observed(answer)
        if observed.fallbacks:
            self._replayer.use_fallback()
        self._parses = self._parses or observed.parsed

    def _make_ready(self, job: Job) -> None:
        """Read the statements of a trace before its process is forked, which would forget what it read."""
        if self._parses:
            for exchange in self._replayer.masks.given(job).trace.exchanges:
                read_ahead(exchange.boundary, exchange.request)

    def _drop_warm(self) -> None:
        if self._warm is not None:
            self._warm.end()
            self._warm = None
