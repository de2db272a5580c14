"""This file is about calls inside a replay: those that were seen, and one that is made with other arguments."""

from __future__ import annotations

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.value_tree import Tree


class SeenCall(msgspec.Struct, frozen=True, array_like=True):
    """A call of an included function while a trace was replayed."""

    function: FunctionName
    kind: str
    """`function`, `method`, `constructor`, `property`: how it is to be called."""
    number: int
    """Which of the calls of this function in its trace."""
    arguments: Tree
    """(receiver, args, kwargs)"""
    callers: list[FunctionName]
    """Included functions that it was called by, innermost first."""


class Substitution(msgspec.Struct, frozen=True, array_like=True):
    """One call of a replay gets other arguments, where it is the call that was seen: on changed code the call of that
    number may be another one."""

    function: FunctionName
    number: int
    seen: Tree
    """The arguments that it has."""
    arguments: Tree
    """Those that it gets."""
