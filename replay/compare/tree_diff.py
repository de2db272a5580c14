"""Differences of two trees: equal by digest first, then pruned to the smallest unequal parts.

Equality is typed and ours (`1`, `1.0` and `True` differ, two NaNs do not), memoised on shared references. deepdiff is
loaded only to align sequences of different length, of which it sees digests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TypeAlias

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
from ..model.difference import ABSENT
from ..model.digests import Digests, class_label, is_closed, is_library_object, is_ordered, public_names, readings
from ..model.drained import drained_iterator, is_recorded_as
from ..model.field_path import key_path
from ..model.made_functions import made_function
from .aligned_items import aligned
from .library_parts import LibraryParts, library_parts

FIELD_LIMIT = 40
"""Differing fields reported of one trace: more than a screen of lines is not read."""

WALK_LIMIT = 10_000
"""Differing fields found in one trace: beyond, a walk takes seconds and nobody reads what it finds."""

DEPTH = 20
"""Levels that are walked down at once: paths through a graph of objects are as long as the graph."""

PAIRS = 50_000
"""Pairs of parts that are looked at: in two graphs each object can meet each other one. About a second."""

NO_ITEMS = "a recording knows none of its items"

CLOSED = "it has no public name to read, and its private state differs"
PRIVATE = "nothing public of it differs, and its private state does: how a library keeps its value is not known"
UNREAD = "its properties were not read"
TOO_LARGE = "it is a graph in which more parts can differ than are compared"
WHOLE = "it differs, and a part of it was not captured"


TreeTolerance: TypeAlias = Callable[[str, Tree, Tree], object]
"""Of (path, base's part, candidate's part), which differ: truthy where that counts as no difference."""


def _tolerates_nothing(_path: str, _base: Tree, _candidate: Tree) -> None:
    return None


def tree_differences(
    base: Tree, candidate: Tree, tolerates: TreeTolerance = _tolerates_nothing
) -> list[tuple[str, Tree, Tree]]:
    """(path, base, candidate) of the smallest parts that differ; empty when a caller cannot distinguish the trees.

    A part that could not be captured on either side is unknown: it is neither equal nor different, and not listed.
    Neither is a part that `tolerates` takes for equal. Of an object the public names count that base's has, on the
    candidate's side however they are read there; a name that only the candidate's object has does not count, unless the
    object is plain data. Where `base` is a recording, which asks no property, the candidate's properties are not
    missing in it.
    """
    return _walked(base, candidate, tolerates).found


def unknown_part(
    base: Tree, candidate: Tree, tolerates: TreeTolerance = _tolerates_nothing, *, closed: bool = True
) -> tuple[str, OpaqueNode] | None:
    """(path, mark) of a part that is not equal, and of which nobody can say whether it differs: it was captured on one
    side only, or, with `closed`, it is an object of which nothing can be read and whose private state is another."""
    return _walked(base, candidate, tolerates, closed=closed).unknown


def _walked(base: Tree, candidate: Tree, tolerates: TreeTolerance, *, closed: bool = False) -> _Walk:
    if encode(base) == encode(candidate):
        return _Walk(Digests(base), Digests(candidate), tolerates)
    names = public_names(base)
    left, right = (Digests(tree, names=names, closed=closed) for tree in (base, candidate))
    walk = _Walk(left, right, tolerates, closed=closed)
    walk.walk(base, candidate)
    return walk


class _Walk:
    def __init__(
        self, base: Digests, candidate: Digests, tolerates: TreeTolerance = _tolerates_nothing, *, closed: bool = False
    ) -> None:
        self._base = base
        self._candidate = candidate
        self._tolerates = tolerates
        self._closed = closed
        self._seen: set[tuple[int, int]] = set()
        self._settled = 0
        """Parts that were tolerated, or compared already at another place."""
        self._kept: list[LibraryParts] = []
        """Parts that were made to be compared: others must not get their ids meanwhile."""
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
        if self._tolerates(path, base, candidate):
            self._settled += 1
            return
        if drained_iterator(candidate) is not None:
            self._iterators(path, base, candidate)
            return
        mark = candidate if isinstance(candidate, OpaqueNode) else base
        if isinstance(mark, OpaqueNode):
            self._note_unknown(path, mark)
            return
        if isinstance(base, NODES) and (id(base), id(candidate)) in self._seen:
            self._settled += 1
            return
        self._seen.add((id(base), id(candidate)))
        if made_function(base) is not None or made_function(candidate) is not None:
            self._functions(path, base, candidate)
            return
        if type(base) is not type(candidate):
            self.found.append((path, base, candidate))
            return
        self._compare_nodes(path, base, candidate)

    def _iterators(self, path: str, base: Tree, candidate: Tree) -> None:
        """An iterator that was drained on the candidate's side: by its class and its items. A recording knows no items,
        and says nothing against any of that class."""
        old, new = drained_iterator(base), drained_iterator(candidate)
        assert new is not None
        if old is None or old.cls != new.cls:
            if not is_recorded_as(base, new.cls):
                self._absent(path, base, candidate)
            else:
                self._note_unknown(path, OpaqueNode(new.cls, NO_ITEMS))
            return
        self.compare(path, old.items, new.items)
        self.compare(f"{path}.end", old.end, new.end)

    def _functions(self, path: str, base: Tree, candidate: Tree) -> None:
        """Functions of which one was made by a call: by name, and by what both close over."""
        before, after = _function_name(base), _function_name(candidate)
        if before is None or before != after:
            self.found.append((path, base, candidate))
            return
        left, right = made_function(base), made_function(candidate)
        if left is not None and right is not None:
            cells = _by_key(left.cells), _by_key(right.cells)
            for name in cells[0].keys() & cells[1].keys():
                inside = _content(self._base, cells[0][name]), _content(self._candidate, cells[1][name])
                self.compare(f"{path}.__closure__{name}", *inside)

    def _note_unknown(self, path: str, mark: OpaqueNode) -> None:
        self.unknown = self.unknown or (path, mark)

    def _compare_nodes(self, path: str, base: Tree, candidate: Tree) -> None:
        if isinstance(base, StandardNode) and isinstance(candidate, StandardNode):
            parts = library_parts(base, candidate, self._base.resolve, self._candidate.resolve)
            if parts is not None:
                self._library(path, base, candidate, parts)
                return
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

    def _library(self, path: str, base: Tree, candidate: Tree, parts: LibraryParts) -> None:
        """Compare by parts; where none of them shows what differs, the whole does."""
        self._kept.append(parts)
        known = len(self.found), self.unknown, self._settled
        for step, left, right in parts.pairs:
            if left is ABSENT or right is ABSENT:
                self._absent(path + step, left, right)
            else:
                self.compare(path + step, left, right)
        if parts.items is not None:
            self._sequence(path, *parts.items)
        if known == (len(self.found), self.unknown, self._settled) and not self._deeper:
            self.found.append((path, base, candidate))

    def _objects(self, path: str, base: ObjectNode, candidate: ObjectNode) -> None:
        if self._closed and is_closed(base):
            if self._base.state(base) != self._candidate.state(candidate):
                self._note_unknown(path, OpaqueNode(base.cls, CLOSED))
            return
        known = len(self.found), self.unknown, self._settled
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
        if self._closed and is_library_object(base) and is_library_object(candidate):
            same = self._base.state(base) == self._candidate.state(candidate)
            if not same and known == (len(self.found), self.unknown, self._settled):
                self._note_unknown(path, OpaqueNode(base.cls, PRIVATE))

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
        if self._tolerates(path, base, candidate):
            self._settled += 1
        else:
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


def _content(digests: Digests, tree: Tree) -> Tree:
    """What a variable of a closure holds."""
    found = digests.resolve(tree)
    return found.parts[0] if isinstance(found, StandardNode) and found.kind == "cell" and found.parts else found


def _function_name(tree: Tree) -> str | None:
    made = made_function(tree)
    if made is not None:
        return made.name
    return tree.name if isinstance(tree, GlobalNode) else None


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
