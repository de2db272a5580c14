"""Type hints as values: `list[int]`, `int | None`, `Optional[X]`, the special forms of `typing`."""

from __future__ import annotations

import types
import typing
from typing import Any

from ..raw import find_loaded, inherits, namespace_of, text, type_dict, type_mro
from .protocol import TypeAdapter, Unreadable

_alias_origin = vars(types.GenericAlias)["__origin__"].__get__
_alias_args = vars(types.GenericAlias)["__args__"].__get__
_union_args = vars(types.UnionType)["__args__"].__get__
_hints: Any = typing
_SPECIAL = _hints._SpecialForm


def name_in_typing(value: Any) -> str:
    """The name under which `typing` holds a form or an alias; empty where it holds another there, or none."""
    name = text((namespace_of(value) or {}).get("_name")) or _slot(value, "_name")
    return name if name and find_loaded(f"typing:{name}") is value else ""


def _slot(value: Any, name: str) -> str:
    for cls in type_mro(type(value)):
        found = type_dict(cls).get(name)
        if type(found) is types.MemberDescriptorType:
            return text(found.__get__(value)) or ""
    return ""


def _is_form(cls: type) -> bool:
    return inherits(cls, _SPECIAL) and type_dict(cls).get("__module__") == "typing"


def _form(value: Any) -> tuple[Any, ...]:
    name = name_in_typing(value)
    if not name:
        raise Unreadable("no name leads to it")
    return (name,)


_ALIASES = tuple(
    cls
    for cls in vars(typing).values()
    if isinstance(cls, type) and issubclass(cls, _hints._BaseGenericAlias) and cls is not _hints._AnnotatedAlias
)
"""Those that are a name, an origin and arguments. `Annotated` has metadata too, and is an object like any other."""


def _is_alias(cls: type) -> bool:
    return any(cls is alias for alias in _ALIASES)


def _alias(value: Any) -> tuple[Any, ...]:
    """(name, what it is an alias of, its arguments); no arguments where `typing` holds it as it is: `typing.List`."""
    namespace = namespace_of(value) or {}
    name = name_in_typing(value)
    if name:
        return name, None, None
    if "__args__" not in namespace:
        raise Unreadable("no name leads to it")
    return text(namespace.get("_name")), namespace.get("__origin__"), namespace["__args__"]


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("genericalias", (types.GenericAlias,), lambda v: (_alias_origin(v), _alias_args(v))),
    TypeAdapter("union", (types.UnionType,), lambda v: (_union_args(v),)),
    TypeAdapter("typingform", (), _form, accepts=_is_form),
    TypeAdapter("typingalias", (), _alias, accepts=_is_alias),
)
"""One a type, or a family of types of `typing`."""
