"""What a value tree holds by name alone: classes, functions and modules, and what stands under the name of one."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

from ..pickle_stubs import Global, Opaque, Standard
from ..raw import class_name, content_of, find_loaded, full_name, namespace_of, namespace_of_module, text
from .callables import bound_parts, is_bound_to_value

Reduced: TypeAlias = Any


def read_function(value: Any) -> Reduced:
    """A function, by its module and qualified name."""
    return Global, (full_name(value.__module__, value.__qualname__),)


def _read_built_in(value: Any) -> Reduced:
    """A function written in C, or a method of some object: its own `__qualname__` would ask the object's class."""
    held = value.__self__
    if held is None or type(held) is types.ModuleType:
        return read_function(value)
    if is_bound_to_value(value):
        return Standard, ("builtinmethod", *bound_parts(value))
    return Global, (f"{class_name(held)}.{value.__name__}",)


def _read_descriptor(value: Any) -> Reduced:
    """A method of a class that is written in C: `str.upper`."""
    return Global, (f"{class_name(value.__objclass__)}.{value.__name__}",)


def _read_cached(value: Any) -> Reduced:
    """What `functools.cache` made, where it stands under the name of the function; else nobody finds it again."""
    namespace = namespace_of(value) or {}
    name = full_name(namespace.get("__module__"), namespace.get("__qualname__"))
    if find_loaded(name) is value:
        return Global, (name,)
    wrapped, kept = namespace.get("__wrapped__"), _kept(namespace.get("cache_parameters"))
    if wrapped is None or kept is None:
        return Opaque, (class_name(type(value)), "no name leads to it")
    return Standard, ("cached", wrapped, *kept)


def _kept(parameters: Any) -> tuple[Any, ...] | None:
    """(most results that are kept, whether arguments of several types are distinguished), as `functools` keeps them."""
    if type(parameters) is not types.FunctionType or parameters.__code__.co_freevars != ("maxsize", "typed"):
        return None
    found = tuple([content_of(cell) for cell in parameters.__closure__ or ()])
    return found if type(found[1]) is bool and type(found[0]) in (int, type(None)) else None


def _read_module(value: types.ModuleType) -> Reduced:
    """A module, where it stands under its name: `json:`."""
    name = text(namespace_of_module(value).get("__name__"))
    if name is None or sys.modules.get(name) is not value:
        return Opaque, (class_name(type(value)), "it is not the module that stands under its name")
    return Global, (f"{name}:",)


READERS: dict[type | str, Callable[[Any], Reduced]] = {
    types.FunctionType: read_function,
    types.ModuleType: _read_module,
    types.BuiltinFunctionType: _read_built_in,
    types.MethodDescriptorType: _read_descriptor,
    types.WrapperDescriptorType: _read_descriptor,
    types.ClassMethodDescriptorType: _read_descriptor,
    type(lru_cache(lambda: None)): _read_cached,
}
"""Types of these values → their reader."""
