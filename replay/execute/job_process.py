"""Job processes: forked from the one that loaded the code, each behind a wall of its own, to replay jobs.

One that hangs is killed at the time limit and says where it was; one that crashes, or ends itself, takes only its
trace with it.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from typing import Any

from ..model.job import Job, Observed
from .child_process import StartChild, serve
from .memory import for_replay, limit_memory
from .messages import decode_job, encode
from .replayer import Replayer
from .responses import NoAnswer, checked

PLACE_LIMIT = 1.0
"""Seconds in which a process that hangs may say where it is."""

_WHOLE, _WORN = b"w", b"x"
"""Before an answer: whether the process that gives it can go on."""


class JobProcess:
    """A process that works on one job at a time."""

    def __init__(self, replayer: Replayer, limit: float, start: StartChild) -> None:
        """`limit` is that of a job, in seconds."""
        self._limit = limit
        self._began = 0.0
        self.seconds = 0.0
        """How long the last answer took, on this machine as busy as it is."""
        self._trail = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        trail = self._trail.fileno()
        self._child = start(lambda connection: _live(replayer, connection, trail))
        self._trace = ""
        self.alive = True
        self.hung = False

    @property
    def connection(self) -> Connection[Any, Any]:
        """To this process."""
        return self._child.connection

    def begin(self, job: Job) -> None:
        """Let it work on a job; `answer` comes next."""
        self._trace = job.trace
        self._began = time.monotonic()
        self._child.send(encode(job))

    def answer(self) -> bytes:
        """The answer to the job; one that hangs or crashes is reported as such, and this process is no more."""
        try:
            message = self._child.receive(self._limit) if self._child.answers_within(self._limit) else None
            if message is not None:
                self.seconds = time.monotonic() - self._began
                return self._read(message)
        except (EOFError, OSError):
            self.alive = False
            return encode(Observed(self._trace, "crashed", f"the replay {self._child.ended()}{self._place()}"))
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

    def _hang(self) -> str:
        self.hung = True
        self._child.signal(signal.SIGUSR1)  # say where
        until = time.monotonic() + PLACE_LIMIT
        while not os.fstat(self._trail.fileno()).st_size and time.monotonic() < until:
            time.sleep(0.01)
        self._kill()
        return f"the replay was still running after {self._limit:g} s{self._place()}"

    def _kill(self) -> None:
        self.alive = False
        self._child.end()

    def _place(self) -> str:
        self._trail.seek(0)
        return place_in(self._trail.read().decode(errors="replace"))

    def end(self) -> None:
        """No more jobs."""
        self._kill()
        self._trail.close()


def place_in(trail: str) -> str:
    """The innermost line in what `faulthandler` wrote, as the end of a sentence; empty when it wrote nothing."""
    frames = [line.strip() for line in trail.splitlines() if line.strip().startswith("File ")]
    return f", at {frames[0]}" if frames else ""


def _live(replayer: Replayer, connection: Connection[Any, Any], trail: int) -> None:
    """The life of a forked process."""
    faulthandler.enable(trail, all_threads=False)
    faulthandler.register(signal.SIGUSR1, trail, all_threads=False)
    limit_memory(for_replay())
    tools = _tools()

    def answer(message: bytes) -> bytes:
        observed = encode(replayer.run(decode_job(message)))
        return (_WHOLE if _tools() == tools else _WORN) + observed

    serve(connection, answer)


def _tools() -> list[str | None]:
    """Who holds which tool of `sys.monitoring`: a replay that took one away leaves a process that is of no use."""
    if sys.version_info < (3, 12):
        return []
    return [sys.monitoring.get_tool(number) for number in range(6)]
