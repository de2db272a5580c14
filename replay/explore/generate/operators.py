"""Mutation operators: each makes mutants of all seeds of a pool, in a fixed order, most informative first.

Arguments stay correlated because each mutant is one recorded input in which little is different.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from random import Random

from ....recorders.model.value_tree import DictNode, ListNode, ObjectNode, Tree, TupleNode, encode
from .candidate_values import values_for
from .profile import type_of
from .seeds import Mutant, SeedPool
from .tree_places import Part, Pattern, Place, is_about, replaced

CONTEXTS_LIMIT = 3
"""Seeds that values to try at a place are worked out for, and tried in: of different paths, by their rank. Measured on
the regressions of `benchmarks/explore.py` (one seed): 61 of 66 are found, 59 with one context."""

IN_ALL = 2
IN_ALL_TOGETHER = 20
"""Values of a place that changed lines are about, for each of these seeds, that are tried in all of them: two of each
place, or twenty of all together. Without them 59 of the 66 regressions are found."""

AT_ONCE = 3
"""Values of a place that changed lines are about, for each one of another place. With one in the place of three, 59 of
the 66 regressions are found."""

VALUES_LIMIT = 400
"""Values of one place: twice the inputs of a target by default, a bound for runs with more."""

EQUAL_LIMIT = 12
"""Parts of one type of which each is made equal to each: a bound, 132 pairs of one seed."""

MOST_CHANGES = 4
"""Parts that are changed at a time, two at least: a bound, chosen and not measured. An input with more changes is
harder to read, and shrinks slowly."""

MISSES_LIMIT = 200
"""Combinations that were tried before, in a row, until no more are drawn: a bound for seeds with few places."""

DERIVED_ROWS = 4
"""Derived seeds in which parts are changed, spread over all: a bound, chosen and not measured."""

DERIVED_VALUES = 12
"""Values of each part of a derived seed: a bound, chosen and not measured."""

_CONTAINERS = (ListNode, TupleNode, DictNode, ObjectNode)


def single_part(pool: SeedPool) -> Iterator[Mutant]:
    """One part changed: values of all places in turn."""
    relevant = [pattern for pattern in pool.homes if pool.is_relevant(pattern)]
    others = [pattern for pattern in pool.homes if pattern not in relevant]
    in_all = max(IN_ALL, IN_ALL_TOGETHER // max(1, len(relevant)))
    rows = {pattern: _single_at(pool, pattern, in_all if pattern in relevant else 0) for pattern in relevant + others}
    while rows:
        wanted = [pattern for pattern in relevant for _time in range(AT_ONCE)] + others
        for pattern in wanted:
            mutant = next(rows[pattern], None) if pattern in rows else None
            if mutant is None:
                rows.pop(pattern, None)
            else:
                yield mutant


def _single_at(pool: SeedPool, pattern: Pattern, in_all: int) -> Iterator[Mutant]:
    """A value is made from what it replaces and from what stands around it, so each is tried in the seed that it was
    worked out for; the first of each seed, in all of them; later ones in one seed at a time."""
    homes = sorted(pool.homes[pattern], key=lambda home: pool.rank[home[0]])[:CONTEXTS_LIMIT]
    tried: set[bytes] = set()
    for rank in range(VALUES_LIMIT):
        rows = [(home, value) for home in homes for value in pool.value(*home, rank)]
        if not rows:
            return
        for (seed, part), value in rows if rank < in_all else [rows[rank % len(rows)]]:
            if rank < in_all or encode(value) not in tried:
                tried.add(encode(value))
                mutant = pool.mutant(seed, replaced(pool.seeds[seed].tree, part.place, value), pattern)
                if mutant is not None:
                    yield mutant


def equal_parts(pool: SeedPool) -> Iterator[Mutant]:
    """One part gets the value of another of its type, in each seed in turn."""
    rows = [_equal_in(pool, seed) for seed in range(len(pool.seeds))]
    for row in zip_longest(*rows):
        yield from (mutant for mutant in row if mutant is not None)


def _equal_in(pool: SeedPool, seed: int) -> Iterator[Mutant]:
    by_type: dict[str, dict[Pattern, Part]] = {}
    for part in pool.parts[seed]:
        if _is_comparable(part):
            same = by_type.setdefault(type_of(part.tree), {})
            if len(same) < EQUAL_LIMIT:
                same.setdefault(part.pattern, part)
    pairs = [
        (part, other)
        for same in by_type.values()
        for part in same.values()
        for other in same.values()
        if part.place != other.place and part.tree != other.tree
    ]
    # Parts of other names first: items of one list are alike anyway.
    for part, other in sorted(pairs, key=lambda pair: pair[0].name == pair[1].name):
        mutant = pool.mutant(seed, replaced(pool.seeds[seed].tree, part.place, other.tree))
        if mutant is not None:
            yield mutant


def _is_comparable(part: Part) -> bool:
    is_value = not isinstance(part.tree, _CONTAINERS) or _is_row(part)
    return is_value and part.tree is not None and not isinstance(part.tree, bool)


def _is_row(part: Part) -> bool:
    """Whether it is a tuple of plain values, such as a position; (receiver, args, kwargs) is none, nor are the args."""
    if not isinstance(part.tree, TupleNode) or part.pattern == "args" or not part.place:
        return False
    return bool(part.tree.items) and not any(isinstance(item, _CONTAINERS) for item in part.tree.items)


def combined_parts(pool: SeedPool, random: Random) -> Iterator[Mutant]:
    """In a seed, or one derived from it, some places get one of their informative values."""
    misses = 0
    while pool.seeds and misses < MISSES_LIMIT:
        seed = random.choice(pool.leading)
        tree, parts = pool.seeds[seed].tree, pool.parts[seed]
        derived = pool.derived(seed) if random.random() < 0.4 else []
        if derived:
            tree = random.choice(derived)
            parts = pool.parts_of(seed, tree)
        if not parts:
            return
        mutant = pool.mutant(seed, _combined(pool, seed, tree, parts, random))
        misses = 0 if mutant is not None else misses + 1
        if mutant is not None:
            yield mutant


def _combined(pool: SeedPool, seed: int, tree: Tree, parts: list[Part], random: Random) -> Tree:
    associated = [part for part in parts if pool.constants.associated.get(part.name)]
    relevant = [part for part in parts if is_about(part, pool.constants.names)]
    informative = (relevant if len(relevant) > 1 and random.random() < 0.6 else associated) or parts
    wanted = min(random.randint(2, MOST_CHANGES), len(informative))
    for part in random.sample(informative, wanted) + (random.sample(parts, 1) if random.random() < 0.3 else []):
        most = 4 if random.random() < 0.6 else 12
        values = [value for value in pool.values(seed, part, most) if value is not None]  # None by itself is enough
        tree = changed(tree, part.place, values, random.randrange(most))
    return tree


def derived_seeds(pool: SeedPool) -> Iterator[Mutant]:
    """One part changed in seeds whose lists were cut to one item, or hold their first item twice."""
    rows = [_in_derived(pool, seed, tree) for seed in range(len(pool.seeds)) for tree in pool.derived(seed)]
    chosen = rows[:: max(1, len(rows) // DERIVED_ROWS)][:DERIVED_ROWS]
    for row in zip_longest(*chosen):
        yield from (mutant for mutant in row if mutant is not None)


def _in_derived(pool: SeedPool, seed: int, tree: Tree) -> Iterator[Mutant]:
    mutant = pool.mutant(seed, tree)
    if mutant is not None:
        yield mutant
    parts = pool.parts_of(seed, tree)
    parts = [part for part in parts if is_about(part, pool.constants.names)] or parts
    for rank in range(DERIVED_VALUES):
        for part in parts:
            for value in pool.value(seed, part, rank):
                mutant = pool.mutant(seed, replaced(tree, part.place, value))
                if mutant is not None:
                    yield mutant


def values_of_values(pool: SeedPool) -> Iterator[Mutant]:
    """Values that are a step from those to try, where there are not enough of these."""
    rows = [
        (seed, part, value)
        for homes in pool.homes.values()
        for seed, part in homes[:1]
        for value in pool.values(seed, part, 16)
        if not isinstance(value, _CONTAINERS)
    ]
    further = [values_for(part._replace(tree=value), pool.context(seed)) for seed, part, value in rows]
    for row in zip_longest(*further, fillvalue=NOTHING):
        for (seed, part, _value), other in zip(rows, row, strict=True):
            mutant = None
            if other is not NOTHING:
                mutant = pool.mutant(seed, replaced(pool.seeds[seed].tree, part.place, other))
            if mutant is not None:
                yield mutant


NOTHING = ListNode([])
"""By identity: no value."""


def changed(tree: Tree, place: Place, values: Sequence[Tree], choice: int) -> Tree:
    """With one of some values at a place; as it is where an earlier change took the place away."""
    if not values:
        return tree
    try:
        return replaced(tree, place, values[choice % len(values)])
    except (LookupError, ValueError, AttributeError):
        return tree
