"""The frontier: paths that inputs of one target took so far, and how far each stays from the changed lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import Arm
from .analyze.branch_distance import BranchDistance, Missing
from .differential import Pair

PathSignature: TypeAlias = tuple[str, bytes]
"""The side, and what is equal where the same path was taken on it."""

KnownArms: TypeAlias = dict[PathSignature, Sequence[Arm]]
"""Path → what was decided on it. A process sends the arms of each path once, so that all targets of a run share
them."""


class Reached(NamedTuple):
    """How far both sides came towards the changed lines."""

    distance: float
    missing: Missing


class Frontier:
    """The paths of one target."""

    def __init__(self, distance: BranchDistance, arms: KnownArms) -> None:
        self._distance = distance
        self._arms = arms
        self._reached: dict[tuple[PathSignature, PathSignature], Reached] = {}
        self._seen: set[PathSignature] = set()

    def reached(self, pair: Pair) -> Reached:
        """How near both sides came to changed lines, and what kept them from these."""
        signatures = _signatures(pair)
        known = zip(signatures, pair, strict=True)
        self._arms.update((signature, result.arms) for signature, result in known if result.arms)
        if signatures not in self._reached:
            old, new = (self._arms.get(signature, ()) for signature in signatures)
            self._reached[signatures] = Reached(self._distance.of(old, new), self._distance.missing(old, new))
        return self._reached[signatures]

    def is_new(self, pair: Pair) -> bool:
        """Whether either side took a path that none took before; from now on they are known."""
        signatures = set(_signatures(pair))
        is_new = not signatures <= self._seen
        self._seen |= signatures
        return is_new


def _signatures(pair: Pair) -> tuple[PathSignature, PathSignature]:
    base, candidate = pair
    return ("base", base.path), ("candidate", candidate.path)
