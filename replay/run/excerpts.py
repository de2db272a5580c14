"""Excerpts: the source of one function on base and candidate, with what changed and where the traffic went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import split_name
from ...recorders.store.protocol import StoredClass
from ...recorders.tracing.branch_table import BranchTable
from ..change.qualified_names import definitions_in, first_line
from ..change.sequence_diff import opcodes
from ..model.verdict import Location

AROUND = 12
"""Lines before and after the place that are shown of a long function: both sides fit beside each other on a screen."""

LONG = 45
"""Lines from which on a function is long."""


class BranchCount(msgspec.Struct, frozen=True):
    """A decision, and how many recorded calls of the entries took each arm."""

    line: int
    condition: str
    arms: tuple[tuple[str, int], ...]


class Excerpt(msgspec.Struct, frozen=True):
    """Lines of one side."""

    file: str
    first: int
    """Number of the first line."""
    lines: tuple[str, ...]
    changed: tuple[int, ...]
    """Numbers of lines that the other side has not."""
    marked: int
    """Number of the line where the divergence begins; 0 where there is none on this side."""
    branches: tuple[BranchCount, ...] = ()


class _Span(NamedTuple):
    first: int
    last: int


def excerpts_of(
    location: Location, old: Mapping[str, str], new: Mapping[str, str], classes: Iterable[StoredClass]
) -> tuple[Excerpt | None, Excerpt | None]:
    """The function of a place at base and in the candidate; `None` for a side that does not have it.

    `old` and `new` are the sources of the included modules; `classes` those whose traffic is counted.
    """
    module, name = split_name(location.function)
    before, after = old.get(module, "").splitlines(), new.get(module, "").splitlines()
    base = _span(old.get(module, ""), name, location.line, len(before))
    candidate = _span(new.get(module, ""), name, location.line, len(after))
    left, right = _lines(before, base), _lines(after, candidate)
    gone, added, partner = _compared(left, right)
    counts = _counts(module, old.get(module, ""), classes, location.function)
    marked_base = _partner(partner, location.line, base, candidate)
    return (
        _excerpt(location.file, left, base, gone, marked_base, counts),
        _excerpt(location.file, right, candidate, added, 0 if location.deleted else location.line, ()),
    )


def _span(source: str, name: str, line: int, lines: int) -> _Span:
    """First and last line of a function or class; of what stands outside, the lines around."""
    if name:
        for found, node in definitions_in(source):
            if found == name:
                return _Span(first_line(node), node.end_lineno or node.lineno)
        return _Span(1, 0)
    return _Span(max(1, line - AROUND), min(lines, line + AROUND))


def _lines(source: Sequence[str], span: _Span) -> list[str]:
    return list(source[span.first - 1 : span.last])


def _compared(left: list[str], right: list[str]) -> tuple[set[int], set[int], dict[int, int]]:
    """(positions that only the left has, that only the right has, position on the right → the one it replaces)."""
    gone: set[int] = set()
    added: set[int] = set()
    partner: dict[int, int] = {}
    for tag, start, end, other, last in opcodes(left, right):
        if tag != "equal":
            gone.update(range(start, end))
            added.update(range(other, last))
        for step, position in enumerate(range(other, last)):
            if start < end:
                partner[position] = min(start + step, end - 1)
    return gone, added, partner


def _partner(partner: Mapping[int, int], line: int, base: _Span, candidate: _Span) -> int:
    position = partner.get(line - candidate.first)
    return 0 if position is None else base.first + position


def _excerpt(
    file: str, lines: list[str], span: _Span, changed: set[int], marked: int, branches: Sequence[BranchCount]
) -> Excerpt | None:
    if not lines:
        return None
    first, last = 0, len(lines)
    if len(lines) > LONG:
        middle = marked - span.first if marked else min(changed, default=0)
        first, last = max(0, middle - AROUND), min(len(lines), middle + AROUND + 1)
    numbers = range(span.first + first, span.first + last)
    return Excerpt(
        file,
        numbers.start,
        tuple(lines[first:last]),
        tuple(sorted(span.first + position for position in changed if first <= position < last)),
        marked if marked in numbers else 0,
        tuple(branch for branch in branches if branch.line in numbers),
    )


def _counts(
    module: str, source: str, classes: Iterable[StoredClass], function: FunctionName
) -> tuple[BranchCount, ...]:
    """The decisions of a function at base, with the recorded calls that took each arm."""
    try:
        branches = BranchTable(module, source).by_function.get(function, [])
    except (SyntaxError, ValueError):  # no Python of this version
        return ()
    taken: dict[tuple[str, str, int], dict[str, int]] = {branch.identity: {} for branch in branches}
    for stored in classes:
        for arm in stored.description.arms:
            counts = taken.get(arm.branch.identity)
            if counts is not None:
                counts[arm.taken] = counts.get(arm.taken, 0) + stored.count
    return tuple(
        BranchCount(branch.line, branch.condition, tuple(sorted(taken[branch.identity].items(), key=_by_traffic)))
        for branch in branches
        if taken[branch.identity]
    )


def _by_traffic(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]
