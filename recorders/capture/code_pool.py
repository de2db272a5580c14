"""The code of a module's functions, those inside others too, by qualified name: as far as the module leads to it.

A function that was made by a call has no name that leads to it, but its code lies among the constants of the code that
made it (`co_consts`). Everything is read raw, so that nothing of the module runs.
"""

from __future__ import annotations

import functools
from _blake2 import blake2b  # what `hashlib` gives, which loads OpenSSL besides
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, TypeAlias

from .raw import content_of, is_instance, namespace_of, namespace_of_module, type_dict, type_module

Pool: TypeAlias = dict[str, list[CodeType]]
"""Qualified name → the code objects of that name, in the order of the source."""

LOOKED_AT: Final = 20_000
"""Functions, classes and contents of closures of one module that are looked at."""

_code = FunctionType.__dict__["__code__"].__get__
_globals = FunctionType.__dict__["__globals__"].__get__
_closure = FunctionType.__dict__["__closure__"].__get__
_function_dict = FunctionType.__dict__["__dict__"].__get__


def pool_of(module: ModuleType, more: Iterable[FunctionType] = ()) -> Pool:
    """The code of a module; `more` are functions of it that it may not lead to itself."""
    namespace = namespace_of_module(module)
    found: dict[int, CodeType] = {}
    for function in (*_functions(namespace), *more):
        if _globals(function) is namespace:
            _add(_code(function), found)
    pool: Pool = {}
    for code in sorted(found.values(), key=lambda code: code.co_firstlineno):
        pool.setdefault(code.co_qualname, []).append(code)
    return pool


def _add(code: CodeType, found: dict[int, CodeType]) -> None:
    """A code object and those inside it, in the order in which they are made."""
    if id(code) in found:
        return
    found[id(code)] = code
    for constant in code.co_consts:
        if type(constant) is CodeType:
            _add(constant, found)


def _functions(namespace: dict[str, Any]) -> Iterator[FunctionType]:
    """The functions that a module leads to: by its names, its classes, what decorators wrapped, and closures."""
    seen: dict[int, Any] = {}
    waiting: list[Any] = list(namespace.values())
    for value in waiting:  # which grows meanwhile
        if id(value) in seen or len(seen) > LOOKED_AT:
            continue
        seen[id(value)] = value
        if type(value) is FunctionType:
            yield value
            waiting.extend(content_of(cell) for cell in _closure(value) or ())
            waiting.append(_function_dict(value).get("__wrapped__"))
        elif is_instance(value, type):
            if type_module(value) == namespace.get("__name__"):
                waiting.extend(list(type_dict(value).values()))
        else:
            waiting.extend(_inside(value))


def _inside(value: Any) -> tuple[Any, ...]:
    """The functions that something stands in front of, or holds as attributes of its own."""
    cls = type(value)
    if cls is staticmethod or cls is classmethod:
        return (value.__func__,)
    if cls is property:
        return value.fget, value.fset, value.fdel
    if cls is functools.cached_property:
        return (value.func,)
    if cls is list or cls is tuple:
        return tuple(value)
    if cls is dict:
        return tuple(value.values())
    if cls is functools.partial:
        return (value.func,)
    wrapped = (namespace_of(value) or {}).get("__wrapped__")
    return (wrapped,) if wrapped is not None else ()


def code_digest(code: CodeType) -> str:
    """What a code object does, without where it stands: equal for equal source, on one interpreter."""
    state = blake2b(digest_size=12)
    _digest(code, state)
    return state.hexdigest()


def _digest(code: CodeType, state: Any) -> None:
    parts = (code.co_name, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_names, code.co_flags)
    state.update(repr(parts).encode("utf-8", "surrogatepass"))
    state.update(code.co_code)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            _digest(constant, state)
        else:
            state.update(_constant(constant).encode("utf-8", "surrogatepass"))


def _constant(value: Any) -> str:
    """A constant in words; the order of a set is not its own."""
    return repr(sorted(map(repr, value))) if type(value) is frozenset else f"{type(value).__name__} {value!r}"
