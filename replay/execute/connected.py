"""One process that replays, from its start to its end: its scratch copy, the pipe to it, and what it prints."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import closing, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any

import msgspec

from .conversation import Conversation, Start
from .fork_server import ServerEnded, environment
from .job_process import place_in
from .launch import Child, Copy, Served, Spawned
from .messages import End, Lend, Load, decode_loaded, encode
from .passing import pass_descriptors
from .plan import CannotReplay, Loaded
from .scratch import Scratch

PLACE_LIMIT = 0.2
"""Seconds within which a process that hangs says where."""


class ConnectedProcess(Conversation):
    """A process that was started; it ends with `end`, whatever became of it before."""

    scratch: Scratch

    def __init__(self, start: Start) -> None:
        """Start it and let it import the code, while this process does something else; raises `CannotReplay`."""
        super().__init__(start)
        self._is_loaded = False
        try:
            self.scratch = Scratch(start.plan)
        except OSError as error:
            raise CannotReplay(
                f"the project at {start.plan.root} cannot be copied into a scratch folder: {error}"
            ) from error
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `end`
        self._connection, theirs = Pipe()
        try:
            with closing(theirs):
                self._child = self._launched(theirs)
        except BaseException:
            self._let_go()
            raise
        environ = environment() if start.launch == "spawn" and start.forking else None
        plan, path = self.scratch.plan, self.scratch.path(start.path)
        self.send(encode(Load(plan, start.store, path, start.limit, start.forking, environ)))

    def _launched(self, theirs: Connection[Any, Any]) -> Child:
        output, seed = self._output.fileno(), self._start.hash_seed
        if self._start.launch == "fork":
            return Copy(theirs, output)
        if self._start.forking:
            try:
                return Served(seed, theirs, output)
            except ServerEnded as error:
                raise CannotReplay(f"the interpreter that replaying processes are forked from ended: {error}") from None
        return Spawned(seed, theirs, output, self.scratch.temporary)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._child.pid

    @property
    def output(self) -> int:
        """Descriptor of the file that it prints to."""
        return self._output.fileno()

    def load(self) -> Loaded:
        """The result of importing the code, with the paths of the working tree; raises `CannotReplay`."""
        answer = self._awaited()
        failed = msgspec.msgpack.decode(answer)
        if isinstance(failed, dict) and failed.get("type") == "failed":
            raise CannotReplay(self._shown(str(failed["message"])))
        self._is_loaded = True
        return self.scratch.loaded(decode_loaded(answer))

    def lend(self) -> Connection[Any, Any]:
        """A connection to a copy of the process as it was when the code was loaded; raises `CannotReplay`."""
        ours, theirs = Pipe()
        with closing(theirs):
            self.send(encode(Lend()))
            with suppress(OSError):  # it is gone: who waits for the answer says so
                pass_descriptors(self._connection.fileno(), theirs.fileno())
            try:
                self._awaited()
            except CannotReplay:
                ours.close()
                raise
        return ours

    def _where(self) -> str:
        """The line that it is at, of the code that it loads."""
        os.kill(self.pid, signal.SIGUSR1)
        time.sleep(PLACE_LIMIT)
        return self._shown(place_in(self._printed().decode(errors="replace")))

    def end(self, *, in_order: bool = True) -> None:
        """End it, and whatever it started; unless `in_order`, whatever it is doing."""
        self.send(encode(End()))
        if self._is_loaded and in_order:
            self._child.await_end(self._connection)
        with suppress(OSError):  # it may have ended before
            os.killpg(self.pid, signal.SIGKILL)  # what it forked too
        self._child.reap()
        self._let_go()

    def _let_go(self) -> None:
        self._connection.close()
        self._output.close()
        self.scratch.remove()
