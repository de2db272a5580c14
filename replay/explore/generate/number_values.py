"""Numbers to try at a place: thresholds, constants, other numbers of the same input, edges of what was observed, and a
short list of awkward ones; each a step to either side."""

from __future__ import annotations

from itertools import chain, pairwise

from ....recorders.model.value_tree import Tree
from ..analyze.constants import number_in
from .numbers import maker, number_or_zero, stepped_all
from .profile import type_of
from .value_context import Choice, Tier

BETWEEN_LIMIT = 8
"""Numbers between those that were observed, in the widest gaps."""

CONSTANTS_LIMIT = 60
"""Constants of the whole source that are tried at one place: three values each, a third of what a long row holds."""

THRESHOLDS_LIMIT = 8
"""Solved values that come first: two thresholds with a step to either side."""


def number_tiers(choice: Choice, kinds: list[Tree]) -> list[Tier]:
    """By how informative they are; `kinds` are values of other kinds."""
    tree = choice.part.tree
    make, here, constants = maker(tree), number_or_zero(tree), choice.context.constants
    changed = [constant for constant in constants.changed if isinstance(constant, (int, float))]
    every = [constant for constant in constants.all if isinstance(constant, (int, float))]
    low, high = choice.seen.ranges.get(type_of(tree), (here, here))
    edges: list[float] = [low, high, high + 1, low - 1, 1, -1, high + 3, high * 2, high + 5]
    odd: list[float] = [-here, here + 1, here - 1, 2, -2, -7, here * 2, here * 10, 10, 100, 1000]
    halves = _halves(tree, here)
    solved = [*dict.fromkeys(stepped_all(choice.thresholds))][:THRESHOLDS_LIMIT]
    associated = stepped_all(choice.associated_numbers)
    return [
        ("comparison", chain(make(solved), make(associated), make(stepped_all(changed)))),
        ("nothing", chain(make([0]), [None])),
        ("comparison", make(_related(choice))),
        ("comparison", make(edges)),
        ("rounding", chain(make([-here, halves[0], -7, halves[1]]), make(halves[2:]), make([-1, 7, here + 1]))),
        ("kinds", kinds),
        ("", make(stepped_all(every[:CONSTANTS_LIMIT]))),
        ("", chain(make(odd), make(_between(choice)), choice.observed)),
    ]


def _halves(tree: Tree, here: float) -> list[float]:
    """Numbers that are rounded differently by different rules; for integers, those that are when they are divided."""
    if isinstance(tree, int) and abs(here) < 2**53:
        return [here + 5, here * 100 + 5, 25, 125, 15, 35, 99, 101, 1e6 + 1, 2.0**31]
    return [0.5, 1.5, 2.5, 0.125, 2.675, 1.005, 0.005, 0.015, 10.075, 0.1, here + 0.5, here + 0.005]


def _related(choice: Choice) -> list[float]:
    """Other numbers of the same input, a step to either side, and how far they are apart."""
    others = [number_or_zero(part.tree) for part in choice.others(number_like=True)] + _spelled_by_others(choice)
    apart = [larger - other for larger in others[:5] for other in others[:5] if larger > other]
    return [*chain.from_iterable((other, other + 1, other - 1) for other in others[:12]), *apart]


def _spelled_by_others(choice: Choice) -> list[float]:
    """Numbers that texts of the same input spell."""
    texts = [part.tree for part in choice.context.parts if isinstance(part.tree, str)]
    return [number for text in texts if (number := number_in(text)) is not None][:4]


def _between(choice: Choice) -> list[float]:
    """Numbers in the middle of what was observed, the widest gaps first: near, and never seen."""
    seen = sorted({number_or_zero(value) for value in choice.observed})
    gaps = sorted(pairwise(seen), key=lambda gap: gap[0] - gap[1])
    return [float(round((low + high) / 2)) for low, high in gaps[:BETWEEN_LIMIT] if high - low > 1]
