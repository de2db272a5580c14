"""Builders of callables: bound methods, `partial`, and what `operator` makes."""

from __future__ import annotations

import functools
import io
import operator
import random
import re
import struct
import types
from typing import Any

from ....recorders.capture.outside import VALUE_TYPES
from .protocol import TypeBuilder, exactly

METHODS_OF: tuple[type, ...] = (
    *VALUE_TYPES.values(),
    *(re.Pattern, re.Match, io.StringIO, io.BytesIO, struct.Struct, random.Random.__mro__[1]),
)
"""Types written in C whose methods do nothing beyond their object and their arguments."""

_OPERATORS = frozenset(
    {
        *("__getitem__", "__contains__", "__len__", "__iter__", "__next__", "__eq__", "__ne__", "__lt__", "__le__"),
        *("__gt__", "__ge__", "__add__", "__sub__", "__mul__", "__and__", "__or__", "__xor__", "__hash__", "__str__"),
        *("__repr__", "__setitem__", "__delitem__", "__call__"),
    }
)
"""Special methods that may be bound: none that reaches into an object by a name that it is given."""

_FRAMES = frozenset({"gi_frame", "cr_frame", "ag_frame", "tb_frame", "f_globals", "f_builtins", "f_locals", "f_back"})


def _bound(receiver: Any, name: str) -> types.MethodType:
    """The method of that name, bound to an object or a class; raises `LookupError` where there is none any more."""
    exactly(str, name)
    classes = receiver.__mro__ if isinstance(receiver, type) else type(receiver).__mro__
    for cls in classes:
        for one in (name, f"_{cls.__name__.lstrip('_')}{name}"):
            found = vars(cls).get(one)
            function = found.__func__ if isinstance(found, classmethod) else found
            if type(function) is types.FunctionType:
                return types.MethodType(function, receiver)
    raise LookupError(f"its class has no method {name!r} any more")


def _builtin_bound(receiver: Any, name: str) -> Any:
    """A method that is written in C, of a type that is known, past everything that a class below it defines."""
    exactly(str, name)
    if name.startswith("_") and name not in _OPERATORS:
        raise LookupError(f"refused to bind {name!r}")
    for cls in type.__dict__["__mro__"].__get__(type(receiver)):
        if any(cls is known for known in METHODS_OF):
            found = vars(cls).get(name)
            if type(found) in (types.MethodDescriptorType, types.WrapperDescriptorType):
                return found.__get__(receiver)
    raise LookupError(f"a {type(receiver).__name__} has no such method {name!r} that is known to do no harm")


def _operator(name: str, given: Any, named: Any) -> Any:
    """An `itemgetter`, `attrgetter` or `methodcaller`; none that reaches for what an interpreter hides behind names."""
    exactly(tuple, given)
    if name == "itemgetter":
        return operator.itemgetter(*given)
    asked = given if name == "attrgetter" else given[:1]
    for part in asked:
        if any(step.startswith("__") or step in _FRAMES for step in exactly(str, part).split(".")):
            raise LookupError(f"refused to reach for {part!r}")
    if name == "attrgetter":
        return operator.attrgetter(*given)
    if name == "methodcaller":
        return operator.methodcaller(*given, **exactly(dict, named))
    raise LookupError(f"operator has no {name!r} that is known")


def _cached(function: Any, most: Any, typed: Any) -> Any:
    """With nothing kept yet: a replay starts cold."""
    if not callable(function):
        raise TypeError("it is nothing to call")
    most = exactly(int, most) if most is not None else None
    return functools.lru_cache(most, exactly(bool, typed))(function)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("method", _bound),
    TypeBuilder("builtinmethod", _builtin_bound),
    TypeBuilder(
        "partial",
        lambda function, args, keywords: functools.partial(function, *exactly(tuple, args), **exactly(dict, keywords)),
    ),
    TypeBuilder("operator", _operator),
    TypeBuilder("cached", _cached),
)
"""One a kind."""
