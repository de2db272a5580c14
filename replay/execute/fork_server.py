"""Fork server: an interpreter that has imported this package and nothing else, from which replaying processes fork.

An interpreter that starts and imports what replays needs a quarter of a second of CPU, a fork some milliseconds; a run
starts three to eight such processes. Each is as if it were started anew: nothing of the asking process is in it, and
the hash seed is its own, so that there is one server for each seed.

Requests come over a Unix socket, with the descriptors of a new process as ancillary data (unix(7), `SCM_RIGHTS`). The
processes are children of the server, which reaps one when it is asked to: until then nobody else gets its number.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from ...recorders.privacy.keys import KEY_VARIABLE, RECIPIENT_VARIABLE
from .child_process import forked
from .messages import Environment
from .service import serve_forked

_MESSAGE = struct.Struct("=cq")
"""A request (`_FORK` or `_REAP`) or its answer, with the number of a process."""
_FORK, _REAP = b"f", b"r"

START_LIMIT = 120.0
"""Seconds in which a server answers: it imports a few hundred modules, which takes a second on a busy machine."""

_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "GLIBC_", "MALLOC_", "OPENSSL_", "SSL_")
"""What names of variables begin with that the interpreter and its libraries read once, when they start: environ(7),
locale(7), ld.so(8), mallopt(3), openssl-env(7). A server serves as long as these are what they were."""

_SECRET = (KEY_VARIABLE, RECIPIENT_VARIABLE)
"""Variables that no process which replays may find, and so no process that it is a copy of."""


class ServerEnded(Exception):
    """A fork server is no more; the message is what it said last."""


def environment() -> Environment:
    """Of a process that replays: that of this one, without the keys that are no business of code under test."""
    kept = dict(os.environb)
    for name in _SECRET:
        kept.pop(os.fsencode(name), None)
    return kept


class ForkServer:
    """The asking side of one server."""

    def __init__(self, hash_seed: int, environ: Environment) -> None:
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_LIMIT)
        self._one_at_a_time = threading.Lock()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # as multiprocessing does
        boot = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main({theirs.fileno()})"
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, *flags, "-P", "-c", boot],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                env={**environ, b"PYTHONHASHSEED": str(hash_seed).encode()},
                process_group=0,
            )

    def fork(self, connection: int, output: int) -> int:
        """The number of a new process that answers over one descriptor and prints to another. May raise
        `ServerEnded`."""
        return self._asked(_FORK, 0, connection, output)

    def reap(self, process: int) -> None:
        """Wait until a process has ended, which was killed or ends by itself; raises `ServerEnded`."""
        self._asked(_REAP, process)

    def _asked(self, request: bytes, process: int, *descriptors: int) -> int:
        try:
            with self._one_at_a_time:
                socket.send_fds(self._control, [_MESSAGE.pack(request, process)], descriptors)
                answer = self._control.recv(_MESSAGE.size, socket.MSG_WAITALL)
        except OSError:  # it is gone, or does not answer: what it said last says why
            answer = b""
        if len(answer) < _MESSAGE.size:
            raise ServerEnded(self._last_words())
        number: int = _MESSAGE.unpack(answer)[1]
        return number

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read()[-4000:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def leave(self) -> None:
        """Let go of it, in a copy of the process that started it: what runs there is to fork nothing here."""
        self._control.close()
        self._output.close()
        self._process.returncode = 0  # it is no child of a copy, which has nothing to wait for

    def close(self) -> None:
        """End it; the processes that it forked do not end with it."""
        self._process.kill()
        self._process.wait()
        self.leave()


class ForkServers:
    """The servers of this process, one for each hash seed, started when they are first wanted.

    They know nothing of a run, and so all runs of a process share them.
    """

    def __init__(self) -> None:
        self._servers: dict[int, tuple[Environment, ForkServer]] = {}
        self._starting = threading.Lock()
        self._owner = 0

    def start(self, hash_seed: int) -> None:
        """Let a server start that is wanted soon; several then start at the same time."""
        self._server(hash_seed)

    def fork(self, hash_seed: int, connection: int, output: int) -> tuple[ForkServer, int]:
        """A new process: who forked it, and its number. Raises `ServerEnded` where a server that was started for it
        ends."""
        if hash_seed in self._servers:
            with suppress(ServerEnded):  # something killed it meanwhile: another takes its place
                server = self._server(hash_seed)
                return server, server.fork(connection, output)
            self._drop(hash_seed)
        server = self._server(hash_seed)
        return server, server.fork(connection, output)

    def _server(self, hash_seed: int) -> ForkServer:
        environ = environment()
        at_start = {name: value for name, value in environ.items() if name.startswith(_STARTS)}
        with self._starting:
            self._leave_inherited()
            if hash_seed in self._servers and self._servers[hash_seed][0] != at_start:
                self._drop(hash_seed)
            if hash_seed not in self._servers:
                self._servers[hash_seed] = at_start, ForkServer(hash_seed, environ)
            return self._servers[hash_seed][1]

    def _drop(self, hash_seed: int) -> None:
        self._servers.pop(hash_seed)[1].close()

    def _leave_inherited(self) -> None:
        """In a copy of the process that started them, servers are started anew: two who ask one would mix answers."""
        if self._owner != os.getpid():
            self.leave()
            self._owner = os.getpid()

    def leave(self) -> None:
        """Let go of all of them, in a copy of the process that started them."""
        for _environ, server in self._servers.values():
            server.leave()
        self._servers.clear()

    def close(self) -> None:
        """End all of them, in the process that started them."""
        if self._owner == os.getpid():
            for hash_seed in list(self._servers):
                self._drop(hash_seed)


_STARTS = tuple(map(str.encode, _READ_AT_START))


def main(descriptor: int) -> None:
    """The server, until nobody asks any more."""
    with socket.socket(fileno=descriptor) as control:
        while True:
            message, descriptors, _flags, _address = socket.recv_fds(control, _MESSAGE.size, 2)
            if len(message) < _MESSAGE.size:
                return
            request, process = _MESSAGE.unpack(message)
            answer = _forked(control, *descriptors) if request == _FORK else _reaped(process)
            control.sendall(_MESSAGE.pack(request, answer))


def _forked(control: socket.socket, connection: int, output: int) -> int:
    process = forked(_life(control, connection, output))
    with suppress(OSError):  # it did so itself, or is gone already
        os.setpgid(process, process)
    os.close(connection)
    os.close(output)
    return process


def _life(control: socket.socket, connection: int, output: int) -> Callable[[], None]:
    def live() -> None:
        control.close()
        answering: Connection[Any, Any] = Connection(connection)
        serve_forked(answering, output)

    return live


def _reaped(process: int) -> int:
    return os.waitpid(process, 0)[1]
