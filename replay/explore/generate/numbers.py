"""Numbers in value trees: what number a value is, numbers next to it, and a value of the same type with another one."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import chain
from typing import Any, TypeGuard

from ....recorders.model.value_tree import StandardNode, Tree

_SIXTY_FOUR_BITS = 2**63


def number_of(tree: Tree) -> float | None:
    """The number that a value is, dates and spans of time in seconds; `None` for what is none, and for NaN."""
    if isinstance(tree, (bool, int)):
        return float(tree)
    if isinstance(tree, float):
        return None if math.isnan(tree) else tree
    if not isinstance(tree, StandardNode):
        return None
    try:
        return _standard(tree)
    except (ValueError, TypeError, OverflowError, InvalidOperation):
        return None


def _standard(tree: StandardNode) -> float | None:
    parts: list[Any] = list(tree.parts)
    match tree.kind:
        case "int":
            return float(int(str(parts[0])[:200], 16))
        case "decimal":
            found = Decimal(parts[0])
            return float(found) if found.is_finite() else None
        case "datetime" | "date":
            moment = moment_of(tree)
            return seconds_of(moment) if moment is not None else None
        case "timedelta":
            return datetime.timedelta(*parts).total_seconds()
        case _:
            return None


def moment_of(tree: Tree) -> datetime.datetime | None:
    """A date or a moment, without its zone."""
    if not isinstance(tree, StandardNode):
        return None
    parts: list[Any] = list(tree.parts)
    try:
        if tree.kind == "datetime":
            return datetime.datetime(*parts[:7])
        if tree.kind == "date":
            return datetime.datetime(*parts[:3])
    except (ValueError, TypeError):
        return None
    return None


def seconds_of(moment: datetime.datetime) -> float:
    """Since the year 1."""
    return (moment - datetime.datetime.min).total_seconds()


def with_moment(tree: StandardNode, moment: datetime.datetime) -> StandardNode:
    """A date or moment of the same type and zone."""
    if tree.kind == "date":
        return StandardNode("date", [moment.year, moment.month, moment.day])
    parts = [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond]
    return StandardNode("datetime", [*parts, *tree.parts[7:]])


def decimal_of(number: float | Decimal | int | str) -> StandardNode:
    """A decimal."""
    return StandardNode("decimal", [str(number)])


def integer(number: int) -> Tree:
    """An integer of any size."""
    return number if -_SIXTY_FOUR_BITS <= number < _SIXTY_FOUR_BITS else StandardNode("int", [hex(number)])


def is_number(value: object) -> TypeGuard[float]:
    """Whether it can be stepped from."""
    return isinstance(value, (int, float)) and abs(value) < _LARGE


def number_or_zero(tree: Tree) -> float:
    """The number that a value is, where it can be stepped from; else 0."""
    try:
        found = _exactly(tree)
        return found if math.isfinite(found) and abs(found) < _LARGE else 0.0
    except (OverflowError, ValueError):
        return 0.0


_LARGE = 1e300
"""Numbers beyond cannot be stepped from: sums with them may overflow."""


def _exactly(tree: Tree) -> float:
    if isinstance(tree, StandardNode):
        if tree.kind == "decimal":
            try:
                value = float(Decimal(str(tree.parts[0])))
            except ArithmeticError:
                return 0.0
            return value if math.isfinite(value) else 0.0
        return float(int(str(tree.parts[0]), 16)) if tree.kind == "int" else 0.0
    return tree if isinstance(tree, (int, float)) else 0.0


def stepped(number: float) -> list[float]:
    """A number, and a step to either side."""
    if not (abs(number) < _LARGE):  # nor NaN
        return []
    if isinstance(number, float) and number != int(number):
        return [number, round(number + 0.01, 9), round(number - 0.01, 9), math.ceil(number), math.floor(number)]
    return [number, number + 1, number - 1]


def maker(tree: Tree) -> Any:
    """Makes values of the type of a number, where it can be made exactly."""

    def make(numbers: Iterable[float]) -> Iterator[Tree]:
        for number in numbers:
            if isinstance(tree, bool) or not abs(number) < _LARGE:
                continue
            if isinstance(tree, float):
                yield float(number)
            elif isinstance(tree, StandardNode) and tree.kind == "decimal":
                yield decimal_of(repr(number) if isinstance(number, float) and number != int(number) else int(number))
            elif number == int(number):
                yield integer(int(number))

    return make


def stepped_all(numbers: Iterable[float]) -> Iterator[float]:
    """Each with its steps."""
    return chain.from_iterable(map(stepped, numbers))
