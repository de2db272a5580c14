"""Why traces were not judged, for a person: counts and causes, an example, what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..replay.judge.unjudged import UnjudgedGroup
from .printing import many

CAUSES_SHOWN = 8
"""Causes of which each is worth reading; the rest stands in the JSON report."""


def group_lines(groups: Sequence[UnjudgedGroup], *, shown: int = CAUSES_SHOWN) -> Iterator[str]:
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
