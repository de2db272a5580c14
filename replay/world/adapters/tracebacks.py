"""Builders of tracebacks: of frames of code that does nothing, under the recorded names."""

from __future__ import annotations

import sys
import types
from typing import Any

from .protocol import TypeBuilder, exactly

CALLS_LIMIT = 1_000
"""Calls of a traceback that are built."""

_SOURCE = "frame = frame()"


def _frame(file: str, name: str) -> types.FrameType:
    """A frame that has ended, of a function with that name in that file."""
    code = compile(_SOURCE, exactly(str, file), "exec").replace(co_name=exactly(str, name), co_qualname=name)
    names: dict[str, Any] = {"frame": lambda: sys._getframe(1), "__builtins__": {}}
    exec(code, names)
    found: types.FrameType = names["frame"]
    found.clear()
    return found


def _traceback(calls: Any) -> types.TracebackType:
    made: types.TracebackType | None = None
    if not 0 < len(exactly(list, calls)) <= CALLS_LIMIT:
        raise ValueError(f"a traceback of {len(calls)} calls")
    for call in reversed(calls):
        file, name, line = exactly(tuple, call)
        made = types.TracebackType(made, _frame(file, name), -1, exactly(int, line))
    assert made is not None
    return made


BUILDERS: tuple[TypeBuilder, ...] = (TypeBuilder("traceback", _traceback),)
"""One. What is written of it has the recorded names and lines, without the marks below a part of a line."""
