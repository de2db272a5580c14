"""Patches: each is made in one place and returns its own undo."""

from __future__ import annotations

import copy
import ctypes
import gc
import operator
import sys
import types
from collections.abc import Callable
from typing import Any, TypeAlias

from .capture.pickle_stubs import Global
from .capture.raw import full_name
from .capture.readers import known_readers
from .function_wrappers import BoundFunctionWrapper, FunctionWrapper

Undo: TypeAlias = Callable[[], None]
Wrapper: TypeAlias = Callable[[Any, Any, tuple[Any, ...], dict[str, Any]], Any]
"""`wrapper(wrapped, instance, args, kwargs)`, as wrapt calls it."""

_ABSENT = object()


def nothing() -> None:
    """The undo of what needs none."""


def replace(owner: Any, name: str, value: Any) -> Undo:
    """Set an attribute of a module or a class; the undo restores what `owner` itself held before."""
    before = vars(owner).get(name, _ABSENT)
    setattr(owner, name, value)

    def undo() -> None:
        if before is _ABSENT:
            delattr(owner, name)
        else:
            setattr(owner, name, before)

    return undo


class _PatchedMethod(BoundFunctionWrapper[Any, Any]):
    """A bound method of a patched function; copies and pickles are those of the method it stands for."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        function = self.__wrapped__
        if type(function) is not types.FunctionType:
            return function.__reduce_ex__(protocol)
        # A static method, or a method of the class: pickle would look for this very object, which is made at each look.
        owner, _, name = function.__qualname__.rpartition(".")
        return getattr, (operator.attrgetter(owner)(sys.modules[function.__module__]), name)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self.__wrapped__, memo)


class PatchedFunction(FunctionWrapper[Any, Any]):
    """A patched function; it pickles by name and copies as itself, like the function it stands for."""

    __bound_function_wrapper__ = _PatchedMethod

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __reduce_ex__(self, protocol: Any) -> Any:
        home = sys.modules.get(self.__wrapped__.__module__)
        name: str = self.__wrapped__.__qualname__
        if "." in name or getattr(home, name, None) is self:
            return name
        return operator.itemgetter(0), ((self.__wrapped__,),)  # `os.urandom` says that it is `posix.urandom`

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self


def _read_patched(value: Any) -> Any:
    """A patched function in captured state stands for the library's own, by its name."""
    function = value.__wrapped__
    return Global, (full_name(function.__module__, function.__qualname__),)


known_readers[id(PatchedFunction)] = known_readers[id(_PatchedMethod)] = _read_patched


def wrap(owner: Any, name: str, wrapper: Wrapper) -> Undo:
    """Wrap a callable where a module or class holds it.

    wrapt's proxies keep what a plain function would lose: a built-in function that a class holds as an attribute is
    still not bound to its instances, and signature, pickling name and `isinstance` answers stay those of the original.
    """
    return replace(owner, name, PatchedFunction(vars(owner)[name], wrapper))


def replace_static(cls: type, name: str, value: Any) -> Undo:
    """Set an attribute of a class written in C, which `setattr` refuses.

    The one way to see `datetime.now()` that leaves the class itself in place: a subclass put under its name would
    break pickling and `type(x) is datetime` in the service. The dict behind the read-only view is found through the
    garbage collector; `PyType_Modified` drops the interpreter's method caches (CPython, `Include/cpython/object.h`).
    """
    namespace = gc.get_referents(vars(cls))[0]
    before = namespace[name]

    def assign(entry: Any) -> None:
        namespace[name] = entry
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(cls))

    assign(value)
    return lambda: assign(before)


class Undos:
    """A stack of undos, run once, last first."""

    def __init__(self) -> None:
        self._undos: list[Undo] = []

    def __bool__(self) -> bool:
        return bool(self._undos)

    def add(self, undo: Undo) -> None:
        """Remember one."""
        self._undos.append(undo)

    def run(self) -> None:
        """Undo everything."""
        while self._undos:
            self._undos.pop()()
