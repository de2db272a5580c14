"""Ways to start a process that replays: forked from a fork server, as a copy of this one, or as a new interpreter.

Each answers over a pipe, prints to a file, and leads a process group of its own. It keeps its number until it is
reaped.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol

from .child_process import forked
from .fork_server import ForkServers, ServerEnded
from .service import __name__ as SERVICE
from .service import serve_forked

END_LIMIT = 5.0
"""Seconds that a process may take to end when it is told to."""

_servers = ForkServers()
atexit.register(_servers.close)


def prepare(hash_seed: int) -> None:
    """Start what a process with this hash seed will be forked from."""
    _servers.start(hash_seed)


class Child(Protocol):
    """A process that was started."""

    pid: int

    def await_end(self, ours: Connection[Any, Any]) -> None:
        """Wait until a process that was told to end has, or `END_LIMIT` is over; `ours` is the pipe to it."""

    def reap(self) -> None:
        """Wait until it is no more."""


class Served:
    """A process forked from a fork server of this one."""

    def __init__(self, hash_seed: int, theirs: Connection[Any, Any], output: int) -> None:
        """Raises `ServerEnded`."""
        self._server, self.pid = _servers.fork(hash_seed, theirs.fileno(), output)

    def await_end(self, ours: Connection[Any, Any]) -> None:
        """It has ended when nobody is left at the other end."""
        _await_close(ours)

    def reap(self) -> None:
        """The server does."""
        with suppress(ServerEnded):  # then the system reaps what it forked
            self._server.reap(self.pid)


class Copy:
    """A copy of this process."""

    def __init__(self, theirs: Connection[Any, Any], output: int) -> None:
        def serve() -> None:
            _servers.leave()
            serve_forked(theirs, output)

        self.pid = forked(serve)

    def await_end(self, ours: Connection[Any, Any]) -> None:
        """It has ended when nobody is left at the other end."""
        _await_close(ours)

    def reap(self) -> None:
        """It is this process's child."""
        os.waitpid(self.pid, 0)


class Spawned:
    """A new interpreter, where there is no fork."""

    def __init__(self, hash_seed: int, theirs: Connection[Any, Any], output: int, temporary: str) -> None:
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
        boot = f"import sys; sys.path[:] = {sys.path!r}; from {SERVICE} import main; main({theirs.fileno()})"
        folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), temporary)
        self._process = subprocess.Popen(
            [sys.executable, *flags, "-P", "-c", boot],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **folders, "PYTHONHASHSEED": str(hash_seed)},
            process_group=0,
        )
        self.pid = self._process.pid

    def await_end(self, ours: Connection[Any, Any]) -> None:
        """Its interpreter ends in order."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_LIMIT)

    def reap(self) -> None:
        """It is this process's child."""
        self._process.wait()


def _await_close(ours: Connection[Any, Any]) -> None:
    """Read what is still said, until the other end is closed or the time is over."""
    until = time.monotonic() + END_LIMIT
    with suppress(EOFError, OSError):  # closed, as it should be
        while ours.poll(max(until - time.monotonic(), 0.0)):
            ours.recv_bytes()
