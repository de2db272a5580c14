"""Names of path classes: the conditions that distinguish one from its siblings, and an id for pytest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import Arm
from ...recorders.store.protocol import StoredClass

_OPERATORS = (
    *((">=", " ge "), ("<=", " le "), ("==", " eq "), ("!=", " ne "), (">", " gt "), ("<", " lt ")),
    *(("%", " mod "), ("*", " times "), ("+", " plus ")),
)
SLUG_LENGTH = 48
"""Characters of the conditions in an id: with entry and digest an id fits in a line of a log."""

ArmIdentity: TypeAlias = tuple[str, str, int, str]
"""See `Arm.identity`."""


class ClassName(NamedTuple):
    """How a path class is called."""

    words: str
    """`total > 10_000 is true`, or the kind of outcome where no condition distinguishes it."""
    item: str
    """Letters, digits and `_ . : -` only."""


class _Class(NamedTuple):
    """A path class with the identities of its arms, taken once: they are asked for of every sibling."""

    stored: StoredClass
    identities: frozenset[ArmIdentity]


def name_classes(classes: Sequence[StoredClass]) -> dict[tuple[str, str], ClassName]:
    """Names for all classes of a baseline, by (entry, path)."""
    by_entry: dict[str, list[_Class]] = {}
    for stored in classes:
        identities = frozenset(arm.identity for arm in stored.description.arms)
        by_entry.setdefault(stored.entry, []).append(_Class(stored, identities))
    named: dict[tuple[str, str], ClassName] = {}
    used: Counter[str] = Counter()
    for entry, siblings in by_entry.items():
        shared = Counter(identity for sibling in siblings for identity in sibling.identities)
        for sibling in siblings:
            words = _distinguishing(sibling, siblings, shared)
            path = sibling.stored.path
            item = ".".join(part for part in (slug(entry), slug(words), slug(path[:6])) if part)
            used[item] += 1
            named[entry, path] = ClassName(words, item if used[item] == 1 else f"{item}-{used[item]}")
    return named


def _distinguishing(one: _Class, siblings: Sequence[_Class], shared: Counter[ArmIdentity]) -> str:
    """At most two arms that few siblings share, and the outcome where it differs; `shared` counts arms in all."""
    description = one.stored.description
    if len(siblings) == 1:
        return description.outcome
    left = [other for other in siblings if other is not one]
    chosen: list[Arm] = []
    while left and len(chosen) < 2:
        candidates = [arm for arm in description.arms if arm not in chosen]
        best = min(candidates, key=lambda arm: (shared[arm.identity], arm.taken in _LOOPS), default=None)
        if best is None or all(best.identity in other.identities for other in left):
            break
        chosen.append(best)
        left = [other for other in left if best.identity in other.identities]
        shared = Counter(identity for other in left for identity in other.identities)
    words = [arm.words() for arm in chosen]
    if left and len(words) < 2:
        words += _never(one, left)
    if left and any(other.stored.description.outcome != description.outcome for other in left):
        words.append(description.outcome)
    return " · ".join(words) or description.outcome


def _never(one: _Class, others: Sequence[_Class]) -> list[str]:
    """An arm that every sibling still alike takes and this class does not."""
    for arm in others[0].stored.description.arms:
        if arm.identity not in one.identities and all(arm.identity in other.identities for other in others):
            return [f"{arm.branch.condition} never {arm.taken}"]
    return []


_LOOPS = frozenset({"entered", "ended"})
"""Arms of loops; they say less than conditions."""


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
