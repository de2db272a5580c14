"""This file is about comparing: equal by digest first, then pruned to the smallest unequal parts, then explained.

Equality is typed and ours (`1`, `1.0` and `True` differ, two NaNs do not), memoised on shared references. deepdiff is
loaded only to align sequences of different length, on plain projections of parts that are known to differ.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from ...recorders.model.value_tree import (
    NODES,
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
    children,
    contains_opaque,
    encode,
)
from ..change.sequence_diff import opcodes
from ..model.difference import Difference, DifferenceKind, call_field
from ..model.digests import Digests, class_label, is_closed, is_ordered, public_names, readings
from ..model.observation import Observation, Outbound, comparable
from ..model.outbound_requests import canonical_key, described, label, operation_key

FIELD_LIMIT = 40
"""Differing fields told of one trace."""

WALK_LIMIT = 10_000
"""Differing fields found in one trace."""

DEPTH = 20
"""Levels that are walked down at once: paths through a graph of objects are as long as the graph."""

PAIRS = 50_000
"""Pairs of parts that are looked at: in two graphs each object can meet each other one. About a second."""

ALIGNED = 40_000
"""Length of one sequence times that of the other up to which deepdiff aligns them."""

ABSENT = GlobalNode("absent")
"""Stands for a side that has nothing there."""

CLOSED = "it has no public name to read, and its private state differs"
UNREAD = "its properties were not read"
TOO_LARGE = "it is a graph in which more parts can differ than are compared"
WHOLE = "it differs, and a part of it was not captured"


Settles: TypeAlias = Callable[[str, int | None, Tree, Tree], bool]
"""Of (field, position of an outbound call in base, base's part, candidate's part), which differ: whether that counts as
no difference (a volatile field, a declared tolerance)."""


def settles_nothing(field: str, position: int | None, base: Tree, candidate: Tree) -> bool:
    """Every difference counts."""
    return False


TreeSettles: TypeAlias = Callable[[str, Tree, Tree], bool]
"""Of (path, base's part, candidate's part), which differ: whether that counts as no difference."""


def _settles_nothing(path: str, base: Tree, candidate: Tree) -> bool:
    return False


def tree_differences(
    base: Tree, candidate: Tree, settles: TreeSettles = _settles_nothing
) -> list[tuple[str, Tree, Tree]]:
    """(path, base, candidate) of the smallest parts that differ; empty when a caller cannot tell the trees apart.

    A part that could not be captured on either side is unknown: it is neither equal nor different, and not told.
    Neither is a part that `settles` says is none. Of an object the public names count that base's has, on the
    candidate's side however they are read there; a name that only the candidate's object has does not count, unless the
    object is plain data. Where `base` is a recording, which asks no property, the candidate's properties are not
    missing in it.
    """
    return _walked(base, candidate, settles).found


def unknown_part(
    base: Tree, candidate: Tree, settles: TreeSettles = _settles_nothing, *, closed: bool = True
) -> tuple[str, OpaqueNode] | None:
    """(path, mark) of a part that is not equal, and of which nobody can say whether it differs: it was captured on one
    side only, or, with `closed`, it is an object of which nothing can be read and whose private state is another."""
    return _walked(base, candidate, settles, closed=closed).unknown


def _walked(base: Tree, candidate: Tree, settles: TreeSettles, *, closed: bool = False) -> _Walk:
    if encode(base) == encode(candidate):
        return _Walk(Digests(base), Digests(candidate), settles)
    names = public_names(base)
    left, right = (Digests(tree, names=names, closed=closed) for tree in (base, candidate))
    walk = _Walk(left, right, settles, closed=closed)
    walk.walk(base, candidate)
    return walk


class _Walk:
    def __init__(
        self, base: Digests, candidate: Digests, settles: TreeSettles = _settles_nothing, *, closed: bool = False
    ) -> None:
        self._base = base
        self._candidate = candidate
        self._settles = settles
        self._closed = closed
        self._seen: set[tuple[int, int]] = set()
        self._depth = 0
        self._deeper: deque[tuple[str, Tree, Tree]] = deque()
        """Parts below `DEPTH`: they are walked when all above them is."""
        self.found: list[tuple[str, Tree, Tree]] = []
        self.unknown: tuple[str, OpaqueNode] | None = None

    def walk(self, base: Tree, candidate: Tree) -> None:
        """Compare two trees; of large graphs in which everything differs from everything, a part."""
        self.compare("", base, candidate)
        while self._deeper and len(self._seen) < PAIRS:
            self.compare(*self._deeper.popleft())
        if self._deeper and not self.found:
            path, base, candidate = self._deeper[0]
            self._note_unknown(path, OpaqueNode(_kind_of(base), TOO_LARGE))

    def compare(self, path: str, base: Tree, candidate: Tree) -> None:
        """Compare two parts, and what is in them."""
        if self._depth >= DEPTH or len(self._seen) >= PAIRS:
            self._deeper.append((path, base, candidate))
            return
        self._depth += 1
        self._compare(path, base, candidate)
        self._depth -= 1

    def _compare(self, path: str, base: Tree, candidate: Tree) -> None:
        if len(self.found) >= WALK_LIMIT or self._base.of(base) == self._candidate.of(candidate):
            return
        base, candidate = self._base.resolve(base), self._candidate.resolve(candidate)
        if self._settles(path, base, candidate):
            return
        mark = candidate if isinstance(candidate, OpaqueNode) else base
        if isinstance(mark, OpaqueNode):
            self._note_unknown(path, mark)
            return
        if isinstance(base, NODES) and (id(base), id(candidate)) in self._seen:
            return
        self._seen.add((id(base), id(candidate)))
        if type(base) is not type(candidate):
            self.found.append((path, base, candidate))
            return
        self._compare_nodes(path, base, candidate)

    def _note_unknown(self, path: str, mark: OpaqueNode) -> None:
        self.unknown = self.unknown or (path, mark)

    def _compare_nodes(self, path: str, base: Tree, candidate: Tree) -> None:
        match base, candidate:
            case DictNode(), DictNode():
                self._dicts(path, base, candidate)
            case ListNode(items=left), ListNode(items=right):
                self._sequence(path, left, right)
            case TupleNode(items=left), TupleNode(items=right):
                self._sequence(path, left, right)
            case ObjectNode(), ObjectNode() if class_label(base.cls) == class_label(candidate.cls):
                self._objects(path, base, candidate)
            case _ if _unknown_inside(base, candidate):  # its parts cannot be compared one by one
                self._note_unknown(path, OpaqueNode(_kind_of(base), WHOLE))
            case _:
                self.found.append((path, base, candidate))

    def _objects(self, path: str, base: ObjectNode, candidate: ObjectNode) -> None:
        if self._closed and is_closed(base):
            if self._base.state(base) != self._candidate.state(candidate):
                self._note_unknown(path, OpaqueNode(base.cls, CLOSED))
            return
        self.compare(path, base.content, candidate.content)
        self._order(path, base, candidate)
        theirs = readings(candidate)
        for name, (how, value) in readings(base).items():
            if how in "ap" and name in theirs:
                self.compare(f"{path}.{name}", value, theirs[name][1])
            elif how == "a" or (how == "p" and candidate.read):
                self._absent(f"{path}.{name}", value, ABSENT)
            elif how == "p":
                self._note_unknown(f"{path}.{name}", OpaqueNode(candidate.cls, UNREAD))
        if candidate.form == "data":
            ours = readings(base)
            for name, (how, value) in theirs.items():
                if how == "a" and name not in ours:
                    self._absent(f"{path}.{name}", ABSENT, value)

    def _order(self, path: str, base: ObjectNode, candidate: ObjectNode) -> None:
        """Of a mapping with an order, the keys that both have come in the same one."""
        left, right = self._base.resolve(base.content), self._candidate.resolve(candidate.content)
        if not (isinstance(left, DictNode) and isinstance(right, DictNode) and is_ordered(base)):
            return
        before, after = list(map(self._base.of, left.keys)), list(map(self._candidate.of, right.keys))
        both = set(before) & set(after)
        if [key for key in before if key in both] != [key for key in after if key in both]:
            self._absent(path, base, candidate)

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

    An insertion at the front of a list is one insertion, not a change of every item. Long sequences are aligned in
    time that is bounded by their length, which deepdiff's is not.
    """
    if len(base) * len(candidate) > ALIGNED:
        return _rows(base, candidate)
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


def _rows(base: list[str], candidate: list[str]) -> list[tuple[int, int | None, int | None]]:
    rows: list[tuple[int, int | None, int | None]] = []
    for tag, i, i_end, k, k_end in opcodes(base, candidate):
        if tag != "equal":
            both = min(i_end - i, k_end - k)
            rows += ((k + at, i + at, k + at) for at in range(both))
            rows += ((at, at, None) for at in range(i + both, i_end))
            rows += ((at, None, at) for at in range(k + both, k_end))
    return rows


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
            alike = (class_label(base.cls), base.name) == (class_label(candidate.cls), candidate.name)
        case _:
            alike = False
    return alike and any(_is_unknown(part) for part in (*_inside(base), *_inside(candidate)))


def _kind_of(tree: Tree) -> str:
    match tree:
        case StandardNode(kind=kind):
            return f"builtins:{kind}"
        case EnumNode(cls=cls):
            return cls
        case _:
            return "builtins:set"


def _inside(tree: Tree) -> list[Tree]:
    """A tree and all of its parts."""
    found = [tree]
    for part in found:
        found.extend(children(part))
    return found


def _is_unknown(part: Tree) -> bool:
    return isinstance(part, OpaqueNode) or (isinstance(part, ObjectNode) and is_closed(part))


def _by_key(tree: DictNode) -> dict[str, Tree]:
    return {key_path(key): value for key, value in zip(tree.keys, tree.values, strict=True)}


def key_path(key: Tree) -> str:
    """What a key of a dict adds to the path of its value."""
    if isinstance(key, str) and re.fullmatch(r"[A-Za-z_][\w-]*", key):
        return f".{key}"
    from ..model.render import literal

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
        return (
            []
            if settles("exception", None, left, right)
            else [Difference(DifferenceKind.EXCEPTION, "exception", left, right)]
        )
    found: list[Difference] = []
    settled: list[str] = []

    def noting(field: str, position: int | None, left: Tree, right: Tree) -> bool:
        is_none = settles(field, position, left, right)
        if is_none:
            settled.append(field)
        return is_none

    if encode(base.value) != encode(candidate.value):
        inside = tree_differences(comparable(base), comparable(candidate), _under(base.kind, None, noting))
        kind = DifferenceKind(base.kind)
        found = [Difference(kind, base.kind + path, left, right) for path, left, right in inside]
    # The length of a response follows from its body.
    if any(field.startswith(_BODY) for field in [*(one.field for one in found), *settled]):
        found = [one for one in found if one.field != "response.headers.content-length"]
    inside = tree_differences(base.arguments, candidate.arguments, _under("arguments", None, settles))
    found += [Difference(DifferenceKind.MUTATION, f"arguments{path}", left, right) for path, left, right in inside]
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
        field = call_field(DifferenceKind.CALL_ADDED, name)
        if not settles(field, None, ABSENT, request):
            found.append(Difference(DifferenceKind.CALL_ADDED, field, ABSENT, request, position, None, name))
    answered = set(partners.values())
    for position, call in enumerate(base):
        if position in answered or call.operation.effect == "session":
            continue
        name = label(call.operation, call.request)
        request = described(call.operation, call.request)
        field = call_field(DifferenceKind.CALL_MISSING, name)
        if not settles(field, position, request, ABSENT):
            found.append(Difference(DifferenceKind.CALL_MISSING, field, request, ABSENT, position, position, name))
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
        Difference(DifferenceKind.CALL_CHANGED, f"{name} {path.lstrip('.')}", old, new, position, partner)
        for path, old, new in inside
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
            kind, other = DifferenceKind.CALL_ORDER, before[1]
            sides = f"before {other}", f"after {other}"
            found.append(Difference(kind, call_field(kind, name), *sides, position, partner, name))
        else:
            last[lane] = (partner, name)
    return found
