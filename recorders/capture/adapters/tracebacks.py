"""Tracebacks: where an exception came from, as names, files and lines.

What the frames hold is not looked into.
"""

from __future__ import annotations

import types
from typing import Any, Final

from .protocol import TypeAdapter, Unreadable

ENTRIES_LIMIT: Final = 200
"""Calls that are kept of one traceback; a recursion that went too deep has a thousand alike."""

_next = vars(types.TracebackType)["tb_next"].__get__
_frame = vars(types.TracebackType)["tb_frame"].__get__
_line = vars(types.TracebackType)["tb_lineno"].__get__
_code = vars(types.FrameType)["f_code"].__get__


def _parts(traceback: Any) -> tuple[Any, ...]:
    calls: list[tuple[str, str, int]] = []
    while traceback is not None:
        if len(calls) == ENTRIES_LIMIT:
            raise Unreadable(f"it has more than {ENTRIES_LIMIT} calls")
        code = _code(_frame(traceback))
        calls.append((code.co_filename, code.co_name, _line(traceback) or 0))
        traceback = _next(traceback)
    return (calls,)


ADAPTERS: tuple[TypeAdapter, ...] = (TypeAdapter("traceback", (types.TracebackType,), _parts),)
"""One. Two tracebacks are never compared: a line that moved is no behaviour."""
