"""This file is about numbers in value trees: what number a value is, and a value of the same type with another one."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal, InvalidOperation
from typing import Any

from ...recorders.value_tree import StandardNode, Tree

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
