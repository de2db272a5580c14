"""Tolerances: what counts as no difference, and why.

What changes by itself from replay to replay (`volatile`), what the project's own rules say, and any of several at once
are one protocol.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple, Protocol

from ...recorders.model.value_tree import Tree
from ..model.field_path import Field
from ..model.reason import Reason
from ..model.verdict import Tolerated


class FieldAt(NamedTuple):
    """A field of an observation."""

    field: Field
    call: int | None = None
    """Of an outbound call: its position among base's."""


class Tolerance(Protocol):
    """Says of single differences whether they count."""

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """Why two parts that differ count as equal; `None` where they do not. Raises `RuleFailed`."""


class NoTolerance:
    """Every difference counts."""

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """It does."""
        return None


NOTHING = NoTolerance()


class AnyOf(NamedTuple):
    """Several tolerances: the first that tolerates a difference gives the reason."""

    tolerances: tuple[Tolerance, ...]

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """Why one of them does; the others are not asked any more."""
        reasons = (tolerance.tolerates(at, base, candidate) for tolerance in self.tolerances)
        return next((reason for reason in reasons if reason), None)


def any_of(*tolerances: Tolerance) -> AnyOf:
    """One of several, asked in their order."""
    return AnyOf(tolerances)


class RuleFailed(Exception):
    """A rule cannot be applied; the message says which, at which field, and why."""


class Rules(Tolerance, Protocol):
    """The project's rules for one comparison of one trace; they count what they tolerate."""

    @property
    def ignoring(self) -> bool:
        """Whether some fields are never compared."""

    def ignores(self, field: Field) -> int | None:
        """The number of the rule by which a field is never compared; `None` when it is."""

    def tolerated(self, ignored: Counter[int]) -> tuple[Tolerated, ...]:
        """What each rule did; `ignored` are the values that each takes away, by its number."""


class NoRules(NoTolerance):
    """Every difference counts, and every field is compared."""

    ignoring = False

    def ignores(self, field: Field) -> int | None:
        """None is."""
        return None

    def tolerated(self, ignored: Counter[int]) -> tuple[Tolerated, ...]:
        """Nothing."""
        return ()


NO_RULES = NoRules()
