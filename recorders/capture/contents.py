"""Contents: what instances of types of the standard library hold beside attributes, and of classes that extend them."""

from __future__ import annotations

import _random
import collections
import datetime
import threading
from collections.abc import Callable
from typing import Any

from .adapters.concurrency import local_attributes
from .adapters.scalars import uuid_number
from .pickle_stubs import Items
from .raw import is_loaded_class

_exception_args = BaseException.__dict__["args"].__get__
_WHOLE = slice(None)


def _getters(owner: Any, *names: str) -> tuple[Callable[[Any], Any], ...]:
    return tuple(vars(owner)[name].__get__ for name in names)


_CLOCK = ("hour", "minute", "second", "microsecond", "tzinfo")
_DATE_FIELDS = _getters(datetime.date, "year", "month", "day")
_DATETIME_FIELDS = (*_DATE_FIELDS, *_getters(datetime.datetime, *_CLOCK))
_TIME_FIELDS = _getters(datetime.time, *_CLOCK)
_SPAN_FIELDS = _getters(datetime.timedelta, "days", "seconds", "microseconds")


def _plain(cls: Any, fields: tuple[Callable[[Any], Any], ...]) -> Callable[[Any], Any]:
    """The moment in an instance of a class that extends one; `replace` would make another instance of that class."""
    if "fold" not in vars(cls):
        return lambda value: cls(*[get(value) for get in fields])
    fold = vars(cls)["fold"].__get__
    return lambda value: cls(*[get(value) for get in fields], fold=fold(value))


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


_deque: Any = collections.deque
_defaultdict: Any = collections.defaultdict
_complex: Any = complex
_Random: Any = _random.Random

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
    (datetime.datetime, _plain(datetime.datetime, _DATETIME_FIELDS)),
    (datetime.date, _plain(datetime.date, _DATE_FIELDS)),
    (datetime.time, _plain(datetime.time, _TIME_FIELDS)),
    (datetime.timedelta, _plain(datetime.timedelta, _SPAN_FIELDS)),
    (_Random, _Random.getstate),
    (threading.local, local_attributes),
)


def _decimal(cls: Any) -> Callable[[Any], Any]:
    return lambda value: cls(cls.__str__(value))


def _uuid(cls: Any) -> Callable[[Any], Any]:
    return lambda value: cls(int=uuid_number(value))


_CONTENT_BY_NAME: tuple[tuple[str, str, Callable[[Any], Callable[[Any], Any]]], ...] = (
    ("decimal", "Decimal", _decimal),
    ("uuid", "UUID", _uuid),
)
"""Further types, of modules that may not be loaded: (module, name, what makes the reader of the class)."""


def content_of_class(mro: tuple[type, ...]) -> tuple[type, Callable[[Any], Any]] | None:
    """The type with content that a class extends, and what reads the content of its instances."""
    for base, extract in _CONTENT:
        if any(one is base for one in mro):
            return base, extract
    for module, name, make in _CONTENT_BY_NAME:
        for base in mro:
            if is_loaded_class(base, module, name):
                return base, make(base)
    return None
