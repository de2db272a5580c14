"""The value tree: a captured value as plain, typed, safe data.

A tree is either one of the scalars `None`, `bool`, `int` (64 bit), `float`, `str`, or one of the frozen nodes
below. It holds no live object and no class, only names of classes, so it can be stored, compared and sent
anywhere, and decoding one runs nothing. On disk it is MessagePack with a type check of every node (msgspec).

Shared references and cycles are kept: the first occurrence of a shared value is an `AnchorNode`, later ones are
`RefNode`s of its number. Numbers are given in the order of first occurrence, per tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import is_
from typing import Any, Literal, TypeAlias

import msgspec

ClassName: TypeAlias = str
"""`module:qualname` of a class or function."""


class _Node(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class BytesNode(_Node, frozen=True, array_like=True, gc=False, tag="b"):
    """A `bytes`."""

    data: bytes


class ListNode(_Node, frozen=True, array_like=True, gc=False, tag="l"):
    """A `list`."""

    items: list[Tree]


class TupleNode(_Node, frozen=True, array_like=True, gc=False, tag="t"):
    """A `tuple`."""

    items: list[Tree]


class DictNode(_Node, frozen=True, array_like=True, gc=False, tag="d"):
    """A `dict`, in its own order; `keys[i]` belongs to `values[i]`."""

    keys: list[Tree]
    values: list[Tree]


class SetNode(_Node, frozen=True, array_like=True, gc=False, tag="s"):
    """A `set`; the order of the items means nothing."""

    items: list[Tree]


class FrozenSetNode(_Node, frozen=True, array_like=True, gc=False, tag="f"):
    """A `frozenset`; the order of the items means nothing."""

    items: list[Tree]


class StandardNode(_Node, frozen=True, array_like=True, gc=False, tag="z"):
    """A value of a type that an adapter knows, by the parts that build it (see `capture.adapters`)."""

    kind: str
    parts: list[Tree]


class EnumNode(_Node, frozen=True, array_like=True, gc=False, tag="e"):
    """A member of an enumeration; a combination of flags has no name but a value."""

    cls: ClassName
    name: str | None
    value: Tree


class ObjectNode(_Node, frozen=True, array_like=True, gc=False, tag="o"):
    """An instance: raw attributes (`__dict__` and slots), and the content where its class extends a built-in one.

    `content` is the plain value of the built-in part (`args` for an exception), `None` for an ordinary object.
    """

    cls: ClassName
    content: Tree
    names: list[str]
    values: list[Tree]
    origin: str = ""
    """Where it came from, where that is known: `made N PLACE` by the trace's producer N, `named MODULE:NAME`. No part
    of what it is."""
    read: str = ""
    """How a caller gets each name, a letter a name: `a` an attribute, `p` a property, `c` a constant of the class, `u`
    a property that cannot be read outside its trace. Empty where no property was asked, as in every recording: then
    all names are attributes."""
    form: Literal["", "data", "ordered"] = ""
    """`data` where the attributes are the value (dataclass, named tuple, attrs, pydantic, `SimpleNamespace`), `ordered`
    for an `OrderedDict`; empty where it is neither, or nobody looked."""
    fields: list[str] = []
    """Of a named tuple the names of the items of its content; redaction needs them."""


class GlobalNode(_Node, frozen=True, array_like=True, gc=False, tag="g"):
    """A class, function or module, by name only."""

    name: ClassName


class AnchorNode(_Node, frozen=True, array_like=True, gc=False, tag="a"):
    """The first occurrence of a value that occurs again below or later."""

    number: int
    value: Tree


class RefNode(_Node, frozen=True, array_like=True, gc=False, tag="r"):
    """Another occurrence of the value anchored under the number."""

    number: int


class Extent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is kept of a value that is too large: the outside of it."""

    kind: str
    """The name of the built-in type that it is, or extends."""
    length: int
    keys: tuple[str, ...]
    """Names of the types of the first keys, each once, in order."""
    items: tuple[str, ...]
    """Names of the types of some items, of a dict of some values, one each."""


class OpaqueNode(_Node, frozen=True, array_like=True, gc=False, tag="?"):
    """A value that could not be captured, with the reason. Unknown: never the same as anything, never different."""

    cls: ClassName
    reason: str
    extent: Extent | None = None
    """Of a value that was too large; older recordings have none."""


Node: TypeAlias = (
    BytesNode
    | ListNode
    | TupleNode
    | DictNode
    | SetNode
    | FrozenSetNode
    | StandardNode
    | EnumNode
    | ObjectNode
    | GlobalNode
    | AnchorNode
    | RefNode
    | OpaqueNode
)
Tree: TypeAlias = bool | int | float | str | Node | None

NODES = (
    BytesNode,
    ListNode,
    TupleNode,
    DictNode,
    SetNode,
    FrozenSetNode,
    StandardNode,
    EnumNode,
    ObjectNode,
    GlobalNode,
    AnchorNode,
    RefNode,
    OpaqueNode,
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(Tree)


def encode(tree: Tree) -> bytes:
    """The tree as MessagePack; equal trees give equal bytes."""
    return _encoder.encode(tree)


def decode(data: bytes) -> Tree:
    """The tree that `encode` wrote; raises `msgspec.MsgspecError` on anything else. Runs no code of any class."""
    try:
        tree: Tree = _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these two through
        raise msgspec.DecodeError(f"it is no value tree: {error}") from error
    return tree


def children(tree: Tree) -> list[Tree]:
    """The direct parts of a tree, in order; none for scalars."""
    match tree:
        case ListNode(items=parts) | TupleNode(items=parts) | SetNode(items=parts) | FrozenSetNode(items=parts):
            return parts
        case DictNode(keys=keys, values=values):
            return [*keys, *values]
        case ObjectNode(content=content, values=values):
            return [content, *values]
        case StandardNode(parts=parts):
            return parts
        case EnumNode(value=value) | AnchorNode(value=value):
            return [value]
        case _:
            return []


def with_children(tree: Tree, parts: list[Tree]) -> Tree:
    """The tree with other parts, as many and in the order of `children`; a scalar as it is."""
    match tree:
        case ListNode() | TupleNode() | SetNode() | FrozenSetNode():
            return type(tree)(parts)
        case DictNode(keys=keys):
            return DictNode(parts[: len(keys)], parts[len(keys) :])
        case ObjectNode():
            return msgspec.structs.replace(tree, content=parts[0], values=parts[1:])
        case StandardNode():
            return StandardNode(tree.kind, parts)
        case EnumNode():
            return EnumNode(tree.cls, tree.name, parts[0])
        case AnchorNode():
            return AnchorNode(tree.number, parts[0])
        case _:
            return tree


def walk(tree: Tree, into: Callable[[Tree], Sequence[Tree]] = children) -> Iterator[Tree]:
    """Every part of a tree, itself first, in order; `into` gives the parts of a part that are walked, all of them where
    it is left out. Bounded by the size of the tree, not by its depth."""
    pending = [tree]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(reversed(into(part)))


def map_tree(tree: Tree, change: Callable[[Tree], Tree]) -> Tree:
    """The tree with `change(part)` for each part, inner ones first; parts in which nothing changes stay the same
    objects."""
    parts = children(tree)
    if parts:
        changed = [map_tree(part, change) for part in parts]
        if not all(map(is_, changed, parts)):
            tree = with_children(tree, changed)
    return change(tree)


def contains_opaque(tree: Tree) -> OpaqueNode | None:
    """The first opaque mark anywhere in the tree, or `None`."""
    return next((part for part in walk(tree) if isinstance(part, OpaqueNode)), None)


def has_all_anchors(tree: Tree) -> bool:
    """Whether every reference in a tree has its anchor there: a change, or a cut, may have taken one away."""
    parts = list(walk(tree))
    anchors = {part.number for part in parts if isinstance(part, AnchorNode)}
    return all(part.number in anchors for part in parts if isinstance(part, RefNode))


def without_origins(tree: Tree) -> Tree:
    """The tree with nothing said of where its objects came from; the same object where nothing was."""
    return map_tree(tree, _without_origin)


def _without_origin(part: Tree) -> Tree:
    if isinstance(part, ObjectNode) and part.origin:
        return msgspec.structs.replace(part, origin="")
    return part


def record(**fields: Tree) -> DictNode:
    """A dict node with string keys, in the order given."""
    return DictNode(list(fields), list(fields.values()))


def field(tree: Tree, name: str) -> Tree:
    """The value under a string key of a dict node; `None` when there is none."""
    if isinstance(tree, DictNode):
        for key, value in zip(tree.keys, tree.values, strict=True):
            if key == name:
                return value
    return None
