"""The differences that are reported of one trace: at most forty, and of each sort at least one.

What is left out is like what is reported: of the same field pattern and kind, with values of the same kinds, and no
longer or shorter ones. So whoever reviews what is reported has seen all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.value_tree import Tree
from ..model.difference import Difference, DifferenceKind
from ..model.field_path import field_pattern, named_field
from ..model.render import as_json, both_short, short
from ..model.shape_text import ShapeText, kind_of, length_of, shape_text
from ..model.verdict import FieldDifference
from .tree_diff import FIELD_LIMIT, WALK_LIMIT

SORTS_LIMIT = 400
"""Sorts of differences that are reported of one trace: each is at least a line that somebody reads."""


class Reported(NamedTuple):
    """What is reported of a trace's differences."""

    differences: tuple[Difference, ...]
    left_out: int
    """Differences that are not reported."""
    unseen: bool
    """Whether there may be some that resemble none that is reported."""


def reported(found: Sequence[Difference]) -> Reported:
    """The differences to report, in their order."""
    if len(found) <= FIELD_LIMIT:
        return Reported(tuple(found), 0, False)
    sorts: dict[tuple[str, ...], list[tuple[int, int, int]]] = {}
    for position, difference in enumerate(found):
        base, candidate = _shape(difference, difference.base), _shape(difference, difference.candidate)
        pattern = field_pattern(difference.field, outbound=difference.kind.is_outbound)
        sort = (difference.kind.part, pattern, kind_of(base), kind_of(candidate))
        sorts.setdefault(sort, []).append((length_of(base), length_of(candidate), position))
    speaking = [_speaking(members) for members in list(sorts.values())[:SORTS_LIMIT]]
    wanted = {position for positions in speaking for position in positions}
    more = (position for position in range(len(found)) if position not in wanted)
    wanted.update(position for position, _room in zip(more, range(FIELD_LIMIT - len(wanted)), strict=False))
    # A walk that reached its limit may have missed some; a length that follows from a body was taken away since.
    unseen = len(sorts) > SORTS_LIMIT or len(found) >= WALK_LIMIT - 1
    return Reported(tuple(found[position] for position in sorted(wanted)), len(found) - len(wanted), unseen)


def _speaking(members: Sequence[tuple[int, int, int]]) -> set[int]:
    """The first of a sort, and those with the shortest and longest values on each side."""
    by_base, by_candidate = sorted(members), sorted(members, key=lambda member: member[1])
    ends = (members[0], by_base[0], by_base[-1], by_candidate[0], by_candidate[-1])
    return {position for _base, _candidate, position in ends}


def _shape(difference: Difference, value: Tree) -> ShapeText:
    raw = msgspec.Raw(msgspec.json.encode(as_json(value)))
    return shape_text(raw, short(value), exact=difference.field == "response.status")


def field_of(difference: Difference, parameters: Sequence[str] = ()) -> FieldDifference:
    """A difference in plain data; `parameters` are those of the function whose arguments it may be about."""
    named = (
        named_field(difference.field, parameters) if difference.kind is DifferenceKind.MUTATION else difference.field
    )
    base, candidate = both_short(difference.base, difference.candidate)
    return FieldDifference(
        kind=difference.kind,
        field=difference.field,
        base=msgspec.Raw(msgspec.json.encode(as_json(difference.base))),
        candidate=msgspec.Raw(msgspec.json.encode(as_json(difference.candidate))),
        base_text=base,
        candidate_text=candidate,
        shown="" if named == difference.field else named,
    )
