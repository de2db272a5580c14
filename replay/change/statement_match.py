"""Which statement, and which branch, of a function stands for which of its other version."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...recorders.model.branches import Branch
from .function_match import SIMILAR
from .sequence_diff import opcodes, ratio
from .statements import HEAD, Statement, text_of

REPLACED = 0.45
"""How alike two statements of one kind must be when one was put in the other's place."""

SCORES = 80_000
"""Pairs of statements, one put in the other's place, that are compared by their text, in all; see `_cost`."""


class Line:
    """A statement in the form that is compared."""

    def __init__(self, statement: Statement, unnamed: frozenset[str], renamed: frozenset[str]) -> None:
        self.kind = statement.kind
        self.text = text_of(statement, unnamed, renamed)
        self.targets = statement.targets


class Effort:
    """How much may still be compared."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> bool:
        """Whether so much is left; then it is spent."""
        is_left = count <= self._left
        self._left -= count if is_left else 0
        return is_left


def paired(old: Sequence[Line], new: Sequence[Line], effort: Effort) -> list[tuple[int, int]]:
    """Positions that stand for each other, in order."""
    pairs: list[tuple[int, int]] = []
    texts = [one.text for one in old], [one.text for one in new]
    for tag, i, k, first, last in opcodes(*texts):
        if tag == "equal":
            pairs += zip(range(i, k), range(first, last), strict=True)
        elif tag == "replace":
            pairs += ((i + a, first + b) for a, b in _replaced(old[i:k], new[first:last], effort))
    return pairs


MANY_LINES = 60


def _replaced(old: Sequence[Line], new: Sequence[Line], effort: Effort) -> list[tuple[int, int]]:
    """The pairs of a replaced block, in order, that are most alike together (a longest common subsequence)."""
    if len(old) > MANY_LINES or len(new) > MANY_LINES or not effort.spend(_cost(old, new)):
        return [(at, at) for at in range(min(len(old), len(new))) if _score(old[at], new[at])]
    best: list[list[tuple[float, list[tuple[int, int]]]]] = [[(0.0, [])] * (len(new) + 1)]
    for i, one in enumerate(old):
        row: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
        for k, other in enumerate(new):
            options = [best[i][k + 1], row[k]]
            score = _score(one, other)
            if score:
                options.append((best[i][k][0] + score, [*best[i][k][1], (i, k)]))
            row.append(max(options, key=lambda option: option[0]))
        best.append(row)
    return best[-1][-1][1]


def _cost(old: Sequence[Line], new: Sequence[Line]) -> int:
    """Of comparing each with each: one, and one more for every hundred characters."""
    length, other = sum(len(one.text) for one in old), sum(len(one.text) for one in new)
    return len(old) * len(new) + (length * len(new) + other * len(old)) // 100


def _score(old: Line, new: Line) -> float:
    """How well one statement stands for another; 0 for not at all."""
    if old.kind == new.kind in ("Return", HEAD) or (old.targets and old.targets == new.targets):
        return 0.5 + ratio(old.text, new.text) / 2
    if old.kind != new.kind:
        return 0.0
    likeness = ratio(old.text, new.text)
    return likeness if likeness >= REPLACED else 0.0


_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def plain_condition(condition: str, unnamed: frozenset[str]) -> str:
    """A condition without names that only one version binds."""
    return _WORD.sub(lambda found: "_" if found[0] in unnamed else found[0], condition) if unnamed else condition


def by_text(old: list[Branch], new: list[Branch], unnamed: frozenset[str]) -> list[tuple[Branch, Branch]]:
    """Branches of two statements with the same conditions, each with its like."""
    free = list(new)
    pairs: list[tuple[Branch, Branch]] = []
    for one in old:
        text = plain_condition(one.condition, unnamed)
        other = next(other for other in free if plain_condition(other.condition, unnamed) == text)
        free.remove(other)
        pairs.append((one, other))
    return pairs


def aligned(old: list[Branch], new: list[Branch], unnamed: frozenset[str]) -> list[tuple[Branch, Branch]]:
    """Pairs of branches in source order: equal conditions first, then what was put in their place."""
    left = [plain_condition(one.condition, unnamed) for one in old]
    right = [plain_condition(one.condition, unnamed) for one in new]
    pairs: list[tuple[Branch, Branch]] = []
    for tag, i, k, first, last in opcodes(left, right):
        if tag == "equal":
            pairs += zip(old[i:k], new[first:last], strict=True)
        elif tag == "replace":
            for one, other in zip(range(i, k), range(first, last), strict=False):
                if ratio(left[one], right[other]) >= SIMILAR:
                    pairs.append((old[one], new[other]))
    return pairs
