"""Volatile fields: what changes from one replay of base to the next, and what of it still holds.

A mask covers one exact field. A candidate's value there must still have the shape that base's own values share: their
type; of texts of one length the length, of texts what they begin and end with and the kinds of their characters.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from ...recorders.model.full_names import qualname_part
from ...recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    StandardNode,
    Tree,
    TupleNode,
    children,
)
from ..model.difference import Difference
from ..model.digests import public
from ..model.observation import Observation, comparable
from ..model.outbound_requests import described
from ..model.reason import Reason, ReasonCode
from .tolerance import FieldAt

Changes: TypeAlias = Literal["always", "with entropy", "with the clock"]
"""When a field changes by itself: between any two replays; with other random values; with another time."""


class Mask(msgspec.Struct, frozen=True, array_like=True):
    """One field of one trace that changes by itself."""

    field: str
    position: int | None
    """Of an outbound call: its position among base's."""
    changes: Changes
    samples: list[Tree]
    """What base's replays showed there."""


def masks_of(differences: Iterable[Difference], changes: Changes) -> list[Mask]:
    """The fields in which two replays of base differ."""
    return [
        Mask(difference.field, difference.base_position, changes, [difference.base, difference.candidate])
        for difference in differences
    ]


SAME_SHAPE = Reason(ReasonCode.VOLATILE, "it changes between replays of base, and has the shape of base's values")


class Volatile:
    """Tolerates, in masked fields, values that have the shape of base's own."""

    def __init__(self, masks: Iterable[Mask]) -> None:
        self._samples: dict[FieldAt, list[Tree]] = {}
        for mask in masks:
            self._samples.setdefault(FieldAt(mask.field, mask.position), []).extend(mask.samples)

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """Why a candidate's value in a masked field counts as base's."""
        samples = self._samples.get(at)
        return SAME_SHAPE if samples is not None and of_their_shape(candidate, samples) else None


def of_their_shape(value: Tree, samples: list[Tree]) -> bool:
    """Whether a value is of the shape that some samples share."""
    alike = [sample for sample in samples if _kind(sample) == _kind(value)]
    if not alike:
        return False
    if isinstance(value, str):
        return _text_fits(value, [sample for sample in alike if isinstance(sample, str)])
    if isinstance(value, DictNode):
        known = [set(map(repr, other.keys)) for other in alike if isinstance(other, DictNode)]
        return len(set(map(frozenset, known))) > 1 or set(map(repr, value.keys)) == known[0]
    return True


def _kind(tree: Tree) -> str:
    match tree:
        case StandardNode(kind=kind):
            return kind
        case ObjectNode(cls=cls) | EnumNode(cls=cls):
            return qualname_part(cls)
        case GlobalNode(name=name):
            return name
        case _:
            return type(tree).__name__


_CLASSES = (string.digits, "abcdef", string.ascii_lowercase, "ABCDEF", string.ascii_uppercase, string.whitespace)


def _text_fits(value: str, samples: list[str]) -> bool:
    if len({len(sample) for sample in samples}) == 1 and len(value) != len(samples[0]):
        return False
    begin = _common_beginning(samples)
    end = _common_beginning([sample[::-1] for sample in samples])[::-1]
    if not (value.startswith(begin.rstrip(string.hexdigits)) and value.endswith(end.lstrip(string.hexdigits))):
        return False
    known = {_character_class(char) for sample in samples for char in sample}
    return all(_character_class(char) in known or char in "".join(samples) for char in value)


def _common_beginning(texts: list[str]) -> str:
    shortest, longest = min(texts), max(texts)
    return next((shortest[:at] for at, char in enumerate(shortest) if char != longest[at]), shortest)


def _character_class(char: str) -> str:
    """Hexadecimal digits are one class, so that two samples of an id speak for all of its letters."""
    for letters in _CLASSES:
        if char in letters:
            return "hex" if letters in (string.digits, "abcdef") else letters
    return char if char in string.punctuation else "other"


def count_leaves(observation: Observation) -> int:
    """How many single values of an observation are compared; what is private is not."""
    trees = [comparable(observation), observation.arguments]
    calls = [call for call in observation.outbound if call.operation.effect != "session"]
    return sum(map(_leaves, [*trees, *(described(call.operation, call.request) for call in calls)]))


def _leaves(tree: Tree) -> int:
    if isinstance(tree, (BytesNode, StandardNode, EnumNode)):
        return 1
    if isinstance(tree, ObjectNode):
        return sum(map(_leaves, [tree.content, *(value for _name, value in public(tree))]))
    inside = list(children(tree))
    if isinstance(tree, (ListNode, TupleNode, DictNode)) or inside:
        return sum(map(_leaves, tree.values if isinstance(tree, DictNode) else inside))
    return tree is not None
