"""Differences of two observations: everything that a caller or a system behind the service can see differ."""

from __future__ import annotations

from ...recorders.model.value_tree import Tree, encode
from ..model.difference import Difference, DifferenceKind
from ..model.field_path import Field
from ..model.observation import Observation, comparable
from ..model.reason import Reason
from .exchanges import outbound_differences
from .tolerance import NOTHING, FieldAt, Tolerance
from .tree_diff import TreeTolerance, tree_differences

BODY = ("response.json", "response.text", "response.body", "response.form")
"""What the field of a response's body begins with."""

CONTENT_LENGTH = "response.headers.content-length"


def compare(base: Observation, candidate: Observation, tolerance: Tolerance = NOTHING) -> list[Difference]:
    """Everything in which two observations differ for a caller or a system behind the service."""
    found = [*_outcome(base, candidate, tolerance), *_arguments(base, candidate, tolerance)]
    return [*found, *outbound_differences(base.outbound, candidate.outbound, tolerance)]


def _outcome(base: Observation, candidate: Observation, tolerance: Tolerance) -> list[Difference]:
    if base.kind == candidate.kind and encode(base.value) == encode(candidate.value):
        return []
    left, right = comparable(base), comparable(candidate)
    if base.kind != candidate.kind:
        other = Difference(DifferenceKind.EXCEPTION, DifferenceKind.EXCEPTION.part, left, right)
        return [] if tolerance.tolerates(FieldAt(other.field), left, right) else [other]
    noting = _Noting(tolerance)
    inside = tree_differences(left, right, below(base.kind, noting))
    kind = DifferenceKind(base.kind)
    found = [Difference(kind, base.kind + path, old, new) for path, old, new in inside]
    # The length of a response follows from its body.
    if any(field.startswith(BODY) for field in [*(difference.field for difference in found), *noting.tolerated]):
        found = [difference for difference in found if difference.field != CONTENT_LENGTH]
    return found


def _arguments(base: Observation, candidate: Observation, tolerance: Tolerance) -> list[Difference]:
    if base.kind != candidate.kind:
        return []
    inside = tree_differences(base.arguments, candidate.arguments, below("arguments", tolerance))
    return [Difference(DifferenceKind.MUTATION, f"arguments{path}", old, new) for path, old, new in inside]


class _Noting:
    """Another tolerance, and the fields that it tolerates."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._tolerance = tolerance
        self.tolerated: list[Field] = []

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """As the other one does."""
        reason = self._tolerance.tolerates(at, base, candidate)
        if reason:
            self.tolerated.append(at.field)
        return reason


def below(prefix: Field, tolerance: Tolerance) -> TreeTolerance:
    """A tolerance for the paths of a tree that lies at a field."""
    return lambda path, base, candidate: tolerance.tolerates(FieldAt(prefix + path), base, candidate)
