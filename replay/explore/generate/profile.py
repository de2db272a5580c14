"""The profile of a function's inputs: what was observed of them, for each place types, ranges, lengths, keys, kinds of
characters and single values; and, from that, whether an input is near.

An input is near when every part of it lies within what was observed there, or on the edge of a constant.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ....recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    encode,
)
from ..analyze.constant_pool import ConstantPool
from ..analyze.constants import number_in
from .numbers import moment_of, number_of
from .tree_places import Part, Pattern

VALUES_KEPT = 40
"""Single values of one place that are kept: seeds are at most 50, and lists in them hold items that are alike."""

DATA_KEYS = 40
"""Keys at one place beyond which they are data and no names of fields."""

SOON = 1461 * 86_400.0
"""Seconds: four years, with a leap day. Time goes on: a date up to then will come, as `docs/exploring.md` says."""

_SETS = (string.digits, string.ascii_lowercase, string.ascii_uppercase, string.whitespace, string.punctuation)


@dataclass
class PlaceProfile:
    """What was seen at one place, over all recorded inputs."""

    types: Counter[str] = field(default_factory=Counter)
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Type → lowest and highest number; `moment` for dates, in seconds."""
    lengths: dict[str, tuple[int, int]] = field(default_factory=dict)
    characters: set[str] = field(default_factory=set)
    keys: Counter[str] = field(default_factory=Counter)
    """Of dictionaries: key → in how many of them."""
    dicts: int = 0
    values: dict[bytes, Tree] = field(default_factory=dict)

    def add(self, tree: Tree) -> None:
        """See one more."""
        name = type_of(tree)
        self.types[name] += 1
        number = number_of(tree)
        if number is not None:
            low, high = self.ranges.get(name, (number, number))
            self.ranges[name] = min(low, number), max(high, number)
        length = length_of(tree)
        if length is not None:
            least, most = self.lengths.get(name, (length, length))
            self.lengths[name] = min(least, length), max(most, length)
        if isinstance(tree, str):
            self.characters.update(map(kind_of_character, tree))
        if isinstance(tree, DictNode):
            self.dicts += 1
            self.keys.update(key for key in tree.keys if isinstance(key, str))
        if len(self.values) < VALUES_KEPT:
            self.values.setdefault(encode(tree), tree)

    @property
    def is_data(self) -> bool:
        """Whether keys of its dictionaries are data rather than names of fields."""
        return len(self.keys) > DATA_KEYS or (
            self.dicts > 3 and len(self.keys) > 2 * max(self.lengths.get("dict", (0, 1)))
        )


class Profile:
    """What was observed of all inputs of one function."""

    def __init__(self, inputs: Iterable[Iterable[Part]], constants: ConstantPool) -> None:
        """`inputs` are the parts of each recorded input."""
        self.places: dict[Pattern, PlaceProfile] = {}
        for parts in inputs:
            for part in parts:
                self.places.setdefault(part.pattern, PlaceProfile()).add(part.tree)
        self._numbers = _edges(constants)
        self._texts = {constant for constant in constants.all if isinstance(constant, str)}
        self._tests_truth = constants.tests_truth

    def is_near(self, part: Part) -> bool:
        """Whether a part lies within what was observed at its place, or on the edge of a constant."""
        seen = self.places.get(part.pattern)
        if seen is None:
            return False
        name = type_of(part.tree)
        if name not in seen.types:
            return False
        number = number_of(part.tree)
        if number is not None:
            if name not in seen.ranges:
                return self._is_edge(number, part.tree)  # nothing of this type but what is no number
            low, high = seen.ranges[name]
            if moment_of(part.tree) is not None:  # time goes on: a date soon after those that were seen will come
                return low <= number <= high + SOON
            return low <= number <= high or self._is_edge(number, part.tree)
        if isinstance(part.tree, str):
            return self._is_near_text(part.tree, seen)
        length = length_of(part.tree)
        if length is not None:
            least, most = seen.lengths[name]
            within = least <= length <= most
            if not isinstance(part.tree, TupleNode):  # a tuple's length is part of what it is
                within = within or length in self._numbers or (length == 0 and self._tests_truth)
            return within and (not isinstance(part.tree, DictNode) or self._has_its_keys(part.tree, seen))
        return True

    def _is_edge(self, number: float, tree: Tree) -> bool:
        if number == 0 and self._tests_truth:
            return True
        return number in self._numbers and not isinstance(tree, bool)

    def _is_near_text(self, text: str, seen: PlaceProfile) -> bool:
        if text in self._texts or (not text and self._tests_truth):
            return True
        least, most = seen.lengths["str"]
        number = number_in(text)
        if number is not None and number in self._numbers:
            return True
        alike = {kind_of_character(char) for char in text} <= seen.characters
        return alike and (least <= len(text) <= most or len(text) in self._numbers)

    def _has_its_keys(self, tree: DictNode, seen: PlaceProfile) -> bool:
        if seen.is_data:
            return True
        has = {key for key in tree.keys if isinstance(key, str)}
        always = {key for key, count in seen.keys.items() if count == seen.dicts}
        return always <= has <= set(seen.keys)


def _edges(constants: ConstantPool) -> set[float]:
    """Numbers that stand in the source, and the steps to their sides."""
    numbers = [constant for constant in constants.all if isinstance(constant, (int, float))]
    steps = (0, 1, -1, 0.01, -0.01)
    return {round(number + step, 9) for number in numbers if abs(number) < 1e300 for step in steps}


def type_of(tree: Tree) -> str:
    """The type of a value, by a short name."""
    match tree:
        case None:
            return "None"
        case BytesNode():
            return "bytes"
        case ListNode():
            return "list"
        case TupleNode():
            return "tuple"
        case DictNode():
            return "dict"
        case SetNode() | FrozenSetNode():
            return "set"
        case StandardNode(kind="datetime", parts=parts):
            return "datetime" if parts[-1] is None else "datetime with a zone"
        case StandardNode(kind=kind):
            return kind
        case EnumNode(cls=cls) | ObjectNode(cls=cls):
            return cls
        case _:
            return type(tree).__name__


def length_of(tree: Tree) -> int | None:
    """The length of what has one."""
    match tree:
        case str():
            return len(tree)
        case BytesNode(data=data):
            return len(data)
        case ListNode(items=items) | TupleNode(items=items) | SetNode(items=items) | FrozenSetNode(items=items):
            return len(items)
        case DictNode(keys=keys):
            return len(keys)
        case _:
            return None


def with_letters_of(text: str, kinds: set[str]) -> list[str]:
    """The text with a letter of each of some kinds in the place of all that are of none; empty where there are none."""
    if all(kind_of_character(char) in kinds for char in text):
        return []
    letters = [_LETTERS.get(kind, kind) for kind in sorted(kinds) if kind != "other"]
    return ["".join(char if kind_of_character(char) in kinds else letter for char in text) for letter in letters]


_LETTERS = {
    string.whitespace[:2]: " ",
    **{letters[:2]: letters[-1] for letters in (string.digits, string.ascii_lowercase, string.ascii_uppercase)},
}
"""Kind → a letter of it that texts seldom end with; a mark is its own kind."""


def kind_of_character(char: str) -> str:
    """Digits, small and capital letters, white space and each mark are kinds of their own; so is what is not ASCII."""
    for letters in _SETS:
        if char in letters:
            return char if letters is string.punctuation else letters[:2]
    return "other"
