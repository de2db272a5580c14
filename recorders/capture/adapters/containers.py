"""Containers that are written in C, and what only looks at one: arrays, views, elements of XML."""

from __future__ import annotations

import collections
import gc
import types
import weakref
from typing import Any

from ..raw import namespace_of
from .protocol import TypeAdapter, Unreadable

BYTES_LIMIT = 1_000_000
"""Bytes of an array, or under a view, that are captured."""

_referents = gc.get_referents
_TABLES: tuple[dict[Any, Any], ...] = ({}, collections.OrderedDict())
_VIEWS: tuple[tuple[Any, str], ...] = tuple(
    (type(view), name)
    for table in _TABLES
    for view, name in ((table.keys(), "keys"), (table.values(), "values"), (table.items(), "items"))
)


def _under(view: Any) -> Any:
    """What a view is one of; nothing else is held by it."""
    held = [part for part in _referents(view) if part is not type(view)]
    if len(held) != 1:
        raise Unreadable("what it is a view of cannot be read")
    return held[0]


def _dict_view(name: str) -> Any:
    return lambda view: (name, _under(view))


def _memory(view: memoryview) -> tuple[Any, ...]:
    if view.nbytes > BYTES_LIMIT:
        raise Unreadable(f"it shows more than {BYTES_LIMIT} bytes")
    if view.format not in _FORMATS:
        raise Unreadable(f"its items have the format {view.format}")
    return view.format, tuple(view.shape or ()), view.readonly, view.tobytes()


_FORMATS = frozenset("bBhHiIlLqQfdcN?n")


def _array(value: Any) -> tuple[Any, ...]:
    cls = type(value)
    if cls.__len__(value) * cls.itemsize.__get__(value) > BYTES_LIMIT:
        raise Unreadable(f"it holds more than {BYTES_LIMIT} bytes")
    return cls.typecode.__get__(value), cls.tobytes(value)


def _element(value: Any) -> tuple[Any, ...]:
    cls: Any = type(value)
    state = cls.__getstate__(value)
    return tuple([state[name] for name in ("tag", "attrib", "text", "tail", "_children")])


def _weak_values(value: Any) -> tuple[Any, ...]:
    data = _data(value)
    pairs = [(key, weakref.ref.__call__(reference)) for key, reference in zip(list(data), data.values(), strict=True)]
    alive = [(key, item) for key, item in pairs if item is not None]
    return [key for key, _ in alive], [item for _, item in alive]


def _weak_keys(value: Any) -> tuple[Any, ...]:
    data = _data(value)
    pairs = [(weakref.ref.__call__(reference), item) for reference, item in zip(list(data), data.values(), strict=True)]
    alive = [(key, item) for key, item in pairs if key is not None]
    return [key for key, _ in alive], [item for _, item in alive]


def _data(value: Any) -> dict[Any, Any]:
    data = (namespace_of(value) or {}).get("data")
    if type(data) is not dict:
        raise Unreadable("it has no plain dict of references")
    return data


def _weak_set(value: Any) -> tuple[Any, ...]:
    data = (namespace_of(value) or {}).get("data")
    if type(data) is not set:
        raise Unreadable("it has no plain set of references")
    alive = [weakref.ref.__call__(reference) for reference in list(set.__iter__(data))]
    return ([item for item in alive if item is not None],)


ADAPTERS: tuple[TypeAdapter, ...] = (
    *(TypeAdapter("dictview", (cls,), _dict_view(name)) for cls, name in _VIEWS),
    TypeAdapter("mappingproxy", (types.MappingProxyType,), lambda v: (_under(v),)),
    TypeAdapter("memoryview", (memoryview,), _memory, is_mutable=True),
    TypeAdapter("array", ("array:array",), _array, is_mutable=True),
    TypeAdapter("element", ("xml.etree.ElementTree:Element",), _element, is_mutable=True),
    TypeAdapter("weakvalues", (weakref.WeakValueDictionary,), _weak_values, is_mutable=True),
    TypeAdapter("weakkeys", (weakref.WeakKeyDictionary,), _weak_keys, is_mutable=True),
    TypeAdapter("weakset", (weakref.WeakSet,), _weak_set, is_mutable=True),
)
"""One a type."""
