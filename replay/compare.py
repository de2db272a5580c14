"""This file is about comparing: equal by digest first, then pruned to the smallest unequal parts, then explained.

Equality is typed and ours (`1`, `1.0` and `True` differ, two NaNs do not), memoised on shared references. deepdiff is
loaded only to align sequences of different length, on plain projections of parts that are known to differ.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import cached_property
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
    children,
    contains_opaque,
    encode,
)
from .observation import Observation, Outbound, comparable
from .requests import canonical_key, described, label, operation_key

DifferenceKind: TypeAlias = Literal["response", "return", "exception", "mutation", "outbound"]

FIELD_LIMIT = 40
"""Differing fields told of one trace."""

WALK_LIMIT = 10_000
"""Differing fields found in one trace."""

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
    base_position: int | None = None
    """Of an outbound difference: position in the base's calls, where it has one."""


Settles: TypeAlias = Callable[[str, int | None, Tree, Tree], bool]
"""Of (field, position of an outbound call in base, base's part, candidate's part), which differ: whether that counts as
no difference (a volatile field, a declared tolerance)."""


def settles_nothing(field: str, position: int | None, base: Tree, candidate: Tree) -> bool:
    """Every difference counts."""
    return False


class Digests:
    """Digests of the parts of one tree, in canonical form: what a caller cannot tell apart has one digest."""

    def __init__(self, tree: Tree, *, whole: bool = False) -> None:
        """`whole`: private attributes too."""
        self.tree = tree
        self._shown = attributes if whole else public
        self._done: dict[int, bytes] = {}
        self._open: list[int] = []
        self._memo: dict[int, bytes] = {}

    @cached_property
    def _anchors(self) -> dict[int, Tree]:
        """Anchored values by number; most trees have none, and are never asked."""
        found: dict[int, Tree] = {}
        stack = [self.tree]
        while stack:
            part = stack.pop()
            if isinstance(part, AnchorNode):
                found[part.number] = part.value
            stack.extend(children(part))
        return found

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
                named = [_hash(b"n", name.encode(), self.of(value)) for name, value in self._shown(tree)]
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


def attributes(tree: ObjectNode) -> list[tuple[str, Tree]]:
    """All attributes."""
    return list(zip(tree.names, tree.values, strict=True))


def public(tree: ObjectNode) -> list[tuple[str, Tree]]:
    """The attributes that a caller is meant to see."""
    return [(name, value) for name, value in zip(tree.names, tree.values, strict=True) if not name.startswith("_")]


def _class_label(name: str) -> str:
    """A class by its name: the module it lives in may change behind a re-export; a private class has none."""
    label = name.partition(":")[2]
    return "_" if label.rpartition(".")[2].startswith("_") else label


def tree_differences(
    base: Tree,
    candidate: Tree,
    settles: Callable[[str, Tree, Tree], bool] = lambda path, base, candidate: False,
) -> list[tuple[str, Tree, Tree]]:
    """(path, base, candidate) of the smallest parts that differ; empty when a caller cannot tell the trees apart.

    A part that could not be captured on either side is unknown: it is neither equal nor different, and not told.
    Neither is a part that `settles` says is none.
    """
    if encode(base) == encode(candidate):
        return []
    walk = _Walk(Digests(base), Digests(candidate), settles)
    walk.compare("", base, candidate)
    return walk.found


def unknown_part(
    base: Tree,
    candidate: Tree,
    settles: Callable[[str, Tree, Tree], bool] = lambda path, base, candidate: False,
) -> tuple[str, OpaqueNode] | None:
    """(path, mark) of a part that was captured on one side only, so that nobody can say whether it differs."""
    if encode(base) == encode(candidate):
        return None
    walk = _Walk(Digests(base), Digests(candidate), settles)
    walk.compare("", base, candidate)
    return walk.unknown


class _Walk:
    def __init__(
        self,
        base: Digests,
        candidate: Digests,
        settles: Callable[[str, Tree, Tree], bool] = lambda path, base, candidate: False,
    ) -> None:
        self._base = base
        self._candidate = candidate
        self._settles = settles
        self._seen: set[tuple[int, int]] = set()
        self.found: list[tuple[str, Tree, Tree]] = []
        self.unknown: tuple[str, OpaqueNode] | None = None

    def compare(self, path: str, base: Tree, candidate: Tree) -> None:
        if len(self.found) >= WALK_LIMIT or self._base.of(base) == self._candidate.of(candidate):
            return
        base, candidate = self._base.resolve(base), self._candidate.resolve(candidate)
        if self._settles(path, base, candidate):
            return
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
                self._absent(path + name, base[name], ABSENT)
            elif name not in base:
                self._absent(path + name, ABSENT, candidate[name])
            else:
                self.compare(path + name, base[name], candidate[name])

    def _absent(self, path: str, base: Tree, candidate: Tree) -> None:
        if not self._settles(path, base, candidate):
            self.found.append((path, base, candidate))

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
                self._absent(f"{path}[{position}]", old, new)


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
    return {key_path(key): value for key, value in zip(tree.keys, tree.values, strict=True)}


def key_path(key: Tree) -> str:
    """What a key of a dict adds to the path of its value."""
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z_][\w-]*", key):
        return f".{key}"
    from .show import literal

    text = literal(key)
    if "…" in text:  # two keys that are cut at the same place are two keys
        text += f" {hashlib.blake2b(encode(key), digest_size=4).hexdigest()}"
    return f"[{text}]"


# --- observations ------------------------------------------------------------------------------------------------


def compare(base: Observation, candidate: Observation, settles: Settles = settles_nothing) -> list[Difference]:
    """Everything in which two observations differ for a caller or a system behind the service."""
    found = _outcome_differences(base, candidate, settles)
    return [*found, *outbound_differences(base.outbound, candidate.outbound, settles)]


def _outcome_differences(base: Observation, candidate: Observation, settles: Settles) -> list[Difference]:
    if base.kind != candidate.kind:
        left, right = comparable(base), comparable(candidate)
        return [] if settles("exception", None, left, right) else [Difference("exception", "exception", left, right)]
    found: list[Difference] = []
    settled: list[str] = []

    def noting(field: str, position: int | None, left: Tree, right: Tree) -> bool:
        is_none = settles(field, position, left, right)
        if is_none:
            settled.append(field)
        return is_none

    if encode(base.value) != encode(candidate.value):
        inside = tree_differences(comparable(base), comparable(candidate), _under(base.kind, None, noting))
        found = [Difference(base.kind, base.kind + path, left, right) for path, left, right in inside]
    # The length of a response follows from its body.
    if any(field.startswith(_BODY) for field in [*(one.field for one in found), *settled]):
        found = [one for one in found if one.field != "response.headers.content-length"]
    inside = tree_differences(base.arguments, candidate.arguments, _under("arguments", None, settles))
    found += [Difference("mutation", f"arguments{path}", left, right) for path, left, right in inside]
    return found


_BODY = ("response.json", "response.text", "response.body", "response.form")


def _under(prefix: str, position: int | None, settles: Settles) -> Callable[[str, Tree, Tree], bool]:
    return lambda path, base, candidate: settles(prefix + path, position, base, candidate)


def outbound_differences(
    base: list[Outbound], candidate: list[Outbound], settles: Settles = settles_nothing
) -> list[Difference]:
    """Extra, missing, changed calls, and writes to one resource in another order."""
    found: list[Difference] = []
    partners = paired(base, candidate)
    for position, call in enumerate(candidate):
        partner = partners.get(position)
        if call.operation.effect == "session":
            continue
        name = label(call.operation, call.request)
        if partner is not None:
            found += _changed(name, base, partner, call, position, settles)
            continue
        request = described(call.operation, call.request)
        if not settles(f"{name}: extra call", None, ABSENT, request):
            found.append(Difference("outbound", f"{name}: extra call", ABSENT, request, position))
    answered = set(partners.values())
    for position, call in enumerate(base):
        if position in answered or call.operation.effect == "session":
            continue
        name = label(call.operation, call.request)
        request = described(call.operation, call.request)
        if not settles(f"{name}: missing call", position, request, ABSENT):
            found.append(Difference("outbound", f"{name}: missing call", request, ABSENT, position, position))
    return [*found, *_reordered(base, candidate, partners)]


def paired(base: list[Outbound], candidate: list[Outbound]) -> dict[int, int]:
    """Position of a candidate's call → position of the base's call that it stands for.

    Calls that one recorded exchange answered stand for each other; then those that say the same; then those of the
    same operation, in order.
    """
    partners: dict[int, int] = {}
    by_recorded = {call.matched: position for position, call in enumerate(base) if call.matched is not None}
    for position, call in enumerate(candidate):
        if call.matched in by_recorded and call.matched is not None:
            partners[position] = by_recorded[call.matched]
    for key in (_canonical, _operation):
        taken = set(partners.values())
        left: dict[object, list[int]] = {}
        for position, call in enumerate(base):
            if position not in taken:
                left.setdefault(key(call), []).append(position)
        for position, call in enumerate(candidate):
            if left and position not in partners and left.get(key(call)):
                partners[position] = left[key(call)].pop(0)
    return partners


def _canonical(call: Outbound) -> object:
    return canonical_key(call.operation, call.request)


def _operation(call: Outbound) -> object:
    return operation_key(call.operation, call.request)


def _changed(
    name: str, calls: list[Outbound], partner: int, candidate: Outbound, position: int, settles: Settles
) -> list[Difference]:
    base = calls[partner]
    if base.operation == candidate.operation and encode(base.request) == encode(candidate.request):
        return []
    left, right = described(base.operation, base.request), described(candidate.operation, candidate.request)
    inside = tree_differences(
        left, right, lambda path, old, new: settles(f"{name} {path.lstrip('.')}", partner, old, new)
    )
    return [
        Difference("outbound", f"{name} {path.lstrip('.')}", old, new, position, partner) for path, old, new in inside
    ]


def _reordered(base: list[Outbound], candidate: list[Outbound], partners: dict[int, int]) -> list[Difference]:
    """Writes to one resource, within one thread of the trace, that come in another order."""
    last: dict[tuple[str, int], tuple[int, str]] = {}
    found = []
    for position, call in enumerate(candidate):
        partner = partners.get(position)
        if call.operation.effect != "write" or partner is None:
            continue
        lane = (call.operation.resource, base[partner].lane)
        name = label(call.operation, call.request)
        before = last.get(lane)
        if before is not None and before[0] > partner:
            other = before[1]
            order = Difference("outbound", f"{name}: order", f"before {other}", f"after {other}", position, partner)
            found.append(order)
        else:
            last[lane] = (partner, name)
    return found
