"""What is known when a value is chosen for a place: constants, what was observed, and the rest of the same input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeAlias

from ....recorders.model.value_tree import DictNode, Tree
from ..analyze.comparison_solver import thresholds
from ..analyze.constant_pool import ConstantPool
from ..analyze.constants import Constant, number_in
from .numbers import integer, is_number, number_of
from .profile import PlaceProfile, Profile, type_of
from .strings import LENGTH_LIMIT
from .tree_places import Part

Tier: TypeAlias = tuple[str, Iterable[Tree]]
"""Values, and what they are awkward for: a `Hint`, or empty."""

_NUMBERS = ("int", "float", "decimal")


class ValueContext(NamedTuple):
    """What is known of one input, and of all of its function."""

    constants: ConstantPool
    profile: Profile
    parts: Sequence[Part]
    """The parts of the input."""
    optional: Sequence[tuple[str, Tree]] = ()
    """Parameters that may be left out, with their defaults."""
    numbers: Mapping[str, float] = {}
    """See `numbers_of`."""

    @property
    def lengths(self) -> list[int]:
        """Numbers that a length may be compared with: of the source, and of the same input."""
        given = [part.tree for part in self.parts if type(part.tree) is int]
        numbers = [*self.constants.all, *given]
        return list(
            dict.fromkeys(int(number) for number in numbers if is_number(number) and 0 < number <= LENGTH_LIMIT)
        )


class Choice(NamedTuple):
    """A part for which values are chosen."""

    part: Part
    context: ValueContext
    seen: PlaceProfile
    """What was observed at its place."""

    @property
    def observed(self) -> list[Tree]:
        """Single values that were seen there."""
        return list(self.seen.values.values())

    @property
    def associated(self) -> tuple[Constant, ...]:
        """Constants that are associated with the name of the place."""
        return self.context.constants.associated.get(self.part.name, ())

    @property
    def associated_numbers(self) -> list[float]:
        """Those of them that are numbers."""
        return [constant for constant in self.associated if isinstance(constant, (int, float))]

    @property
    def thresholds(self) -> list[float]:
        """Numbers at which a comparison with the rest of the input decides differently."""
        return thresholds(self.part.name, self.context.numbers, self.context.constants.comparisons)

    def others(self, *, number_like: bool = False) -> list[Part]:
        """Other parts of the input, of the same type; or any that are numbers where this one is."""
        kind = type_of(self.part.tree)
        return [
            part
            for part in self.context.parts
            if part.place != self.part.place
            and (type_of(part.tree) == kind or (number_like and type_of(part.tree) in _NUMBERS and kind in _NUMBERS))
        ]


class LazyValues:
    """Values in order, each worked out when it is asked for."""

    def __init__(self, values: Iterator[Tree]) -> None:
        self._values = values
        self._known: list[Tree] = []

    def first(self, count: int) -> list[Tree]:
        """At most `count`."""
        missing = count - len(self._known)
        if missing > 0:
            self._known += islice(self._values, missing)
        return self._known[:count]


def choice(part: Part, context: ValueContext) -> Choice:
    """For a part."""
    return Choice(part, context, context.profile.places.get(part.pattern, PlaceProfile()))


def numbers_of(parts: Iterable[Part]) -> dict[str, float]:
    """Name → number of the first part of this name that is one, or spells one."""
    found: dict[str, float] = {}
    for part in parts:
        if part.name not in found and not isinstance(part.tree, bool):
            number = number_in(part.tree) if isinstance(part.tree, str) else number_of(part.tree)
            if number is not None:
                found[part.name] = float(number)
    return found


def as_trees(constants: Iterable[Constant]) -> list[Tree]:
    """Constants as values."""
    return [integer(constant) if type(constant) is int else constant for constant in constants]


def text_keys(tree: Tree) -> list[str]:
    """Keys of a dictionary that are texts; empty for what is none."""
    return [key for key in tree.keys if isinstance(key, str)] if isinstance(tree, DictNode) else []
