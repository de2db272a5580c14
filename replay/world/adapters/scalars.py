"""Builders of immutable values of the standard library: numbers, moments, paths, patterns, addresses."""

from __future__ import annotations

import datetime
import decimal
import fractions
import pathlib
import re
import struct
import types
import uuid
import zoneinfo
from typing import Any

from ....recorders.capture.raw import find_loaded, inherits, is_instance, type_dict
from .protocol import TypeBuilder, exactly, member

_moment: Any = datetime.datetime

_clock: Any = datetime.time

PATHS = frozenset({"PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath"})

ADDRESSES = frozenset(f"IPv{version}{kind}" for version in (4, 6) for kind in ("Address", "Interface", "Network"))

FORMAT_LIMIT = 10_000
"""Characters of a format of `struct`."""

MATCHES_LIMIT = 1_000
"""Matches of a pattern in a text that are tried for the recorded one."""


def _path(name: str, text: str) -> Any:
    if name not in PATHS:
        raise ValueError(f"{name!r} is no path")
    return getattr(pathlib, name)(exactly(str, text))


def _address(name: str, number: Any, length: Any, scope: Any) -> Any:
    if name not in ADDRESSES:
        raise ValueError(f"{name!r} is no address")
    cls = member("ipaddress", name)
    made = cls(exactly(int, number) if length is None else (exactly(int, number), exactly(int, length)))
    return cls(f"{made}%{exactly(str, scope)}") if scope is not None else made


def _match(pattern: Any, text: Any, start: int, end: int, regs: Any) -> Any:
    """The match of a pattern in which the groups lie where they did: the first one, or one of those that follow."""
    exactly(re.Pattern, pattern)
    exactly(str if type(pattern.pattern) is str else bytes, text)
    start, end = exactly(int, start), exactly(int, end)
    for find in (pattern.search, pattern.fullmatch, pattern.match):
        found = find(text, start, end)
        if found is not None and found.regs == regs:
            return found
    for tries, found in enumerate(pattern.finditer(text, start, end)):
        if found.regs == regs:
            return found
        if tries > MATCHES_LIMIT:
            break
    raise ValueError("the pattern matches otherwise")


def _structure(name: str, items: Any, named: Any) -> Any:
    """A tuple with names that is written in C, by the constructor that is written in C."""
    cls = find_loaded(exactly(str, name))
    space = type_dict(cls) if is_instance(cls, type) else {}
    new = space.get("__new__")
    if not (
        type(new) is types.BuiltinMethodType and type(space.get("n_unnamed_fields")) is int and inherits(cls, tuple)
    ):
        raise ValueError(f"{name!r} is no such tuple")
    return new(cls, exactly(tuple, items), exactly(dict, named))


def _format(text: str) -> struct.Struct:
    if len(exactly(str, text)) > FORMAT_LIMIT:
        raise ValueError(f"it is longer than {FORMAT_LIMIT} characters")
    return struct.Struct(text)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("int", lambda text: int(exactly(str, text), 16)),
    TypeBuilder("str", lambda data: exactly(bytes, data).decode("utf-8", "surrogatepass")),
    TypeBuilder("bytearray", lambda data: bytearray(exactly(bytes, data))),
    TypeBuilder("decimal", lambda text: decimal.Decimal(exactly(str, text))),
    TypeBuilder("fraction", lambda above, below: fractions.Fraction(exactly(int, above), exactly(int, below))),
    TypeBuilder("complex", lambda real, imaginary: complex(exactly(float, real), exactly(float, imaginary))),
    TypeBuilder("datetime", lambda *parts: _moment(*parts[:7], parts[8]).replace(fold=parts[7])),
    TypeBuilder("date", datetime.date),
    TypeBuilder("time", lambda *parts: _clock(*parts[:4], parts[5]).replace(fold=parts[4])),
    TypeBuilder("timedelta", datetime.timedelta),
    TypeBuilder(
        "timezone",
        lambda *parts: datetime.UTC if parts == (datetime.timedelta(0),) else datetime.timezone(*parts),
    ),
    TypeBuilder("zoneinfo", lambda key: zoneinfo.ZoneInfo(exactly(str, key))),
    TypeBuilder("uuid", lambda text: uuid.UUID(hex=exactly(str, text))),
    TypeBuilder("range", lambda *parts: range(*[exactly(int, part) for part in parts])),
    TypeBuilder("slice", slice),
    TypeBuilder("ellipsis", lambda: ...),
    TypeBuilder("notimplemented", lambda: NotImplemented),
    TypeBuilder("pattern", lambda text, flags: re.compile(text, exactly(int, flags) & ~re.DEBUG.value)),
    TypeBuilder("match", _match),
    TypeBuilder("struct", _format),
    TypeBuilder("path", _path),
    TypeBuilder("ipaddress", _address),
    TypeBuilder("structure", _structure),
)
"""One a kind."""
