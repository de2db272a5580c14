"""What the project's rules leave of an observation to compare.

Where nothing is left, a trace is not judged, whatever the candidate showed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ...recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    ListNode,
    ObjectNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    children,
    walk,
)
from ..model.difference import DifferenceKind, call_field
from ..model.digests import Digests, public
from ..model.field_path import Field, key_path
from ..model.observation import Observation, comparable
from ..model.outbound_requests import described, label
from .tolerance import Rules


class Remaining(NamedTuple):
    """What rules leave of an observation."""

    values: int
    """Single values that are still compared."""
    ignored: Counter[int]
    """Values that each rule takes away; a rule that takes away a part without values counts 0."""


def left_by(rules: Rules, base: Observation, masked: Collection[tuple[Field, int | None]]) -> Remaining:
    """What the rules leave; `masked` are fields, and positions of outbound calls, that change by themselves.

    These are compared by shape. A call whose missing is ignored is not compared at all; an argument that cannot be
    changed is none of them.
    """
    values, ignored = 0, Counter[int]()
    for call, prefix, position, tree in _wholes(base):
        counting = _Counting(rules, masked, call, position, tree)
        counting.count(prefix, tree, fixed=prefix == ARGUMENTS)
        values += counting.values
        ignored.update(counting.ignored)
    return Remaining(values, ignored)


def _wholes(base: Observation) -> Iterator[tuple[str, str, int | None, Tree]]:
    """(words of a call or empty, path, position of a call, tree) of everything that is compared."""
    yield "", base.kind, None, comparable(base)
    yield "", ARGUMENTS, None, base.arguments
    for position, call in enumerate(base.outbound):
        if call.operation.effect != "session":
            yield label(call.operation, call.request), "", position, described(call.operation, call.request)


class _Counting:
    """Counts the values of one tree by what becomes of them; parts that are shared count once."""

    def __init__(
        self, rules: Rules, masked: Collection[tuple[Field, int | None]], call: str, position: int | None, tree: Tree
    ) -> None:
        self._rules = rules
        self._masked = masked
        self._call = call
        self._position = position
        self._digests = Digests(tree)
        self._seen: set[int] = set()
        self.values = 0
        self.ignored: Counter[int] = Counter()

    def count(self, path: str, tree: Tree, *, fixed: bool = False) -> None:
        """Count what lies at a path; `fixed` says that nothing a callee can change stands above it."""
        rule = (
            self._rules.ignores(call_field(DifferenceKind.CALL_MISSING, self._call))
            if self._call and not path
            else None
        )
        field = f"{self._call} {path.lstrip('.')}" if self._call else path
        rule = rule if rule is not None else self._rules.ignores(field)
        if rule is not None:
            self.ignored[rule] += _values(tree)
        elif (field, self._position) not in self._masked:
            self._count_inside(path, tree, fixed and not _is_changeable(path, tree))

    def _count_inside(self, path: str, tree: Tree, fixed: bool) -> None:
        tree = self._digests.resolve(tree)
        if id(tree) in self._seen:
            return
        if not isinstance(tree, _PARTED):
            self.values += 0 if fixed else _values(tree)
            return
        self._seen.add(id(tree))
        for name, part in _parts(tree):
            self.count(path + name, part, fixed=fixed)


ARGUMENTS = "arguments"
"""Where the receiver, the positional and the named arguments of a function lie."""

_NAMED = f"{ARGUMENTS}[2]"
_PARTED = (ListNode, TupleNode, DictNode, ObjectNode)


def _is_changeable(path: str, tree: Tree) -> bool:
    """Whether a callee can change it, so that comparing it afterwards says something."""
    tree = tree.value if isinstance(tree, AnchorNode) else tree
    return isinstance(tree, (ListNode, DictNode, SetNode, ObjectNode)) and path != _NAMED


def _parts(tree: ListNode | TupleNode | DictNode | ObjectNode) -> Iterator[tuple[str, Tree]]:
    """(what it adds to the path, part), named as comparing names them."""
    match tree:
        case ListNode(items=items) | TupleNode(items=items):
            yield from ((f"[{position}]", item) for position, item in enumerate(items))
        case DictNode(keys=keys, values=values):
            yield from ((key_path(key), value) for key, value in zip(keys, values, strict=True))
        case ObjectNode():
            yield "", tree.content
            yield from ((f".{name}", value) for name, value in public(tree))


def _values(tree: Tree) -> int:
    """How many single values a tree holds."""
    return sum(map(_is_single, walk(tree, _valued)))


def _valued(part: Tree) -> Sequence[Tree]:
    """The parts that hold values of their own: no keys, and nothing inside what is one value."""
    if isinstance(part, (BytesNode, StandardNode, EnumNode)):
        return ()
    return part.values if isinstance(part, DictNode) else children(part)


def _is_single(part: Tree) -> bool:
    if isinstance(part, (BytesNode, StandardNode, EnumNode)):
        return True
    return part is not None and not children(part) and not isinstance(part, (*_PARTED, RefNode, AnchorNode))
