"""Builders of containers that are written in C, and of what looks at one: arrays, views, elements of XML."""

from __future__ import annotations

import collections
import types
import weakref
from typing import Any

from .protocol import TypeBuilder, exactly, member

_VIEWS = frozenset({"keys", "values", "items"})


def _dict_view(name: str, table: Any) -> Any:
    """By the method of the built-in class, whatever class extends it."""
    if name not in _VIEWS or not isinstance(table, dict):
        raise TypeError("it is no view of a dict")
    base: Any = collections.OrderedDict if isinstance(table, collections.OrderedDict) else dict
    return getattr(base, name)(table)


def _memory(form: str, shape: Any, is_readonly: Any, data: bytes) -> memoryview:
    held: Any = exactly(bytes, data) if exactly(bool, is_readonly) else bytearray(exactly(bytes, data))
    sizes = [exactly(int, size) for size in exactly(tuple, shape)]
    return memoryview(held).cast("B").cast(exactly(str, form), sizes)


def _array(typecode: str, data: bytes) -> Any:
    made = member("array", "array")(exactly(str, typecode))
    made.frombytes(exactly(bytes, data))
    return made


def _element(tag: Any, attributes: Any, text: Any, tail: Any, parts: Any) -> Any:
    cls = member("xml.etree.ElementTree", "Element")
    made = cls(tag, exactly(dict, attributes))
    made.text, made.tail = text, tail
    cls.extend(made, exactly(list, parts))
    return made


def _weak_values(keys: Any, values: Any) -> Any:
    made: Any = weakref.WeakValueDictionary()
    for key, value in zip(exactly(list, keys), exactly(list, values), strict=True):
        made[key] = value
    return made


def _weak_keys(keys: Any, values: Any) -> Any:
    made: Any = weakref.WeakKeyDictionary()
    for key, value in zip(exactly(list, keys), exactly(list, values), strict=True):
        made[key] = value
    return made


def _proxy(table: Any) -> Any:
    if not isinstance(table, (dict, types.MappingProxyType)):
        raise TypeError("it is no view of a dict")
    return types.MappingProxyType(table)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("dictview", _dict_view),
    TypeBuilder("mappingproxy", _proxy),
    TypeBuilder("memoryview", _memory),
    TypeBuilder("array", _array),
    TypeBuilder("element", _element),
    TypeBuilder("weakvalues", _weak_values),
    TypeBuilder("weakkeys", _weak_keys),
    TypeBuilder("weakset", lambda items: weakref.WeakSet(exactly(list, items))),
)
"""One a kind. What a weak container holds lives as long as something else holds it, as it did."""
