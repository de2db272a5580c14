"""Values of the standard library, built from the parts that `recorders.capture.standard_readers` took."""

from __future__ import annotations

import datetime
import decimal
import fractions
import functools
import io
import logging
import pathlib
import re
import threading
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any

_moment: Any = datetime.datetime

_time: Any = datetime.time

NAME_LIMIT = 1_000
"""Characters of a logger's name: each part of it costs a copy of what stands before."""


def _stream(made: Any, position: int) -> Any:
    """A stream at a position, at its end where the position lies beyond: what is written there would fill the gap."""
    end = made.seek(0, io.SEEK_END)
    made.seek(min(exactly(int, position), end))
    return made


def exactly(kind: type, value: Any) -> Any:
    """A part that is exactly of a type: any other may stand for far more than the baseline holds, as a number of bytes
    does, or run code when it is converted. Raises `TypeError`."""
    if type(value) is not kind:
        raise TypeError(f"it holds a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _short(name: str) -> str:
    if len(name) > NAME_LIMIT:
        raise ValueError(f"it is longer than {NAME_LIMIT} characters")
    return name


STANDARD: dict[str, Callable[..., Any]] = {
    "int": lambda text: int(exactly(str, text), 16),
    "str": lambda data: exactly(bytes, data).decode("utf-8", "surrogatepass"),
    "bytearray": lambda data: bytearray(exactly(bytes, data)),
    "decimal": lambda text: decimal.Decimal(exactly(str, text)),
    "fraction": lambda above, below: fractions.Fraction(exactly(int, above), exactly(int, below)),
    "complex": lambda real, imaginary: complex(exactly(float, real), exactly(float, imaginary)),
    "datetime": lambda *parts: _moment(*parts[:7], parts[8]).replace(fold=parts[7]),
    "date": datetime.date,
    "time": lambda *parts: _time(*parts[:4], parts[5]).replace(fold=parts[4]),
    "timedelta": datetime.timedelta,
    "timezone": lambda *parts: datetime.UTC if parts == (datetime.timedelta(0),) else datetime.timezone(*parts),
    "zoneinfo": lambda key: zoneinfo.ZoneInfo(exactly(str, key)),
    "uuid": lambda text: uuid.UUID(hex=exactly(str, text)),
    "range": lambda *parts: range(*[exactly(int, part) for part in parts]),
    "slice": slice,
    "ellipsis": lambda: ...,
    "notimplemented": lambda: NotImplemented,
    "pattern": lambda text, flags: re.compile(text, exactly(int, flags) & ~re.DEBUG.value),
    "path": lambda name, text: getattr(pathlib, name)(exactly(str, text)),
    "logger": lambda name: logging.getLogger(_short(exactly(str, name))),
    "textstream": lambda text, position: _stream(io.StringIO(text), position),
    "bytestream": lambda data, position: _stream(io.BytesIO(data), position),
    "iterator": lambda items: iter(exactly(list, items)),
    "method": lambda receiver, name: _bound(receiver, exactly(str, name)),
    "partial": lambda function, args, keywords: functools.partial(
        function, *exactly(tuple, args), **exactly(dict, keywords)
    ),
    "lock": threading.Lock,
    "rlock": threading.RLock,
}


def _bound(receiver: Any, name: str) -> types.MethodType:
    """The method of that name, bound to an object or a class; raises `LookupError` where there is none any more."""
    classes = receiver.__mro__ if isinstance(receiver, type) else type(receiver).__mro__
    for cls in classes:
        for one in (name, f"_{cls.__name__.lstrip('_')}{name}"):
            member = vars(cls).get(one)
            function = member.__func__ if isinstance(member, classmethod) else member
            if type(function) is types.FunctionType:
                return types.MethodType(function, receiver)
    raise LookupError(f"its class has no method {name!r} any more")


PATHS = frozenset({"PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath"})
