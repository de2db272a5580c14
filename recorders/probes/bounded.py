"""Bounded capture: the value tree of a live value, cut to a size that a hit can afford.

It goes by the exact built-in types and by raw state, as all capture does, so nothing of the service's classes runs. The
cost does not grow with the value: of a long text the begin is taken, of a container the first items, of an object its
attributes, down to a few levels, and what was left out leaves a mark with its size. Texts are taken longer than they
are shown: redaction has to see a secret whole.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import types
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from ..capture.adapters.registry import ADAPTERS
from ..capture.pickle_stubs import Global, Instance, Member, Opaque
from ..capture.raw import class_name, code_of, dict_getter, full_name, type_dict, type_mro
from ..capture.readers import known_readers, reader_of
from ..capture.thaw import capture
from ..faults import own
from ..model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
)
from .plain import EXACT_BASES, REDACTED

DEPTH: Final = 3
"""Levels below a variable."""

ITEMS: Final = 20
FIELDS: Final = 40
NODES: Final = 600
"""Parts of all variables of a hit together: some 300 microseconds at most."""

TEXT: Final = 1_024
"""Characters of a text that are taken."""

BITS: Final = 4_096
"""Bits of a number that is taken."""

_ATOMS: Final = frozenset(map(id, (type(None), bool, float)))
_INT, _STR = id(int), id(str)
_RAW: Final = frozenset({id(bytes), id(bytearray)})
_SMALL: Final = 2**63
_MOMENTS: Final = frozenset(
    map(
        id,
        (
            *(datetime.datetime, datetime.date, datetime.time, datetime.timedelta, datetime.timezone),
            *(decimal.Decimal, uuid.UUID, complex, PurePosixPath, PureWindowsPath),
        ),
    )
)
"""Values of fixed size, frozen by the recorder's own means."""
_SEQUENCES: Final[dict[int, Callable[[list[Tree]], Tree]]] = {
    id(list): ListNode,
    id(tuple): TupleNode,
    id(set): SetNode,
    id(frozenset): FrozenSetNode,
}
_CODES: Final = frozenset(
    map(id, (types.FunctionType, types.MethodType, types.BuiltinFunctionType, staticmethod, classmethod))
)
_whole: Final = slice(0, ITEMS)
MOST_ATTRIBUTES: Final = 1_000
"""Attributes of an instance that is looked into: they are copied."""


def _bare_text(value: Any) -> str:
    """The begin of a text of a class that extends `str`, one longer than is kept where it is."""
    return str.__getitem__(value, slice(0, TEXT + 1))


def _bare_bytes(value: Any) -> bytes:
    return bytes.__getitem__(value, slice(0, TEXT + 1))


_SCALAR_BASES: Final[dict[int, Any]] = {
    id(str): _bare_text,
    id(bytes): _bare_bytes,
    id(int): int.__int__,
    id(float): float.__float__,
}


class Bounded:
    """Captures the values of one hit, which share one bound."""

    __slots__ = ("_left",)

    def __init__(self, nodes: int = NODES) -> None:
        self._left = nodes

    def of_variables(self, variables: Sequence[tuple[str, Any]]) -> tuple[tuple[str, Tree], ...]:
        """The trees of named values; most are small, and take the shortest way."""
        found: list[tuple[str, Tree]] = []
        of = self.of
        for name, value in variables:
            kind = id(type(value))
            if kind in _ATOMS or (kind == _STR and len(value) <= TEXT) or (kind == _INT and -_SMALL <= value < _SMALL):
                found.append((name, value))
            else:
                found.append((name, of(value)))
        return tuple(found)

    def of(self, value: Any, depth: int = DEPTH) -> Tree:
        """The tree of a value; raises nothing, and keeps no reference to it."""
        kind = id(type(value))
        if kind in _ATOMS:
            atom: Tree = value
            return atom
        if kind == _STR:
            return value if len(value) <= TEXT else _cut_text(value)
        if kind == _INT:
            return value if -_SMALL <= value < _SMALL else _large(value)
        self._left -= 1
        if self._left < 0:
            return OpaqueNode(class_name(type(value)), f"left out: more than {NODES} parts")
        try:
            return self._part(value, kind, depth)
        except Exception as fault:
            if not own(fault):
                raise
            return OpaqueNode(class_name(type(value)), f"it could not be read: {type(fault).__name__}")

    def _part(self, value: Any, kind: int, depth: int) -> Tree:
        cls: Any = type(value)
        if kind in _RAW:
            return _cut_bytes(value)
        base = EXACT_BASES.get(kind)
        if base is None:
            if kind in _MOMENTS:
                return capture(value, limit=10_000)
            if kind in _CODES:
                return _function(value)
            return self._object(value, cls, depth)
        if depth <= 0:
            return OpaqueNode(class_name(cls), f"left out: {base.__len__(value)} items, deeper than is looked")
        return self._container(value, base, depth)

    def _container(self, value: Any, base: Any, depth: int) -> Tree:
        length = base.__len__(value)
        if base is dict:
            return self._mapping(value, length, depth)
        if base is list or base is tuple:
            items = base.__getitem__(value, _whole) if length > ITEMS else base.__getitem__(value, slice(None))
        else:
            items = _first(base.__iter__(value))
        of = self.of
        trees = [of(item, depth - 1) for item in items]
        if length > ITEMS:
            trees.append(_more(length))
        if base is collections.deque:
            return StandardNode("deque", [ListNode(trees)])
        return _SEQUENCES[id(base)](trees)

    def _mapping(self, value: Any, length: int, depth: int) -> Tree:
        of, below = self.of, depth - 1
        pairs = list(dict.items(value)) if length <= ITEMS else _first(dict.items(value))
        keys = [of(key, 1) for key, _item in pairs]
        values = [of(item, below) for _key, item in pairs]
        if length > ITEMS:
            keys.append(_more(length))
            values.append(None)
        return DictNode(keys, values)

    def _object(self, value: Any, cls: Any, depth: int) -> Tree:
        if value is REDACTED:
            return OpaqueNode("", "redacted")
        mro = type_mro(cls)
        if any(one is type for one in mro):
            return GlobalNode(class_name(value))
        if not any(one is enum.Enum for one in mro):
            if ADAPTERS.standard_reader(cls) is not None:
                return OpaqueNode(class_name(cls), "it is not looked into")
            base = next((EXACT_BASES[id(one)] for one in mro if id(one) in EXACT_BASES), None)
            if base is not None:
                return self._extended(value, cls, base, depth)
            scalar = next((_SCALAR_BASES[id(one)] for one in mro if id(one) in _SCALAR_BASES), None)
            if scalar is not None:
                return ObjectNode(class_name(cls), self.of(scalar(value)), [], [])
        getter = dict_getter(cls)
        if getter is not None and dict.__len__(getter(value)) > MOST_ATTRIBUTES:
            return OpaqueNode(class_name(cls), f"left out: more than {MOST_ATTRIBUTES} attributes")
        reduced = (known_readers.get(id(cls)) or reader_of(cls))(value)
        if type(reduced) is not tuple:
            return OpaqueNode(class_name(cls), "it is not looked into")
        if reduced[0] is Instance:
            return self._instance(cls, reduced, depth)
        if reduced[0] is Global:
            return GlobalNode(reduced[1][0])
        if reduced[0] is Member:
            _cls, name, held = reduced[1]
            return EnumNode(class_name(cls), name if type(name) is str else None, self.of(held, 1))
        return OpaqueNode(class_name(cls), reduced[1][1] if reduced[0] is Opaque else "it is not looked into")

    def _instance(self, cls: Any, reduced: Any, depth: int) -> Tree:
        (_name, fields), (content, names, values) = reduced[1], reduced[2]
        if depth <= 0:
            return OpaqueNode(class_name(cls), "left out: deeper than is looked")
        of, below = self.of, depth - 1
        kept = [(name, held) for name, held in zip(names[:FIELDS], values, strict=False) if type(name) is str]
        trees = [of(held, below) for _name, held in kept]
        shown = [name for name, _held in kept]
        if len(names) > FIELDS:
            shown.append("...")
            trees.append(OpaqueNode("", f"left out: {len(names) - FIELDS} more attributes"))
        return ObjectNode(class_name(cls), of(content, below), shown, trees, fields=list(fields))

    def _extended(self, value: Any, cls: Any, base: Any, depth: int) -> Tree:
        """A container of a class that extends a built-in one: its items alone."""
        if depth <= 0:
            return OpaqueNode(class_name(cls), f"left out: {base.__len__(value)} items, deeper than is looked")
        return ObjectNode(class_name(cls), self._container(value, base, depth), [], [], fields=_fields(cls, base))


def _fields(cls: Any, base: Any) -> list[str]:
    """The names of a named tuple's items; redaction needs them."""
    if base is not tuple:
        return []
    for one in type_mro(cls):
        fields = type_dict(one).get("_fields")
        if type(fields) is tuple and all(type(name) is str for name in fields):
            return list(fields)
    return []


def _first(items: Any) -> list[Any]:
    """The first items of what another thread may be changing: then some of them."""
    found: list[Any] = []
    iterator: Iterator[Any] = iter(items)
    try:
        found.extend(islice(iterator, ITEMS))
    except RuntimeError:
        return found
    return found


def _more(length: int) -> Tree:
    return OpaqueNode("", f"left out: {length - ITEMS} of {length} items")


def _cut_text(value: str) -> Tree:
    return StandardNode("cut", [value[:TEXT], len(value)])


def _cut_bytes(value: Any) -> Tree:
    if len(value) <= TEXT:
        return BytesNode(bytes(value))
    return StandardNode("cut", [BytesNode(bytes(value[:TEXT])), len(value)])


def _large(value: int) -> Tree:
    bits = value.bit_length()
    if bits <= BITS:
        return StandardNode("int", [hex(value)])
    return OpaqueNode("builtins:int", f"left out: a number of {bits} bits")


def _function(value: Any) -> Tree:
    code = code_of(value)
    if code is None:
        return GlobalNode(class_name(type(value)))
    function = value if type(value) is types.FunctionType else value.__func__
    return GlobalNode(full_name(function.__module__, function.__qualname__))
