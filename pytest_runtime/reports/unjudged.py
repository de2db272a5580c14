"""Why traces were not judged, grouped by cause: how much traffic each stands for, an example, what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..replay.model.field_path import without_positions
from ..replay.model.reason import Why
from .printing import many

CAUSES_SHOWN = 8
"""Causes of which each is worth reading; the rest stands in the JSON report."""


class Unjudged(NamedTuple):
    """One trace that was not judged."""

    entry: str
    trace: str
    reason: str
    why: Why
    traffic: float
    """Recorded calls that it stands for."""


class Group(NamedTuple):
    """The traces that share a cause."""

    cause: str
    cure: str
    traces: tuple[Unjudged, ...]

    @property
    def traffic(self) -> int:
        """Recorded calls that the traces stand for."""
        return round(sum(one.traffic for one in self.traces))


def grouped(unjudged: Iterable[Unjudged]) -> list[Group]:
    """By cause, the one with most traffic first."""
    found: dict[tuple[str, str], list[Unjudged]] = {}
    for one in unjudged:
        found.setdefault((without_positions(_cause(one)), one.why.cure), []).append(one)
    groups = [Group(_cause(traces[0]), cure, tuple(traces)) for (_cause_key, cure), traces in found.items()]
    return sorted(groups, key=lambda group: (-group.traffic, group.cause))


def _cause(one: Unjudged) -> str:
    return one.why.cause or one.why.difference or one.reason


def group_lines(groups: Sequence[Group], *, shown: int = CAUSES_SHOWN) -> Iterator[str]:
    """For a person: counts and cause, an example, and what to do."""
    for group in groups[:shown]:
        traffic = f", {many(group.traffic, 'recorded call')}" if group.traffic != len(group.traces) else ""
        yield f"not judged, {many(len(group.traces), 'trace')}{traffic}: {group.cause}"
        first = group.traces[0]
        difference = f": {first.why.difference}" if first.why.difference not in ("", group.cause) else ""
        if difference:
            yield f"    for example {first.entry}{difference}"
        if group.cure:
            yield f"    to have them judged: {group.cure}"
    if len(groups) > shown:
        rest = sum(len(group.traces) for group in groups[shown:])
        yield f"not judged, {many(rest, 'trace')} for {len(groups) - shown} other reasons (see --runtime-json)"
