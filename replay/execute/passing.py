"""Descriptors passed from one process to another, over a Unix socket that connects them (unix(7), `SCM_RIGHTS`)."""

from __future__ import annotations

import os
from socket import recv_fds, send_fds, socket  # taken here: code under test may put others in their place

_MARK = b"d"
"""Ancillary data travels with at least one byte."""


def pass_descriptors(over: int, *descriptors: int) -> None:
    """Send descriptors over that of a socket; they stay open here. Raises `OSError`."""
    with socket(fileno=os.dup(over)) as sending:
        send_fds(sending, [_MARK], descriptors)


def received_descriptors(over: int, count: int) -> list[int]:
    """Descriptors that were sent over that of a socket. Raises `OSError`, `EOFError` where the other side is gone."""
    with socket(fileno=os.dup(over)) as receiving:
        message, descriptors, _flags, _address = recv_fds(receiving, len(_MARK), count)
    if not message or len(descriptors) != count:
        for descriptor in descriptors:
            os.close(descriptor)
        raise EOFError
    return descriptors
