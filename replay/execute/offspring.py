"""Offspring: processes forked from the one that loaded the code, each behind a wall of its own, that replay jobs.

One that hangs is killed at the time limit and tells where it was; one that crashes, or ends itself, takes only its
trace with it.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, NoReturn

from ..model.job import Job, Observed
from .memory import for_replay, limit_memory
from .messages import decode_job, encode
from .replayer import Replayer
from .responses import NoAnswer, checked, receive

TELL_LIMIT = 1.0
"""Seconds in which a process that hangs may tell where."""

_WHOLE, _WORN = b"w", b"x"
"""Before an answer: whether the process that gives it can go on."""


class Offspring:
    """A process forked from the loaded one."""

    def __init__(self, replayer: Replayer, limit: float, inherited: Iterable[Connection[Any, Any]] = ()) -> None:
        """`inherited` are connections of others: code under test is to say nothing in their name."""
        self._replayer = replayer
        self._limit = limit
        self._connection, theirs = Pipe()
        self._trail = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        ours = self._connection
        others = [ours, *inherited]
        self._child = forked(lambda: _live(replayer, theirs, others, self._trail.fileno()), replayer.enclosure.ours)
        theirs.close()
        self._trace = ""
        self.alive = True
        self.hung = False

    @property
    def connection(self) -> Connection[Any, Any]:
        """To this process."""
        return self._connection

    def begin(self, job: Job) -> None:
        """Let it work on a job; `answer` comes next."""
        self._trace = job.trace
        with suppress(OSError):  # it is gone: `answer` says so
            self._connection.send_bytes(encode(job))

    def answer(self) -> bytes:
        """The answer to the job; one that hangs or crashes is told as such, and this process is no more."""
        try:
            message = receive(self._connection, self._limit)
            if message is not None:
                return self._read(message)
        except (EOFError, OSError):
            return encode(Observed(self._trace, "crashed", self._crash()))
        except NoAnswer as reason:
            self._kill()
            said = f"the replay wrote to the pipe that it answers by: {reason}"
            return encode(Observed(self._trace, "crashed", said))
        return encode(Observed(self._trace, "hung", self._hang()))

    def _read(self, message: bytes) -> bytes:
        answer = checked(message[1:], self._trace)
        if message[:1] == _WORN:
            self._kill()
        return answer

    def _crash(self) -> str:
        self.alive = False
        _child, status = os.waitpid(self._child, 0)
        if os.WIFSIGNALED(status):
            return f"the replay {ended_by(os.WTERMSIG(status))}{self._place()}"
        return f"the replay ended its process with status {os.WEXITSTATUS(status)} (`os._exit`)"

    def _hang(self) -> str:
        self.hung = True
        with self._replayer.enclosure.ours():
            os.kill(self._child, signal.SIGUSR1)  # tell where
        until = time.monotonic() + TELL_LIMIT
        while not os.fstat(self._trail.fileno()).st_size and time.monotonic() < until:
            time.sleep(0.01)
        self._kill()
        return f"the replay was still running after {self._limit:g} s{self._place()}"

    def _kill(self) -> None:
        """What code under test registered for its end is not to run."""
        self.alive = False
        with self._replayer.enclosure.ours():
            os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)

    def _place(self) -> str:
        self._trail.seek(0)
        return place_in(self._trail.read().decode(errors="replace"))

    def end(self) -> None:
        """No more jobs."""
        self._connection.close()
        self._trail.close()
        if self.alive:
            self._kill()
        self._replayer.enclosure.forget_child(self._child)


def ended_by(number: int) -> str:
    """How a process ended that a signal ended, as the rest of a sentence."""
    if number == getattr(signal, "SIGSYS", None):
        return "was ended by the wall: code in C that takes no signals made a system call that is refused"
    return f"crashed the interpreter: {signal.Signals(number).name}"


def place_in(trail: str) -> str:
    """The innermost line in what `faulthandler` wrote, as the end of a sentence; empty when it wrote nothing."""
    frames = [line.strip() for line in trail.splitlines() if line.strip().startswith("File ")]
    return f", at {frames[0]}" if frames else ""


def _live(
    replayer: Replayer, connection: Connection[Any, Any], others: Iterable[Connection[Any, Any]], trail: int
) -> None:
    """The life of a forked process."""
    for other in others:
        other.close()
    faulthandler.enable(trail, all_threads=False)
    faulthandler.register(signal.SIGUSR1, trail, all_threads=False)
    replayer.enclosure.own_child()
    limit_memory(for_replay())
    tools = _tools()
    try:
        while True:
            answer = encode(replayer.run(decode_job(connection.recv_bytes())))
            connection.send_bytes((_WHOLE if _tools() == tools else _WORN) + answer)
    except (EOFError, ConnectionError):
        return


def _tools() -> list[str | None]:
    """Who holds which tool of `sys.monitoring`: a replay that took one away leaves a process that is of no use."""
    if sys.version_info < (3, 12):
        return []
    return [sys.monitoring.get_tool(number) for number in range(6)]


def forked(run: Callable[[], None], ours: Callable[[], AbstractContextManager[None]] = nullcontext) -> int:
    """The process id of a child that runs a function and ends; `ours` is around the fork."""
    with warnings.catch_warnings(), ours():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads of the code under test: the child starts none
        child = os.fork()
    if child:
        return child
    _run_and_exit(run)


def _run_and_exit(run: Callable[[], None]) -> NoReturn:
    status = 1
    try:
        run()
        status = 0
    except BaseException:  # noqa: BLE001 - the last words of a child: its parent reads them
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)
