"""Functions that no name leads to, as data: whose code it is, and what it closes over.

A replay finds the code in the code under test, where it lies among the constants of what made the function, and puts
the function together again with the contents of its closure, its defaults and its attributes.
"""

from __future__ import annotations

import sys
import types
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any, TypeAlias

from .call_arguments import locals_of
from .code_pool import Pool, code_digest, pool_of
from .pickle_stubs import Standard
from .raw import find_loaded, full_name, is_instance, namespace_of_module, text

Reduced: TypeAlias = Any

FUNCTION, CELL = "function", "cell"
"""Kinds of their nodes; both keep sharing, and may contain themselves."""

TRIES = 3
"""Times that code is looked for in a module that does not lead to it: it may not have been loaded to its end."""

_code = FunctionType.__dict__["__code__"].__get__
_globals = FunctionType.__dict__["__globals__"].__get__
_closure = FunctionType.__dict__["__closure__"].__get__
_defaults = FunctionType.__dict__["__defaults__"].__get__
_named_defaults = FunctionType.__dict__["__kwdefaults__"].__get__
_dict = FunctionType.__dict__["__dict__"].__get__
_spelled = {name: FunctionType.__dict__[name].__get__ for name in ("__name__", "__qualname__")}

_positions: dict[int, tuple[CodeType, int, str]] = {}
"""By the id of a code object, which is kept alive: (itself, its position, its digest)."""
_tries: dict[int, tuple[CodeType, int]] = {}
_pools: dict[int, tuple[ModuleType, Pool]] = {}


def local_function(function: FunctionType) -> Reduced | None:
    """What a function is frozen as that no name leads to; `None` where its name does, or its module is not known."""
    namespace = _globals(function)
    name = text(namespace.get("__name__"))
    module = sys.modules.get(name) if name is not None else None
    if not is_instance(module, ModuleType) or namespace_of_module(module) is not namespace:
        return None
    if _is_named(function):
        return None
    code = _code(function)
    cells = _closure(function) or ()
    return _standard(
        module,  # type: ignore[arg-type]  # `is_instance` is not known to narrow
        code,
        dict(zip(code.co_freevars, cells, strict=True)),
        _defaults(function),
        _named_defaults(function),
        _dict(function),
        {key: get(function) for key, get in _spelled.items()},
    )


def running_function(code: CodeType, frame: FrameType) -> Standard | None:
    """The function whose frame has just started, as far as that knows it; `None` where nobody will find its code again.
    Its defaults are not known, and not needed: its frame has all arguments."""
    name = text(frame.f_globals.get("__name__"))
    module = sys.modules.get(name) if name is not None else None
    if type(module) is not ModuleType or _position(module, code)[0] < 0:
        return None
    values = locals_of(frame) if code.co_freevars else {}
    cells = {name: values[name] for name in code.co_freevars if name in values}
    return Standard(FUNCTION, *_standard(module, code, cells, None, None, {}, {})[2])


def _is_named(function: FunctionType) -> bool:
    """Whether the name of a function leads to it, or to what a class holds it in."""
    found = find_loaded(full_name(function.__module__, function.__qualname__))
    if type(found) is staticmethod or type(found) is classmethod:
        found = found.__func__
    return found is function


def _standard(
    module: ModuleType,
    code: CodeType,
    cells: dict[str, Any],
    defaults: Any,
    named_defaults: Any,
    attributes: dict[str, Any],
    spelled: dict[str, Any],
) -> Reduced:
    position, digest = _position(module, code)
    takes = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    written = {"__name__": code.co_name, "__qualname__": code.co_qualname}
    other = {name: text(value) for name, value in spelled.items() if text(value) != written[name]}
    name = full_name(namespace_of_module(module).get("__name__"), code.co_qualname)
    state = (name, position, digest, takes, cells, defaults, named_defaults, dict(attributes), other)
    return Standard, (FUNCTION,), state


def _position(module: ModuleType, code: CodeType) -> tuple[int, str]:
    """(position among the code of its name in its module, or -1 where that does not lead to it; digest)."""
    known = _positions.get(id(code))
    if known is not None:
        return known[1:]
    tries = _tries.get(id(code), (code, 0))[1]
    if tries >= TRIES:
        return -1, code_digest(code)
    _tries[id(code)] = code, tries + 1
    pool = _pools.get(id(module))
    places = _places(pool[1], code) if pool is not None else []
    if not places:
        found = pool_of(module)
        _pools[id(module)] = module, found
        places = _places(found, code)
    if not places:
        return -1, code_digest(code)
    _positions[id(code)] = code, places[0], code_digest(code)
    return _positions[id(code)][1:]


def _places(pool: Pool, code: CodeType) -> list[int]:
    return [place for place, one in enumerate(pool.get(code.co_qualname, ())) if one is code]


def read_cell(cell: types.CellType) -> Reduced:
    """What a cell holds; nothing while it is not filled."""
    try:
        return Standard, (CELL,), (cell.cell_contents,)
    except ValueError:
        return Standard, (CELL,), ()
