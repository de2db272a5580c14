"""Changes of shapes: what kinds of values are new, or gone, between two recordings.

Ranges of numbers and lengths are left out: they widen with every further trace, whatever the code does.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ...recorders.model.shapes import Shape


class ShapeChange(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an input or outcome whose kind of value changed."""

    part: str
    """`input` or `outcome`."""
    place: str
    """`$.items[*].price`"""
    change: str
    """In words: `None is new`, `not always there any more`."""


def shape_changes(part: str, before: Shape, after: Shape) -> Iterator[ShapeChange]:
    """What changed between two shapes of one part of an entry, outer places first."""
    pending = [("$", before, after)]
    while pending:
        place, one, other = pending.pop(0)
        for name in sorted(other.types.keys() - one.types.keys()):
            yield ShapeChange(part=part, place=place, change=f"{name} is new")
        for name in sorted(one.types.keys() - other.types.keys()):
            yield ShapeChange(part=part, place=place, change=f"{name} is gone")
        yield from _keys(part, place, one, other)
        pending += [
            (f"{place}.{key}", one.keys[key], other.keys[key]) for key in sorted(one.keys.keys() & other.keys.keys())
        ]
        if one.items is not None and other.items is not None:
            pending.append((f"{place}[*]", one.items, other.items))


def _keys(part: str, place: str, one: Shape, other: Shape) -> Iterator[ShapeChange]:
    if not (one.keyed and other.keyed):
        return  # the types say it
    for key in sorted(other.keys.keys() - one.keys.keys()):
        yield ShapeChange(part=part, place=f"{place}.{key}", change="is new")
    for key in sorted(one.keys.keys() - other.keys.keys()):
        yield ShapeChange(part=part, place=f"{place}.{key}", change="is gone")
    for key in sorted(one.keys.keys() & other.keys.keys()):
        was, now = one.keys[key].count >= one.keyed, other.keys[key].count >= other.keyed
        if was != now:
            change = "is always there now" if now else "is not always there any more"
            yield ShapeChange(part=part, place=f"{place}.{key}", change=change)
