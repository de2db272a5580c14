"""Conversation with one process that replays: questions, answers, and what it prints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from typing import IO, Any, Literal, NamedTuple

import msgspec

from ...recorders.privacy.encryption import Keyring
from ...recorders.store.open import open_reader
from .masking import Masks
from .messages import Watching, WatchLines, encode
from .plan import CannotReplay, LoadPlan
from .scratch import ScratchPaths


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


class Conversation:
    """The asking side of a process, whoever started it."""

    scratch: ScratchPaths
    _connection: Connection[Any, Any]
    _output: IO[bytes]

    def __init__(self, start: Start) -> None:
        self._start = start
        self._masks: Masks | None = None
        """What hides secrets in its output; made when that is first shown."""

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
        """The line that it is at, as the end of a sentence; empty where that cannot be known."""
        return ""

    def _printed(self) -> bytes:
        """All that it printed. Read at a place, because others may write to the file."""
        descriptor = self._output.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0)

    def last_words(self) -> str:
        """The last line that it printed."""
        lines = self._printed()[-4000:].decode(errors="replace").strip().splitlines()
        return self._shown(lines[-1]) if lines else "it said nothing"

    def _shown(self, text: str) -> str:
        """What it wrote, as it may be shown: it may have written what the recording hides."""
        keys = self._start.plan.keys
        if keys and self._masks is None:
            self._masks = Masks(Keyring(keys))
            with closing(open_reader(self._start.store)) as reader:
                self._masks.learn_baseline(reader)
        return self.scratch.text(self._masks.text(text) if self._masks is not None else text)
