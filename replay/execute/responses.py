"""Answers of processes that run code under test: read within a time and a size, whatever that code writes to the pipe.

`multiprocessing.Connection.recv_bytes` trusts the length that stands before a message and waits for that many bytes; a
candidate that finds the descriptor may write any. The format is that of `Connection._send_bytes` in CPython: the length
as a signed 32-bit big-endian number, or -1 and an unsigned 64-bit one.
"""

from __future__ import annotations

import os
import select
import struct
import time
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from ..model.job import Observed
from .messages import decode_observed

MOST = 1_000_000_000
"""Bytes of an answer: a replay may take 4 GiB, and shows a part of it."""

_CHUNK = 1 << 20


class NoAnswer(Exception):
    """What was written is no answer; the message says what is wrong with it."""


def receive(connection: Connection[Any, Any], seconds: float, most: int = MOST) -> bytes | None:
    """The next message, `None` where it is not whole in time.

    Raises `EOFError` when the other side is gone, `OSError`, and `NoAnswer` for a message that cannot be one.
    """
    until = time.monotonic() + seconds
    descriptor = connection.fileno()
    head = _exactly(descriptor, 4, until)
    if head is None:
        return None
    (size,) = struct.unpack("!i", head)
    if size == -1:
        wide = _exactly(descriptor, 8, until)
        if wide is None:
            return None
        (size,) = struct.unpack("!Q", wide)
    if not 0 <= size <= most:
        raise NoAnswer(f"it announced {size} bytes")
    return _exactly(descriptor, size, until)


def _exactly(descriptor: int, size: int, until: float) -> bytes | None:
    parts: list[bytes] = []
    left = size
    while left:
        if not select.select([descriptor], [], [], max(until - time.monotonic(), 0.0))[0]:
            return None
        part = os.read(descriptor, min(left, _CHUNK))
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def checked(answer: bytes, trace: str) -> bytes:
    """An encoded answer about a trace, as it is; raises `NoAnswer` where it is none."""
    try:
        observed: Observed = decode_observed(answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise NoAnswer(f"it wrote something else: {error}") from error
    if observed.trace != trace:
        raise NoAnswer("it wrote the answer of another trace")
    return answer
