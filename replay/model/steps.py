"""Steps of one replay in included code: decisions, values, calls, and where each stands in the source."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.value_tree import Tree

EventKind: TypeAlias = Literal["decision", "value", "enter", "return", "raise"]


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One step of a replay in included code."""

    kind: EventKind
    function: FunctionName
    key: str
    """Of a decision its condition, of a value what takes it (`total`, `yield`, `append() argument 1`; `if` for a test
    that is made of several decisions or negated), of a raise the exception's class; else empty."""
    ordinal: int
    """Of a decision: which of the branches of the function with this condition; else 0."""
    line: int
    """In the version that ran."""
    arm: str
    """Of a decision: `true`, `false`, `entered`, `ended`; of a raise: `left` the function, or `caught` in it; else
    empty."""
    values: list[tuple[str, Tree]]
    """(source text, value): the operands of a decision; one pair with an empty text for values and results, with the
    text of the test for a value that is one."""


class Detail(msgspec.Struct, frozen=True, array_like=True):
    """The steps of one replay, in order."""

    events: list[Event]
    truncated: bool
    """Whether there were more than are kept, or some were lost."""


# What a marker is given: plain tuples, so that they are constants of the instrumented code.


class ValueSite(NamedTuple):
    """Where a value is taken, or a function is entered or left."""

    function: FunctionName
    key: str
    line: int
    text: str = ""


class DecisionSite(NamedTuple):
    """Where a decision is taken."""

    number: int
    """Unique in the module; operands wait under it for their decision."""
    function: FunctionName
    condition: str
    ordinal: int
    line: int
    texts: tuple[str, ...]
    """Source texts of the operands that are logged."""
    leaves: str = ""
    """Of an operand of `and` and `or` whose value is used: the arm by which it becomes the value of the whole."""


def named(function: FunctionName) -> FunctionName:
    """The function that a step is reported in: a lambda goes with the function around it."""
    return function.partition(".<locals>.<lambda>")[0]
