"""Parts: what a stretch of recording counted, so that merged baselines count it once however often it is merged.

A baseline holds totals. What was added to them between the start of one session and the start of the next is a part,
named after the session at its beginning (processes of one run record at once, and add to one part): a name that is the
same in every copy of the file, while the numbers only grow. So of two copies of a part the larger numbers are the later
ones (a grow-only counter: M. Shapiro et al., "A comprehensive study of Convergent and Commutative Replicated Data
Types", 2011, section 3.1.2), and the totals of a merged baseline are the sums over its parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, TypeAlias, TypeVar

import msgspec

from ..model.shapes import Range, Shape, encode

SessionId: TypeAlias = str
"""16 hexadecimal digits, drawn when the session begins."""

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**62)]

ShapeKey: TypeAlias = tuple[str, str]
"""(entry, `input` or `outcome`)"""

K = TypeVar("K")
MOST = 2**62
"""The largest count that is kept: sums of what a hostile file claims must fit into a column."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """What one stretch of recording counted."""

    counts: dict[str, dict[str, Count]] = {}
    """entry → path digest → traces that took it"""
    shapes: dict[str, dict[str, Shape]] = {}
    """entry → `input` or `outcome` → shape"""
    counters: dict[str, Count] = {}
    unsampled: dict[str, Count] = {}
    """entry → runs that were not recorded"""


def later(one: Part, other: Part) -> Part:
    """Of two copies of a part everything as the later one has it; associative, commutative and idempotent."""
    return Part(
        _joined(one.counts, other.counts, lambda a, b: _joined(a, b, max)),
        _joined(one.shapes, other.shapes, lambda a, b: _joined(a, b, _later_shape)),
        _joined(one.counters, other.counters, max),
        _joined(one.unsampled, other.unsampled, max),
    )


def total(parts: Mapping[SessionId, Part]) -> Part:
    """The sum of some parts; the order in which they are given does not matter."""
    sums = Part()
    for name in sorted(parts):
        part = parts[name]
        sums = Part(
            _joined(sums.counts, part.counts, lambda a, b: _joined(a, b, _sum)),
            _joined(sums.shapes, part.shapes, lambda a, b: _joined(a, b, Shape.merge)),
            _joined(sums.counters, part.counters, _sum),
            _joined(sums.unsampled, part.unsampled, _sum),
        )
    return sums


def without(whole: Part, earlier: Part) -> Part:
    """What was added to `earlier` until it came to `whole`; what has no difference, such as a range, stays whole."""
    return Part(
        _left(whole.counts, earlier.counts, lambda a, b: _left(a, b, int.__sub__) or None),
        _left(whole.shapes, earlier.shapes, lambda a, b: _left(a, b, _shape_left) or None),
        _left(whole.counters, earlier.counters, int.__sub__),
        _left(whole.unsampled, earlier.unsampled, int.__sub__),
    )


V = TypeVar("V")


def _joined(one: Mapping[K, V], other: Mapping[K, V], join: Callable[[V, V], V]) -> dict[K, V]:
    found = dict(one)
    for key, value in other.items():
        found[key] = join(found[key], value) if key in found else value
    return found


def _left(whole: Mapping[K, V], earlier: Mapping[K, V], difference: Callable[[V, V], V | None]) -> dict[K, V]:
    """What is left of each, where anything is: numbers that did not grow are left out."""
    left = {key: difference(value, earlier[key]) if key in earlier else value for key, value in whole.items()}
    return {key: value for key, value in left.items() if value is not None and not _is_nothing(value)}


def _is_nothing(value: object) -> bool:
    return isinstance(value, int) and value <= 0


def _sum(one: int, other: int) -> int:
    return min(one + other, MOST)


def _later_shape(one: Shape, other: Shape) -> Shape:
    """The one of more values; of two that differ otherwise, always the same one."""
    return max(one, other, key=lambda shape: (shape.count, encode(shape)))


def _shape_left(whole: Shape, earlier: Shape) -> Shape | None:
    """The shape of the values that came later, with the ranges of all; `None` where none came."""
    if whole.count <= earlier.count:
        return None
    types = {name: count - earlier.types.get(name, 0) for name, count in whole.types.items()}
    types = {name: count for name, count in types.items() if count > 0}
    ranges: dict[str, Range] = {name: span for name, span in whole.ranges.items() if name in types}
    keys: dict[str, Shape] = {}
    for key, shape in whole.keys.items():
        left = _shape_left(shape, earlier.keys[key]) if key in earlier.keys else shape
        if left is not None:
            keys[key] = left
    items = whole.items
    if items is not None and earlier.items is not None:
        items = _shape_left(items, earlier.items)
    return Shape(
        count=whole.count - earlier.count,
        types=types,
        ranges=ranges,
        keyed=max(whole.keyed - earlier.keyed, 0),
        keys=keys,
        items=items,
        rest=max(whole.rest - earlier.rest, 0),
    )


def part_of(
    counts: Iterable[tuple[str, str, int]],
    shapes: Mapping[ShapeKey, Shape],
    counters: Mapping[str, int],
    unsampled: Mapping[str, int],
) -> Part:
    """A part from the rows of a store."""
    by_entry: dict[str, dict[str, int]] = {}
    for entry, path, count in counts:
        if count > 0:
            by_entry.setdefault(entry, {})[path] = count
    shapes_by_entry: dict[str, dict[str, Shape]] = {}
    for (entry, name), shape in shapes.items():
        shapes_by_entry.setdefault(entry, {})[name] = shape
    positive = ({name: count for name, count in named.items() if count > 0} for named in (counters, unsampled))
    return Part(by_entry, shapes_by_entry, *positive)
