"""Digests of value trees: what a caller cannot distinguish has one digest.

A digest is typed, does not depend on how equal parts are shared, and covers of an object what a caller can read of it:
its public names. Which of the candidate's names count follows from base's object; see `Names`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from ...recorders.model.full_names import qualname_part
from ...recorders.model.value_tree import (
    NODES,
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    children,
    encode,
    walk,
)
from .array_values import canonical
from .rings import rings
from .shown_names import is_nothing, shown_names

ClassLabel: TypeAlias = str
"""The qualified name of a class without its module; `_` for a private one."""

Names: TypeAlias = Mapping[ClassLabel, frozenset[str]]
"""The public names that objects of a class have on base's side; of a class that it does not hold, every name counts."""

EVERY_NAME: Names = MappingProxyType({})

ROUNDS = 100
"""Levels around shared values that lead to each other by which these are distinguished. More than that in a row that
are alike are taken as alike; what differs in any of them is seen nevertheless."""

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}\b")
_ORDERED = "collections:OrderedDict"


def class_label(name: str) -> ClassLabel:
    """A class by its name: the module it lives in may change behind a re-export; a private class has none."""
    label = qualname_part(name)
    return "_" if label.rpartition(".")[2].startswith("_") else label


def attributes(tree: ObjectNode) -> list[tuple[str, Tree]]:
    """All attributes of the instance, private ones too."""
    return [(name, value) for name, how, value in _rows(tree) if how == "a"]


def public(tree: ObjectNode) -> list[tuple[str, Tree]]:
    """The attributes and properties that a caller is meant to see."""
    return [(name, value) for name, (how, value) in readings(tree).items() if how in "ap"]


def readings(tree: ObjectNode) -> dict[str, tuple[str, Tree]]:
    """Public name → how it was read (see `ObjectNode.read`), value."""
    return {name: (how, value) for name, how, value in _rows(tree) if not name.startswith("_")}


def _rows(tree: ObjectNode) -> Iterable[tuple[str, str, Tree]]:
    """(name, how it was read, value); a hostile baseline may hold more of the one than of the other."""
    shown = shown_names(tree.cls)
    rows = zip(tree.names, tree.read or "a" * len(tree.names), tree.values, strict=False)
    if shown.keys().isdisjoint(tree.names):
        return rows
    return [(shown.get(name, name), how, value) for name, how, value in rows if not is_nothing(name, value)]


def is_closed(tree: ObjectNode) -> bool:
    """Whether nothing of an object can be read by a caller, although it has state: all of its names are private."""
    return tree.content is None and bool(tree.names) and not public(tree)


def is_library_object(tree: ObjectNode) -> bool:
    """Whether a replay met an object outside of the included packages, of which it read public attributes alone: those
    of plain data are the value, as is what a class extends; those of others seldom are all of it."""
    is_bare = tree.content is None and not tree.form and not tree.read
    return is_bare and any(name.startswith("_") for name in tree.names)


def is_ordered(tree: ObjectNode) -> bool:
    """Whether the order of a mapping's keys is part of its value."""
    return tree.form == "ordered" or tree.cls == _ORDERED


def public_names(tree: Tree) -> Names:
    """The public names of each class in a tree."""
    found: dict[ClassLabel, set[str]] = {}
    for part in walk(tree):
        if isinstance(part, ObjectNode):
            found.setdefault(class_label(part.cls), set()).update(name for name, _value in public(part))
    return {label: frozenset(names) for label, names in found.items()}


def new_names(base: Tree, candidate: Tree) -> list[str]:
    """Public names that only the candidate's objects of a class have, as `Class.name`: no difference, but a note."""
    before, after = public_names(base), public_names(candidate)
    shared = [label for label in before if label in after]
    return sorted(f"{label}.{name}" for label in shared for name in after[label] - before[label])


class Digests:
    """Digests of the parts of one tree."""

    def __init__(self, tree: Tree, *, whole: bool = False, names: Names = EVERY_NAME, closed: bool = False) -> None:
        """`whole`: private attributes too. `names` are those that count. `closed` says whether the private state of an
        object of which nothing can be read makes it another one."""
        self.tree = tree
        self._is_whole = whole
        self._names = names
        self._closed = closed
        self._done: dict[int, bytes] = {}
        self._is_settled = False
        self._memo: dict[int, bytes] = {}

    @cached_property
    def _anchors(self) -> dict[int, Tree]:
        """Anchored values by number; most trees have none, and are never asked."""
        return {part.number: part.value for part in walk(self.tree) if isinstance(part, AnchorNode)}

    @cached_property
    def whole(self) -> Digests:
        """Digests of the same tree, private attributes and all."""
        return Digests(self.tree, whole=True)

    def resolve(self, tree: Tree) -> Tree:
        """A tree behind its anchor or reference."""
        while True:
            if isinstance(tree, AnchorNode):
                tree = tree.value
            elif isinstance(tree, RefNode):
                tree = self._anchors.get(tree.number)
            else:
                return tree

    def of(self, tree: Tree) -> bytes:
        """The digest of a part."""
        if not isinstance(tree, NODES):
            return _hash(b"v", encode(_plain(tree)))
        number = tree.number if isinstance(tree, (AnchorNode, RefNode)) else None
        if number is not None:
            return self._of_shared(number)
        known = self._memo.get(id(tree))
        if known is None:
            known = self._memo[id(tree)] = self._of_node(tree)
        return known

    def _of_shared(self, number: int) -> bytes:
        if not self._is_settled:
            self._settle()
        return self._done[number] if number in self._done else self.of(None)

    def _settle(self) -> None:
        """Find the digest of each shared value, once, those that it leads to first."""
        self._is_settled = True
        anchors = self._anchors
        edges = {number: _leads_to(value) for number, value in anchors.items()}
        for ring in rings(edges):
            if len(ring) > 1 or ring[0] in edges[ring[0]]:
                self._done.update(self._of_ring(ring))
            else:
                self._done[ring[0]] = self.of(anchors[ring[0]])

    def _of_ring(self, ring: list[int]) -> dict[int, bytes]:
        """Of values that lead to each other: distinguished by what lies around them, one level further each round,
        until that distinguishes no more of them (partition refinement, as of Hopcroft and of Weisfeiler and Leman)."""
        before, known, apart = self._memo, dict.fromkeys(ring, b"ring"), 1
        for _round in range(ROUNDS):
            self._done.update(known)
            self._memo = {}
            known = {number: self.of(self._anchors[number]) for number in ring}
            apart, last = len(set(known.values())), apart
            if apart == last:
                break
        self._memo = before
        around = sorted(known.values())
        return {number: _hash(b"ring", digest, *around) for number, digest in known.items()}

    def _of_node(self, tree: Tree) -> bytes:
        match tree:
            case DictNode():
                return _hash(b"d", *sorted(self._pairs(tree)))
            case ListNode(items=items):
                return _hash(b"l", *map(self.of, items))
            case TupleNode(items=items):
                return _hash(b"t", *map(self.of, items))
            case SetNode(items=items):
                return _hash(b"s", *sorted(map(self.of, items)))
            case FrozenSetNode(items=items):
                return _hash(b"f", *sorted(map(self.of, items)))
            case ObjectNode():
                return self._of_object(tree)
            case StandardNode(kind="traceback"):
                return _hash(b"traceback")  # where code was when it failed is no behaviour
            case StandardNode(kind="numpy.array", parts=[str(), spec, _, str(), elements]):
                return _hash(b"array", *map(self.of, tree.parts[:3]), self._of_elements(spec, elements))
            case StandardNode(kind="function", parts=[str(name), _position, _code, _takes, cells, *_]):
                return _hash(b"function", name.encode(), self.of(cells))
            case StandardNode(kind=kind, parts=parts):
                return _hash(b"z", kind.encode(), *map(self.of, parts))
            case EnumNode(cls=cls, name=name):
                return _hash(b"e", class_label(cls).encode(), (name or "").encode(), self.of(tree.value))
            case _:
                return _hash(b"x", encode(tree))

    def _of_elements(self, spec: Tree, elements: Tree) -> bytes:
        """How an array lies in memory is no part of its value."""
        return _hash(b"b", canonical(spec, elements.data)) if isinstance(elements, BytesNode) else self.of(elements)

    def _pairs(self, tree: DictNode) -> list[bytes]:
        return [self.of(key) + self.of(value) for key, value in zip(tree.keys, tree.values, strict=True)]

    def _of_object(self, tree: ObjectNode) -> bytes:
        named = sorted(_hash(b"n", name.encode(), self.of(value)) for name, value in self._shown(tree))
        inside = self.resolve(tree.content)
        if isinstance(inside, DictNode) and is_ordered(tree):
            content = _hash(b"ordered", *self._pairs(inside))
        else:
            content = self.of(tree.content)
        if self._closed and not self._is_whole and is_closed(tree):
            named = self.state(tree)
        elif self._closed and not self._is_whole and is_library_object(tree):
            named += self.state(tree)
        return _hash(b"o", class_label(tree.cls).encode(), content, *named)

    def state(self, tree: ObjectNode) -> list[bytes]:
        """The state of an object, private attributes and all, in their order: what they are called is an internal."""
        return [self.whole.of(value) for _name, value in attributes(tree)]

    def _shown(self, tree: ObjectNode) -> list[tuple[str, Tree]]:
        if self._is_whole:
            return attributes(tree)
        wanted = self._names.get(class_label(tree.cls))
        if wanted is None:
            return public(tree)
        is_data = tree.form == "data"
        return [
            (name, value)
            for name, (how, value) in readings(tree).items()
            if (how in "apc" and name in wanted) or (how == "a" and is_data)
        ]


def _leads_to(tree: Tree) -> set[int]:
    """The shared values that a tree holds, or refers to, not those inside of these."""
    parts = walk(tree, lambda part: [] if isinstance(part, (AnchorNode, RefNode)) else children(part))
    return {part.number for part in parts if isinstance(part, (AnchorNode, RefNode))}


def _hash(*parts: bytes) -> bytes:
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(len(part).to_bytes(4, "big"))
        state.update(part)
    return state.digest()


def _plain(value: Tree) -> Tree:
    if isinstance(value, float) and value != value:
        return float("nan")  # one NaN for all
    return _ADDRESS.sub("at 0x…", value) if isinstance(value, str) and " at 0x" in value else value
