"""This file is about inputs: recorded calls with one part changed, or a few, in a fixed order, most telling first.

Arguments stay correlated because each input is one recorded call in which little is another. Four streams are mixed:
one part changed; two parts made equal; several parts changed to what stands beside their names; one part changed in a
recorded call whose lists were cut to one item, or hold their first item twice. Inputs that took a way through the code
which no other took are changed in one more part: so the deeper branches are reached step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, cycle, islice, zip_longest
from random import Random
from typing import NamedTuple

from ....recorders.model.value_tree import DictNode, ListNode, ObjectNode, Tree, TupleNode, encode
from ..analyze.branch_distance import Missing
from ..analyze.constants import Literals
from ..analyze.relevance import sources_of
from .candidate_values import Around, Row, is_put_for, numbers_of, of_other_kinds, values_beside, values_for
from .profile import Profile, type_of, with_letters_of
from .tree_places import Part, Pattern, Place, at, is_about, is_whole, parts_of, put

CONTEXTS = 3
"""Recorded calls that values to try at a place are worked out for, and tried in."""

IN_ALL = 2
IN_ALL_TOGETHER = 20
"""Values of a place that changed lines are about, for each of these calls, that are tried in all of them: so many of
each place, or so many of all together."""

DECIDING = 4
"""Values of each part that the next decision is about, before any other part is changed."""

LEADING = 10
"""Recorded calls in which several places are changed at a time."""

VALUES_LIMIT = 400
"""Values of one place."""

ALL = 24
"""Values of one place that Hypothesis draws from."""

MOST_CHANGES = 4

ALIKE = 12
"""Parts of one type of which each is made equal to each."""

AT_ONCE = 3
"""Values of a place that changed lines are about, for each one of another place."""

STEPS = 12
"""Inputs made from one that took a new way."""

STEPS_NEARER = 40
"""Inputs made from one that came nearer to changed lines than any before."""

_MIX = ("single", "combined", "single", "derived", "equal", "single", "derived", "single", "combined")
"""The streams in turn."""


class Known(NamedTuple):
    """One recorded input."""

    number: int
    """Position among the recorded inputs of its function."""
    tree: Tree
    names: tuple[str, ...]
    """Positional parameters; empty for a request."""
    made: bool = False
    """Whether its objects are made again by what made them, and cannot be changed."""
    nearness: float = 0.0
    """How near it comes to changed lines."""
    way: bytes = b""
    """Equal where the same way is taken through the code."""
    missing: Missing = Missing()
    """What keeps it from coming nearer."""


class _Further(NamedTuple):
    """Inputs that are made from one which took a new way."""

    nearness: float
    inputs: Iterator[Input]


class Input(NamedTuple):
    """An input to try."""

    call: int
    """Position of the recorded input that it was made from."""
    tree: Tree
    pattern: Pattern = ""
    """Where it differs, if in one place."""


class Inputs:
    """Makes inputs from the recorded ones of a function."""

    def __init__(self, known: Sequence[Known], literals: Literals, optional: Sequence[tuple[str, Tree]] = ()) -> None:
        """`optional` are the parameters that may be left out, with their defaults."""
        self.known = sorted(known, key=lambda one: (len(encode(one.tree)), one.number))
        self._literals = literals
        self._optional = optional
        self._parts = [self._parts_of(at, one.tree) for at, one in enumerate(self.known)]
        whole = [
            parts_of(one.tree, one.names) if one.made or not one.names else parts
            for one, parts in zip(self.known, self._parts, strict=True)
        ]
        self.profile = Profile(whole, literals)
        self._tried = {encode(one.tree) for one in known}
        self._known_around: dict[int, Around] = {}
        self._rows: dict[tuple[int, Pattern, bytes], Row] = {}
        self._derived_calls: dict[int, list[Tree]] = {}
        self._homes: dict[Pattern, list[tuple[int, Part]]] = {}
        """Pattern → recorded inputs that have it, with the first such part of each."""
        for number, parts in enumerate(self._parts):
            seen: set[Pattern] = set()
            for part in parts:
                if part.pattern not in seen:
                    seen.add(part.pattern)
                    self._homes.setdefault(part.pattern, []).append((number, part))
        self._rank = self._ranked()
        self._leading = sorted(self._rank, key=self._rank.__getitem__)[:LEADING]
        self._nearest = self._recorded_nearest = max((one.nearness for one in self.known), default=0.0)
        self._held_up = all(one.missing.names for one in self.known)
        """Whether something keeps every recorded call from changed lines."""
        random = Random(0)
        self._streams = {
            "single": self._singles(),
            "equal": self._equal(),
            "combined": self._combined(random),
            "derived": self._derived(),
        }
        self._turns = cycle(_MIX)
        self._again = self._values_of_values()
        self._further: list[_Further] = []
        self._go_on_from_nearest()

    def _parts_of(self, call: int, tree: Tree) -> list[Part]:
        """What can be changed; of a request not what its fields lie in."""
        known = self.known[call]
        return [one for one in parts_of(tree, known.names, made=known.made) if known.names or one.pattern not in _WHOLE]

    def in_recorded_letters(self, tree: Tree) -> list[Tree]:
        """An input with letters of recorded kinds in the place of others, one kind after the other: what is near of
        it; empty where it holds no others."""
        found: list[Tree] = []
        for part in parts_of(tree, self.known[0].names):
            seen = self.profile.places.get(part.pattern)
            if isinstance(part.tree, str) and seen is not None:
                made = [put(tree, part.place, text) for text in with_letters_of(part.tree, seen.characters)]
                found += [one for one in made if self.is_near(one)]
        return found

    def is_near(self, tree: Tree) -> bool:
        """Whether every part of an input lies within what was observed, or on the edge of a literal."""
        return all(map(self.profile.is_near, parts_of(tree, self.known[0].names)))

    def telling(self, count: int) -> list[Input]:
        """So many inputs, most telling first; fewer where there are no more."""
        found: list[Input] = []
        ended: set[str] = set()
        found += self._from_new_ways(count)
        while len(found) < count and len(ended) < len(self._streams):
            stream = next(self._turns)
            if stream in ended:
                continue
            made = next(self._streams[stream], None)
            if made is None:
                ended.add(stream)
            else:
                found.append(made)
        found += islice(self._again, max(0, count - len(found)))
        return found

    def _from_new_ways(self, count: int) -> Iterator[Input]:
        """Made from inputs that took new ways: those that came nearest to changed lines first, else in turn."""
        made = 0
        while self._further:
            best = max(one.nearness for one in self._further)
            if made >= (count * 2 // 3 if best > self._recorded_nearest or self._held_up else count // 3):
                return
            for one in [one for one in self._further if one.nearness == best]:
                found = next(one.inputs, None)
                if found is None:
                    self._further.remove(one)
                else:
                    made += 1
                    yield found

    def _go_on_from_nearest(self) -> None:
        """Recorded calls that came nearest to changed lines, one of each way, where something keeps them from these."""
        ways: set[bytes] = set()
        for number in sorted(self._rank, key=self._rank.__getitem__):
            one = self.known[number]
            if one.nearness == self._nearest and one.missing.names and one.way not in ways:
                ways.add(one.way)
                steps = self._steps_from(number, one.tree, STEPS, one.missing)
                self._further.append(_Further(one.nearness, steps))

    def go_on_from(self, made: Input, nearness: float, missing: Missing) -> None:
        """An input took a new way: from here on others are made from it too."""
        call = next(at for at, one in enumerate(self.known) if one.number == made.call)
        steps = STEPS_NEARER if nearness > self._nearest else STEPS
        self._nearest = max(self._nearest, nearness)
        self._further.append(_Further(nearness, self._steps_from(call, made.tree, steps, missing)))

    def _steps_from(self, call: int, tree: Tree, steps: int, missing: Missing) -> Iterator[Input]:
        """One more part changed: what the decision is about that is to be taken, then what stands beside a name, places
        in turn."""
        parts = self._parts_of(call, tree)
        wanted = sources_of(missing.names, self._literals.made_of)
        held = (value for name in sorted(missing.names) for value in self._literals.held.get(name, ()))
        literals = tuple(dict.fromkeys((*missing.literals, *held)))
        left_out = {name for name, _default in self._optional}
        by_name = frozenset(left_out & missing.names or left_out & wanted)
        deciding = [part for part in parts if is_about(part, wanted) or (part.pattern == "kwargs" and by_name)]
        deciding.sort(key=lambda part: part.name not in missing.names and part.pattern != "kwargs")
        relevant = [part for part in parts if is_about(part, self._literals.names) and part not in deciding]
        beside = [part for part in parts if self._literals.beside.get(part.name) and part not in (*deciding, *relevant)]
        telling = [*deciding, *beside, *relevant]
        others = [part for part in parts if part not in telling]
        asks_kind = not missing.names.isdisjoint(_ASKING_KIND)
        near = [
            [
                value
                for value in (*(of_other_kinds(part, self._around(call)) if asks_kind else ()), *beside)
                if is_put_for(part, value)
            ]
            for part in deciding
            for beside in [values_beside(part, self._around(call), literals, by_name)]
        ]
        beginning = [row[:DECIDING] for row in near]
        rows = [[*row[DECIDING:], *self._of(call, part, 6)] for row, part in zip(near, deciding, strict=True)]
        rows += [self._of(call, part, 6) for part in telling[len(deciding) :]]
        rows += [self._of(call, part, 4) for part in others]
        inputs = chain(
            self._in_turn(call, tree, deciding, beginning), self._in_turn(call, tree, [*telling, *others], rows)
        )
        return islice(inputs, steps)

    def _in_turn(self, call: int, tree: Tree, parts: Sequence[Part], rows: Sequence[Sequence[Tree]]) -> Iterator[Input]:
        """One part changed to the first value of its row, for each part; then to the second."""
        for row in zip_longest(*rows, fillvalue=_NOTHING):
            for part, value in zip(parts, row, strict=True):
                made = self._new(call, _changed(tree, part.place, [value], 0)) if value is not _NOTHING else None
                if made is not None:
                    yield made

    def drawn(self, number: int) -> Input | None:
        """The input that a number stands for (any number does); `None` when it was tried before."""
        numbers = [number >> shift & 0xFFFF for shift in range(0, 16 * _CHOICES, 16)]
        call = self._leading[numbers[0] % len(self._leading)]
        tree = self.known[call].tree
        wanted = 1 + numbers[1] % 3
        for place, value in list(zip(numbers[2::2], numbers[3::2], strict=False))[:wanted]:
            parts = self._parts[call]
            if parts:
                part = parts[place % len(parts)]
                tree = _changed(tree, part.place, self._of(call, part, ALL), value)
        return self._new(call, tree)

    # --- one part changed ---

    def _ranked(self) -> dict[int, int]:
        """Recorded calls in the order in which they are changed: one of each way, those nearest to changed lines first,
        then another of each."""
        ways: dict[tuple[float, bytes], list[int]] = {}
        for number, one in enumerate(self.known):
            ways.setdefault((-one.nearness, one.way), []).append(number)
        rows = [ways[key] for key in sorted(ways, key=lambda key: (key[0], len(ways[key]), ways[key]))]
        order = [number for row in zip_longest(*rows) for number in row if number is not None]
        return {number: rank for rank, number in enumerate(order)}

    def _singles(self) -> Iterator[Input]:
        """Values of all places in turn."""
        relevant = [one for one in self._homes if self._is_relevant(one)]
        others = [one for one in self._homes if one not in relevant]
        in_all = max(IN_ALL, IN_ALL_TOGETHER // max(1, len(relevant)))
        rows = {one: self._singles_at(one, in_all if one in relevant else 0) for one in [*relevant, *others]}
        while rows:
            wanted = [one for one in relevant for _time in range(AT_ONCE)] + others
            for pattern in wanted:
                made = next(rows[pattern], None) if pattern in rows else None
                if made is None:
                    rows.pop(pattern, None)
                else:
                    yield made

    def _singles_at(self, pattern: Pattern, in_all: int) -> Iterator[Input]:
        """A value is made from what it stands for and from what stands around it, so each is tried in the call that it
        was worked out for; the first of each call, in all of them; later ones in one call after the other."""
        homes = sorted(self._homes[pattern], key=lambda home: self._rank[home[0]])
        chosen = homes[:CONTEXTS]
        tried: set[bytes] = set()
        for rank in range(VALUES_LIMIT):
            rows = [(home, self._value(*home, rank)) for home in chosen]
            rows = [(home, value) for home, value in rows if value is not _NOTHING]
            if not rows:
                return
            for (call, part), value in rows if rank < in_all else [rows[rank % len(rows)]]:
                if rank < in_all or encode(value) not in tried:
                    tried.add(encode(value))
                    made = self._new(call, put(self.known[call].tree, part.place, value), pattern)
                    if made is not None:
                        yield made

    def _is_relevant(self, pattern: Pattern) -> bool:
        """Whether changed lines mention the name of a place, or what is made of it."""
        return is_about(self._homes[pattern][0][1], self._literals.names)

    def _value(self, call: int, part: Part, rank: int) -> Tree:
        """The value of a rank to try at the place of a part; `_NOTHING` where there are no more."""
        found = self._of(call, part, rank + 1)
        return found[rank] if rank < len(found) else _NOTHING

    def _around(self, call: int) -> Around:
        if call not in self._known_around:
            parts = self._parts[call]
            self._known_around[call] = Around(self._literals, self.profile, parts, self._optional, numbers_of(parts))
        return self._known_around[call]

    def _of(self, call: int, part: Part, count: int) -> list[Tree]:
        """The most telling values to try at the place of a part, so many."""
        key = (call, part.pattern, encode(part.tree))
        if key not in self._rows:
            self._rows[key] = Row(values_for(part, self._around(call)))
        return self._rows[key].first(count)

    def _values_of_values(self) -> Iterator[Input]:
        """Values that are a step from those to try, where there are not enough of these."""
        rows = [
            (call, part, value)
            for homes in self._homes.values()
            for call, part in homes[:1]
            for value in self._of(call, part, 16)
            if not isinstance(value, _CONTAINERS)
        ]
        further = [values_for(part._replace(tree=value), self._around(call)) for call, part, value in rows]
        for row in zip_longest(*further, fillvalue=_NOTHING):
            for (call, part, _value), other in zip(rows, row, strict=True):
                if other is not _NOTHING:
                    made = self._new(call, put(self.known[call].tree, part.place, other))
                    if made is not None:
                        yield made

    # --- two parts made equal ---

    def _equal(self) -> Iterator[Input]:
        """One part gets the value of another of its type, in each recorded call in turn."""
        rows = [self._equal_in(call) for call in range(len(self.known))]
        for row in zip_longest(*rows):
            for made in row:
                if made is not None:
                    yield made

    def _equal_in(self, call: int) -> Iterator[Input]:
        parts = [part for part in self._parts[call] if not isinstance(part.tree, _CONTAINERS) or _is_row(part)]
        kinds: dict[str, dict[Pattern, Part]] = {}
        for part in parts:
            if part.tree is not None and not isinstance(part.tree, bool):
                same = kinds.setdefault(type_of(part.tree), {})
                if len(same) < ALIKE:
                    same.setdefault(part.pattern, part)
        pairs = [
            (one, other)
            for same in kinds.values()
            for one in same.values()
            for other in same.values()
            if one.place != other.place and one.tree != other.tree
        ]
        # Parts of other names first: items of one list are alike anyway.
        for one, other in sorted(pairs, key=lambda pair: pair[0].name == pair[1].name):
            made = self._new(call, put(self.known[call].tree, one.place, other.tree))
            if made is not None:
                yield made

    # --- several parts changed ---

    def _combined(self, random: Random) -> Iterator[Input]:
        """In a recorded call, or one derived from it, some places get one of their telling values."""
        misses = 0
        while self.known and misses < 200:
            call = random.choice(self._leading)
            tree, parts = self.known[call].tree, self._parts[call]
            derived = self._derived_from(call) if random.random() < 0.4 else []
            if derived:
                tree = random.choice(derived)
                parts = self._parts_of(call, tree)
            beside = [part for part in parts if self._literals.beside.get(part.name)]
            relevant = [part for part in parts if is_about(part, self._literals.names)]
            telling = (relevant if len(relevant) > 1 and random.random() < 0.6 else beside) or parts
            if not parts:
                return
            wanted = min(random.randint(2, MOST_CHANGES), len(telling))
            for part in random.sample(telling, wanted) + (random.sample(parts, 1) if random.random() < 0.3 else []):
                most = 4 if random.random() < 0.6 else 12
                values = [one for one in self._of(call, part, most) if one is not None]  # None by itself is enough
                tree = _changed(tree, part.place, values, random.randrange(most))
            made = self._new(call, tree)
            misses = 0 if made is not None else misses + 1
            if made is not None:
                yield made

    # --- derived calls ---

    def _derived(self) -> Iterator[Input]:
        """One part changed in derived calls."""
        rows = [self._in_derived(call, tree) for call in range(len(self.known)) for tree in self._derived_from(call)]
        chosen = rows[:: max(1, len(rows) // 4)][:4]
        for row in zip_longest(*chosen):
            for made in row:
                if made is not None:
                    yield made

    def _derived_from(self, call: int) -> list[Tree]:
        """A recorded call with every list cut to its first item; with every list's first item twice."""
        if call not in self._derived_calls:
            known = self.known[call]
            has_lists = any(isinstance(part.tree, ListNode) and part.tree.items for part in self._parts[call])
            twice = _with_lists(known, lambda items: [*items[:1], *items[:1], *items[1:]]) if has_lists else None
            once = _with_lists(known, lambda items: items[:1]) if has_lists else None
            self._derived_calls[call] = [twice, once] if has_lists else []
        return self._derived_calls[call]

    def _in_derived(self, call: int, tree: Tree) -> Iterator[Input]:
        made = self._new(call, tree)
        if made is not None:
            yield made
        parts = self._parts_of(call, tree)
        parts = [part for part in parts if is_about(part, self._literals.names)] or parts
        for rank in range(12):
            for part in parts:
                value = self._value(call, part, rank)
                made = self._new(call, put(tree, part.place, value)) if value is not _NOTHING else None
                if made is not None:
                    yield made

    def _new(self, call: int, tree: Tree, pattern: Pattern = "") -> Input | None:
        key = encode(tree)
        if key in self._tried or not is_whole(tree):
            return None
        self._tried.add(key)
        return Input(self.known[call].number, tree, pattern)


def _is_row(part: Part) -> bool:
    """Whether it is a tuple of plain values, such as a position; (receiver, args, kwargs) is none, nor are the args."""
    if not isinstance(part.tree, TupleNode) or part.pattern == "args" or not part.place:
        return False
    return bool(part.tree.items) and not any(isinstance(one, _CONTAINERS) for one in part.tree.items)


def in_capitals(made: Input, names: tuple[str, ...]) -> Tree:
    """An input, the texts in its changed part in capitals: what is the same to one version may not be to another."""
    tree = made.tree
    for part in parts_of(tree, names):
        if part.pattern == made.pattern and isinstance(part.tree, str):
            tree = put(tree, part.place, part.tree.upper())
    return tree


_ASKING_KIND = frozenset({"isinstance", "type", "hasattr", "callable"})

_WHOLE = frozenset({".path", ".query", ".form"})

_CHOICES = 2 + 2 * 3
"""Which call, how many changes, and for each of three where and what."""

_CONTAINERS = (ListNode, TupleNode, DictNode, ObjectNode)

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


def _with_lists(known: Known, change: Callable[[list[Tree]], list[Tree]]) -> Tree:
    """With every list changed, innermost first."""
    tree = known.tree
    for part in reversed(parts_of(tree, known.names, made=known.made)):
        if isinstance(part.tree, ListNode) and part.tree.items:
            now = at(tree, part.place)
            if isinstance(now, ListNode):
                tree = put(tree, part.place, ListNode(change(now.items)))
    return tree


__all__ = ["Input", "Inputs", "Known", "in_capitals"]
