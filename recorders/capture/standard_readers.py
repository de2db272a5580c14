"""Readers of immutable values of the standard library: the parts that build each, see `replay.world.rebuild`.

They may hold values of the service's, such as an `int` of its own in a `UUID`. These are handed on as they are, or
divided by functions that are named with the built-in class.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import functools
import logging
import pathlib
import re
import threading
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, TypeAlias

from .pickle_stubs import Opaque, Standard
from .raw import class_name, type_qualname
from .stream_readers import STREAMS

Reduced: TypeAlias = Any

_uuid_int = vars(uuid.UUID)["int"].__get__


def _read_datetime(value: datetime.datetime) -> Reduced:
    date = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return Standard, ("datetime", *date, value.fold, value.tzinfo)


def _read_time(value: datetime.time) -> Reduced:
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)
    return Standard, ("time", *parts)


def _read_timezone(value: datetime.timezone) -> Reduced:
    return Standard, ("timezone", *value.__getinitargs__())  # type: ignore[attr-defined]  # not in typeshed


_parts_of_path = vars(pathlib.PurePath).get("_raw_paths")
"""From Python 3.12 on a path keeps what it was made of, and puts it together when it is asked for its text."""


def _read_path(value: pathlib.PurePath) -> Reduced:
    cls = type(value)
    if _parts_of_path is not None and not all(type(part) is str for part in _parts_of_path.__get__(value)):
        return Opaque, (class_name(cls), "it was made of strings of a class of its own")
    return Standard, ("path", type_qualname(cls), str(value))


def _read_zone(value: zoneinfo.ZoneInfo) -> Reduced:
    key: Any = value.key
    return (
        (Standard, ("zoneinfo", key)) if type(key) is str and key else (Opaque, ("zoneinfo:ZoneInfo", "it has no key"))
    )


def uuid_number(value: Any) -> int:
    """The number of a UUID, which may be of a class that extends `int`; raises `TypeError` where it is none."""
    return int.__int__(_uuid_int(value))


_partial_func = vars(functools.partial)["func"].__get__
_partial_args = vars(functools.partial)["args"].__get__
_partial_keywords = vars(functools.partial)["keywords"].__get__
_method_self = vars(types.MethodType)["__self__"].__get__
_method_function = vars(types.MethodType)["__func__"].__get__
_function_name = vars(types.FunctionType)["__name__"].__get__


def _read_method(value: types.MethodType) -> Reduced:
    function = _method_function(value)
    if type(function) is not types.FunctionType:
        return Opaque, ("builtins:method", "what it is bound to is no plain function")
    return Standard, ("method", _method_self(value), _function_name(function))


def _read_partial(value: Any) -> Reduced:
    return Standard, ("partial", _partial_func(value), _partial_args(value), _partial_keywords(value))


STANDARD: dict[type, Callable[[Any], Reduced]] = {
    decimal.Decimal: lambda v: (Standard, ("decimal", str(v))),
    fractions.Fraction: lambda v: (Standard, ("fraction", v.numerator, v.denominator)),
    complex: lambda v: (Standard, ("complex", v.real, v.imag)),
    datetime.datetime: _read_datetime,
    datetime.date: lambda v: (Standard, ("date", v.year, v.month, v.day)),
    datetime.time: _read_time,
    datetime.timedelta: lambda v: (Standard, ("timedelta", v.days, v.seconds, v.microseconds)),
    datetime.timezone: _read_timezone,
    zoneinfo.ZoneInfo: _read_zone,
    uuid.UUID: lambda v: (Standard, ("uuid", f"{uuid_number(v):032x}")),
    range: lambda v: (Standard, ("range", v.start, v.stop, v.step)),
    slice: lambda v: (Standard, ("slice", v.start, v.stop, v.step)),
    type(...): lambda v: (Standard, ("ellipsis",)),
    type(NotImplemented): lambda v: (Standard, ("notimplemented",)),
    logging.Logger: lambda v: (Standard, ("logger", v.name)),
    type(threading.Lock()): lambda v: (Standard, ("lock",)),
    type(threading.RLock()): lambda v: (Standard, ("rlock",)),
    types.MethodType: _read_method,
    functools.partial: _read_partial,
    re.Pattern: lambda v: (Standard, ("pattern", v.pattern, int(v.flags))),
    **STREAMS,
    **dict.fromkeys(
        (pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath), _read_path
    ),
}
"""Standard immutable types by the reader that takes them apart; `replay.world.rebuild` puts them together again."""
