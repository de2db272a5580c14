"""Scalars: when two numbers are close, and what is left of texts and times when they are normalised.

A rule loosens the value of a number and never its type: `1` and `1.0` stay different.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from ..recorders.model.value_tree import StandardNode, Tree
from .compare_rule import Normaliser

_EXPONENT_LIMIT = 400
"""Decimals beyond that are not compared with a tolerance: exact arithmetic with them takes forever."""


def close(base: Tree, candidate: Tree, *, absolute: float | None, relative: float | None) -> bool:
    """Whether two numbers of one type, as written, differ by no more than an amount or a share of the larger."""
    left, right = _number(base), _number(candidate)
    if left is None or right is None or _kind(base) != _kind(candidate):
        return False
    larger = max(abs(left), abs(right))
    allowed = Fraction(repr(absolute)) if absolute is not None else Fraction(repr(relative)) * larger
    return abs(left - right) <= allowed


def _kind(tree: Tree) -> str:
    """Of a number; one beyond 64 bits is an `int` like any other."""
    return tree.kind if isinstance(tree, StandardNode) else type(tree).__name__


def _number(tree: Tree) -> Fraction | None:
    match tree:
        case bool():
            return None
        case int():
            return Fraction(tree)
        case float():
            return Fraction(repr(tree)) if math.isfinite(tree) else None  # 1.1 is 0.1 more than 1.0
        case StandardNode(kind="int", parts=[str(text)]):
            return Fraction(int(text, 16))
        case StandardNode(kind="decimal", parts=[str(text)]):
            value = Decimal(text)
            return Fraction(value) if value.is_finite() and abs(value.adjusted()) < _EXPONENT_LIMIT else None
        case _:
            return None


def normalised(tree: Tree, how: Normaliser) -> str | None:
    """What is left of a text, identifier or time; `None` where this normaliser has nothing to say about it."""
    if isinstance(tree, str):
        return f"text {_OF_TEXT[how](tree)}"
    if how == "uuid" and isinstance(tree, StandardNode) and tree.kind == "uuid":
        return "uuid"
    return _moment(tree) if how == "timestamp" else None


_UUID = re.compile(r"\b[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\b")
_TIME = r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_ISO = rf"\d{{4}}-\d\d-\d\d(?:[T ]{_TIME}(?: ?(?:Z|[+-]\d\d:?\d\d))?)?"
_HTTP = rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{{2}} \d{{4}} {_TIME} GMT"
_TIMESTAMP = re.compile(rf"\b(?:{_HTTP}|{_ISO})(?![\d:])")

_OF_TEXT: dict[Normaliser, Callable[[str], str]] = {
    "uuid": lambda text: _UUID.sub("<uuid>", text),
    "timestamp": lambda text: _TIMESTAMP.sub("<timestamp>", text),
    "whitespace": lambda text: " ".join(text.split()),
    "case": str.casefold,
}

_SECONDS = (10**8, 10**11)
_MILLISECONDS = (10**11, 10**14)


def _moment(tree: Tree) -> str | None:
    """A time without when it is: naive and aware ones stay apart, and so do seconds and milliseconds."""
    match tree:
        case StandardNode(kind="datetime", parts=[*_moment, zone]):
            return f"datetime {'naive' if zone is None else 'aware'}"
        case StandardNode(kind="date"):
            return "date"
        case bool():
            return None
        case int() | float() if _SECONDS[0] <= tree < _SECONDS[1]:
            return f"{type(tree).__name__} of seconds"
        case int() | float() if _MILLISECONDS[0] <= tree < _MILLISECONDS[1]:
            return f"{type(tree).__name__} of milliseconds"
        case _:
            return None
