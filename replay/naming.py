"""This file is about names of path classes: the conditions that tell one from its siblings, and an id for pytest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ..recorders.store.protocol import StoredClass
from ..recorders.tracing.branches import Arm

_OPERATORS = (
    *((">=", " ge "), ("<=", " le "), ("==", " eq "), ("!=", " ne "), (">", " gt "), ("<", " lt ")),
    *(("%", " mod "), ("*", " times "), ("+", " plus ")),
)
SLUG_LENGTH = 48


class ClassName(NamedTuple):
    """How a path class is called."""

    words: str
    """`total > 10_000 is true`, or the kind of outcome where no condition tells it apart."""
    item: str
    """Letters, digits and `_ . : -` only."""


def name_classes(classes: Sequence[StoredClass]) -> dict[tuple[str, str], ClassName]:
    """Names for all classes of a baseline, by (entry, path)."""
    by_entry: dict[str, list[StoredClass]] = {}
    for one in classes:
        by_entry.setdefault(one.entry, []).append(one)
    named: dict[tuple[str, str], ClassName] = {}
    used: Counter[str] = Counter()
    for entry, siblings in by_entry.items():
        for one in siblings:
            words = distinguishing(one, siblings)
            item = ".".join(part for part in (slug(entry), slug(words), slug(one.path[:6])) if part)
            used[item] += 1
            named[entry, one.path] = ClassName(words, item if used[item] == 1 else f"{item}-{used[item]}")
    return named


def distinguishing(one: StoredClass, siblings: Sequence[StoredClass]) -> str:
    """At most two arms that few siblings share, and the outcome where it differs."""
    others = [other for other in siblings if other is not one]
    outcome = one.description.outcome
    if not others:
        return outcome
    chosen: list[Arm] = []
    left = others
    while left and len(chosen) < 2:
        best = min(_candidates(one, chosen), key=lambda arm: _rank(arm, left), default=None)
        if best is None or all(_holds(other, best) for other in left):
            break
        chosen.append(best)
        left = [other for other in left if _holds(other, best)]
    words = [arm.words() for arm in chosen]
    if left and len(words) < 2:
        words += _never(one, left)
    if left and any(other.description.outcome != outcome for other in left):
        words.append(outcome)
    return " · ".join(words) or outcome


def _never(one: StoredClass, others: Sequence[StoredClass]) -> list[str]:
    """An arm that every sibling still alike takes and this class does not."""
    for arm in others[0].description.arms:
        if not _holds(one, arm) and all(_holds(other, arm) for other in others):
            return [f"{arm.branch.condition} never {arm.taken}"]
    return []


def _candidates(one: StoredClass, chosen: list[Arm]) -> list[Arm]:
    return [arm for arm in one.description.arms if arm not in chosen]


def _rank(arm: Arm, others: Sequence[StoredClass]) -> tuple[int, bool]:
    """How many siblings share an arm; loops say less than conditions."""
    return sum(_holds(other, arm) for other in others), arm.taken in ("entered", "ended")


def _holds(other: StoredClass, arm: Arm) -> bool:
    return any(arm.identity == one.identity for one in other.description.arms)


def file_name(module: str) -> str:
    """The name of the file that items of a module hang under: a module's own, whatever a baseline says it is."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", module)[:200] or "_"


def slug(text: str) -> str:
    """A text in the letters that are safe in a node id, cut at a word."""
    for operator, word in _OPERATORS:
        text = text.replace(operator, word)
    text = re.sub(r"(?<=\d)_(?=\d)", "", text).replace(" is true", " true").replace(" is false", " false")
    cut = re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")
    return cut if len(cut) <= SLUG_LENGTH else cut[:SLUG_LENGTH].rpartition("-")[0] or cut[:SLUG_LENGTH]
