"""Immutable values of the standard library: numbers, moments, paths, patterns, addresses.

They may hold values of the service's, such as an `int` of its own in a `UUID`. These are handed on as they are, or
divided by functions that are named with the built-in class.
"""

from __future__ import annotations

import datetime
import re
import struct
import sys
import types
from collections.abc import Callable
from typing import Any, Final

from ..raw import inherits, is_instance, text, type_dict, type_mro, type_qualname
from .protocol import TypeAdapter, Unreadable


def _datetime(value: datetime.datetime) -> tuple[Any, ...]:
    date = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return (*date, value.fold, value.tzinfo)


def _time(value: datetime.time) -> tuple[Any, ...]:
    return (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)


PATHS: Final = tuple(
    f"{home}:{name}"
    for home in ("pathlib", "pathlib._local")
    for name in ("PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath")
)
"""In Python 3.13 the classes name `pathlib._local` as their module."""


def _path(value: Any) -> tuple[Any, ...]:
    # From Python 3.12 on a path keeps what it was made of, and puts it together when it is asked for its text.
    parts = attribute_of(value, "_raw_paths")
    if parts is not None and not all(type(part) is str for part in parts):
        raise Unreadable("it was made of strings of a class of its own")
    return type_qualname(type(value)), str(value)


def _zone(value: Any) -> tuple[Any, ...]:
    key: Any = value.key
    if type(key) is not str or not key:
        raise Unreadable("it has no key")
    return (key,)


def uuid_number(value: Any) -> int:
    """The number of a UUID, which may be of a class that extends `int`; raises `TypeError` where it is none."""
    number: Any = attribute_of(value, "int")
    return int.__int__(number)


def _match(value: re.Match[Any]) -> tuple[Any, ...]:
    return value.re, value.string, value.pos, value.endpos, value.regs


def attribute_of(value: Any, name: str) -> Any:
    """An attribute of an instance, in a slot or in the `__dict__`; `None` where it is not filled."""
    for cls in type_mro(type(value)):
        found = type_dict(cls).get(name)
        if type(found) is types.MemberDescriptorType:
            try:
                return found.__get__(value)
            except AttributeError:
                return None
        space = type_dict(cls).get("__dict__")
        if type(space) is types.GetSetDescriptorType:
            held = space.__get__(value)
            if type(held) is dict and name in held:
                return held[name]
    return None


def _address(value: Any) -> tuple[Any, ...]:
    return text(type_qualname(type(value))), attribute_of(value, "_ip"), None, attribute_of(value, "_scope_id")


def _interface(value: Any) -> tuple[Any, ...]:
    name, number, _length, scope = _address(value)
    return name, number, attribute_of(value, "_prefixlen"), scope


def _network(value: Any) -> tuple[Any, ...]:
    first = attribute_of(value, "network_address")
    return text(type_qualname(type(value))), attribute_of(first, "_ip"), attribute_of(value, "_prefixlen"), None


def _is_structure(cls: type) -> bool:
    """Whether a class is one of the tuples with names that are written in C (`PyStructSequence`)."""
    space = type_dict(cls)
    return (
        inherits(cls, tuple)
        and type(space.get("n_unnamed_fields")) is int
        and type(space.get("__reduce__")) is types.MethodDescriptorType
        and type(space.get("__new__")) is types.BuiltinMethodType
    )


def _structure(value: Any) -> tuple[Any, ...]:
    cls = type(value)
    if is_instance(value, type(sys.flags)):
        raise Unreadable("no other one can be made")
    _cls, parts = type_dict(cls)["__reduce__"](value)
    module = type_dict(cls).get("__module__")
    return f"{text(module) or '?'}:{text(type_qualname(cls))}", *parts


def _adapter(kind: str, cls: type, parts: Callable[[Any], tuple[Any, ...]]) -> TypeAdapter:
    return TypeAdapter(kind, (cls,), parts)


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("decimal", ("decimal:Decimal",), lambda v: (str(v),)),
    TypeAdapter(
        "fraction", ("fractions:Fraction",), lambda v: (attribute_of(v, "_numerator"), attribute_of(v, "_denominator"))
    ),
    _adapter("complex", complex, lambda v: (v.real, v.imag)),
    _adapter("datetime", datetime.datetime, _datetime),
    _adapter("date", datetime.date, lambda v: (v.year, v.month, v.day)),
    _adapter("time", datetime.time, _time),
    _adapter("timedelta", datetime.timedelta, lambda v: (v.days, v.seconds, v.microseconds)),
    _adapter("timezone", datetime.timezone, lambda v: v.__getinitargs__()),
    TypeAdapter("zoneinfo", ("zoneinfo:ZoneInfo",), _zone),
    TypeAdapter("uuid", ("uuid:UUID",), lambda v: (f"{uuid_number(v):032x}",)),
    _adapter("range", range, lambda v: (v.start, v.stop, v.step)),
    _adapter("slice", slice, lambda v: (v.start, v.stop, v.step)),
    _adapter("ellipsis", type(...), lambda _: ()),
    _adapter("notimplemented", type(NotImplemented), lambda _: ()),
    _adapter("pattern", re.Pattern, lambda v: (v.pattern, int(v.flags))),
    _adapter("match", re.Match, _match),
    _adapter("struct", struct.Struct, lambda v: (v.format,)),
    TypeAdapter("path", PATHS, _path),
    TypeAdapter("ipaddress", ("ipaddress:IPv4Address", "ipaddress:IPv6Address"), _address),
    TypeAdapter("ipaddress", ("ipaddress:IPv4Interface", "ipaddress:IPv6Interface"), _interface),
    TypeAdapter("ipaddress", ("ipaddress:IPv4Network", "ipaddress:IPv6Network"), _network),
    TypeAdapter("structure", (), _structure, accepts=_is_structure),
)
"""One a type, or a family of types that are built alike."""
