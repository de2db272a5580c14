"""This file is about comparing: equal by digest first, then pruned to the smallest unequal parts, then explained.

Equality is typed and ours (`1`, `1.0` and `True` differ, two NaNs do not), memoised on shared references. deepdiff is
loaded only to align sequences of different length, on plain projections of parts that are known to differ.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any, Literal, NamedTuple, TypeAlias

from ..recorders.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
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
    contains_opaque,
    encode,
)
from .observation import Observation, Outbound, comparable
from .requests import described, label

DifferenceKind: TypeAlias = Literal["response", "return", "exception", "mutation", "outbound"]

FIELD_LIMIT = 40
"""Differing fields told of one trace."""

ABSENT = GlobalNode("absent")
"""Stands for a side that has nothing there."""

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}\b")


class Difference(NamedTuple):
    """One field in which candidate and base differ."""

    kind: DifferenceKind
    field: str
    base: Tree
    candidate: Tree
    position: int | None = None
    """Of an outbound difference: position of the call, in the candidate's calls or, for a missing one, the base's."""


class Digests:
    """Digests of the parts of one tree, in canonical form: what a caller cannot tell apart has one digest."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._anchors: dict[int, Tree] = {}
        self._done: dict[int, bytes] = {}
        self._open: list[int] = []
        self._memo: dict[int, bytes] = {}
        self._collect(tree)

    def _collect(self, tree: Tree) -> None:
        from ..recorders.value_tree import children

        stack = [tree]
        while stack:
            part = stack.pop()
            if isinstance(part, AnchorNode):
                self._anchors[part.number] = part.value
            stack.extend(children(part))

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
        if not isinstance(tree, _NODES):
            return _hash(b"v", encode(_plain(tree)))
        number = tree.number if isinstance(tree, (AnchorNode, RefNode)) else None
        if number is not None:
            return self._of_shared(number)
        known = self._memo.get(id(tree))
        if known is None:
            known = self._memo[id(tree)] = self._of_node(tree)
        return known

    def _of_shared(self, number: int) -> bytes:
        if number in self._done:
            return self._done[number]
        if number in self._open:  # a cycle: known by how many levels up it leads
            return _hash(b"cycle", str(len(self._open) - self._open.index(number)).encode())
        self._open.append(number)
        digest = self.of(self._anchors.get(number))
        self._open.pop()
        if not self._open:
            self._done[number] = digest
        return digest

    def _of_node(self, tree: Tree) -> bytes:
        match tree:
            case DictNode(keys=keys, values=values):
                pairs = sorted(self.of(key) + self.of(value) for key, value in zip(keys, values, strict=True))
                return _hash(b"d", *pairs)
            case ListNode(items=items):
                return _hash(b"l", *map(self.of, items))
            case TupleNode(items=items):
                return _hash(b"t", *map(self.of, items))
            case SetNode(items=items):
                return _hash(b"s", *sorted(map(self.of, items)))
            case FrozenSetNode(items=items):
                return _hash(b"f", *sorted(map(self.of, items)))
            case ObjectNode():
                named = [_hash(b"n", name.encode(), self.of(value)) for name, value in public(tree)]
                return _hash(b"o", _class_label(tree.cls).encode(), self.of(tree.content), *sorted(named))
            case StandardNode(kind=kind, parts=parts):
                return _hash(b"z", kind.encode(), *map(self.of, parts))
            case EnumNode(cls=cls, name=name):
                return _hash(b"e", _class_label(cls).encode(), (name or "").encode(), self.of(tree.value))
            case _:
                return _hash(b"x", encode(tree))


_NODES = (
    *(BytesNode, ListNode, TupleNode, DictNode, SetNode, FrozenSetNode, StandardNode, EnumNode, ObjectNode),
    *(GlobalNode, AnchorNode, RefNode, OpaqueNode),
)


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


def public(tree: ObjectNode) -> list[tuple[str, Tree]]:
    """The attributes that a caller is meant to see."""
    return [(name, value) for name, value in zip(tree.names, tree.values, strict=True) if not name.startswith("_")]


def _class_label(name: str) -> str:
    """A class by its name: the module it lives in may change behind a re-export."""
    return name.partition(":")[2]


def tree_differences(base: Tree, candidate: Tree) -> list[tuple[str, Tree, Tree]]:
    """(path, base, candidate) of the smallest parts that differ; empty when a caller cannot tell the trees apart.

    A part that could not be captured on either side is unknown: it is neither equal nor different, and not told.
    """
    if encode(base) == encode(candidate):
        return []
    walk = _Walk(Digests(base), Digests(candidate))
    walk.compare("", base, candidate)
    return walk.found


def unknown_part(base: Tree, candidate: Tree) -> tuple[str, OpaqueNode] | None:
    """(path, mark) of a part that was captured on one side only, so that nobody can say whether it differs."""
    if encode(base) == encode(candidate):
        return None
    walk = _Walk(Digests(base), Digests(candidate))
    walk.compare("", base, candidate)
    return walk.unknown


class _Walk:
    def __init__(self, base: Digests, candidate: Digests) -> None:
        self._base = base
        self._candidate = candidate
        self._seen: set[tuple[int, int]] = set()
        self.found: list[tuple[str, Tree, Tree]] = []
        self.unknown: tuple[str, OpaqueNode] | None = None

    def compare(self, path: str, base: Tree, candidate: Tree) -> None:
        if len(self.found) >= FIELD_LIMIT or self._base.of(base) == self._candidate.of(candidate):
            return
        base, candidate = self._base.resolve(base), self._candidate.resolve(candidate)
        mark = candidate if isinstance(candidate, OpaqueNode) else base
        if isinstance(mark, OpaqueNode):
            self.unknown = self.unknown or (path, mark)
            return
        if isinstance(base, _NODES) and (id(base), id(candidate)) in self._seen:
            return
        self._seen.add((id(base), id(candidate)))
        if type(base) is not type(candidate):
            self.found.append((path, base, candidate))
            return
        self._compare_nodes(path, base, candidate)

    def _compare_nodes(self, path: str, base: Tree, candidate: Tree) -> None:
        match base, candidate:
            case DictNode(), DictNode():
                self._dicts(path, base, candidate)
            case ListNode(items=left), ListNode(items=right):
                self._sequence(path, left, right)
            case TupleNode(items=left), TupleNode(items=right):
                self._sequence(path, left, right)
            case ObjectNode(), ObjectNode() if _class_label(base.cls) == _class_label(candidate.cls):
                self.compare(path, base.content, candidate.content)
                attributes = {f".{name}": value for name, value in public(base)}
                self._named(path, attributes, {f".{name}": value for name, value in public(candidate)})
            case _ if _unknown_inside(base, candidate):
                return  # its parts cannot be told apart one by one
            case _:
                self.found.append((path, base, candidate))

    def _dicts(self, path: str, base: DictNode, candidate: DictNode) -> None:
        left, right = _by_key(base), _by_key(candidate)
        if any(map(contains_opaque, [*base.keys, *candidate.keys])):  # any other key may be the unknown one
            both = left.keys() & right.keys()
            left = {name: value for name, value in left.items() if name in both}
            right = {name: value for name, value in right.items() if name in both}
        self._named(path, left, right)

    def _named(self, path: str, base: dict[str, Tree], candidate: dict[str, Tree]) -> None:
        for name in [*base, *(name for name in candidate if name not in base)]:
            if name not in candidate:
                self.found.append((path + name, base[name], ABSENT))
            elif name not in base:
                self.found.append((path + name, ABSENT, candidate[name]))
            else:
                self.compare(path + name, base[name], candidate[name])

    def _sequence(self, path: str, base: list[Tree], candidate: list[Tree]) -> None:
        if len(base) == len(candidate):
            for position, pair in enumerate(zip(base, candidate, strict=True)):
                self.compare(f"{path}[{position}]", *pair)
            return
        before = [self._base.of(item).hex() for item in base]
        after = [self._candidate.of(item).hex() for item in candidate]
        for position, in_base, in_candidate in aligned(before, after):
            old = base[in_base] if in_base is not None else ABSENT
            new = candidate[in_candidate] if in_candidate is not None else ABSENT
            if old is not ABSENT and new is not ABSENT:
                self.compare(f"{path}[{position}]", old, new)
            else:
                self.found.append((f"{path}[{position}]", old, new))


def aligned(base: list[str], candidate: list[str]) -> list[tuple[int, int | None, int | None]]:
    """(position, position in base, position in candidate) of what was inserted, removed or changed, by deepdiff.

    An insertion at the front of a list is one insertion, not a change of every item.
    """
    from deepdiff import DeepDiff  # 0.3 s to import: only when a divergence has to be explained

    found = DeepDiff(base, candidate, view="tree")
    rows: set[tuple[int, int | None, int | None]] = set()
    for kind, levels in found.items():
        for level in levels:
            left, right = _indexes(level, kind)
            position = right if right is not None else left
            if position is not None:
                rows.add((position, left, right))
    return sorted(rows, key=lambda row: (row[0], row[1] is None))


def _indexes(level: Any, kind: str) -> tuple[int | None, int | None]:
    relationship = level.up
    left = getattr(relationship.t1_child_rel, "param", None) if relationship.t1_child_rel is not None else None
    right = getattr(relationship.t2_child_rel, "param", None) if relationship.t2_child_rel is not None else None
    if kind == "iterable_item_added":
        return None, right
    if kind == "iterable_item_removed":
        return left, None
    return left, right if right is not None else left


def _unknown_inside(base: Tree, candidate: Tree) -> bool:
    """Whether two values of one class hold a part that was not captured, in a form that is compared as a whole."""
    match base, candidate:
        case (SetNode(), SetNode()) | (FrozenSetNode(), FrozenSetNode()):
            alike = True
        case StandardNode(), StandardNode():
            alike = base.kind == candidate.kind
        case EnumNode(), EnumNode():
            alike = (_class_label(base.cls), base.name) == (_class_label(candidate.cls), candidate.name)
        case _:
            alike = False
    return alike and (contains_opaque(base) or contains_opaque(candidate)) is not None


def _by_key(tree: DictNode) -> dict[str, Tree]:
    return {_key_path(key): value for key, value in zip(tree.keys, tree.values, strict=True)}


def _key_path(key: Tree) -> str:
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z_][\w-]*", key):
        return f".{key}"
    from .show import literal

    text = literal(key)
    if "…" in text:  # two keys that are cut at the same place are two keys
        text += f" {hashlib.blake2b(encode(key), digest_size=4).hexdigest()}"
    return f"[{text}]"


# --- observations ------------------------------------------------------------------------------------------------


def compare(base: Observation, candidate: Observation) -> list[Difference]:
    """Everything in which two observations differ for a caller or a system behind the service."""
    return [*_outcome_differences(base, candidate), *outbound_differences(base.outbound, candidate.outbound)]


def _outcome_differences(base: Observation, candidate: Observation) -> list[Difference]:
    if base.kind != candidate.kind:
        return [Difference("exception", "exception", comparable(base), comparable(candidate))]
    found: list[Difference] = []
    if encode(base.value) != encode(candidate.value):
        found = [
            Difference(base.kind, base.kind + path, left, right)
            for path, left, right in tree_differences(comparable(base), comparable(candidate))
        ]
    if base.kind == "response" and len(found) > 1:  # the length follows from the body
        found = [one for one in found if one.field != "response.headers.content-length"]
    found += [
        Difference("mutation", f"arguments{path}", left, right)
        for path, left, right in tree_differences(base.arguments, candidate.arguments)
    ]
    return found


def outbound_differences(base: list[Outbound], candidate: list[Outbound]) -> list[Difference]:
    """Extra, missing, changed calls, and writes to one resource in another order."""
    found: list[Difference] = []
    answered: set[int] = set()
    for position, call in enumerate(candidate):
        if call.matched is not None:
            answered.add(call.matched)
        if call.operation.effect == "session":
            continue
        name = label(call.operation, call.request)
        if call.matched is None:
            request = described(call.operation, call.request)
            found.append(Difference("outbound", f"{name}: extra call", ABSENT, request, position))
        elif not call.exact:
            found += _changed(name, base[call.matched], call, position)
    for position, call in enumerate(base):
        if position not in answered and call.operation.effect != "session":
            name = label(call.operation, call.request)
            request = described(call.operation, call.request)
            found.append(Difference("outbound", f"{name}: missing call", request, ABSENT, position))
    return [*found, *_reordered(base, candidate)]


def _changed(name: str, base: Outbound, candidate: Outbound, position: int) -> list[Difference]:
    left, right = described(base.operation, base.request), described(candidate.operation, candidate.request)
    return [
        Difference("outbound", f"{name} {path.lstrip('.')}", old, new, position)
        for path, old, new in tree_differences(left, right)
    ]


def _reordered(base: list[Outbound], candidate: list[Outbound]) -> list[Difference]:
    """Writes to one resource, within one thread of the trace, that come in another order."""
    last: dict[tuple[str, int], tuple[int, str]] = {}
    found = []
    for position, call in enumerate(candidate):
        if call.operation.effect != "write" or call.matched is None:
            continue
        lane = (call.operation.resource, base[call.matched].lane)
        name = label(call.operation, call.request)
        before = last.get(lane)
        if before is not None and before[0] > call.matched:
            other = before[1]
            found.append(Difference("outbound", f"{name}: order", f"before {other}", f"after {other}", position))
        else:
            last[lane] = (call.matched, name)
    return found
