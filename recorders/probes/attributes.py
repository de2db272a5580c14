"""What is read of an object under a name, as it is stored: no attribute is asked for."""

from __future__ import annotations

import collections
import datetime
import enum
import types
from typing import Any, Final

from ..capture.raw import class_name, dict_getter, inherits, is_instance, namespace_of_module, type_dict, type_mro
from .plain import MISSING, Unreadable, entry_in, found_in, name_of

_DUNDERS: Final = {
    "__name__": type.__dict__["__name__"].__get__,
    "__qualname__": type.__dict__["__qualname__"].__get__,
    "__module__": type.__dict__["__module__"].__get__,
}
"""Of classes."""

_C_FIELDS: Final[dict[int, frozenset[str]]] = {
    id(datetime.date): frozenset({"year", "month", "day"}),
    id(datetime.datetime): frozenset({"hour", "minute", "second", "microsecond", "tzinfo", "fold"}),
    id(datetime.time): frozenset({"hour", "minute", "second", "microsecond", "tzinfo", "fold"}),
    id(datetime.timedelta): frozenset({"days", "seconds", "microseconds"}),
    id(complex): frozenset({"real", "imag"}),
    id(BaseException): frozenset({"args", "__cause__", "__context__"}),
    id(OSError): frozenset({"errno", "strerror", "filename"}),
    id(KeyError): frozenset(),
}
"""Attributes that a class written in C computes by itself."""


def attribute_of(value: Any, name: str) -> Any:
    """What an object, a class or a module holds under a name, as it is stored; `MISSING` where there is nothing.

    A property, a method or another descriptor would run code: it is `Unreadable`, except where the instance itself
    keeps a value under that name, as mapped attributes of an ORM do.
    """
    cls = type(value)
    if inherits(cls, types.ModuleType):
        return entry_in(namespace_of_module(value), name)
    if inherits(cls, type):
        return _of_class(value, name)
    if name == "__class__":
        return cls
    owner, found = found_in(cls, name)
    if found is not MISSING:
        kind = type(found)
        if kind is types.MemberDescriptorType:
            return _slot(found, value)
        if kind is types.GetSetDescriptorType and name in _C_FIELDS.get(id(owner), ()):
            return found.__get__(value)
        if kind is property:
            raise Unreadable(f"{name} is a property of {name_of(value)}: it would run code")
    getter = dict_getter(cls)
    namespace = getter(value) if getter is not None else None
    if type(namespace) is dict:
        held = entry_in(namespace, name)
        if held is not MISSING:
            return held
    if found is MISSING:
        return MISSING
    return _named_item(value, cls, name) if _is_tuple_field(found) else _constant(found, name, name_of(value))


def _slot(found: Any, value: Any) -> Any:
    try:
        return found.__get__(value)
    except AttributeError:
        return MISSING


def _is_tuple_field(found: Any) -> bool:
    return type(found) is _tuple_getter


_tuple_getter: Final = type(vars(collections.namedtuple("_Pair", "left"))["left"])


def _named_item(value: Any, cls: Any, name: str) -> Any:
    for one in type_mro(cls):
        fields = type_dict(one).get("_fields")
        if type(fields) is tuple and is_instance(value, tuple):
            for at, field in enumerate(fields):
                if field is name or (type(field) is str and field == name):
                    return tuple.__getitem__(value, at)
    return MISSING


def _constant(found: Any, name: str, owner: str) -> Any:
    """A value that a class holds; a descriptor would run code."""
    if any("__get__" in type_dict(one) for one in type_mro(type(found))):
        what = "method" if any(type(found) is kind for kind in _FUNCTIONS) else "descriptor"
        raise Unreadable(f"{name} is a {what} of {owner}: it would run code")
    return found


_FUNCTIONS: Final = (types.FunctionType, staticmethod, classmethod, types.BuiltinFunctionType)


def _of_class(cls: Any, name: str) -> Any:
    if name in _DUNDERS:
        return _DUNDERS[name](cls)
    _owner, found = found_in(cls, name)
    if found is not MISSING and not any("__get__" in type_dict(one) for one in type_mro(type(found))):
        return found
    if inherits(cls, enum.Enum):
        members = type_dict(cls).get("_member_map_")
        if type(members) is dict and (member := entry_in(members, name)) is not MISSING:
            return member
    return MISSING if found is MISSING else _constant(found, name, class_name(cls))
