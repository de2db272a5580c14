"""A process forked from this one: a pipe to it, a time to answer in, and how it ended.

Whoever talks to it says what a message means. Code under test runs in it, and may write to the pipe, close it, or
leave the process in any way.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, NamedTuple, NoReturn, TypeAlias

from .responses import receive

PATIENCE = 2.0
"""Seconds in which a process that has closed its pipe says how it ended. It is about to be reaped: the time is an upper
bound for a loaded machine, and is not waited for where the process is gone."""

WAITING = 5
"""Times a limit may pass by the clock in a child that does not compute: on a busy machine it waits for its turn."""

POLL_INTERVAL = 0.02
"""Seconds between looks at how far a child is: a fifteenth of the shortest time limit (0.3 s, of exploring), so that a
limit is met to within 7 %, at 50 wake-ups a second."""

Live: TypeAlias = Callable[["Connection[Any, Any]"], None]
"""What a child does, given its end of the pipe."""

StartChild: TypeAlias = Callable[[Live], "ChildProcess"]
"""Starts a child behind the inner wall."""


class Moment(NamedTuple):
    """A moment in the life of a child."""

    time: float
    """Of a clock that never goes back, in seconds."""
    computed: float | None
    """CPU time that it has used, in seconds; `None` where the system does not say."""


class ChildProcess:
    """A child, until `end`."""

    def __init__(
        self,
        live: Live,
        ours: Callable[[], AbstractContextManager[None]] = nullcontext,
        forget: Callable[[int], None] = lambda pid: None,
    ) -> None:
        """`ours` is around what this process does for itself; `forget` removes what a process that ended left."""
        self._ours = ours
        self._forget = forget
        self._status: int | None = None
        self.connection, theirs = Pipe()
        """To the child; other children are to close it."""
        mine = self.connection

        def run() -> None:
            mine.close()
            live(theirs)

        self._pid = forked(run, ours)
        theirs.close()

    def send(self, message: bytes) -> None:
        """Ask; where the child is gone, `receive` says so."""
        with suppress(OSError):
            self.connection.send_bytes(message)

    def has_answered(self, seconds: float) -> bool:
        """Whether there is something to read within a time, the end of the pipe included."""
        return self.connection.poll(seconds)

    def receive(self, seconds: float) -> bytes | None:
        """The next message, `None` where it is not whole in time.

        Raises `EOFError` or `OSError` when the child is gone, and `NoAnswer` for a message that cannot be one.
        """
        return receive(self.connection, seconds)

    def moment(self) -> Moment:
        """Where it is now, for `spent`."""
        return Moment(time.monotonic(), _cpu_seconds(self._pid))

    def spent(self, since: Moment) -> float:
        """Seconds that it has spent since: what it computed, or a part of the time that passed (`WAITING`), if that is
        more. So what hangs is distinguished from what had no turn on a busy machine. Without a clock for other
        processes all time counts."""
        now = self.moment()
        passed = now.time - since.time
        if now.computed is None or since.computed is None:
            return passed
        return max(now.computed - since.computed, passed / WAITING)

    def answers_within(self, limit: float) -> bool:
        """Whether there is something to read, the end of the pipe included, before it has spent so many seconds."""
        since = self.moment()
        while not self.has_answered(POLL_INTERVAL):
            if self.spent(since) > limit:
                return False
        return True

    def signal(self, number: int) -> None:
        """Send it a signal."""
        with self._ours():
            os.kill(self._pid, number)

    def ended(self) -> str:
        """How a child ended that has closed its pipe, as the rest of a sentence; it is no more afterwards."""
        return _how_ended(self.end(patience=PATIENCE))

    def end(self, *, patience: float = 0.0) -> int:
        """Kill it, where it does not end by itself in some seconds; gives its status, as `os.waitpid` does."""
        self.connection.close()
        if self._status is None:
            self._status = self._wait(patience)
            self._forget(self._pid)
        return self._status

    def _wait(self, patience: float) -> int:
        until = time.monotonic() + patience
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        while not pid and time.monotonic() < until:
            time.sleep(0.001)
            pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            self.signal(signal.SIGKILL)  # what code under test registered for its end is not to run
            _pid, status = os.waitpid(self._pid, 0)
        return status


def _cpu_seconds(pid: int) -> float | None:
    """CPU time that a process of ours has used; `None` where the system does not tell. Linux has a clock for each
    process (`clock_getcpuclockid(3)`), under the number that `MAKE_PROCESS_CPUCLOCK` in `include/linux/posix-timers.h`
    gives it."""
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:  # it is gone, as the pipe says
        return 0.0


def serve(connection: Connection[Any, Any], answer: Callable[[bytes], bytes]) -> None:
    """In the child: answer until the asking side is gone, or has what it wanted."""
    with suppress(EOFError, ConnectionError):
        while True:
            connection.send_bytes(answer(connection.recv_bytes()))


def _how_ended(status: int) -> str:
    if not os.WIFSIGNALED(status):
        return f"ended its process with status {os.WEXITSTATUS(status)} (`os._exit`)"
    number = os.WTERMSIG(status)
    if number == getattr(signal, "SIGSYS", None):
        return "was ended by the wall: code in C that takes no signals made a system call that is refused"
    return f"crashed the interpreter: {signal.Signals(number).name}"


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
