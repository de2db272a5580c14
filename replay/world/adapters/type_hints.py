"""Builders of type hints."""

from __future__ import annotations

import functools
import operator
import types
import typing
from typing import Any

from .protocol import TypeBuilder, exactly

_hints: Any = typing


def _named(name: str) -> Any:
    """A form or an alias that `typing` itself holds."""
    found = vars(typing).get(exactly(str, name))
    if not isinstance(found, (_hints._SpecialForm, _hints._BaseGenericAlias)):
        raise ValueError(f"typing has no form {name!r}")
    return found


_LITERALS = frozenset({type(None), bool, int, str, bytes})


def _alias(name: Any, origin: Any, args: Any) -> Any:
    """`typing.List[int]`, `Optional[X]`, `Callable[[int], str]`: put together, not asked for by its name."""
    if args is None:
        return _named(name)
    if exactly(tuple, args) and origin is typing.Union:
        return typing.Union[args]  # noqa: UP007 - it is what was recorded
    if origin is typing.Literal and all(type(part) in _LITERALS for part in args):
        return typing.Literal[args]
    if name is not None:
        exactly(str, name)
    special = vars(typing).get(name) if name is not None else None
    if isinstance(special, _hints._BaseGenericAlias):
        return special.copy_with(args)
    return _hints._GenericAlias(origin, args, name=name)


def _generic(origin: Any, args: Any) -> types.GenericAlias:
    if not isinstance(origin, type):
        raise TypeError("it is an alias of no class")
    return types.GenericAlias(origin, exactly(tuple, args))


def _union(args: Any) -> Any:
    for part in exactly(tuple, args):
        if type(type(part)) is not type and type(part) is not types.GenericAlias:
            raise TypeError("it is a union of no types")
    return functools.reduce(operator.or_, args)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("genericalias", _generic),
    TypeBuilder("union", _union),
    TypeBuilder("typingform", _named),
    TypeBuilder("typingalias", _alias),
)
"""One a kind."""
