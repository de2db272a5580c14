"""This file is about values to try at a place: literals that stand beside its name, what else the same call holds,
edges of what was observed, all other literals, and a short list of awkward values of the same type; each a step to
either side. The most telling come first.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, pairwise, zip_longest
from typing import NamedTuple, TypeAlias

from ....recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    encode,
)
from ..analyze.comparison_solver import boundaries
from ..analyze.constants import Literal, Literals, number_in
from .datetimes import NUDGES, ZONES, calendar_of, plus, spans, with_moments
from .numbers import integer, is_number, maker, moment_of, number_of, number_or_zero, stepped, stepped_all
from .profile import Observed, Profile, type_of
from .strings import (
    LENGTH_LIMIT,
    awkward,
    dates_spelled,
    folded,
    marked,
    numbers_inside,
    of_lengths,
    spaced,
    spelled,
    spelled_alike,
    with_ends,
    with_words,
)
from .tree_places import Part

MANY = 40
"""Items of a list of which each is put in many times, and how often."""

KEYS_LIMIT = 12
"""Keys of each sort that are put into a dictionary."""

BETWEEN = 8
"""Numbers between those that were observed."""

NUMBERS_LIMIT = 60
"""Numbers that are tried at one place."""


Tier: TypeAlias = tuple[str, Iterable[Tree]]
"""Values, and what they are awkward for: a `Hint`, or empty."""


class Around(NamedTuple):
    """What is known when a value is chosen."""

    literals: Literals
    profile: Profile
    others: Sequence[Part]
    """The other parts of the same input."""
    optional: Sequence[tuple[str, Tree]] = ()
    """Parameters that may be left out, with their defaults."""
    numbers: Mapping[str, float] = {}
    """See `numbers_of`."""

    @property
    def lengths(self) -> list[int]:
        """Numbers that a length may be compared with: of the source, and of the same input."""
        given = [one.tree for one in self.others if type(one.tree) is int]
        numbers = [*self.literals.all, *given]
        return list(dict.fromkeys(int(one) for one in numbers if is_number(one) and 0 < one <= LENGTH_LIMIT))


class Row:
    """Values in order, each worked out when it is asked for."""

    def __init__(self, values: Iterator[Tree]) -> None:
        self._values = values
        self._known: list[Tree] = []

    def first(self, count: int) -> list[Tree]:
        """So many; fewer where there are no more."""
        missing = count - len(self._known)
        if missing > 0:
            self._known += islice(self._values, missing)
        return self._known[:count]


def numbers_of(parts: Iterable[Part]) -> dict[str, float]:
    """Name → number of the first part of this name that is one, or spells one."""
    found: dict[str, float] = {}
    for one in parts:
        if one.name not in found and not isinstance(one.tree, bool):
            number = number_in(one.tree) if isinstance(one.tree, str) else number_of(one.tree)
            if number is not None:
                found[one.name] = float(number)
    return found


def values_beside(
    part: Part, around: Around, literals: Sequence[Literal] = (), wanted: frozenset[str] = frozenset()
) -> list[Tree]:
    """What stands beside the name of a part, and the steps to its sides, of its type; some literals before that. Of
    keyword arguments, those left out that are wanted."""
    found = {(type(one), one): one for one in (*literals, *around.literals.beside.get(part.name, ()))}
    beside = tuple(found.values())  # `True` and `1` are two
    numbers = [*_boundaries(part, around), *(one for one in beside if is_number(one) and not isinstance(one, bool))]
    match part.tree:
        case DictNode() as given if part.pattern == "kwargs":
            return [*_in_turn(with_left_out(given, around, wanted, literals))]
        case bool():
            return [not part.tree]
        case int() | float() | StandardNode(kind="decimal" | "int" | "fraction"):
            return list(maker(part.tree)(stepped_all(numbers)))
        case str() as text:
            texts = [one for one in beside if isinstance(one, str)]
            return [*texts[:2], *with_ends(text, [one for one in literals if isinstance(one, str)]), *texts[2:]]
        case ListNode(items=items):
            return [ListNode([*items, one]) for one in beside if isinstance(one, str)]
        case None:
            return _as_trees(beside)
        case _:
            return []


def _boundaries(part: Part, around: Around) -> list[float]:
    """Numbers at which a comparison with the rest of the call decides otherwise."""
    return boundaries(part.name, around.numbers, around.literals.comparisons)


def values_for(part: Part, around: Around) -> Iterator[Tree]:
    """Values to try instead of a part, most telling first, each once, the part itself left out."""
    found = {encode(part.tree)}
    hints = around.literals.hints
    if "comparison" in hints and isinstance(part.tree, (str, ListNode)):
        hints |= {"length"}  # it is its length that is compared with a number
    for value in _interleaved(_Values(part, around).tiers(), hints):
        key = encode(value)
        if key not in found and is_put_for(part, value):
            found.add(key)
            yield value


def _interleaved(tiers: Sequence[Tier], hints: frozenset[str]) -> Iterator[Tree]:
    """A few of each tier in turn: a long one does not keep the next waiting. Of those that the changed lines deal with
    more, and first."""
    ordered = sorted(tiers, key=lambda tier: tier[0] not in hints)
    rows = [(iter(tier), 4 if name in hints else 2 if at < 4 else 1) for at, (name, tier) in enumerate(ordered)]
    most = 2  # the first of each soon
    while rows:
        left = []
        for row, size in rows:
            chunk = list(islice(row, min(size, most)))
            yield from chunk
            if chunk:
                left.append((row, size))
        rows, most = left, 4


def is_put_for(part: Part, value: Tree) -> bool:
    """Whether a value may stand at the place of a part: a truth value where a number stood, or a number where a truth
    value stood, is another kind of argument, also where both were observed at places of one pattern."""
    return {type(part.tree), type(value)} != {bool, int}


class _Values:
    def __init__(self, part: Part, around: Around) -> None:
        self._part = part
        self._around = around
        self._seen = around.profile.places.get(part.pattern, Observed())

    def tiers(self) -> list[Tier]:
        """By how telling they are; each by what it is awkward for."""
        tree = self._part.tree
        match tree:
            case bool():
                return [("nothing", [not tree, None]), ("", self._observed())]
            case int() | float() | StandardNode(kind="decimal" | "int" | "fraction"):
                return self._numbers(tree)
            case str():
                return self._texts(tree)
            case StandardNode(kind="datetime" | "date"):
                return self._moments(tree)
            case StandardNode(kind="timedelta"):
                return [("", self._observed()), ("time", spans(self._near_numbers())), ("nothing", [None])]
            case BytesNode(data=data):
                made: list[Tree] = [BytesNode(b""), BytesNode(data[:1]), BytesNode(data * 2)]
                return [("", self._observed()), ("length", made), ("nothing", [None])]
            case ListNode(items=items):
                return self._lists(items)
            case SetNode(items=items) | FrozenSetNode(items=items):
                kind = type(tree)
                fewer: list[Tree] = [kind([]), kind(items[:1]), kind(items[1:])]
                return [("entries", [*self._sets(tree), *fewer]), ("", self._observed()), ("nothing", [None])]
            case TupleNode(items=items):
                return [("", self._observed()), ("length", [TupleNode([]), TupleNode(items[:1])]), ("nothing", [None])]
            case DictNode() if self._part.pattern == "kwargs":
                return self._keywords(tree)
            case DictNode():
                return self._dicts(tree)
            case EnumNode(cls=cls, value=value):
                members: list[Tree] = [EnumNode(cls, name, value) for name in self._around.literals.members]
                return [("", self._observed()), ("", members), ("nothing", [None])]
            case None:
                beside = _as_trees(self._around.literals.beside.get(self._part.name, ()))
                return [("", self._observed()), ("", beside), ("nothing", ["", 0, False])]
            case _:
                return [("", self._observed()), ("nothing", [None])]

    def _kinds(self) -> list[Tree]:
        return of_other_kinds(self._part, self._around)

    def _sets(self, tree: SetNode | FrozenSetNode) -> list[Tree]:
        """With what other parts of the input hold."""
        others = [one.tree for one in self._around.others if type(one.tree) in {type(item) for item in tree.items}]
        return [type(tree)([*tree.items, other]) for other in others[:8] if other not in tree.items]

    def _observed(self) -> list[Tree]:
        return list(self._seen.values.values())

    # --- numbers ---

    def _near_numbers(self) -> list[float]:
        """Literals beside the name of the place."""
        beside = self._around.literals.beside.get(self._part.name, ())
        return [one for one in beside if isinstance(one, (int, float))]

    def _numbers(self, tree: Tree) -> list[Tier]:
        make = maker(tree)
        here = number_or_zero(tree)
        literals = self._around.literals
        changed = [one for one in literals.changed if isinstance(one, (int, float))]
        every = [one for one in literals.all if isinstance(one, (int, float))]
        others = [number_or_zero(one.tree) for one in self._others(number_like=True)] + self._spelled_by_others()
        apart = [one - other for one in others[:5] for other in others[:5] if one > other]
        low, high = self._seen.ranges.get(type_of(tree), (here, here))
        near = chain.from_iterable(map(stepped, self._near_numbers()))
        edges: list[float] = [low, high, high + 1, low - 1, 1, -1, high + 3, high * 2, high + 5]
        odd: list[float] = [-here, here + 1, here - 1, 2, -2, -7, here * 2, here * 10, 10, 100, 1000]
        halves: list[float] = [0.5, 1.5, 2.5, 0.125, 2.675, 1.005, 0.005, 0.015, 10.075, 0.1, here + 0.5, here + 0.005]
        if isinstance(tree, int) and abs(here) < 2**53:
            halves = [here + 5, here * 100 + 5, 25, 125, 15, 35, 99, 101, 1e6 + 1, 2.0**31]
        related = chain(chain.from_iterable((other, other + 1, other - 1) for other in others[:12]), apart)
        solved = [*dict.fromkeys(stepped_all(_boundaries(self._part, self._around)))]
        return [
            ("comparison", chain(make(solved[:8]), make(near), make(stepped_all(changed)))),
            ("nothing", chain(make([0]), [None])),
            ("comparison", make(related)),
            ("comparison", make(edges)),
            ("rounding", chain(make([-here, halves[0], -7, halves[1]]), make(halves[2:]), make([-1, 7, here + 1]))),
            ("kinds", self._kinds()),
            ("", make(stepped_all(every[:NUMBERS_LIMIT]))),
            ("", chain(make(odd), make(self._between()), self._observed())),
        ]

    def _between(self) -> list[float]:
        """Numbers in the middle of what was observed, the widest gaps first: near, and never seen."""
        seen = sorted({number_or_zero(one) for one in self._observed()})
        gaps = sorted(pairwise(seen), key=lambda gap: gap[0] - gap[1])
        return [float(round((low + high) / 2)) for low, high in gaps[:BETWEEN] if high - low > 1]

    def _spelled_by_others(self) -> list[float]:
        """Numbers that texts of the same input spell."""
        texts = [one.tree for one in self._around.others if isinstance(one.tree, str)]
        return [number for text in texts if (number := number_in(text)) is not None][:4]

    def _others(self, *, number_like: bool = False) -> list[Part]:
        """Other parts of the call, of the same type; nearer names first."""
        kind = type_of(self._part.tree)
        numbers = ("int", "float", "decimal")
        return [
            one
            for one in self._around.others
            if one.place != self._part.place
            and (type_of(one.tree) == kind or (number_like and type_of(one.tree) in numbers and kind in numbers))
        ]

    # --- texts ---

    def _texts(self, text: str) -> list[Tier]:
        literals = self._around.literals
        beside = [one for one in literals.beside.get(self._part.name, ()) if isinstance(one, str)]
        changed = [one for one in literals.changed if isinstance(one, str)]
        others = [str(one.tree) for one in self._others()][:8]
        others += [key for one in self._around.others for key in _text_keys(one.tree)][:8]
        observed = [one for one in self._observed() if isinstance(one, str)]
        given = [
            number_or_zero(one.tree) for one in self._around.others if type_of(one.tree) in ("int", "float", "decimal")
        ]
        numbers = [*self._near_numbers(), *given[:6]] or [one for one in literals.changed if is_number(one)]
        solved = _boundaries(self._part, self._around) if number_in(text) is not None else []
        return [
            ("comparison", chain(spelled_alike(text, solved), beside, changed, others[:2])),
            ("nothing", [*(["0"] if number_in(text) is not None else []), "", None, " "]),
            ("ends", chain(with_ends(text, changed), with_words(text, changed))),
            ("spaces", spaced(text)),
            ("case", chain([text.upper(), f"{text}ß", text.lower(), text.title()], folded(text))),
            ("marks", marked(text)),
            ("order", [text + text, f"{text} {text}"]),
            ("kinds", self._kinds()),
            ("numbers", chain(spelled(text, numbers), numbers_inside(text, self._near_numbers()))),
            ("entries", chain(others, observed)),
            ("length", chain([text + text], of_lengths(text, self._around.lengths), [text[:1], text[1:], text[:-1]])),
            ("time", dates_spelled(text)),
            ("", [one for one in literals.all if isinstance(one, str)]),
            ("case", chain.from_iterable((one.upper(), one.title(), f" {one}") for one in beside[:6])),
            ("", awkward(text)),
        ]

    # --- moments ---

    def _moments(self, tree: StandardNode) -> list[Tier]:
        here = moment_of(tree)
        if here is None:
            return [("", self._observed()), ("nothing", [None])]
        others = [moment for one in self._others() if (moment := moment_of(one.tree)) is not None]
        numbers = [one for one in self._around.literals.all if isinstance(one, (int, float)) and abs(one) <= 3660]
        spans = [datetime.timedelta(days=one) for one in numbers]
        spans += [datetime.timedelta(seconds=one) for one in numbers]
        spans += [datetime.timedelta(minutes=one) for one in numbers if one <= 1440]
        step = datetime.timedelta(days=1) if tree.kind == "date" else datetime.timedelta(seconds=1)
        related: list[datetime.datetime | None] = []
        for other in others[:4]:
            related += [other, plus(other, step), plus(other, -step)]
            related += [plus(other, sign * span + nudge) for span in spans[:40] for sign in (1, -1) for nudge in NUDGES]
        zones: list[Tree] = []
        if tree.kind == "datetime":
            zones = [StandardNode("datetime", [*tree.parts[:8], zone]) for zone in ZONES]
        return [
            ("comparison", with_moments(tree, related)),
            ("time", with_moments(tree, calendar_of(here))),
            ("time", zones),
            ("", self._observed()),
            ("nothing", [None]),
        ]

    # --- containers ---

    def _lists(self, items: list[Tree]) -> list[Tier]:
        first = items[:1]
        wider = self._other_items(items)
        beside = self._around.literals.beside.get(self._part.name, ())
        texts = [one for one in beside if isinstance(one, str)] if all(isinstance(one, str) for one in items) else []
        return [
            ("nothing", [ListNode([]), None]),
            ("order", [ListNode([*items, *first]), ListNode(items[::-1]), ListNode([*items, *wider[:1]])]),
            ("entries", [ListNode([*items, one]) for one in texts]),
            ("length", chain([ListNode(first)], self._many_of_each(items))),
            ("length", _lists_of_lengths(items or wider, self._around.lengths)),
            ("order", [ListNode(items * 2), ListNode([*items[1:2], *first, *items[2:]])]),
            ("length", [ListNode(items[1:]), ListNode(items[:-1]), ListNode(items[:2])]),
            ("", [ListNode(wider[:2]), ListNode(wider[:6])]),
            ("", self._observed()),
        ]

    def _many_of_each(self, items: list[Tree]) -> Iterator[Tree]:
        """Each item one time more often than a number in changed lines says: whichever of them count, so many do."""
        if not 0 < len(items) <= MANY:
            return
        for number in self._around.literals.changed:
            if type(number) is int and 1 < number <= MANY:
                yield ListNode([item for item in items for _time in range(number + 1)])

    def _other_items(self, items: list[Tree]) -> list[Tree]:
        """Items of other recorded lists at this place."""
        seen = self._around.profile.places.get(f"{self._part.pattern}[*]")
        known = set(map(encode, items))
        return [tree for key, tree in seen.values.items() if key not in known] if seen is not None else []

    def _dicts(self, tree: DictNode) -> list[Tier]:
        keys, values = tree.keys, tree.values
        mentioned = [at for at, key in enumerate(keys) if key in self._around.literals.changed]
        others = [at for at in range(min(len(keys), KEYS_LIMIT)) if at not in mentioned]
        telling, without = (
            [DictNode([*keys[:at], *keys[at + 1 :]], [*values[:at], *values[at + 1 :]]) for at in some]
            for some in (mentioned, others)
        )
        return [
            ("entries", telling),
            ("entries", self._with_more(tree)),
            ("nothing", without),
            ("nothing", [DictNode([], []), None]),
            ("", self._observed()),
        ]

    def _keywords(self, tree: DictNode) -> list[Tier]:
        """With one that was left out, or without one."""
        rows = with_left_out(tree, self._around)
        without: list[Tree] = [
            DictNode([*tree.keys[:at], *tree.keys[at + 1 :]], [*tree.values[:at], *tree.values[at + 1 :]])
            for at in range(len(tree.keys))
        ]
        return [("", _in_turn(rows)), ("nothing", without)]

    def _with_more(self, tree: DictNode) -> Iterator[Tree]:
        """With an entry more: a key that the source knows, or that another dictionary of the same input has."""
        literals = self._around.literals
        named = [one for one in literals.all if isinstance(one, str) and one.isidentifier()][:KEYS_LIMIT]
        shared = [key for one in self._around.others if one.place != self._part.place for key in _text_keys(one.tree)]
        known = self._seen.keys
        wanted = [*(key for key in known if key not in tree.keys), *shared[:KEYS_LIMIT], *literals.keys, *named]
        rows = [
            [(key, value) for value in self._guesses(tree, key)]
            for key in dict.fromkeys(wanted)
            if key not in tree.keys
        ]
        for row in zip_longest(*rows):
            for pair in row:
                if pair is not None:
                    yield DictNode([*tree.keys, pair[0]], [*tree.values, pair[1]])

    def _guesses(self, tree: DictNode, key: str) -> list[Tree]:
        """What may stand under a key: what was seen there, else what it is compared with, or what stands under other
        keys of the same dictionary, else plain values."""
        seen = self._around.profile.places.get(f"{self._part.pattern}.{key}")
        if seen is not None:
            return list(seen.values.values())[:3]
        beside = _as_trees(self._around.literals.beside.get(key, ())[:4])
        kinds = {type_of(value): value for value in reversed(tree.values)}
        alike = [_a_step_from(value) for value in reversed(kinds.values())]
        return [*beside, *(alike or [True, 1, ""]), None]


def of_other_kinds(part: Part, around: Around) -> list[Tree]:
    """Where the kind of a value is asked: in a list, in a tuple, as a text."""
    if part.name not in around.literals.kinds:
        return []
    tree = part.tree
    return [
        ListNode([tree]),
        TupleNode([tree, tree]),
        str(tree) if isinstance(tree, (int, float)) else 1,
        DictNode([], []),
    ]


def with_left_out(
    tree: DictNode, around: Around, wanted: frozenset[str] = frozenset(), literals: Sequence[Literal] = ()
) -> list[list[Tree]]:
    """Keyword arguments with one that was left out, a row for each: those that something wanted is about first, or they
    alone where anything is."""
    given = {one.name for one in around.others if len(one.place) == 2}
    free = [one for one in around.optional if one[0] not in given and one[0] not in tree.keys]
    telling = wanted or around.literals.names
    chosen = [one for one in free if one[0] in telling]
    rows: list[list[Tree]] = []
    for name, default in chosen + [one for one in free if one not in chosen] * (not wanted):
        seen = around.profile.places.get(name)
        known: list[Tree] = list(seen.values.values())[:4] if seen is not None else []
        part = Part((), name, name, default if default is not None else "")
        made = chain(of_other_kinds(part, around), values_beside(part, around, literals), values_for(part, around))
        values = islice(chain(known[:2], made, known[2:], [None]), 12)
        rows.append([DictNode([*tree.keys, name], [*tree.values, value]) for value in values])
    return rows


def _in_turn(rows: Iterable[Sequence[Tree]]) -> Iterator[Tree]:
    """The first of each row, then the second."""
    return (one for row in zip_longest(*rows) for one in row if one is not None)


def _as_trees(literals: Iterable[Literal]) -> list[Tree]:
    return [integer(one) if type(one) is int else one for one in literals]


def _a_step_from(value: Tree) -> Tree:
    """Another value of the type, where that is easy; so that it can be told which of two was taken."""
    if type(value) is int:
        return integer(value + 1)
    return f"{value}x" if isinstance(value, str) else value


def _text_keys(tree: Tree) -> list[str]:
    return [key for key in tree.keys if isinstance(key, str)] if isinstance(tree, DictNode) else []


# --- lists -----------------------------------------------------------------------------------------------------------


def _lists_of_lengths(items: Sequence[Tree], lengths: Iterable[int]) -> Iterator[Tree]:
    if not items:
        return
    for length in list(dict.fromkeys(lengths))[:10]:
        for wanted in (length, length + 1, length - 1):
            if 0 <= wanted <= LENGTH_LIMIT:
                yield ListNode([items[at % len(items)] for at in range(wanted)])
        yield ListNode([items[0]] * (length + 1))
