"""This file is about detail: what one replay did, step by step, in code whose decisions and values are marked.

Only diverged traces are replayed in detail, in a process of its own for each side, to tell where a divergence begins.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from ..recorders.tracing.branches import FunctionName
from ..recorders.value_tree import Tree

EventKind: TypeAlias = Literal["decision", "value", "enter", "return", "raise"]


class Event(msgspec.Struct, frozen=True, array_like=True):
    """One step of a replay in included code."""

    kind: EventKind
    function: FunctionName
    key: str
    """Of a decision its condition, of a value what takes it (`total`, `return`, `append() argument 1`), of a raise the
    exception's class; else empty."""
    ordinal: int
    """Of a decision: which of the branches of the function with this condition; else 0."""
    line: int
    """In the version that ran."""
    arm: str
    """Of a decision: `true`, `false`, `entered`, `ended`; else empty."""
    values: list[tuple[str, Tree]]
    """(source text, value): the operands of a decision; one pair with an empty text for values and results."""


class Detail(msgspec.Struct, frozen=True, array_like=True):
    """The steps of one replay, in order."""

    events: list[Event]
    truncated: bool
    """Whether there were more than are kept."""
