"""The caller of a function that looks at its caller: its name, its module, and its local variables.

Templates that use the caller's names, and messages that name it, ask the interpreter for the frame below
(`sys._getframe`, `inspect.stack`). Such an entry cannot be called again without one.
"""

from __future__ import annotations

from types import CodeType, FrameType
from typing import Any, Final

LOOKING: Final = frozenset({"_getframe", "currentframe", "f_back", "stack", "getouterframes", "getframeinfo"})
"""Names that code uses which looks at frames."""

LOCALS_LIMIT: Final = 50
"""Local variables of a caller that are kept."""


def looks_at_callers(code: CodeType) -> bool:
    """Whether the code of a function names something that leads to its caller's frame."""
    return not LOOKING.isdisjoint(code.co_names)


def caller_of(frame: FrameType) -> dict[str, Any] | None:
    """What the function of a frame can see of its caller: `name`, `module`, `locals`; `None` where C code called.

    Of a module that calls, the variables are those of the whole program, and left out.
    """
    caller = frame.f_back
    if caller is None:
        return None
    names: dict[str, Any] = {}
    if caller.f_code.co_name != "<module>":
        names = dict(list(dict(caller.f_locals).items())[:LOCALS_LIMIT])
    module = caller.f_globals.get("__name__")
    return {
        "name": caller.f_code.co_name,
        "module": module if type(module) is str else "",
        "file": caller.f_code.co_filename,
        "locals": names,
    }
