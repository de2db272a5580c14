"""Mutations: inputs to try, made from the recorded ones of a function in a fixed order, most informative first.

Four operators take turns: one part changed; two parts made equal; several parts changed; one part changed in a seed
whose lists were cut to one item, or hold their first item twice. Before them come mutants of inputs that took new
paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from random import Random

from ....recorders.model.value_tree import Tree
from ..analyze.branch_distance import Missing
from ..analyze.constant_pool import ConstantPool
from .guided import GuidedMutations
from .operators import changed, combined_parts, derived_seeds, equal_parts, single_part, values_of_values
from .seeds import Mutant, Seed, SeedPool

_TURNS = ("single", "combined", "single", "derived", "equal", "single", "derived", "single", "combined")
"""Operators in turn: what one changed part shows is most of what is found, and is the easiest to read."""

DRAWN_VALUES = 24
"""Values of one place that Hypothesis draws from: a bound, chosen and not measured; the first of a row are the most
informative."""

DRAWN_CHANGES = 3
"""Parts that Hypothesis changes at most: a bound, chosen and not measured."""

_CHOICES = 2 + 2 * DRAWN_CHANGES
"""Which seed, how many changes, and for each change where and what; 16 bits each."""


class Mutations:
    """Makes mutants of the seeds of a function."""

    def __init__(
        self, seeds: Sequence[Seed], constants: ConstantPool, optional: Sequence[tuple[str, Tree]] = ()
    ) -> None:
        """`optional` are the parameters that may be left out, with their defaults."""
        self.pool = SeedPool(seeds, constants, optional)
        self._guided = GuidedMutations(self.pool)
        self._operators = {
            "single": single_part(self.pool),
            "equal": equal_parts(self.pool),
            "combined": combined_parts(self.pool, Random(0)),
            "derived": derived_seeds(self.pool),
        }
        self._turns = cycle(_TURNS)
        self._rest = values_of_values(self.pool)

    def batch(self, count: int) -> list[Mutant]:
        """At most `count` mutants, most informative first."""
        found = list(self._guided.batch(count))
        ended: set[str] = set()
        while len(found) < count and len(ended) < len(self._operators):
            name = next(self._turns)
            if name in ended:
                continue
            mutant = next(self._operators[name], None)
            if mutant is None:
                ended.add(name)
            else:
                found.append(mutant)
        return [*found, *islice(self._rest, max(0, count - len(found)))]

    def of_number(self, number: int) -> Mutant | None:
        """The mutant that a number represents (any number does); `None` when it was tried before."""
        numbers = [number >> shift & 0xFFFF for shift in range(0, 16 * _CHOICES, 16)]
        seed = self.pool.leading[numbers[0] % len(self.pool.leading)]
        tree, parts = self.pool.seeds[seed].tree, self.pool.parts[seed]
        wanted = 1 + numbers[1] % DRAWN_CHANGES
        for place, choice in list(zip(numbers[2::2], numbers[3::2], strict=False))[:wanted]:
            if parts:
                part = parts[place % len(parts)]
                tree = changed(tree, part.place, self.pool.values(seed, part, DRAWN_VALUES), choice)
        return self.pool.mutant(seed, tree)

    def add_seed(self, mutant: Mutant, distance: float, missing: Missing) -> None:
        """A mutant took a new path: from here on others are made from it too."""
        self._guided.add(mutant, distance, missing)

    def is_near(self, tree: Tree) -> bool:
        """Whether every part of an input lies within what was observed, or on the edge of a constant."""
        return self.pool.is_near(tree)

    def in_recorded_letters(self, tree: Tree) -> list[Tree]:
        """An input with letters of recorded kinds in the place of others; see `SeedPool`."""
        return self.pool.in_recorded_letters(tree)
