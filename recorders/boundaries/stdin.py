"""The boundary of standard input: what a trace reads of it, piece by piece, as one stream.

`sys.stdin` becomes a stream of the same kind over the same descriptor, whose lowest layer asks the world of the running
trace; a terminal stays as it is, for nobody records what somebody types. What a trace reads out of a buffer that an
earlier one filled is not seen.
"""

from __future__ import annotations

import io
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from ..context import current_world
from ..model.world import Operation, Ticket
from ..patching import Undo, nothing

READING: Final = Operation("stdin", "read", "standard input", "read")


class _Reading:
    """What one trace reads."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._rest = b""

    def read(self, size: int, perform: Callable[[], bytes | None]) -> bytes | None:
        """As many bytes as `size`, or fewer; `None` where nothing is there yet."""
        if self._rest:
            return self._take(size)
        waits = False

        def next_piece() -> bytes | None:
            nonlocal waits
            found = perform()
            waits = found is None
            return found or None

        piece = self._ticket.next(next_piece)
        self._rest = piece.encode() if isinstance(piece, str) else piece or b""
        return None if waits else self._take(size)

    def _take(self, size: int) -> bytes:
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


_readings: weakref.WeakKeyDictionary[Any, _Reading] = weakref.WeakKeyDictionary()
"""By the world of a trace."""


class FileIO(io.FileIO):
    """The lowest layer, under the name of what it stands for."""

    is_used = False
    """Whether anything was read: then the layers above may hold more of it."""

    def readinto(self, buffer: Any) -> int | None:
        """Fill a buffer; how many bytes came, 0 at the end."""
        world = current_world()
        self.is_used = True
        if world is None:
            return super().readinto(buffer)
        if world not in _readings:
            _readings[world] = _Reading(world.begin(READING, None))
        view = memoryview(buffer).cast("B")
        found = _readings[world].read(len(view), lambda: io.FileIO.read(self, len(view)))
        if found is not None:
            view[: len(found)] = found
        return len(found) if found is not None else None

    def read(self, size: int | None = -1, /) -> bytes | None:  # type: ignore[override]  # as the layer below has it
        """Read at most as many bytes, or all there is."""
        if size is None or size < 0:
            return self.readall()
        buffer = bytearray(size)
        count = self.readinto(buffer)
        return bytes(buffer[:count]) if count is not None else None

    def readall(self) -> bytes:
        """Read all there is."""
        if current_world() is None:
            self.is_used = True
            return super().readall()
        pieces = []
        while piece := self.read(io.DEFAULT_BUFFER_SIZE):
            pieces.append(piece)
        return b"".join(pieces)


def standing_in(stream: Any) -> Any:
    """A stream over the same descriptor as another one, of which nothing was read yet."""
    raw = FileIO(stream.fileno(), "r", closefd=False)
    raw.name = stream.name
    layer: Any = raw  # its class overrides `read`, whose result the hints of one Python allow, and of another not
    made = io.TextIOWrapper(io.BufferedReader(layer), encoding=stream.encoding, errors=stream.errors)
    made.mode = "r"  # type: ignore[misc]  # as the interpreter does
    return made


def is_replaceable(stream: object) -> bool:
    """Whether a stream is what the interpreter made of standard input, and nobody types there."""
    if type(stream) is not io.TextIOWrapper or type(stream.buffer) is not io.BufferedReader:
        return False
    with suppress(OSError, ValueError):  # closed
        return type(stream.buffer.raw) is io.FileIO and stream.fileno() == 0 and not stream.isatty()
    return False


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    before = sys.stdin
    if before is not sys.__stdin__ or not is_replaceable(before):
        return nothing
    made = sys.stdin = standing_in(before)

    def undo() -> None:
        if sys.stdin is made and not _layer(made).is_used:
            sys.stdin = before

    return undo


def _layer(stream: Any) -> Any:
    return getattr(getattr(stream, "buffer", None), "raw", None)


@contextmanager
def read_anew() -> Iterator[None]:
    """A block in which nothing was read of standard input yet; what is read ahead in it is gone afterwards."""
    before = sys.stdin
    if type(_layer(before)) is not FileIO:
        yield
        return
    sys.stdin = standing_in(before)
    try:
        yield
    finally:
        sys.stdin = before
