"""Shrinking: an input that differs is made as small as it can be while it still differs.

Each part of the input has a ladder, from the simplest value to the one that was found; an item of a list, and an entry
of a dictionary, is there or not. Hypothesis sees the rungs as numbers and nothing else, so that no value of a baseline
can reach anything that it prints, keeps or reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.database import ExampleDatabase, choices_to_bytes

from ...recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    ListNode,
    ObjectNode,
    RefNode,
    StandardNode,
    Tree,
    TupleNode,
)
from .generate.numbers import decimal_of

RUNGS_LIMIT = 40
"""Parts that are shrunk; a larger input keeps the rest as it is. Measured on the pairs of `benchmarks/explore.py`: six
parts in the middle, 28 at most in nine of ten inputs."""

ATTEMPTS = 60
"""Inputs that are tried while one is shrunk. Measured on the same pairs: 19 in the middle, and one shrink in five is
cut short here, so that a finding costs no more than a third of the 200 inputs that a target is explored with by
default."""


class Ladders:
    """An input as numbers: one for each part, 0 for the simplest; and back."""

    def __init__(self, tree: Tree, names: tuple[str, ...] = ()) -> None:
        """`names` are the positional parameters, for (receiver, args, kwargs)."""
        self._is_call = bool(names)
        self.heights: list[int] = []
        """Of each ladder: the number of its top, which is the part as it was found."""
        self._make = self._ladder(tree, 0)

    def tree(self, rungs: Sequence[int]) -> Tree:
        """The input that some rungs represent."""
        return self._make(rungs)

    def _rung(self, height: int) -> int | None:
        if len(self.heights) >= RUNGS_LIMIT:
            return None
        self.heights.append(height)
        return len(self.heights) - 1

    def _ladder(self, tree: Tree, depth: int) -> Callable[[Sequence[int]], Tree]:
        match tree:
            case AnchorNode() | RefNode():
                return lambda rungs: tree
            case ListNode(items=items):
                return self._items(items)
            case TupleNode(items=items):
                parts = [self._ladder(item, depth + 1) for item in items]
                return lambda rungs: TupleNode([part(rungs) for part in parts])
            case DictNode(keys=keys, values=values):
                return self._entries(keys, values, fixed=self._is_call and depth == 1)
            case ObjectNode(values=values):
                inside = [self._ladder(value, depth + 1) for value in values]
                return lambda rungs: _with_values(tree, [part(rungs) for part in inside])
            case _:
                return self._one_of(_simpler(tree))

    def _one_of(self, ladder: list[Tree]) -> Callable[[Sequence[int]], Tree]:
        top = ladder[-1]
        if len(ladder) == 1:
            return lambda rungs: top
        position = self._rung(len(ladder) - 1)
        return (lambda rungs: top) if position is None else (lambda rungs: ladder[rungs[position]])

    def _items(self, items: list[Tree]) -> Callable[[Sequence[int]], Tree]:
        there = [self._rung(1) for _item in items]
        parts = [self._ladder(item, 9) for item in items]
        pairs = list(zip(there, parts, strict=True))
        return lambda rungs: ListNode([part(rungs) for at, part in pairs if at is None or rungs[at]])

    def _entries(self, keys: list[Tree], values: list[Tree], *, fixed: bool) -> Callable[[Sequence[int]], Tree]:
        there = [None if fixed else self._rung(1) for _key in keys]
        parts = [self._ladder(value, 9) for value in values]
        rows = list(zip(there, keys, parts, strict=True))

        def make(rungs: Sequence[int]) -> Tree:
            kept = [(key, part(rungs)) for at, key, part in rows if at is None or rungs[at]]
            return DictNode([key for key, _value in kept], [value for _key, value in kept])

        return make


def _with_values(tree: ObjectNode, values: list[Tree]) -> ObjectNode:
    return ObjectNode(tree.cls, tree.content, tree.names, values, tree.origin)


def _simpler(tree: Tree) -> list[Tree]:
    """From the simplest value of a type to this one."""
    match tree:
        case bool():
            return _ending(tree, [False])
        case int():
            negative: list[Tree] = [-1, -2, -10] if tree < 0 else []
            return _ending(tree, [0, 1, *negative, 2, 10, tree // 100 * 100, tree // 10 * 10])
        case float():
            finite = tree == tree and abs(tree) != float("inf")
            return _ending(tree, [0.0, 1.0, float(round(tree)), round(tree, 1)] if finite else [0.0, 1.0])
        case str():
            return _ending(tree, ["", "a", tree[:1], "a" * len(tree) if len(tree) < 40 else "", tree.strip()])
        case BytesNode(data=data):
            return _ending(tree, [BytesNode(b""), BytesNode(data[:1])])
        case StandardNode(kind="decimal"):
            return _ending(tree, [decimal_of(0), decimal_of(1), decimal_of(10)])
        case StandardNode(kind="datetime", parts=parts):
            return _ending(tree, [StandardNode("datetime", [2000, 1, 1, 0, 0, 0, 0, *parts[7:]]), _midnight(parts)])
        case StandardNode(kind="date"):
            return _ending(tree, [StandardNode("date", [2000, 1, 1])])
        case _:
            return [tree]


def _midnight(parts: list[Tree]) -> Tree:
    return StandardNode("datetime", [*parts[:3], 0, 0, 0, 0, *parts[7:]])


def _ending(tree: Tree, simpler: Iterable[Tree]) -> list[Tree]:
    """Without what comes twice, and the value itself last."""
    kept: list[Tree] = []
    for value in simpler:
        if not any(_is(value, other) for other in (*kept, tree)):
            kept.append(value)
    return [*kept, tree]


def _is(left: Tree, right: Tree) -> bool:
    return type(left) is type(right) and left == right


class _Found(ExampleDatabase):
    """Has one example, which was found and is not as small as it can be; see the corpora that Hypothesis documents in
    `ConjectureRunner.reuse_existing_test_cases`."""

    def __init__(self, choices: tuple[int, ...]) -> None:
        super().__init__()
        self._data = choices_to_bytes(choices)

    def fetch(self, key: bytes) -> Iterable[bytes]:
        if key.endswith(b".secondary"):
            yield self._data

    def save(self, key: bytes, value: bytes) -> None:
        """It keeps nothing."""

    def delete(self, key: bytes, value: bytes) -> None:
        """It keeps nothing."""


class _Differs(Exception):
    """The input still differs."""


class _Enough(BaseException):
    """No more may be tried. Hypothesis passes a `BaseException` on."""


Rungs: TypeAlias = tuple[int, ...]


def shrunk(
    tree: Tree,
    names: tuple[str, ...],
    differ: Callable[[list[Tree]], list[bool]],
    *,
    attempts: int = ATTEMPTS,
) -> Tree:
    """The smallest input that is found from this one and still differs; `differ` says of each of some inputs whether it
    does, and must hold of `tree`. At most `attempts` others are asked about.

    First what does not matter is taken away, in blocks that become smaller (Zeller and Hildebrandt, "Simplifying and
    isolating failure-inducing input", 2002): many are asked about at once. What is left is Hypothesis's.
    """
    ladders = Ladders(tree, names)
    asked = _Asked(lambda some: differ([ladders.tree(rungs) for rungs in some]), attempts)
    smallest = tuple(ladders.heights)
    asked.known[smallest] = True
    with suppress(_Enough):
        _lowered(_without_blocks(smallest, asked), asked)
    return ladders.tree(asked.best)


class _Asked:
    """What was asked about, and the answers."""

    def __init__(self, differ: Callable[[list[Rungs]], list[bool]], attempts: int) -> None:
        self._differ = differ
        self._attempts = attempts
        self.known: dict[Rungs, bool] = {}

    def holds(self, some: Sequence[Rungs]) -> list[bool]:
        """Of each, whether it still differs; raises `_Enough` when no more may be asked about."""
        new = [rungs for rungs in dict.fromkeys(some) if rungs not in self.known]
        room = self._attempts + 1 - len(self.known)
        self.known.update(zip(new[:room], self._differ(new[:room]) if new[:room] else (), strict=True))
        if len(new) > room:
            raise _Enough
        return [self.known[rungs] for rungs in some]

    @property
    def best(self) -> Rungs:
        """The smallest that differs: with the fewest parts above the ground, these as low as may be."""
        differing = (rungs for rungs, holds in self.known.items() if holds)
        return min(differing, key=lambda rungs: (sum(map(bool, rungs)), rungs))


def _without_blocks(rungs: Rungs, asked: _Asked) -> Rungs:
    """Parts on the ground that need not be above it."""
    size = len(rungs)
    while size:
        above = [at for at, rung in enumerate(rungs) if rung]
        blocks = [above[start : start + size] for start in range(0, len(above), size)]
        found = asked.holds([_grounded(rungs, block) for block in blocks])
        droppable = [block for block, holds in zip(blocks, found, strict=True) if holds]
        together = _grounded(rungs, [at for block in droppable for at in block])
        if droppable and asked.holds([together])[0]:
            rungs = together
        else:
            for block in droppable:
                without = _grounded(rungs, block)
                rungs = without if asked.holds([without])[0] else rungs
        size = min(size, len(above)) // 2
    return rungs


def _grounded(rungs: Rungs, block: Iterable[int]) -> Rungs:
    down = frozenset(block)
    return tuple(0 if at in down else rung for at, rung in enumerate(rungs))


def _lowered(rungs: Rungs, asked: _Asked) -> Rungs:
    """Parts above the ground as low as Hypothesis gets them."""
    above = [at for at, rung in enumerate(rungs) if rung]
    if not above:
        return rungs
    heights = tuple(rungs[at] for at in above)

    # In this order: a seed by itself takes the database away.
    @quiet(database=_Found(heights), phases=(Phase.reuse, Phase.shrink), max_examples=1)
    @seed(0)
    @given(st.tuples(*(st.integers(0, height) for height in heights)))
    def lower(lowered: tuple[int, ...]) -> None:
        whole = list(rungs)
        for at, rung in zip(above, lowered, strict=True):
            whole[at] = rung
        if asked.holds([tuple(whole)])[0]:
            raise _Differs

    with suppress(_Differs):
        lower()
    return asked.best


def quiet(**options: Any) -> settings:
    """Settings of our own for everything, so that neither the profile of a project nor a check of Hypothesis counts."""
    whole: dict[str, Any] = {
        "deadline": None,
        "derandomize": False,
        "print_blob": False,
        "report_multiple_bugs": False,
        "stateful_step_count": 1,
        "suppress_health_check": list(HealthCheck),
        "verbosity": Verbosity.quiet,
        "backend": "hypothesis",
        **options,
    }
    return settings(**whole)
