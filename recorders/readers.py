"""This file is about readers: per class, how the raw state of its instances is taken without running its code.

A reader gives what `reducer_override` of the pickler needs: a marker class, its arguments, and perhaps a state. It is
made at the first sight of a class, from raw descriptors; no method, property or metaclass of the service runs.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import io
import logging
import os
import pathlib
import re
import stat
import sys
import threading
import types
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, TypeAlias

from .faults import own
from .markers import MARKER_IDS, Global, Instance, Items, Member, Opaque, Standard
from .value_tree import (
    ClassName,
)

Reduced: TypeAlias = Any
Reader: TypeAlias = Callable[[Any], Reduced]

# Raw descriptors, taken once: attribute access on a class or an instance could run code of the service. For the same
# reason classes are compared by identity alone: a metaclass may define `__hash__` and `__eq__`.
_type_module = type.__dict__["__module__"].__get__
_type_qualname = type.__dict__["__qualname__"].__get__
_type_mro = type.__dict__["__mro__"].__get__
_type_dict = type.__dict__["__dict__"].__get__
_type_flags = type.__dict__["__flags__"].__get__
_type_size = type.__dict__["__basicsize__"].__get__
_type_dictoffset = type.__dict__["__dictoffset__"].__get__
_type_weakrefoffset = type.__dict__["__weakrefoffset__"].__get__
_exception_args = BaseException.__dict__["args"].__get__
_WHOLE = slice(None)


def module_name(name: str) -> str:
    """The importable name of a module: `__main__` under `python -m` is the module that was named there."""
    if name == "__main__":
        spec = getattr(sys.modules.get("__main__"), "__spec__", None)
        if spec is not None:
            return str(spec.name)
    return name


def class_name(cls: type) -> ClassName:
    """`module:qualname` of a class, read without running code of its metaclass."""
    module = _type_module(cls)
    return f"{module_name(module) if isinstance(module, str) else '?'}:{_type_qualname(cls)}"


# --- readers: one per class, made at first sight ---------------------------------------------------------------


def _read_datetime(value: datetime.datetime) -> Reduced:
    date = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return Standard, ("datetime", *date, value.fold, value.tzinfo)


def _read_time(value: datetime.time) -> Reduced:
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo)
    return Standard, ("time", *parts)


def _read_timezone(value: datetime.timezone) -> Reduced:
    return Standard, ("timezone", *value.__getinitargs__())  # type: ignore[attr-defined]  # not in typeshed


_datetime = datetime.datetime
_DATETIME_FIELDS = tuple(
    vars(owner)[name].__get__
    for owner, names in (
        (datetime.date, ("year", "month", "day")),
        (datetime.datetime, ("hour", "minute", "second", "microsecond", "tzinfo")),
    )
    for name in names
)
_datetime_fold = datetime.datetime.fold.__get__


def _plain_datetime(value: Any) -> datetime.datetime:
    """The `datetime` in an instance of a subclass; `replace` would make another instance of the subclass."""
    return _datetime(*[get(value) for get in _DATETIME_FIELDS], fold=_datetime_fold(value))


def _dict_items(value: dict[Any, Any]) -> Items:
    return Items("dict", list(dict.keys(value)), list(dict.values(value)))


def _ordered_items(value: collections.OrderedDict[Any, Any]) -> Items:
    """In the order of the dict below where a key's hash is its own: the iterators of `OrderedDict` hash every key.

    The two orders differ only after `move_to_end`.
    """
    items = _dict_items(value)
    if all(_is_quiet(key) for key in items.keys):
        items.keys = list(collections.OrderedDict.keys(value))
        items.values = list(collections.OrderedDict.values(value))
    return items


def _is_quiet(key: Any) -> bool:
    """Whether hashing and comparing a key runs nothing but the interpreter's own code."""
    return all(map(_is_quiet, key)) if type(key) is tuple else id(type(key)) in _QUIET


_QUIET = frozenset(map(id, (type(None), bool, int, float, str, bytes)))


def _read_path(value: pathlib.PurePath) -> Reduced:
    return Standard, ("path", type(value).__name__, str(value))


FILE_LIMIT = 1_000_000
"""Bytes of an open file that are captured."""

_CLOSED_STREAM: Reduced = (Opaque, ("io:IOBase", "it is closed"))


def _read_file(value: Any, kind: str) -> Reduced:
    """What is left of an open regular file, read in place: the position afterwards is the one before."""
    name = class_name(type(value))
    if value.closed or not value.readable() or not value.seekable():
        return Opaque, (name, "it is no open file that can be read in place")
    about = os.fstat(value.fileno())
    if not stat.S_ISREG(about.st_mode) or about.st_size > FILE_LIMIT:
        return Opaque, (name, "it is no regular file, or a large one")
    position = value.tell()
    try:
        return Standard, (kind, value.read(), 0)
    finally:
        value.seek(position)


def _remaining(value: Any) -> Reduced:
    """The items that an iterator of a built-in container still has; reading them takes none."""
    reduced = value.__reduce__()
    items = list(reduced[1][0]) if reduced[1] else []
    start = reduced[2] if len(reduced) > 2 and isinstance(reduced[2], int) else 0
    if type(value) is type(reversed([])):
        items = items[: start + 1][::-1]
        start = 0
    return Standard, ("iterator", items[start:])


_BUILT_IN: tuple[Any, ...] = ([], (), "", "é", b"", bytearray(), range(1), range(2**70), {}, set(), frozenset())
_QUIET_ITERATORS: tuple[type, ...] = tuple(
    {type(iter(one)) for one in _BUILT_IN} | {type(iter({}.values())), type(iter({}.items())), type(reversed([]))}
)


def is_quiet_iterator(cls: type) -> bool:
    """Whether the items of an iterator can be read without taking them."""
    return any(cls is one for one in _QUIET_ITERATORS)


STANDARD: dict[type, Reader] = {
    decimal.Decimal: lambda v: (Standard, ("decimal", str(v))),
    fractions.Fraction: lambda v: (Standard, ("fraction", v.numerator, v.denominator)),
    complex: lambda v: (Standard, ("complex", v.real, v.imag)),
    datetime.datetime: _read_datetime,
    datetime.date: lambda v: (Standard, ("date", v.year, v.month, v.day)),
    datetime.time: _read_time,
    datetime.timedelta: lambda v: (Standard, ("timedelta", v.days, v.seconds, v.microseconds)),
    datetime.timezone: _read_timezone,
    zoneinfo.ZoneInfo: lambda v: (
        (Standard, ("zoneinfo", v.key)) if v.key else (Opaque, ("zoneinfo:ZoneInfo", "it has no key"))
    ),
    uuid.UUID: lambda v: (Standard, ("uuid", f"{v.int:032x}")),
    range: lambda v: (Standard, ("range", v.start, v.stop, v.step)),
    slice: lambda v: (Standard, ("slice", v.start, v.stop, v.step)),
    type(...): lambda v: (Standard, ("ellipsis",)),
    type(NotImplemented): lambda v: (Standard, ("notimplemented",)),
    logging.Logger: lambda v: (Standard, ("logger", v.name)),
    type(threading.Lock()): lambda v: (Standard, ("lock",)),
    type(threading.RLock()): lambda v: (Standard, ("rlock",)),
    re.Pattern: lambda v: (Standard, ("pattern", v.pattern, int(v.flags))),
    io.StringIO: lambda v: (Standard, ("textstream", v.getvalue(), v.tell())) if not v.closed else _CLOSED_STREAM,
    io.BytesIO: lambda v: (Standard, ("bytestream", v.getvalue(), v.tell())) if not v.closed else _CLOSED_STREAM,
    io.TextIOWrapper: lambda v: _read_file(v, "textstream"),
    io.BufferedReader: lambda v: _read_file(v, "bytestream"),
    **dict.fromkeys(
        (pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath), _read_path
    ),
}
"""Standard immutable types by the reader that takes them apart; `replay.rebuild` puts them together again."""

_deque: Any = collections.deque
_defaultdict: Any = collections.defaultdict
_complex: Any = complex
_uuid: Any = uuid.UUID

# The types of the standard library as plain namespaces of raw descriptors.
_CONTENT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (_deque, lambda v: (list(_deque.__iter__(v)), _deque.maxlen.__get__(v))),
    (_defaultdict, lambda v: (_dict_items(v), _defaultdict.default_factory.__get__(v))),
    (collections.OrderedDict, _ordered_items),
    (dict, _dict_items),
    (list, lambda v: list.__getitem__(v, _WHOLE)),
    (tuple, lambda v: tuple.__getitem__(v, _WHOLE)),
    (set, lambda v: Items("set", list(set.__iter__(v)), [])),
    (frozenset, lambda v: Items("frozenset", list(frozenset.__iter__(v)), [])),
    (str, str.__str__),
    (bytes, lambda v: bytes.__getitem__(v, _WHOLE)),
    (bytearray, lambda v: bytes(bytearray.__getitem__(v, _WHOLE))),
    (int, int.__int__),
    (float, float.__float__),
    (_complex, lambda v: complex(_complex.real.__get__(v), _complex.imag.__get__(v))),
    (BaseException, _exception_args),
    (datetime.datetime, _plain_datetime),
    (decimal.Decimal, lambda v: decimal.Decimal(decimal.Decimal.__str__(v))),
    (_uuid, lambda v: uuid.UUID(int=_uuid.int.__get__(v))),
)
_STATIC_CLASSES = frozenset(
    map(id, (object, types.SimpleNamespace, collections.OrderedDict, collections.deque, collections.defaultdict))
)
"""Classes written in C whose instances the reader below takes apart like any other."""
_UUID_SLOTS = frozenset({"int", "is_safe"})


def _read_class(value: Any) -> Reduced:
    if id(value) in MARKER_IDS:
        return NotImplemented
    return Global, (class_name(value),)


def _read_function(value: Any) -> Reduced:
    module = value.__module__
    return Global, (f"{module_name(module) if isinstance(module, str) else '?'}:{value.__qualname__}",)


def _inherits(mro: tuple[type, ...], base: type) -> bool:
    return any(one is base for one in mro)


def _content_of(mro: tuple[type, ...]) -> tuple[type, Callable[[Any], Any]] | None:
    for base, extract in _CONTENT:
        if _inherits(mro, base):
            return base, extract
    return None


def _slots_of(mro: tuple[type, ...], skip: frozenset[str]) -> list[tuple[str, Callable[[Any], Any]]]:
    """(name, raw getter) of every slot, base classes first; a private name is kept as it is mangled."""
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for cls in reversed(mro):
        namespace = _type_dict(cls)
        if "__slots__" not in namespace:
            continue
        for name, descriptor in namespace.items():
            if type(descriptor) is types.MemberDescriptorType and name not in skip:
                found.append((name, descriptor.__get__))
    return found


def _dict_getter(mro: tuple[type, ...]) -> Callable[[Any], Any] | None:
    for cls in mro:
        descriptor = _type_dict(cls).get("__dict__")
        if type(descriptor) in (types.GetSetDescriptorType, types.MemberDescriptorType):
            getter: Callable[[Any], Any] = descriptor.__get__
            return getter
    return None


def _hidden_state(cls: type, base: type, slot_count: int) -> bool:
    """Whether instances carry C state that attributes do not show (the test of `object.__reduce_ex__`)."""
    expected = base.__basicsize__ + slot_count * 8
    own_dict = _type_dictoffset(cls) != 0 and not _type_flags(cls) & _MANAGED_DICT
    expected += 8 * (own_dict and base.__dictoffset__ == 0)
    expected += 8 * (_type_weakrefoffset(cls) > 0 and base.__weakrefoffset__ <= 0)
    return bool(_type_size(cls) > expected)


def _opaque_reader(cls: type, reason: str) -> Reader:
    mark = (class_name(cls), reason)
    return lambda value: (Opaque, mark)


def _raw(state: Any) -> Any:
    """A `__dict__` that is read as a plain dict, even where the service put one of a class of its own there."""
    return state if type(state) is dict else dict(zip(list(dict.keys(state)), list(dict.values(state)), strict=True))


def _member_reader(cls: type, get_dict: Callable[[Any], Any]) -> Reader:
    name = class_name(cls)

    def read(value: Any) -> Reduced:
        state = _raw(get_dict(value))
        return Member, (name, state.get("_name_"), state.get("_value_"))

    return read


def _filename(error: OSError) -> Any:
    """Of an error that has one: giving it `None` would change its text."""
    found = _error_filename(error)
    if found is None:
        raise AttributeError
    return found


_error_filename = vars(OSError)["filename"].__get__


def _instance_reader(cls: type, mro: tuple[type, ...]) -> Reader:
    found = _content_of(mro)
    base, extract = found if found is not None else (object, None)
    get_dict = _dict_getter(mro)
    slots = _slots_of(mro, _UUID_SLOTS if base is uuid.UUID else frozenset())
    if id(cls) in _STATIC_CLASSES:
        base = cls
    elif base is BaseException:
        base = next(one for one in mro if not _type_flags(one) & _HEAP_TYPE)
    if _hidden_state(cls, base, len(slots)):
        return _opaque_reader(cls, "its state is held in C, where attributes do not show it")
    if _inherits(mro, OSError):
        slots.append(("filename", _filename))
    if not slots and get_dict is None and extract is None and cls is not object:
        return _opaque_reader(cls, "it has no attributes to read")
    return _state_reader(class_name(cls), extract, get_dict, slots)


def _state_reader(
    name: ClassName,
    extract: Callable[[Any], Any] | None,
    get_dict: Callable[[Any], Any] | None,
    slots: list[tuple[str, Callable[[Any], Any]]],
) -> Reader:
    arguments = (name,)

    def read(value: Any) -> Reduced:
        names: tuple[Any, ...] = ()
        values: tuple[Any, ...] = ()
        if get_dict is not None:
            state = _raw(get_dict(value))
            if state:
                names, values = tuple(state), tuple(state.values())
        for slot, get in slots:
            try:
                filled = get(value)
            except AttributeError as empty:
                if not own(empty):
                    raise
                continue  # an empty slot: nothing to record
            names, values = (*names, slot), (*values, filled)
        return Instance, arguments, (extract(value) if extract is not None else None, names, values)

    return read


_HEAP_TYPE = 1 << 9
_MANAGED_DICT = 1 << 4
"""Flags of a type (CPython, `Include/object.h`); a managed dict lies before the object and is no part of its size."""


def _make_reader(cls: type) -> Reader:
    mro = _type_mro(cls)
    if _inherits(mro, type):
        return _read_class
    if _inherits(mro, enum.Enum):
        get_dict = _dict_getter(mro)
        if get_dict is not None:
            return _member_reader(cls, get_dict)
    if cls is types.FunctionType or cls is types.BuiltinFunctionType:
        return _read_function
    if not _type_flags(cls) & _HEAP_TYPE and id(cls) not in _STATIC_CLASSES and not _inherits(mro, BaseException):
        return _opaque_reader(cls, "a value of this type cannot be captured")
    return _instance_reader(cls, mro)


known_readers: dict[int, Reader] = {
    **{id(cls): reader for cls, reader in STANDARD.items()},
    **{id(cls): _remaining for cls in _QUIET_ITERATORS},
    id(Opaque): lambda mark: (Opaque, (mark.cls, mark.reason)),
    id(Standard): lambda mark: (Standard, (mark.kind, *mark.parts)),
    id(Items): lambda items: (Items, (items.kind, items.keys, items.values)),
}
"""Readers by the id of their class: hashing a class could run code of its metaclass."""

_read_classes: list[type] = []
"""Keeps the classes of `known_readers` alive, so that no other class gets the id of one."""


def reader_of(cls: type) -> Reader:
    """The reader of a class that `known_readers` does not hold yet."""
    _read_classes.append(cls)
    reader = known_readers[id(cls)] = _make_reader(cls)
    return reader
