"""Builders of streams: what was left in them, in memory; the standard ones are those of the replay."""

from __future__ import annotations

import io
import sys
from typing import Any

from .protocol import TypeBuilder, exactly

_STANDARD = frozenset({"stdout", "stderr", "stdin"})


def _at(made: Any, position: int) -> Any:
    """A stream at a position, at its end where the position lies beyond: what is written there would fill the gap."""
    end = made.seek(0, io.SEEK_END)
    made.seek(min(exactly(int, position), end))
    return made


def _standard(name: str) -> Any:
    if name not in _STANDARD:
        raise ValueError(f"{name!r} is no standard stream")
    return getattr(sys, name)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("textstream", lambda text, position: _at(io.StringIO(exactly(str, text)), position)),
    TypeBuilder("bytestream", lambda data, position: _at(io.BytesIO(exactly(bytes, data)), position)),
    TypeBuilder("standardstream", _standard),
)
"""One a kind."""
