"""Jobs for tests of what processes keep: nothing is put back for them."""

from __future__ import annotations

import msgspec

from pytest_runtime.recorders.model.trace import decode_trace, encode_trace


def without_state(data: bytes) -> bytes:
    """A stored trace that says nothing of the state that it found."""
    return encode_trace(msgspec.structs.replace(decode_trace(data), state=[]))
