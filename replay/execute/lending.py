"""Lending: other processes of a run replay on copies of one loaded process, instead of loading the code each.

Workers of pytest-xdist are processes of their own. A loaded process forks a copy of itself for each that asks, which
costs milliseconds where importing the code may cost seconds, and shares its memory; they ask over a Unix socket, in a
folder that only this user may enter, and are given the connection to a copy of their own (`passing`).
"""

from __future__ import annotations

import os
import shutil
import socket
import struct
import tempfile
import threading
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, Protocol

import msgspec

from .conversation import Conversation, Start
from .messages import End, encode
from .passing import pass_descriptors, received_descriptors
from .plan import CannotReplay, Loaded
from .scratch import ScratchPaths

_SIZE = struct.Struct("!Q")
_GONE = "the process of the run that lends out the loaded code is gone"


class Lent(msgspec.Struct, frozen=True):
    """What is said of a copy of a loaded process."""

    loaded: Loaded
    root: str
    """Folder of its scratch copy."""
    shown: str
    """Folder of the working tree."""
    why_not: str = ""
    """Why there is none."""


class Copied(NamedTuple):
    """A copy of a loaded process."""

    connection: Connection[Any, Any]
    """To the copy; who is given it closes it."""
    output: int
    """Descriptor of the file that it prints to, which stays the lender's."""
    lent: Lent


class Lending(Protocol):
    """A loaded process that can be copied."""

    def copied(self) -> Copied:
        """A copy of the process as it was when the code was loaded; raises `CannotReplay`."""


class Lender:
    """Answers who asks for a copy, in a thread of its own, until it is closed."""

    def __init__(self) -> None:
        """From here on others may ask; they wait until something is offered. Raises `OSError`."""
        self._folder = tempfile.mkdtemp(prefix="pytest-runtime-lend-")
        self.address = os.path.join(self._folder, "lender")
        self._offered: Lending | None = None
        self._settled = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.bind(self.address)
            self._socket.listen()
        except OSError:
            self._socket.close()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._thread = threading.Thread(target=self._serve, name="pytest-runtime-lender", daemon=True)
        self._thread.start()

    def offer(self, lending: Lending) -> None:
        """What copies are made of. From here on nothing else may be asked of it in this process."""
        self._offered = lending
        self._settled.set()

    def close(self) -> None:
        """Answer no more questions; whoever still waits sees the connection end."""
        self._settled.set()
        with suppress(OSError):  # nobody may be waiting in it
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _serve(self) -> None:
        while True:
            try:
                asking, _address = self._socket.accept()
            except OSError:
                return  # it is closed
            with asking:
                self._settled.wait()
                with suppress(OSError):  # who asked is gone
                    self._answer(asking)

    def _answer(self, asking: socket.socket) -> None:
        if self._offered is None:
            return
        try:
            connection, output, lent = self._offered.copied()
        except CannotReplay as error:
            _send(asking, Lent(Loaded({}, {}, {}, []), "", "", str(error)))
            return
        with closing(connection):
            _send(asking, lent)
            pass_descriptors(asking.fileno(), connection.fileno(), output)


def _send(asking: socket.socket, lent: Lent) -> None:
    data = encode(lent)
    asking.sendall(_SIZE.pack(len(data)) + data)


class BorrowedProcess(Conversation):
    """A copy of a process that another process of this run loaded."""

    pid = 0
    """Nobody but the lender may signal it."""

    def __init__(self, start: Start, lender: str) -> None:
        """Ask the lender at an address, which may still be loading the code; raises `CannotReplay`."""
        super().__init__(start)
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(start.load_limit)
            try:
                asking.connect(lender)
                (size,) = _SIZE.unpack(_exactly(asking, _SIZE.size))
                lent = msgspec.msgpack.decode(_exactly(asking, size), type=Lent)
                if lent.why_not:
                    raise CannotReplay(lent.why_not)
                asking.settimeout(None)  # with a limit the descriptor does not block, and its duplicate neither
                connection, output = received_descriptors(asking.fileno(), 2)
            except (OSError, EOFError) as error:
                raise CannotReplay(f"{_GONE}: {error or type(error).__name__}") from error
        self._connection: Connection[Any, Any] = Connection(connection)
        self._output = open(output, "rb")  # noqa: SIM115 - closed by `end`
        self.scratch = ScratchPaths(lent.root, lent.shown)
        self._loaded = lent.loaded

    def load(self) -> Loaded:
        """What came of importing the code."""
        return self._loaded

    def end(self, *, in_order: bool = True) -> None:
        """Let it end when it has answered what it was asked; the lender ends what does not."""
        self.send(encode(End()))
        self._connection.close()
        self._output.close()


def _exactly(asking: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = asking.recv(size - len(parts))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
