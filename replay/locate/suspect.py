"""Suspects: the places where base and candidate differ, of which one is where the divergence begins."""

from __future__ import annotations

from typing import NamedTuple

from ...recorders.model.branches import FunctionName
from ..change.alignment import Gone, Place
from ..model.verdict import CauseKind


class Suspect(NamedTuple):
    """A place in question."""

    kind: CauseKind
    function: FunctionName
    line: int
    place: Place
    base: str
    candidate: str
    condition: str | None = None
    paths: tuple[str, ...] = ()
    """Of a value: which of its parts differ."""
    returns: bool = False
    """Whether it is the result of a function."""
    gone: Gone | None = None
    """The step of base that the candidate does not have, where its statement is gone."""


def last_part(path: str) -> str:
    """The name at the end of the path of a field."""
    return path.rpartition(".")[2].partition("[")[0].strip("'\"")
