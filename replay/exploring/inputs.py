"""This file is about inputs: recorded calls with one part changed, or a few, in a fixed order, most telling first.

Arguments stay correlated because each input is one recorded call in which little is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from random import Random
from typing import NamedTuple

from ...recorders.value_tree import ListNode, Tree, encode
from .literals import Literals
from .observed import Profile
from .places import Part, Pattern, Place, at, is_whole, parts_of, put
from .values import Around, values_for

COMBINED = 0.3
"""Share of inputs in which several parts are changed at once."""

CONTEXTS = 2
"""Recorded calls for which the values to try at a place are worked out; they are tried in all."""

MOST_CHANGES = 3


class Known(NamedTuple):
    """One recorded input."""

    number: int
    """Position among the recorded inputs of its function."""
    tree: Tree
    names: tuple[str, ...]
    """Positional parameters; empty for a request."""


class Input(NamedTuple):
    """An input to try."""

    call: int
    """Position of the recorded input that it was made from."""
    tree: Tree


class Inputs:
    """Makes inputs from the recorded ones of a function."""

    def __init__(self, known: Sequence[Known], literals: Literals) -> None:
        self.known = sorted(known, key=lambda one: (len(encode(one.tree)), one.number))
        self._literals = literals
        self._parts = [parts_of(one.tree, one.names) for one in self.known]
        self.profile = Profile(self._parts, literals)
        self._tried = {encode(one.tree) for one in known}
        self._values: dict[tuple[int, Place], list[Tree]] = {}
        self._homes: dict[Pattern, list[tuple[int, Part]]] = {}
        """Pattern → recorded inputs that have it, with the first such part of each."""
        for number, parts in enumerate(self._parts):
            seen: set[Pattern] = set()
            for part in parts:
                if part.pattern not in seen:
                    seen.add(part.pattern)
                    self._homes.setdefault(part.pattern, []).append((number, part))

    def is_near(self, tree: Tree) -> bool:
        """Whether every part of an input lies within what was observed, or on the edge of a literal."""
        names = self.known[0].names
        return all(map(self.profile.is_near, parts_of(tree, names)))

    def telling(self, count: int) -> list[Input]:
        """So many inputs, most telling first; fewer where there are no more."""
        singles = self._singles()
        combined = self._combined(Random(0))
        found: list[Input] = []
        due = 0.0
        while len(found) < count:
            due += COMBINED
            source = combined if due >= 1 else singles
            due -= due >= 1
            made = next(source, None)
            if made is None:
                made = next(singles, None) or next(combined, None)
            if made is None:
                break
            found.append(made)
        return found

    def drawn(self, numbers: Sequence[int]) -> Input | None:
        """The input that some numbers stand for (any numbers do); `None` when it was tried before."""
        call = numbers[0] % len(self.known)
        tree = self.known[call].tree
        for place, value in zip(numbers[2::2], numbers[3::2], strict=False):
            parts = parts_of(tree, self.known[call].names)
            if parts:
                values = self._of(call, parts[place % len(parts)])
                tree = _changed(tree, parts[place % len(parts)].place, values, value)
            if numbers[1] % MOST_CHANGES == 0:
                break
        return self._new(call, tree)

    # --- one part changed ---

    def _singles(self) -> Iterator[Input]:
        """Values of all places in turn, each in another recorded call than the one before."""
        patterns = list(self._homes)
        rows = [self._values_of(pattern) for pattern in patterns]
        turn = 0
        for rank, row in enumerate(zip_longest(*rows)):
            for pattern, value in zip(patterns, row, strict=True):
                if value is None:
                    continue
                homes = self._homes[pattern]
                turns = (0, *range(turn, turn + (2 if rank < 8 else 0)))
                for at_home in dict.fromkeys(one % len(homes) for one in turns):
                    call, part = homes[at_home]
                    made = self._new(call, put(self.known[call].tree, part.place, value[0]))
                    if made is not None:
                        yield made
                turn += 1

    def _values_of(self, pattern: Pattern) -> list[tuple[Tree]]:
        """Values to try at places of a pattern; in tuples, because `None` is one of them."""
        homes = self._homes[pattern]
        found: dict[bytes, tuple[Tree]] = {}
        chosen = homes[:: max(1, len(homes) // CONTEXTS)][:CONTEXTS]
        for row in zip_longest(*(self._of(call, part) for call, part in chosen), fillvalue=_NOTHING):
            for value in row:
                if value is not _NOTHING:
                    found.setdefault(encode(value), (value,))
        return list(found.values())

    def _of(self, call: int, part: Part) -> list[Tree]:
        key = (call, part.place)
        if key not in self._values:
            around = Around(self._literals, self.profile, self._parts[call])
            self._values[key] = values_for(part, around)
        return self._values[key]

    # --- several parts changed ---

    def _combined(self, random: Random) -> Iterator[Input]:
        """In a recorded call, or one with its lists cut to one item, some places get one of their telling values."""
        if not self.known:
            return
        misses = 0
        while misses < 200:
            call = random.randrange(len(self.known))
            tree, names = self.known[call].tree, self.known[call].names
            if random.random() < 0.4:
                tree = _single_items(tree, names)
            parts = parts_of(tree, names)
            if not parts:
                return
            telling = [part for part in parts if self._literals.beside.get(part.name)] or parts
            wanted = random.randint(2, MOST_CHANGES)
            for part in random.sample(telling, min(wanted, len(telling))) + random.sample(parts, 1):
                values = self._of(call, part)[:12]
                if values and random.random() < 0.8:
                    tree = _changed(tree, part.place, values, random.randrange(len(values)))
            made = self._new(call, tree)
            misses = 0 if made is not None else misses + 1
            if made is not None:
                yield made

    def _new(self, call: int, tree: Tree) -> Input | None:
        key = encode(tree)
        if key in self._tried or not is_whole(tree):
            return None
        self._tried.add(key)
        return Input(self.known[call].number, tree)


_NOTHING = ListNode([])
"""By identity: no value."""


def _changed(tree: Tree, place: Place, values: Sequence[Tree], choice: int) -> Tree:
    """With one of some values at a place; as it is where an earlier change took the place away."""
    if not values:
        return tree
    try:
        return put(tree, place, values[choice % len(values)])
    except (LookupError, ValueError, AttributeError):
        return tree


def _single_items(tree: Tree, names: tuple[str, ...]) -> Tree:
    """With every list cut to its first item."""
    for part in reversed(parts_of(tree, names)):
        if isinstance(part.tree, ListNode) and len(part.tree.items) > 1:
            now = at(tree, part.place)
            if isinstance(now, ListNode):
                tree = put(tree, part.place, ListNode(now.items[:1]))
    return tree


def distinct(trees: Iterable[Tree]) -> list[Tree]:
    """Each once, in order."""
    return list({encode(tree): tree for tree in trees}.values())
