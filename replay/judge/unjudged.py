"""Why traces were not judged, grouped by cause: how much traffic each represents, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..model.field_path import without_positions
from ..model.reason import Reason


class Unjudged(NamedTuple):
    """One trace that was not judged."""

    entry: str
    trace: str
    why: Reason
    traffic: float
    """Recorded calls that it represents."""


class UnjudgedGroup(NamedTuple):
    """The traces that share a cause."""

    cause: str
    cure: str
    traces: tuple[Unjudged, ...]

    @property
    def traffic(self) -> int:
        """Recorded calls that the traces represent."""
        return round(sum(trace.traffic for trace in self.traces))


def grouped(unjudged: Iterable[Unjudged]) -> list[UnjudgedGroup]:
    """By cause, the one with most traffic first."""
    found: dict[tuple[str, str], list[Unjudged]] = {}
    for trace in unjudged:
        found.setdefault((without_positions(_cause(trace)), trace.why.cure), []).append(trace)
    groups = [UnjudgedGroup(_cause(traces[0]), cure, tuple(traces)) for (_pattern, cure), traces in found.items()]
    return sorted(groups, key=lambda group: (-group.traffic, group.cause))


def _cause(trace: Unjudged) -> str:
    return trace.why.cause or trace.why.difference
