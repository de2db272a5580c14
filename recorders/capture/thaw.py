"""Thawing: frozen values as value trees, in the collector, without importing a class of anyone."""

from __future__ import annotations

import io
import pickle
from typing import Any

from ..model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    Extent,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    encode,
)
from .adapters.registry import ADAPTERS
from .freeze import VALUE_LIMIT, freeze
from .local_functions import CELL, FUNCTION
from .pickle_stubs import MARKERS, Frozen, FrozenBytes, Global, Instance, Items, Member, Opaque, Standard

DEPTH_LIMIT = 150
"""Levels of a value tree."""

NODE_LIMIT = 1_000_000
"""Nodes of a value tree."""

TEXT_LIMIT = 16_000_000
"""Characters and bytes in a value tree. A text that stands in a value a thousand times is one in memory, and a thousand
in the tree."""


class _Thawer(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return MARKERS[name]


def thaw(frozen: Frozen) -> Tree:
    """The value tree of a frozen value. Imports nothing and calls nothing but this module's markers."""
    if type(frozen) is not FrozenBytes:
        return _held(frozen)
    graph = _Thawer(io.BytesIO(frozen.data)).load()
    return _Grower(graph).tree


def capture(value: Any, *, limit: int = VALUE_LIMIT) -> Tree:
    """The value tree of a live value: `thaw(freeze(value))`."""
    return thaw(freeze(value, limit=limit))


def _held(value: Any) -> Tree:
    """The tree of a value that was held without pickling, see `snapshot`."""
    cls = type(value)
    if cls in _LEAVES:
        return _leaf(value)
    if cls is tuple:
        return TupleNode([_held(part) for part in value])
    if cls is list:
        return ListNode([_held(part) for part in value])
    if cls is dict:
        return DictNode([_held(key) for key in value], [_held(part) for part in value.values()])
    reader = ADAPTERS.standard_reader(cls)
    if reader is None:
        return _leaf(value)
    _marker, (kind, *parts) = reader(value)
    return StandardNode(kind, [_held(part) for part in parts])


_LEAVES = frozenset({type(None), bool, int, float, str, bytes})
_FUNCTIONS = frozenset({FUNCTION, CELL})
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_IMMUTABLE = frozenset({tuple, frozenset})
_CONTAINERS = frozenset({list, tuple, dict, set, frozenset, Instance, Items})


def _leaf(value: Any) -> Tree:
    """The tree of a value that holds no others."""
    cls = type(value)
    if cls is int and not _INT_MIN <= value <= _INT_MAX:
        return StandardNode("int", [hex(value)])
    if cls is bytes:
        return BytesNode(value)
    if cls is bytearray:
        return StandardNode("bytearray", [BytesNode(bytes(value))])
    if cls is str:
        return _text(value)
    leaf: Tree = value
    return leaf


def _text(value: str) -> Tree:
    try:
        value.encode()
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8
        return StandardNode("str", [BytesNode(value.encode("utf-8", "surrogatepass"))])
    return value


class _Grower:
    """Turns a thawed graph into a tree, with anchors where a value occurs more than once."""

    def __init__(self, graph: Any) -> None:
        self._shared: set[int] = set()
        self._numbers: dict[int, int] = {}
        self._nodes = NODE_LIMIT
        self._text = TEXT_LIMIT
        self._find_shared(graph)
        self.tree: Tree = self._grow(graph, 0)

    def _find_shared(self, graph: Any) -> None:
        seen: set[int] = set()
        stack = [graph]
        while stack:
            value = stack.pop()
            cls = type(value)
            if cls is Standard and value.kind not in _FUNCTIONS and value.kind not in ADAPTERS.mutable:
                stack.extend(value.parts)
                continue
            if cls not in _CONTAINERS and cls is not Standard:
                continue
            if id(value) in seen:
                self._shared.add(id(value))
                continue
            seen.add(id(value))
            if cls is dict:
                stack.extend(value)
                stack.extend(value.values())
            elif cls is Standard:
                stack.extend(value.parts)
            elif cls is Instance:
                stack.append(value.content)
                stack.extend(value.values)
            elif cls is Items:
                stack.extend(value.keys)
                stack.extend(value.values)
            elif value:
                stack.extend(value)

    def _grow(self, value: Any, depth: int) -> Tree:
        cls = type(value)
        self._nodes -= 1
        if self._nodes < 0:
            return OpaqueNode(f"builtins:{cls.__name__}", f"the value has more than {NODE_LIMIT} parts")
        if cls not in _CONTAINERS:
            return self._small(value, depth)
        if depth > DEPTH_LIMIT:
            return OpaqueNode(f"builtins:{cls.__name__}", f"deeper than {DEPTH_LIMIT} levels")
        key = id(value)
        if key not in self._shared or (cls in _IMMUTABLE and not value):
            return self._container(value, depth + 1)
        number = self._numbers.get(key)
        if number is not None:
            return RefNode(number)
        number = self._numbers[key] = len(self._numbers)
        return AnchorNode(number, self._container(value, depth + 1))

    def _small(self, value: Any, depth: int) -> Tree:
        cls = type(value)
        if cls is Standard:
            return self._standard(value, depth)
        if cls is Member:
            return EnumNode(value.cls, value.name, self._grow(value.value, depth + 1))
        if cls is Global:
            return GlobalNode(value.name)
        if cls is Opaque:
            return OpaqueNode(value.cls, value.reason, Extent(*value.extent) if value.extent else None)
        if cls is str or cls is bytes or cls is bytearray:
            self._text -= len(value)
            if self._text < 0:
                return OpaqueNode(
                    f"builtins:{cls.__name__}", f"the value has more than {TEXT_LIMIT} characters and bytes"
                )
        return _leaf(value)

    def _standard(self, value: Standard, depth: int) -> Tree:
        key = id(value)
        if key not in self._shared:
            return StandardNode(value.kind, [self._grow(part, depth + 1) for part in value.parts])
        number = self._numbers.get(key)
        if number is not None:
            return RefNode(number)
        number = self._numbers[key] = len(self._numbers)
        return AnchorNode(number, StandardNode(value.kind, [self._grow(part, depth + 1) for part in value.parts]))

    def _container(self, value: Any, depth: int) -> Tree:
        grow = self._grow
        cls = type(value)
        if cls is dict:
            keys = [grow(key, depth) for key in value]
            return DictNode(keys, [grow(item, depth) for item in value.values()])
        if cls is list:
            return ListNode([grow(item, depth) for item in value])
        if cls is tuple:
            return TupleNode([grow(item, depth) for item in value])
        if cls is Instance:
            content = grow(value.content, depth)
            names = [name if type(name) is str else repr(type(name)) for name in value.names]
            values = [grow(item, depth) for item in value.values]
            return ObjectNode(
                value.cls, content, names, values, value.origin, value.read, value.form, list(value.fields)
            )
        if cls is Items and value.kind == "dict":
            return DictNode([grow(key, depth) for key in value.keys], [grow(item, depth) for item in value.values])
        # An order of its own: what a set iterates in depends on the hash seed.
        items = sorted((grow(item, depth) for item in (value.keys if cls is Items else value)), key=encode)
        return SetNode(items) if cls is set or (cls is Items and value.kind == "set") else FrozenSetNode(items)
