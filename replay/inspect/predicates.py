"""Predicates of traces: what may be true of one and not of another. Branches that it took, functions that it ran, and
values that it was given or got."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, TypeAlias

from ...recorders.model.branches import Arm
from ...recorders.model.value_tree import Tree
from ..model.render import short
from .condition import Condition
from .facts import Facts
from .side_by_side import as_number, origin_of

PredicateKind: TypeAlias = Literal["branch", "function", "value", "number", "presence", "both"]

VALUES = 12
"""Values of a variable that are tried, the most frequent among failing traces: beyond, it is an identifier."""

THRESHOLDS = 40
"""Bounds of a number that are tried, spread over its values."""

WIDTH = 60


class Predicate(NamedTuple):
    """Something that is true of some traces."""

    kind: PredicateKind
    text: str
    """`total > 10_000 is true`, `request.json.total > 9500`"""
    function: str
    """Of a branch or function its name; else empty."""
    line: int
    path: str
    """Of a variable the path that leads to it; else empty."""
    holds: frozenset[int]
    """Positions of the traces of which it is true."""
    reached: frozenset[int]
    """Positions of the traces of which it could be."""
    order: int
    """Of a branch its position in a trace; what came in stands before all of them."""


class Predicates(NamedTuple):
    """What was tried."""

    found: tuple[Predicate, ...]
    tried: int
    """How many there were, bounds that were passed over included: each may separate by chance."""


def predicates_of(facts: Sequence[Facts], failing: frozenset[int], fails: Condition) -> Predicates:
    """The predicates of some traces, without those that the condition of failing itself decides on."""
    found = [*_branches(facts), *_functions(facts)]
    tried = len(found)
    columns: dict[str, dict[int, Tree]] = {}
    for at, trace in enumerate(facts):
        for path, value in trace.columns().items():
            if origin_of(path) != "shown" and not fails.decides_on(path):
                columns.setdefault(path, {})[at] = value
    for path, values in columns.items():
        for predicates in (
            _presence(path, values, len(facts)),
            _numbers(path, values, failing),
            _values(path, values, failing),
        ):
            tried += predicates.tried
            found += predicates.found
    return Predicates(tuple(found), tried)


def both(one: Predicate, other: Predicate) -> Predicate:
    """Two predicates that are true together; it stands where the later one does."""
    one, other = sorted((one, other), key=lambda predicate: (predicate.order, predicate.text))
    later = other if other.line or not one.line else one
    return Predicate(
        "both",
        f"{one.text} and {other.text}",
        later.function,
        later.line,
        "",
        one.holds & other.holds,
        one.reached & other.reached,
        later.order,
    )


def _branches(facts: Sequence[Facts]) -> Iterator[Predicate]:
    holds: dict[tuple[str, str, int, str], set[int]] = {}
    reached: dict[tuple[str, str, int], set[int]] = {}
    known: dict[tuple[str, str, int, str], tuple[Arm, int]] = {}
    for at, trace in enumerate(facts):
        for position, arm in enumerate(trace.arms):
            known.setdefault(arm.identity, (arm, position))
            holds.setdefault(arm.identity, set()).add(at)
            reached.setdefault(arm.branch.identity, set()).add(at)
    for identity, (arm, position) in known.items():
        yield Predicate(
            "branch",
            arm.words(),
            arm.branch.function,
            arm.branch.line,
            "",
            frozenset(holds[identity]),
            frozenset(reached[arm.branch.identity]),
            1_000 + position,
        )


def _functions(facts: Sequence[Facts]) -> Iterator[Predicate]:
    ran: dict[str, set[int]] = {}
    order: dict[str, int] = {}
    for at, trace in enumerate(facts):
        for position, function in enumerate(trace.trace.functions):
            ran.setdefault(function, set()).add(at)
            order.setdefault(function, position)
    everywhere = frozenset(range(len(facts)))
    for function, holds in ran.items():
        if len(holds) < len(facts):
            text = f"{function} runs"
            yield Predicate("function", text, function, 0, "", frozenset(holds), everywhere, 2_000 + order[function])


def _order(path: str) -> int:
    """What was found and given first, then what other systems answered, then what was computed."""
    root = _root(path.removeprefix("len("))
    roots = ("environment", "commit", "python", "baseline", "state", "request", "args", "self", "input", "exchanges")
    return roots.index(root) if root in roots else 3_000


def _variable(kind: PredicateKind, text: str, path: str, holds: set[int], reached: set[int]) -> Predicate:
    return Predicate(kind, text, "", 0, path, frozenset(holds), frozenset(reached), _order(path))


def _presence(path: str, values: dict[int, Tree], traces: int) -> Predicates:
    """Whether something came in, or another system was called. What code reads on its way, such as a variable of the
    environment, it does not read where it leaves by another way: that follows from the branch, and is none here."""
    root = _root(path)
    called = root == "exchanges" and path.endswith(".count")
    if len(values) == traces or not (called or root in ("request", "args", "self", "input")):
        return Predicates((), 0)
    words = (f"{path.removesuffix('.count')} is called", f"{path.removesuffix('.count')} is not called")
    yes, no = words if called else (f"{path} is there", f"{path} is not there")
    everywhere, there = set(range(traces)), set(values)
    found = (
        _variable("presence", yes, path, there, everywhere),
        _variable("presence", no, path, everywhere - there, everywhere),
    )
    return Predicates(found, 2)


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _values(path: str, values: dict[int, Tree], failing: frozenset[int]) -> Predicates:
    """Whether it is one of the values that failing traces have most often."""
    texts = {at: short(value, WIDTH) for at, value in values.items()}
    if len(set(texts.values())) < 2:
        return Predicates((), 0)
    among_failing = Counter(text for at, text in texts.items() if at in failing)
    wanted = [text for text, _count in among_failing.most_common(VALUES)]
    found = []
    for text in wanted:
        holds = {at for at, own in texts.items() if own == text}
        found.append(_variable("value", f"{path} == {text}", path, holds, set(values)))
    return Predicates(tuple(found), len(set(texts.values())))


def _numbers(path: str, values: dict[int, Tree], failing: frozenset[int]) -> Predicates:
    """Whether a number lies above or below a bound: the bound that tells failing traces best, on either side."""
    numbers = {at: number for at, value in values.items() if (number := as_number(value)) is not None}
    distinct = sorted(set(numbers.values()))
    if len(distinct) < 3 or len(numbers) < len(values):
        return Predicates((), 0)
    step = max(1, math.ceil((len(distinct) - 1) / THRESHOLDS))
    bounds = [_between(distinct[at], distinct[at + 1]) for at in range(0, len(distinct) - 1, step)]
    best: dict[str, tuple[float, float]] = {}
    for bound in bounds:
        for side in (">", "<="):
            holds = {at for at, number in numbers.items() if (number > bound) == (side == ">")}
            inside = len(holds & failing)
            score = inside / math.sqrt(len(failing) * len(holds)) if holds and failing else 0.0
            if score > best.get(side, (0.0, 0.0))[0]:
                best[side] = score, bound
    found = []
    for side, (_score, bound) in best.items():
        holds = {at for at, number in numbers.items() if (number > bound) == (side == ">")}
        found.append(_variable("number", f"{path} {side} {bound:g}", path, holds, set(numbers)))
    return Predicates(tuple(found), 2 * len(bounds))


def _between(low: float, high: float) -> float:
    """The roundest number between two: a bound that people write, where there is one."""
    for digits in range(-12, 15):
        candidate = round(high, -12 - digits) if digits < -12 else round((low + high) / 2, digits)
        if low <= candidate < high:
            return candidate
    return low
