"""Which function of one version stands for which of the other: by name, then by how alike their statements are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import last_part
from .sequence_diff import ratio, sequence_ratio
from .statements import Function, text_of

SIMILAR = 0.6
"""How alike two conditions or functions must be to stand for each other when both changed."""

SAME_NAME = 0.25
"""What the same last name adds to how alike two functions are; a similar one, in proportion."""

MANY_FUNCTIONS = 2_500
"""Pairs of a function that is gone and one that is new, each compared with each: about a millisecond for one."""

FEW = 8
"""Functions that may share a statement for it to say which of them belong together; callers that code moves between."""


def matched_functions(
    old: Mapping[FunctionName, Function], new: Mapping[FunctionName, Function]
) -> dict[FunctionName, FunctionName]:
    """Functions by name; then the gone and the new ones that are most alike."""
    found = {name: name for name in old if name in new}
    gone = {name: _texts(old[name]) for name in old if name not in found}
    fresh = {name: _texts(new[name]) for name in new if name not in found}
    scores = sorted(
        (
            (_likeness(gone[one], fresh[other]) + SAME_NAME * ratio(last_part(one), last_part(other)), one, other)
            for one, other in _worth_comparing(gone, fresh)
        ),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    taken: set[FunctionName] = set()
    for score, one, other in scores:
        if score >= SIMILAR and one not in found and other not in taken:
            found[one] = other
            taken.add(other)
    return found


def _worth_comparing(
    gone: Mapping[FunctionName, list[str]], fresh: Mapping[FunctionName, list[str]]
) -> Iterable[tuple[FunctionName, FunctionName]]:
    """Every pair; where these are too many, those that share a last name or a statement that few functions have."""
    if len(gone) * len(fresh) <= MANY_FUNCTIONS:
        return [(one, other) for one in gone for other in fresh]
    having: dict[str, list[FunctionName]] = {}
    for other, texts in fresh.items():
        for text in {f"def {last_part(other)}", *texts}:
            having.setdefault(text, []).append(other)
    pairs: dict[tuple[FunctionName, FunctionName], None] = {}
    for one, texts in gone.items():
        for text in (f"def {last_part(one)}", *texts):
            others = having.get(text, [])
            pairs |= dict.fromkeys((one, other) for other in others if len(others) <= FEW)
    return list(pairs)[:MANY_FUNCTIONS]


def _texts(function: Function) -> list[str]:
    """The statements of a function without its local names."""
    return [text_of(statement, function.locals) for statement in function.statements]


def _likeness(left: list[str], right: list[str]) -> float:
    """Of 0 to 1: equal statements count whole, others by their text."""
    if not left or not right:
        return 0.0
    quick = sequence_ratio(left, right)
    if quick >= SIMILAR or min(len(left), len(right)) / max(len(left), len(right)) < 0.5:
        return quick
    return ratio("\n".join(left), "\n".join(right)) - 0.25
