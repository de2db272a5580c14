"""The findings of one target: what was found so far, and whether more of its kind is wanted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..model.finding import Finding

FINDINGS_LIMIT = 2
"""Findings of one target that are reported, near and far ones each: each costs up to 60 further inputs and a location.
The second says whether it is one cause."""


class Kind(NamedTuple):
    """Inputs that show the same fields are of one kind; for what is accepted, in one path class."""

    near: bool
    fields: frozenset[str]
    accepted_path: str


class Findings:
    """Gathers findings."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._accepted: list[Finding] = []
        """Those that are accepted: reported too, so that acceptances are known to match something."""
        self._counts = {True: 0, False: 0}
        """Near and far findings that are not accepted."""
        self._kinds: set[Kind] = set()

    def wants(self, kind: Kind) -> bool:
        """Whether another of a kind is to be looked at."""
        return kind not in self._kinds and self._counts[kind.near] < FINDINGS_LIMIT

    def add(self, finding: Finding, kind: Kind, *, is_accepted: bool) -> None:
        """One that was wanted."""
        self._kinds.add(kind)
        self._counts[kind.near] += not is_accepted
        if is_accepted:
            self._accepted.append(finding)
        elif not any(_is_like(finding, other) for other in self._found):
            self._found.append(finding)

    @property
    def near(self) -> int:
        """How many near ones were looked at that are not accepted."""
        return self._counts[True]

    def all(self) -> Iterable[Finding]:
        """Those that are not accepted first."""
        return (*self._found, *self._accepted)


def _is_like(finding: Finding, other: Finding) -> bool:
    """Whether a finding repeats another: the same input, or the same difference at the same place."""
    if finding.near != other.near:
        return False
    return finding.call == other.call or (finding.location is not None and _place(finding) == _place(other))


def _place(finding: Finding) -> tuple[object, ...] | None:
    place = finding.location
    return (place.file, place.line, place.kind, place.condition) if place is not None else None
