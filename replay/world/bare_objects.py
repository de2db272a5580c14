"""Bare instances: state put into objects that nobody called, and which classes allow that."""

from __future__ import annotations

import _ast
import _random
import collections
import datetime
import decimal
import threading
import types
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ...recorders.model.value_tree import (
    ObjectNode,
)
from .adapters.protocol import exactly
from .resolver import Unbuildable

_Random: Any = _random.Random


def content_of(tree: ObjectNode, kind: type, content: Any) -> Any:
    """The built-in part of an object, of just this kind; raises `Unbuildable`."""
    try:
        return exactly(kind, content)
    except TypeError as error:
        raise Unbuildable(f"{tree.cls} is not built as it was: {error}") from error


def _bare_defaultdict(cls: Any, content: Any) -> Any:
    items, factory = content
    made = collections.defaultdict.__new__(cls)
    collections.defaultdict.__init__(made, factory, exactly(dict, items))
    return made


def _bare_deque(cls: Any, content: Any) -> Any:
    items, most = content
    made = collections.deque.__new__(cls)
    collections.deque.__init__(made, exactly(list, items), most)
    return made


_HEAP_TYPE = 1 << 9
"""The flag of classes that were made at run time (CPython, `Py_TPFLAGS_HEAPTYPE`): all others are laid out in C."""


def _bare_exception(cls: Any, content: Any) -> Any:
    """By the constructors written in C, which fill their own fields (`errno`, `value`, `code`), a driver's too."""
    base = next(one for one in cls.__mro__ if not one.__flags__ & _HEAP_TYPE)
    made = base.__new__(cls, *content)
    base.__init__(made, *content)
    return made


def _bare_group(cls: Any, content: Any) -> Any:
    message, exceptions = content
    kind = list if type(exceptions) is list else tuple
    return BaseExceptionGroup.__new__(cls, message, exactly(kind, exceptions))


def _value(base: Any) -> Callable[[Any, Any], Any]:
    return lambda cls, content: base.__new__(cls, content)


def _bare_datetime(cls: Any, content: Any) -> Any:
    parts: tuple[Any, ...] = (*content.timetuple()[:6], content.microsecond, content.tzinfo)
    new: Any = datetime.datetime.__new__
    return new(cls, *parts, fold=content.fold)


def _bare_date(cls: Any, content: Any) -> Any:
    return datetime.date.__new__(cls, content.year, content.month, content.day)


def _bare_time(cls: Any, content: Any) -> Any:
    parts = (content.hour, content.minute, content.second, content.microsecond, content.tzinfo)
    new: Any = datetime.time.__new__
    return new(cls, *parts, fold=content.fold)


def _bare_span(cls: Any, content: Any) -> Any:
    return datetime.timedelta.__new__(cls, content.days, content.seconds, content.microseconds)


def _bare_random(cls: Any, content: Any) -> Any:
    made = _Random.__new__(cls)
    _Random.setstate(made, content)
    return made


def _bare_local(cls: Any, content: Any) -> Any:
    """The attributes of this thread. It has them from here on: nothing is asked that would let the class fill them."""
    made = threading.local.__new__(cls)
    threading.local.__getattribute__(made, "__dict__").update(content)
    return made


def _bare_uuid(cls: Any, content: Any) -> Any:
    made = object.__new__(cls)
    object.__setattr__(made, "int", content.int)
    object.__setattr__(made, "is_safe", content.is_safe)
    return made


FILLABLE: tuple[tuple[Any, str], ...] = (
    (collections.OrderedDict, "update"),
    (dict, "update"),
    (list, "extend"),
    (set, "update"),
    (bytearray, "extend"),
)
"""Mutable built-in types, and the method that fills a bare instance."""

BARE: tuple[tuple[Any, Callable[[Any, Any], Any]], ...] = (
    (collections.defaultdict, _bare_defaultdict),
    (collections.deque, _bare_deque),
    *((base, _value(base)) for base in (tuple, frozenset, str, bytes, int, float, complex, decimal.Decimal)),
    (BaseExceptionGroup, _bare_group),
    (BaseException, _bare_exception),
    (datetime.datetime, _bare_datetime),
    (datetime.date, _bare_date),
    (datetime.time, _bare_time),
    (datetime.timedelta, _bare_span),
    (datetime.tzinfo, lambda cls, content: datetime.tzinfo.__new__(cls)),
    (_Random, _bare_random),
    (threading.local, _bare_local),
    (uuid.UUID, _bare_uuid),
    (types.SimpleNamespace, lambda cls, content: types.SimpleNamespace.__new__(cls)),
)

CONTENT: Mapping[type, type] = {
    **{base: base for base in (dict, list, set, tuple, frozenset, str, bytes, int, float, complex, decimal.Decimal)},
    **dict.fromkeys((collections.defaultdict, collections.deque, BaseExceptionGroup, BaseException), tuple),
    **{collections.OrderedDict: dict, bytearray: bytes, datetime.datetime: datetime.datetime, uuid.UUID: uuid.UUID},
    **{one: one for one in (datetime.date, datetime.time, datetime.timedelta)},
    **dict.fromkeys((types.SimpleNamespace, datetime.tzinfo), type(None)),
    _Random: tuple,
    threading.local: dict,
}
"""Built-in type → what the content of an instance that extends it is, exactly."""


def bare(cls: type) -> Any:
    """An instance with nothing in it, of a class without a built-in part; raises `TypeError`."""
    if type(cls) is type(msgspec.Struct):
        return _bare_struct(cls)
    for base in cls.__mro__:
        if base is _SYNTAX:
            return base.__new__(cls)
    return object.__new__(cls)


def _bare_struct(cls: Any) -> Any:
    """A struct in which every field holds `None`: its constructor is written in C, and checks nothing. Where a class
    runs code of its own after it, an instance of one below, which runs none, becomes one of it."""
    fields = dict.fromkeys(cls.__struct_fields__)
    if not any("__post_init__" in vars(base) for base in cls.__mro__):
        return cls(**fields)
    if any("__init_subclass__" in vars(base) for base in cls.__mro__[:-1]):
        raise TypeError("its class runs code when another one extends it")
    below: Any = msgspec.defstruct("Below", [], bases=(cls,), namespace={"__post_init__": lambda self: None})
    made = below(**fields)
    _class.__set__(made, cls)  # a frozen one lets nobody set an attribute
    return made


_class: Any = vars(object)["__class__"]
_SYNTAX = _ast.AST
"""Written in C, with all of its state in attributes."""


def put_attribute(made: Any, cls: type, namespace: dict[str, Any] | None, name: str, value: Any) -> None:
    """Set an attribute raw, in its slot or in the namespace; raises `Unbuildable` where there is no place for it."""
    for base in cls.__mro__:
        slot = vars(base).get(name)
        if type(slot) is types.MemberDescriptorType:
            slot.__set__(made, value)
            return
    if namespace is None:
        if isinstance(made, OSError) and name == "filename":
            made.filename = value
            return
        raise Unbuildable(f"{cls.__qualname__} has no place for the recorded attribute {name!r} any more")
    if isinstance(made, OSError) and name == "filename":
        made.filename = value
    else:
        namespace[name] = value
