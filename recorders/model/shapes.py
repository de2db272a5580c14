"""Shapes: the structure of the values seen, without the values.

A shape holds, per path, how often each type was seen, the range of numbers and of lengths, which keys were present how
often, and one shape for all items of a container. No text and no bytes are kept, only names: of types, of attributes
and of dict keys that read like names.

Merging is associative and commutative, and equals observing everything in one. So what is dropped must not depend on
the order: of more than 64 keys the 64 first ones stay, in the fixed order of (length, name). A key that is once behind
64 others stays behind them, so the counts of the keys that stay are exact, and `rest` counts the others. The one
exception is a shape of more than `NODE_LIMIT` nodes, which loses its deepest levels: where keys were dropped as well,
the number of levels that stay can depend on the order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import msgspec

from .value_tree import (
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
)

KEY_LIMIT: Final = 64
TYPE_LIMIT: Final = 16
DEPTH_LIMIT: Final = 12
NODE_LIMIT: Final = 4096

Range: TypeAlias = tuple[int | float, int | float]
TypeName: TypeAlias = str

_CONTAINERS: Final = {ListNode: "list", TupleNode: "tuple", SetNode: "set", FrozenSetNode: "frozenset"}
_NUMBERS: Final = frozenset({"int", "float", "decimal"})
# Longer keys, or with more digits than a numbered name has, are data: identifiers, addresses, tokens.
_KEY_RE: Final = re.compile(r"(?!(?:\D*\d){5})[A-Za-z_][\w.-]{0,39}", re.ASCII)


class Shape(msgspec.Struct, eq=True):
    """The structure of the values folded in so far: an accumulator.

    `types` counts values per type and `ranges` holds, per type, the lowest and highest number, or length. `keyed`
    counts the dicts and objects whose keys were looked at; `keys` their keys and attributes, each with its own shape
    (its `count` is its presence); `items` is the shape of all items of lists, tuples and sets. `rest` counts what
    the limits folded away: keys, levels and types.
    """

    count: int = 0
    types: dict[TypeName, int] = {}
    ranges: dict[TypeName, Range] = {}
    keyed: int = 0
    keys: dict[str, Shape] = {}
    items: Shape | None = None
    rest: int = 0

    def observe(self, tree: Tree) -> None:
        """Fold one value in."""
        _observe(self, tree, {}, DEPTH_LIMIT)
        _limit_nodes(self)

    def merge(self, other: Shape) -> Shape:
        """The shape of all values of both; neither is changed."""
        merged = Shape()
        _add(merged, self)
        _add(merged, other)
        _limit_nodes(merged)
        return merged

    def describe(self) -> str:
        """One line for people: `{"amount": str len 1-8, "note"?: str|None (12 % None)}`; `?` is not always there."""
        return _describe(self)


def encode(shape: Shape) -> bytes:
    """The shape as MessagePack; equal shapes give equal bytes."""
    return _encoder.encode(shape)


def decode(data: bytes) -> Shape:
    """The shape that `encode` wrote; raises `msgspec.MsgspecError` on anything else."""
    return _decoder.decode(data)


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Shape)


# --- folding in ------------------------------------------------------------------------------------------------------


def _observe(shape: Shape, tree: Tree, anchors: dict[int, TypeName], depth: int) -> None:
    """Fold a value in, `depth` levels deep; `anchors` are the types of the shared values met so far."""
    if isinstance(tree, AnchorNode):
        anchors[tree.number] = _type_name(tree.value)
        tree = tree.value
    shape.count += 1
    if isinstance(tree, RefNode):
        # Looked at where it is anchored: following it could take exponential time.
        _count_type(shape, anchors.get(tree.number, "shared"))
        return
    name = _type_name(tree)
    _count_type(shape, name)
    if (measure := _measure(tree)) is not None and name in shape.types:
        _widen(shape, name, (measure, measure))
    _observe_parts(shape, tree, anchors, depth)


def _observe_parts(shape: Shape, tree: Tree, anchors: dict[int, TypeName], depth: int) -> None:
    match tree:
        case ListNode(items=items) | TupleNode(items=items) | SetNode(items=items) | FrozenSetNode(items=items):
            _observe_items(shape, items, anchors, depth)
        case DictNode(keys=keys, values=values):
            shape.keyed += 1
            _observe_keys(shape, zip(keys, values, strict=False), anchors, depth)
        case ObjectNode(content=content, names=names, values=values):
            shape.keyed += 1
            _observe_keys(shape, zip(names, values, strict=False), anchors, depth)
            if content is not None:
                _observe_items(shape, [content], anchors, depth)
        case OpaqueNode(extent=Extent() as extent):
            _observe_extent(shape, extent, depth)
        case _:
            pass


def _observe_extent(shape: Shape, extent: Extent, depth: int) -> None:
    """What is known of a value that was too large: the types of some items. Keys of a dict were not looked at."""
    if extent.kind == "dict" or not depth or not extent.items:
        shape.rest += extent.length
        return
    if shape.items is None:
        shape.items = Shape()
    shape.items.count += len(extent.items)
    for name in extent.items:
        _count_type(shape.items, name)


def _observe_items(shape: Shape, items: list[Tree], anchors: dict[int, TypeName], depth: int) -> None:
    if not depth:
        shape.rest += len(items)
    elif items:
        if shape.items is None:
            shape.items = Shape()
        for item in items:
            _observe(shape.items, item, anchors, depth - 1)


def _observe_keys(shape: Shape, pairs: Iterable[tuple[Tree, Tree]], anchors: dict[int, TypeName], depth: int) -> None:
    for key, value in pairs:
        if not depth or not isinstance(key, str) or not _KEY_RE.fullmatch(key):
            shape.rest += 1
        else:
            _observe(shape.keys.setdefault(key, Shape()), value, anchors, depth - 1)
    _limit_keys(shape)


def _type_name(tree: Tree) -> TypeName:
    """The name people know the type by: a built-in's own, a class's `module:qualname`."""
    if tree is None:
        return "None"
    match tree:
        case bool() | int() | float() | str():
            return type(tree).__name__
        case StandardNode(kind=name) | EnumNode(cls=name) | ObjectNode(cls=name):
            return name
        case ListNode() | TupleNode() | SetNode() | FrozenSetNode():
            return _CONTAINERS[type(tree)]
        case DictNode() | BytesNode():
            return "dict" if isinstance(tree, DictNode) else "bytes"
        case AnchorNode(value=value):
            return _type_name(value)
        case GlobalNode():
            return "global"
        case OpaqueNode(extent=extent):
            return extent.kind if extent is not None else "opaque"
        case _:
            return "shared"


def _measure(tree: Tree) -> int | float | None:
    """The number, or the length, of a value; `None` where neither makes sense."""
    match tree:
        case None | bool():
            return None
        case int():
            return tree
        case float():
            return _without_negative_zero(tree)
        case str():
            return len(tree)
        case BytesNode(data=data):
            return len(data)
        case ListNode(items=items) | TupleNode(items=items) | SetNode(items=items) | FrozenSetNode(items=items):
            return len(items)
        case DictNode(keys=keys):
            return len(keys)
        case OpaqueNode(extent=Extent(length=length)):
            return length
        case StandardNode(kind="decimal" | "int", parts=[str(text), *_]):
            return _number(text)
        case _:
            return None


def _number(text: str) -> float | None:
    """The nearest float: ranges of decimals and of big integers are as exact as that."""
    try:
        return _without_negative_zero(float(text))
    except ValueError:
        return None


def _without_negative_zero(value: float) -> float | None:
    # `min(0.0, -0.0)` depends on the order, and every comparison with NaN is false.
    return None if math.isnan(value) else value + 0.0


# --- merging and limits ----------------------------------------------------------------------------------------------


def _add(shape: Shape, other: Shape) -> None:
    """Fold another shape in, without sharing any part of it."""
    shape.count += other.count
    shape.keyed += other.keyed
    shape.rest += other.rest
    for name, count in other.types.items():
        _count_type(shape, name, count)
    for name, measures in other.ranges.items():
        if name in shape.types:
            _widen(shape, name, measures)
    for key, value in other.keys.items():
        _add(shape.keys.setdefault(key, Shape()), value)
    if other.items is not None:
        if shape.items is None:
            shape.items = Shape()
        _add(shape.items, other.items)
    _limit_keys(shape)


def _widen(shape: Shape, name: TypeName, measures: Range) -> None:
    low, high = shape.ranges.get(name, measures)
    shape.ranges[name] = (min(low, measures[0]), max(high, measures[1]))


def _last(names: Iterable[str]) -> str:
    """The name that a limit drops first. Short names come first: long ones tend to be generated."""
    return max(names, key=lambda name: (len(name), name))


def _count_type(shape: Shape, name: TypeName, count: int = 1) -> None:
    shape.types[name] = shape.types.get(name, 0) + count
    if len(shape.types) > TYPE_LIMIT:
        last = _last(shape.types)
        shape.rest += shape.types.pop(last)
        shape.ranges.pop(last, None)


def _limit_keys(shape: Shape) -> None:
    excess = len(shape.keys) - KEY_LIMIT
    if excess > 0:
        for key in sorted(shape.keys, key=lambda name: (len(name), name))[-excess:]:
            shape.rest += shape.keys.pop(key).count


def _parts(shape: Shape) -> Iterator[Shape]:
    yield from shape.keys.values()
    if shape.items is not None:
        yield shape.items


def _limit_nodes(shape: Shape) -> None:
    """Cut the deepest levels off until at most `NODE_LIMIT` nodes stay."""
    level, nodes = [shape], 1
    while level:
        below = [part for one in level for part in _parts(one)]
        nodes += len(below)
        if nodes > NODE_LIMIT:
            for one in level:
                one.rest += sum(part.count for part in _parts(one))
                one.keys, one.items = {}, None
            return
        level = below


# --- describing ------------------------------------------------------------------------------------------------------


def _describe(shape: Shape) -> str:
    if not shape.count:
        return "nothing"
    names = sorted(shape.types, key=lambda name: (name == "None", -shape.types[name], name))
    parts = [_describe_type(shape, name) for name in names]
    if len(parts) == 1 and not shape.items and not shape.keyed:
        return parts[0]
    text = "|".join(parts)
    missing = shape.types.get("None", 0)
    share = f" ({_percent(missing, shape.count)} None)" if 0 < missing < shape.count else ""
    return text + share


def _describe_type(shape: Shape, name: TypeName) -> str:
    span = _describe_range(shape.ranges.get(name), "" if name in _NUMBERS else "len ")
    if name in _CONTAINERS.values():
        return f"{name}[{_describe(shape.items) if shape.items else ''}]{span}"
    if name == "dict":
        return _describe_keys(shape)
    # A class name is distinguished from a built-in or standard type by its colon.
    return name + _describe_keys(shape) if ":" in name and shape.keys else name + span


def _describe_range(measures: Range | None, unit: str) -> str:
    if measures is None:
        return ""
    low, high = measures
    return f" {unit}{low:g}" if low == high else f" {unit}{low:g}–{high:g}"  # noqa: RUF001  # the sign for a range


def _describe_keys(shape: Shape) -> str:
    parts = [
        f'"{key}"{"?" if value.count < shape.keyed else ""}: {_describe(value)}' for key, value in shape.keys.items()
    ]
    if shape.rest:
        parts.append(f"… {shape.rest}")
    return "{" + ", ".join(parts) + "}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"
