"""One process that replays, from its start to its end: its scratch copy, the pipe to it, and what it prints."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection, Pipe
from typing import Any, Literal, NamedTuple

import msgspec

from ...recorders.privacy.encryption import Keyring
from ...recorders.store.open import open_reader
from .fork_server import ServerEnded, environment
from .launch import Child, Copy, Served, Spawned
from .masking import Masks
from .messages import End, Load, Watching, WatchLines, decode_loaded, encode
from .offspring import place_in
from .plan import CannotReplay, Loaded, LoadPlan
from .scratch import Scratch

TELLING = 0.2
"""Seconds within which a process that hangs tells where."""


class ProcessEnded(Exception):
    """The process ended before it answered."""


class Start(NamedTuple):
    """How a process that replays is started."""

    plan: LoadPlan
    store: str
    """Where the baseline lies."""
    path: Sequence[str]
    """The `sys.path` that leads to the code."""
    hash_seed: int
    limit: float
    """Seconds that one replay may take."""
    load_limit: float
    """Seconds that importing the code may take."""
    forking: bool
    launch: Literal["spawn", "fork"]


class ConnectedProcess:
    """A process that was started; it ends with `end`, whatever became of it before."""

    def __init__(self, start: Start) -> None:
        """Start it and let it import the code, while this process does something else; raises `CannotReplay`."""
        self._start = start
        self._masks: Masks | None = None
        """What hides secrets in its output; made when that is first shown."""
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

    def load(self) -> Loaded:
        """What came of importing the code, with the paths of the working tree; raises `CannotReplay`."""
        answer = self._awaited()
        failed = msgspec.msgpack.decode(answer)
        if isinstance(failed, dict) and failed.get("type") == "failed":
            raise CannotReplay(self._shown(str(failed["message"])))
        self._is_loaded = True
        return self.scratch.loaded(decode_loaded(answer))

    def watch(self, lines: Mapping[str, Iterable[int]] | None) -> str:
        """From here on it notes which of these lines each replay runs, `None` for all; why it cannot, or empty."""
        wanted = None
        if lines is not None:
            wanted = self.scratch.lines({file: sorted(numbers) for file, numbers in lines.items()})
        self.send(encode(WatchLines(wanted)))
        return msgspec.msgpack.decode(self._awaited(), type=Watching).unavailable

    def send(self, question: bytes) -> None:
        """Ask; who reads the answer learns whether the process is gone."""
        with suppress(OSError):
            self._connection.send_bytes(question)

    def receive(self) -> bytes:
        """The next answer; raises `ProcessEnded`."""
        try:
            return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise ProcessEnded from None

    def _awaited(self) -> bytes:
        """The answer to a question that may take as long as loading does; raises `CannotReplay`."""
        try:
            if self._connection.poll(self._start.load_limit):
                return self._connection.recv_bytes()
        except (EOFError, OSError):
            raise CannotReplay(f"the process that loads the code under test ended: {self.last_words()}") from None
        raise CannotReplay(f"loading the code under test took longer than {self._start.load_limit:g} s{self._where()}")

    def _where(self) -> str:
        """The line that it is at, of the code that it loads."""
        os.kill(self.pid, signal.SIGUSR1)
        time.sleep(TELLING)
        self._output.seek(0)
        return self._shown(place_in(self._output.read().decode(errors="replace")))

    def last_words(self) -> str:
        """The last line that it printed."""
        self._output.seek(0)
        lines = self._output.read()[-4000:].decode(errors="replace").strip().splitlines()
        return self._shown(lines[-1]) if lines else "it said nothing"

    def _shown(self, text: str) -> str:
        """What it wrote, as it may be shown: it may have written what the recording hides."""
        keys = self._start.plan.keys
        if keys and self._masks is None:
            self._masks = Masks(Keyring(keys))
            with closing(open_reader(self._start.store)) as reader:
                self._masks.learn_baseline(reader)
        return self.scratch.text(self._masks.text(text) if self._masks is not None else text)

    def end(self) -> None:
        """End it, and whatever it started."""
        self.send(encode(End()))
        if self._is_loaded:
            self._child.await_end(self._connection)
        with suppress(OSError):  # it may have ended before
            os.killpg(self.pid, signal.SIGKILL)  # what it forked too
        self._child.reap()
        self._let_go()

    def _let_go(self) -> None:
        self._connection.close()
        self._output.close()
        self.scratch.remove()
