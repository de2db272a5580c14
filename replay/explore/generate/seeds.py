"""Seeds, which are recorded inputs; mutants, which are made from them; and the pool that knows what both hold where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import NamedTuple

from ....recorders.model.value_tree import ListNode, Tree, encode, has_all_anchors
from ..analyze.branch_distance import Missing
from ..analyze.constant_pool import ConstantPool
from .candidate_values import values_for
from .profile import Profile, with_letters_of
from .tree_places import Part, Pattern, is_about, part_at, parts_of, replaced
from .value_context import LazyValues, ValueContext, numbers_of

LEADING_LIMIT = 10
"""Seeds in which several places are changed at a time: those nearest to the changed lines, one of each path first. The
pairs of `benchmarks/explore.py` take two paths in the middle, and up to seven in nine of ten targets."""

_WHOLE = frozenset({".path", ".query", ".form"})
"""Patterns of a request that its fields lie in."""


class Seed(NamedTuple):
    """One recorded input."""

    number: int
    """Position among the recorded inputs of its function."""
    tree: Tree
    names: tuple[str, ...]
    """Positional parameters; empty for a request."""
    by_producers: bool = False
    """Whether its objects are made again by what made them, and cannot be changed."""
    distance: float = 0.0
    """How far it stays from changed lines."""
    missing: Missing = Missing()
    """What keeps it from coming nearer."""
    path: bytes = b""
    """Equal where the same path was taken."""


class Mutant(NamedTuple):
    """An input to try."""

    seed: int
    """Position of the recorded input that it was made from."""
    tree: Tree
    pattern: Pattern = ""
    """Where it differs, if in one place."""


class SeedPool:
    """The seeds of a function, and what can be put where in them. A seed is named by its position in `seeds`."""

    def __init__(
        self, seeds: Sequence[Seed], constants: ConstantPool, optional: Sequence[tuple[str, Tree]] = ()
    ) -> None:
        """`optional` are the parameters that may be left out, with their defaults."""
        self.seeds = sorted(seeds, key=lambda seed: (len(encode(seed.tree)), seed.number))
        self.constants = constants
        self.optional = optional
        self.parts = [self.parts_of(position, seed.tree) for position, seed in enumerate(self.seeds)]
        self.profile = Profile(map(_every_part, self.seeds), constants)
        self.homes = self._homes()
        """Pattern → seeds that have it, with the first such part of each."""
        self.rank = self._ranked()
        """Seed → its rank, from the first to be changed on."""
        self.leading = sorted(self.rank, key=self.rank.__getitem__)[:LEADING_LIMIT]
        self._tried = {encode(seed.tree) for seed in seeds}
        self._contexts: dict[int, ValueContext] = {}
        self._values: dict[tuple[int, Pattern, bytes], LazyValues] = {}
        self._derived: dict[int, list[Tree]] = {}

    def parts_of(self, seed: int, tree: Tree) -> list[Part]:
        """What can be changed of an input made from a seed; of a request not what its fields lie in."""
        names, by_producers = self.seeds[seed].names, self.seeds[seed].by_producers
        parts = parts_of(tree, names, by_producers=by_producers)
        return [part for part in parts if names or part.pattern not in _WHOLE]

    def _homes(self) -> dict[Pattern, list[tuple[int, Part]]]:
        homes: dict[Pattern, list[tuple[int, Part]]] = {}
        for seed, parts in enumerate(self.parts):
            seen: set[Pattern] = set()
            for part in parts:
                if part.pattern not in seen:
                    seen.add(part.pattern)
                    homes.setdefault(part.pattern, []).append((seed, part))
        return homes

    def _ranked(self) -> dict[int, int]:
        """One seed of each path, those nearest to changed lines first, then another of each."""
        paths: dict[tuple[float, bytes], list[int]] = {}
        for position, seed in enumerate(self.seeds):
            paths.setdefault((seed.distance, seed.path), []).append(position)
        rows = [paths[key] for key in sorted(paths, key=lambda key: (key[0], len(paths[key]), paths[key]))]
        order = [position for row in zip_longest(*rows) for position in row if position is not None]
        return {position: rank for rank, position in enumerate(order)}

    # --- near and far ---

    def is_near(self, tree: Tree) -> bool:
        """Whether every part of an input lies within what was observed, or on the edge of a constant."""
        return all(map(self.profile.is_near, parts_of(tree, self.seeds[0].names)))

    def in_recorded_letters(self, tree: Tree) -> list[Tree]:
        """An input with letters of recorded kinds in the place of others, one kind at a time: what is near of it; empty
        where it holds no others."""
        found: list[Tree] = []
        for part in parts_of(tree, self.seeds[0].names):
            seen = self.profile.places.get(part.pattern)
            if isinstance(part.tree, str) and seen is not None:
                texts = with_letters_of(part.tree, seen.characters)
                found += filter(self.is_near, (replaced(tree, part.place, text) for text in texts))
        return found

    # --- values ---

    def context(self, seed: int) -> ValueContext:
        """What is known when a value is chosen for a part of a seed."""
        if seed not in self._contexts:
            parts = self.parts[seed]
            context = ValueContext(self.constants, self.profile, parts, self.optional, numbers_of(parts))
            self._contexts[seed] = context
        return self._contexts[seed]

    def values(self, seed: int, part: Part, count: int) -> list[Tree]:
        """The most informative values to try at the place of a part, at most `count`."""
        key = (seed, part.pattern, encode(part.tree))
        if key not in self._values:
            self._values[key] = LazyValues(values_for(part, self.context(seed)))
        return self._values[key].first(count)

    def value(self, seed: int, part: Part, rank: int) -> list[Tree]:
        """The value of one rank to try at the place of a part; empty where there are no more."""
        return self.values(seed, part, rank + 1)[rank:]

    def is_relevant(self, pattern: Pattern) -> bool:
        """Whether changed lines mention the name of a place, or what is made of it."""
        return is_about(self.homes[pattern][0][1], self.constants.names)

    # --- inputs ---

    def derived(self, seed: int) -> list[Tree]:
        """A seed with every list's first item twice; with every list cut to its first item. None without lists."""
        if seed not in self._derived:
            tree, parts = self.seeds[seed].tree, self.parts[seed]
            has_lists = any(isinstance(part.tree, ListNode) and part.tree.items for part in parts)
            twice = _with_lists(tree, self.seeds[seed], lambda items: [*items[:1], *items[:1], *items[1:]])
            first = _with_lists(tree, self.seeds[seed], lambda items: items[:1])
            self._derived[seed] = [twice, first] if has_lists else []
        return self._derived[seed]

    def mutant(self, seed: int, tree: Tree, pattern: Pattern = "") -> Mutant | None:
        """An input made from a seed; `None` where it was made before, or is torn."""
        key = encode(tree)
        if key in self._tried or not has_all_anchors(tree):
            return None
        self._tried.add(key)
        return Mutant(self.seeds[seed].number, tree, pattern)


def _every_part(seed: Seed) -> list[Part]:
    return parts_of(seed.tree, seed.names)


def _with_lists(tree: Tree, seed: Seed, change: Callable[[list[Tree]], list[Tree]]) -> Tree:
    """With every list changed, innermost first."""
    for part in reversed(parts_of(tree, seed.names, by_producers=seed.by_producers)):
        if isinstance(part.tree, ListNode) and part.tree.items:
            now = part_at(tree, part.place)
            if isinstance(now, ListNode):
                tree = replaced(tree, part.place, ListNode(change(now.items)))
    return tree


def in_capitals(mutant: Mutant, names: tuple[str, ...]) -> Tree:
    """A mutant, the texts in its changed part in capitals: what is the same to one version may not be to another."""
    tree = mutant.tree
    for part in parts_of(tree, names):
        if part.pattern == mutant.pattern and isinstance(part.tree, str):
            tree = replaced(tree, part.place, part.tree.upper())
    return tree
