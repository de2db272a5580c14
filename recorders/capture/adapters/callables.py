"""Callables that are more than a name: bound methods, `partial`, and what `operator` makes."""

from __future__ import annotations

import functools
import operator
import types
from typing import Any

from ..raw import inherits
from .protocol import TypeAdapter, Unreadable

_methodcaller: Any = operator.methodcaller
_partial_func = vars(functools.partial)["func"].__get__
_partial_args = vars(functools.partial)["args"].__get__
_partial_keywords = vars(functools.partial)["keywords"].__get__
_method_self = vars(types.MethodType)["__self__"].__get__
_method_function = vars(types.MethodType)["__func__"].__get__
_function_name = vars(types.FunctionType)["__name__"].__get__
_wrapper_self = vars(types.MethodWrapperType)["__self__"].__get__
_wrapper_name = vars(types.MethodWrapperType)["__name__"].__get__


def _method(value: types.MethodType) -> tuple[Any, ...]:
    function = _method_function(value)
    if type(function) is not types.FunctionType:
        raise Unreadable("what it is bound to is no plain function")
    return _method_self(value), _function_name(function)


def _partial(value: Any) -> tuple[Any, ...]:
    return _partial_func(value), _partial_args(value), _partial_keywords(value)


def _wrapper(value: Any) -> tuple[Any, ...]:
    return _wrapper_self(value), _wrapper_name(value)


def is_bound_to_value(value: types.BuiltinMethodType) -> bool:
    """Whether a callable written in C is a method of some object: `lines.append`, not of a module or a class."""
    held = value.__self__
    return held is not None and type(held) is not types.ModuleType and not inherits(type(held), type)


def bound_parts(value: types.BuiltinMethodType) -> tuple[Any, ...]:
    """The parts of a method of an object that is written in C."""
    return value.__self__, value.__name__


def _getter(value: Any) -> tuple[Any, ...]:
    cls: Any = type(value)
    return cls.__name__, cls.__reduce__(value)[1], {}


def _caller(value: Any) -> tuple[Any, ...]:
    made, given = _methodcaller.__reduce__(value)
    if type(made) is functools.partial:  # with arguments by name
        return "methodcaller", (*_partial_args(made), *given), _partial_keywords(made)
    return "methodcaller", given, {}


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("method", (types.MethodType,), _method),
    TypeAdapter("partial", (functools.partial,), _partial, is_mutable=True),  # one equals only itself
    TypeAdapter("builtinmethod", (types.MethodWrapperType,), _wrapper),
    TypeAdapter("operator", (operator.itemgetter, operator.attrgetter), _getter),
    TypeAdapter("operator", (operator.methodcaller,), _caller),
)
"""One a type. What is known by its name is in `names`."""
