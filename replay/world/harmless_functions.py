"""Functions outside the included packages that a value may refer to: those that do nothing beyond their arguments.

A baseline hands such a reference to the code under test, which calls it with whatever it has. So no function is found
that reads or writes the world, imports, evaluates text, or reaches into an object by a name that it is given.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable
from typing import Any, Final

from ...recorders.capture.outside import VALUE_TYPES
from ...recorders.capture.raw import full_name
from ...recorders.model.full_names import split_name

_BUILTINS: Final = frozenset(
    {
        *("abs", "all", "any", "ascii", "bin", "callable", "chr", "divmod", "format", "hash", "hex", "id"),
        *("isinstance", "issubclass", "iter", "len", "max", "min", "next", "oct", "ord", "pow", "repr", "round"),
        *("sorted", "sum"),
        *("classmethod", "enumerate", "filter", "map", "property", "reversed", "staticmethod", "zip", "NotImplemented"),
    }
)

_MODULES: Final = frozenset(
    {
        *("math", "cmath", "_operator", "operator", "_bisect", "bisect", "_heapq", "heapq", "statistics", "numbers"),
        *("itertools", "binascii", "base64", "html", "string", "textwrap", "unicodedata", "colorsys", "zlib"),
        *("json", "urllib.parse", "posixpath", "ntpath", "fnmatch", "shlex", "keyword", "calendar"),
        *("re", "_struct", "ipaddress", "uuid", "difflib", "quopri", "dataclasses"),
    }
)
"""Modules of the standard library of which every function does no more than compute."""

_NOT: Final = frozenset(
    {
        *("operator:call", "_operator:call"),
        *(
            "posixpath:expandvars",
            "posixpath:realpath",
            "posixpath:ismount",
            "posixpath:expanduser",
            "posixpath:lexists",
        ),
        *("ntpath:expandvars", "ntpath:realpath", "ntpath:ismount", "ntpath:expanduser", "ntpath:lexists"),
        *("dataclasses:make_dataclass", "dataclasses:dataclass", "dataclasses:_create_fn", "json:load", "json:dump"),
        *("uuid:uuid1", "uuid:uuid4", "uuid:getnode", "uuid:main", "base64:main", "base64:encode", "base64:decode"),
        *("base64:test", "calendar:main", "quopri:main", "quopri:encode", "quopri:decode", "difflib:_test"),
        *("posixpath:isjunction", "ntpath:isjunction", "ntpath:isdevdrive", "calendar:setfirstweekday"),
    }
)
"""Those of them that do not: they read the system, the files or the clock, or make code."""

_C_FUNCTIONS: Final = (types.BuiltinFunctionType,)
_METHODS: Final = (types.MethodDescriptorType, types.ClassMethodDescriptorType, types.BuiltinMethodType)


def harmless(name: str, found: Any) -> Callable[..., Any] | None:
    """The function that was found under a name, where it does nothing beyond its arguments; else `None`."""
    module, qualname = split_name(name)
    if module == "builtins" and qualname in _BUILTINS:
        function: Callable[..., Any] = vars(builtins)[qualname]
        return function
    owner, _, method = qualname.rpartition(".")
    if owner:
        return _method(f"{module}:{owner}", method, found)
    if module not in _MODULES or name in _NOT or qualname.startswith("_"):
        return None
    is_its_own = (
        isinstance(found, (*_C_FUNCTIONS, types.FunctionType))
        and full_name(found.__module__, found.__qualname__) == name
    )
    return found if is_its_own else None


def _method(cls: str, name: str, found: Any) -> Callable[..., Any] | None:
    """A method of a value type, written in C: `str.upper`, `dict.fromkeys`."""
    owner = VALUE_TYPES.get(cls)
    if owner is None or name.startswith("_") or not isinstance(found, _METHODS):
        return None
    return getattr(owner, name) if isinstance(found, types.ClassMethodDescriptorType) else found
