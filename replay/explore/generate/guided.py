"""Guided mutation: inputs that took a path which no other took are changed in one more part, and those that came nearer
to the changed lines much further, so that deeper branches are reached step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest
from typing import NamedTuple

from ....recorders.model.value_tree import Tree
from ..analyze.branch_distance import Missing
from ..analyze.relevance import sources_of
from .candidate_values import associated_values, may_replace, of_other_kinds
from .operators import NOTHING, changed
from .seeds import Mutant, SeedPool
from .tree_places import Part, is_about

STEPS = 12
"""Inputs made from one that took a new path: a bound, so that several such inputs share a batch."""

STEPS_NEARER = 40
"""Inputs made from one that came nearer to changed lines than any before: a fifth of all, by default. Measured on the
regressions of `benchmarks/explore.py` (one seed): 61 of 66 are found, 60 with as many as `STEPS`."""

DECIDING_VALUES = 4
"""Values of each part that the next decision is about, before any other part is changed: a bound that leaves room for
the other parts. With one, as many regressions of `benchmarks/explore.py` are found."""

INFORMATIVE_VALUES = 6
OTHER_VALUES = 4
"""Values of each part that changed lines are about, and of each other one, in one input: bounds, chosen and not
measured."""

_ASKING_KIND = frozenset({"isinstance", "type", "hasattr", "callable"})


class _Source(NamedTuple):
    """Inputs that are made from one which took a new path."""

    distance: float
    mutants: Iterator[Mutant]


class _Aim(NamedTuple):
    """Parts of an input by what they have to do with the next decision towards changed lines."""

    deciding: list[Part]
    """It is about these."""
    informative: list[Part]
    """Those, and the others that a constant is associated with or that changed lines are about."""
    others: list[Part]


class GuidedMutations:
    """Makes mutants from inputs that took new paths."""

    def __init__(self, pool: SeedPool) -> None:
        self._pool = pool
        self._nearest = self._recorded_nearest = min((seed.distance for seed in pool.seeds), default=0.0)
        self._is_held_up = all(seed.missing.names for seed in pool.seeds)
        """Whether something keeps every seed from changed lines."""
        self._sources: list[_Source] = []
        self._add_nearest()

    def _add_nearest(self) -> None:
        """Seeds that came nearest to changed lines, one of each path, where something keeps them from these."""
        paths: set[bytes] = set()
        for position in sorted(self._pool.rank, key=self._pool.rank.__getitem__):
            seed = self._pool.seeds[position]
            if seed.distance == self._nearest and seed.missing.names and seed.path not in paths:
                paths.add(seed.path)
                self._sources.append(_Source(seed.distance, self._further(position, seed.tree, STEPS, seed.missing)))

    def add(self, mutant: Mutant, distance: float, missing: Missing) -> None:
        """A mutant took a new path: from here on others are made from it too."""
        seed = next(position for position, seed in enumerate(self._pool.seeds) if seed.number == mutant.seed)
        steps = STEPS_NEARER if distance < self._nearest else STEPS
        self._nearest = min(self._nearest, distance)
        self._sources.append(_Source(distance, self._further(seed, mutant.tree, steps, missing)))

    def batch(self, count: int) -> Iterator[Mutant]:
        """Those nearest to changed lines first, else in turn; at most two thirds of `count` while something comes
        nearer than what was recorded, or has to, and a third otherwise."""
        made = 0
        while self._sources:
            best = min(source.distance for source in self._sources)
            is_nearer = best < self._recorded_nearest or self._is_held_up
            if made >= (count * 2 // 3 if is_nearer else count // 3):
                return
            for source in [source for source in self._sources if source.distance == best]:
                mutant = next(source.mutants, None)
                if mutant is None:
                    self._sources.remove(source)
                else:
                    made += 1
                    yield mutant

    def _further(self, seed: int, tree: Tree, steps: int, missing: Missing) -> Iterator[Mutant]:
        """One more part changed: what the decision is about that is to be taken, then what a constant is associated
        with, places in turn."""
        pool = self._pool
        optional = {name for name, _default in pool.optional}
        wanted = sources_of(missing.names, pool.constants.made_of)
        omitted = frozenset(optional & missing.names or optional & wanted)
        aim = self._aim(pool.parts_of(seed, tree), missing, wanted, omitted)
        near = [self._deciding_values(seed, part, missing, omitted) for part in aim.deciding]
        first = [row[:DECIDING_VALUES] for row in near]
        rows = [
            [*row[DECIDING_VALUES:], *pool.values(seed, part, INFORMATIVE_VALUES)]
            for row, part in zip(near, aim.deciding, strict=True)
        ]
        rows += [pool.values(seed, part, INFORMATIVE_VALUES) for part in aim.informative[len(aim.deciding) :]]
        rows += [pool.values(seed, part, OTHER_VALUES) for part in aim.others]
        mutants = chain(
            self._in_turn(seed, tree, aim.deciding, first),
            self._in_turn(seed, tree, aim.informative + aim.others, rows),
        )
        return islice(mutants, steps)

    def _aim(self, parts: list[Part], missing: Missing, wanted: frozenset[str], omitted: frozenset[str]) -> _Aim:
        constants = self._pool.constants
        deciding = [part for part in parts if is_about(part, wanted) or (part.pattern == "kwargs" and omitted)]
        deciding.sort(key=lambda part: part.name not in missing.names and part.pattern != "kwargs")
        relevant = [part for part in parts if is_about(part, constants.names) and part not in deciding]
        known = (*deciding, *relevant)
        associated = [part for part in parts if constants.associated.get(part.name) and part not in known]
        informative = [*deciding, *associated, *relevant]
        return _Aim(deciding, informative, [part for part in parts if part not in informative])

    def _deciding_values(self, seed: int, part: Part, missing: Missing, omitted: frozenset[str]) -> list[Tree]:
        """Values of a part for which the next decision may be another."""
        context, of_module = self._pool.context(seed), self._pool.constants.of_module
        named = (constant for name in sorted(missing.names) for constant in of_module.get(name, ()))
        constants = tuple(dict.fromkeys((*missing.constants, *named)))
        kinds = of_other_kinds(part, context) if not missing.names.isdisjoint(_ASKING_KIND) else []
        values = [*kinds, *associated_values(part, context, constants, omitted)]
        return [value for value in values if may_replace(part, value)]

    def _in_turn(
        self, seed: int, tree: Tree, parts: Sequence[Part], rows: Sequence[Sequence[Tree]]
    ) -> Iterator[Mutant]:
        """One part changed to the first value of its row, for each part; then to the second."""
        for row in zip_longest(*rows, fillvalue=NOTHING):
            for part, value in zip(parts, row, strict=True):
                is_value = value is not NOTHING
                mutant = self._pool.mutant(seed, changed(tree, part.place, [value], 0)) if is_value else None
                if mutant is not None:
                    yield mutant
