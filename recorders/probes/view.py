"""What an expression sees: the variables of one frame, read without touching it, and the work that it may still do.

Up to Python 3.12 `frame.f_locals` fills a dict that stays with the frame: it would keep values alive that the frame let
go of, and change what `locals()` gave the service. There single variables are read by `PyFrame_GetVar` (3.12). Since
3.13 it is a view of the frame itself (PEP 667).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Sequence
from types import CodeType, FrameType
from typing import Any, Final

from ..model.value_tree import ClassName
from .plain import MISSING, Unreadable, entry_in

STEPS: Final = 2_000
"""Items that one evaluation goes through at most: some milliseconds, where each has an expression of its own."""


class View:
    """The variables of a frame, and what evaluating may still cost. `next(view)` takes a step."""

    __slots__ = ("bound", "frame", "left")

    def __init__(self, frame: FrameType) -> None:
        self.frame = frame
        self.left = STEPS
        self.bound: dict[str, Any] = {}
        """Variables of comprehensions."""

    def __iter__(self) -> View:
        return self

    def __next__(self) -> int:
        self.left -= 1
        if self.left < 0:
            raise Unreadable(f"it takes more than {STEPS} steps")
        return self.left


Evaluate = Callable[[View], Any]


def _mapped(frame: FrameType, name: str) -> Any:
    return frame.f_locals[name]


def _reader() -> Callable[[FrameType, str], Any]:
    if sys.version_info[:2] != (3, 12):
        return _mapped
    get = ctypes.pythonapi.PyFrame_GetVar
    get.restype = ctypes.py_object
    get.argtypes = [ctypes.py_object, ctypes.py_object]
    return get


read_local: Final = _reader()
"""A local variable of a frame, or of a function around it; `KeyError` or `NameError` where it has no value."""


_KEEPERS: Final = frozenset({"locals", "vars", "dir", "eval", "exec", "_getframe", "currentframe", "f_locals"})
"""What a function names that may hold, or look at, the dict of its own local variables."""


def keeps_locals(code: CodeType) -> bool:
    """Whether a function may look at its local variables as a dict."""
    return not _KEEPERS.isdisjoint(code.co_names)


def all_locals(frame: FrameType, names: Sequence[str], *, kept: bool) -> list[tuple[str, Any]]:
    """The local variables of a frame that have a value.

    Up to Python 3.12 the interpreter's own dict of them is quicker by far than to ask for each. It is emptied again,
    where the function cannot hold it (`kept`), so that it keeps nothing alive.
    """
    if sys.version_info >= (3, 13):
        # A look-up in this view goes through all names. What a debugger added may have keys of any class.
        return [pair for pair in frame.f_locals.items() if type(pair[0]) is str and pair[0] in names]
    if not kept:
        found = frame.f_locals
        values = [(name, found[name]) for name in names if name in found]
        found.clear()
        return values
    values = []
    for name in names:
        try:
            values.append((name, read_local(frame, name)))
        except (KeyError, NameError):
            continue  # it has no value yet, or no more
    return values


def local_names(code: CodeType) -> tuple[str, ...]:
    """The variables that a function's frames have, arguments first."""
    return tuple(dict.fromkeys((*code.co_varnames, *code.co_cellvars, *code.co_freevars)))


def local(name: str) -> Evaluate:
    """What reads a local variable."""

    def read(view: View) -> Any:
        try:
            return read_local(view.frame, name)
        except (KeyError, NameError):
            raise Unreadable(f"{name} has no value yet") from None

    return read


def global_variable(name: str) -> Evaluate:
    """What reads a variable of the module."""

    def read(view: View) -> Any:
        found = entry_in(view.frame.f_globals, name)
        if found is MISSING:
            raise Unreadable(f"the module has no {name}")
        return found

    return read


def module_of(frame: FrameType) -> ClassName:
    """The name of the module whose code a frame runs."""
    found = entry_in(frame.f_globals, "__name__")
    return found if type(found) is str else "?"
