"""Divergences that came out the same in processes of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..model.difference import Difference
from ..model.field_path import Field

CONFIRMATIONS = 5
"""Divergences in the same fields of a path class that are confirmed in processes of their own: each costs a fork, and
the first few that agree say what the others would."""


class Confirmed:
    """The confirmed divergences of one path class.

    Where enough traces differ in exactly these fields alone as they do after others, the rest that do are not run
    again: a class does not diverge less for them. One that came out differently is reason to run every other one again.
    """

    def __init__(self) -> None:
        self._alike: Counter[frozenset[Field]] = Counter()
        self._is_doubtful = False

    def suffice(self, found: Sequence[Difference]) -> bool:
        """Whether such a divergence needs no process of its own."""
        return not self._is_doubtful and self._alike[fields_of(found)] >= CONFIRMATIONS

    def count(self, found: Sequence[Difference], is_alike: bool) -> None:
        """One was run in a process of its own."""
        self._alike[fields_of(found)] += is_alike
        self._is_doubtful = self._is_doubtful or not is_alike


def fields_of(found: Sequence[Difference]) -> frozenset[Field]:
    """The fields that differ."""
    return frozenset(difference.field for difference in found)
