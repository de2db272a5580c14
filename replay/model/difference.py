"""Differences: the fields in which candidate and base do not show the same."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from ...recorders.model.value_tree import Tree

DifferenceKind: TypeAlias = Literal["response", "return", "exception", "mutation", "outbound"]


class Difference(NamedTuple):
    """One field in which candidate and base differ."""

    kind: DifferenceKind
    field: str
    base: Tree
    candidate: Tree
    position: int | None = None
    """Of an outbound difference: position of the call, in the candidate's calls or, for a missing one, the base's."""
    base_position: int | None = None
    """Of an outbound difference: position in the base's calls, where it has one."""
