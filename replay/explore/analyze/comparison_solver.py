"""The comparison solver: thresholds at which the two sides of a comparison become equal, the rest of the call being
what it is.

`distance_sales + net > LIMIT` decides differently at `distance_sales = LIMIT - net`. No recorded call lies there, and
no constant stands there; but where the sides are made of parts of the input by arithmetic alone, the value can be
worked out. Sides are read in the source and evaluated here, nothing of the code under test runs; the step to the root
is that of the secant, exact where the sides are linear.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from .relevance import names_in

Numbers = Mapping[str, float]
"""Name → the number that stands there in a call."""

DEPTH = 4
"""How far assigned names are followed to what they are assigned: a bound for names that are assigned in a circle."""

NAMES_LIMIT = 50
"""Names of one side that are followed: a bound for sums that a program wrote."""

COMPARISONS_LIMIT = 12
"""Comparisons of a function that are solved, those of changed lines first: each is solved for every part of every seed.
Measured on the pairs of `benchmarks/explore.py`: two in the middle, seven of 158 targets have more than these."""

_OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

_AS_IS = frozenset({"int", "float", "Decimal", "round", "ceil", "floor", "Fraction", "str"})
"""Calls that leave a number about as it is."""


class Comparison(NamedTuple):
    """Two sides that are compared."""

    left: ast.expr
    right: ast.expr
    names: frozenset[str]
    """What they are made of, assignments followed."""
    assigned: Mapping[str, ast.expr]
    """Names that are assigned once, and constants of the module → what they are set to."""


def comparisons_of(
    node: ast.AST, changed: frozenset[int], constants: Mapping[str, ast.expr]
) -> Iterator[tuple[bool, Comparison]]:
    """The comparisons of a function, and whether changed lines hold them; `constants` are what its module sets."""
    assigned = dict(constants)
    twice: set[str] = set()
    for part in ast.walk(node):
        match part:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                twice |= {name} & assigned.keys()
                assigned[name] = value
            case ast.AugAssign(target=ast.Name(id=name)):
                twice.add(name)
            case _:
                pass
    assigned = {name: value for name, value in assigned.items() if name not in twice}
    for part in ast.walk(node):
        if not isinstance(part, ast.Compare) or not isinstance(part.ops[0], _ORDERED):
            continue
        for left, right in zip([part.left, *part.comparators], part.comparators, strict=False):
            names = frozenset((*_leaves(left, assigned), *_leaves(right, assigned)))
            yield part.lineno in changed, Comparison(left, right, names, assigned)


_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


def _leaves(node: ast.expr, assigned: Mapping[str, ast.expr]) -> Iterator[str]:
    """Names that a side is made of, assignments followed."""
    pending, seen = sorted(names_in(node)), set[str]()
    while pending and len(seen) < NAMES_LIMIT:
        name = pending.pop(0)
        if name in seen:
            continue
        seen.add(name)
        if name in assigned:
            pending += sorted(names_in(assigned[name]))
        else:
            yield name.lstrip("_")


def thresholds(name: str, numbers: Numbers, comparisons: Iterable[Comparison]) -> list[float]:
    """Values of the part of a name at which sides are equal; none where they are made of more than arithmetic."""
    found: dict[float, None] = {}
    if name in numbers:
        for comparison in comparisons:
            if name in comparison.names:
                root = _root(comparison, name, numbers)
                if root is not None:
                    found[root] = None
    return list(found)


def _root(comparison: Comparison, name: str, numbers: Numbers) -> float | None:
    def apart(value: float) -> float:
        sides = _Sides({**numbers, name: value}, comparison.assigned)
        return sides.value(comparison.left, DEPTH) - sides.value(comparison.right, DEPTH)

    here = numbers[name]
    step = max(1.0, abs(here) * 0.5)
    try:
        now, then = apart(here), apart(here + step)
        if now == then:
            return None
        root = round(here - now * step / (then - now), 9)
    except (_Unknown, ArithmeticError, ValueError, RecursionError):
        return None
    return root if math.isfinite(root) and abs(root) < _LARGE else None


_LARGE = 1e15
"""Roots beyond are no thresholds that a service means, and near 2**53 a float no longer has a step of one."""


class _Unknown(Exception):
    """A side is made of something else than numbers."""


class _Sides:
    """Evaluates sides."""

    def __init__(self, known: Numbers, assigned: Mapping[str, ast.expr]) -> None:
        self._known = known
        self._assigned = assigned
        self._found: dict[str, float] = {}

    def value(self, node: ast.expr, depth: int) -> float:
        """What an expression evaluates to; raises `_Unknown`."""
        match node:
            case ast.Constant(value=bool()):
                raise _Unknown
            case ast.Constant(value=int() | float() as value):
                return float(value)
            case ast.Constant(value=str() as text):
                return _spelled(text)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _OPERATORS[type(op)](self.value(left, depth), self.value(right, depth))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, depth)
            case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called), args=[argument, *_]) if (
                called in _AS_IS
            ):
                return self.value(argument, depth)
            case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str() as key), *_]):
                return _of(key, self._known)
            case ast.Name(id=name) if depth and name in self._assigned:
                if name not in self._found:
                    self._found[name] = self.value(self._assigned[name], depth - 1)
                return self._found[name]
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Subscript(slice=ast.Constant(value=str() as name)):
                return _of(name, self._known)
            case _:
                raise _Unknown


def _of(name: str, known: Numbers) -> float:
    found = known.get(name.lstrip("_"))
    if found is None:
        raise _Unknown
    return found


def _spelled(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _Unknown from None


def most_informative(found: Sequence[tuple[bool, Comparison]]) -> tuple[Comparison, ...]:
    """Those of changed lines first, at most `COMPARISONS_LIMIT`."""
    return tuple(comparison for _is_changed, comparison in sorted(found, key=lambda pair: not pair[0]))[
        :COMPARISONS_LIMIT
    ]
