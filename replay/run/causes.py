"""Causes: divergences of many traces and path classes that begin at one place, as one value.

One place is one file, line, function, condition and kind; the values there differ from trace to trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from ..model.difference import DifferencePart
from ..model.field_path import FieldPattern, field_pattern
from ..model.verdict import ClassVerdict, Effect, FieldDifference, Location, TraceVerdict

PlaceKey: TypeAlias = tuple[str, ...]

NO_PLACE: PlaceKey = ()


class Sort(NamedTuple):
    """Differences of one kind in one field pattern."""

    kind: DifferencePart
    pattern: FieldPattern
    traces: tuple[str, ...]
    """The traces that show it."""
    differences: int
    """How often they show it."""
    example: FieldDifference
    shown: str
    """The pattern in the words of the function, where all of its differences are of one of its arguments."""


class SidePair(NamedTuple):
    """What happened at the place, in how many traces."""

    base: str
    candidate: str
    traces: int
    alike: bool
    """Whether the same happened in all of them, with the same values where it is no decision."""


class Cause(NamedTuple):
    """Divergences that begin at one place."""

    location: Location | None
    """That of the first trace; `None` where no place was found."""
    traces: tuple[str, ...]
    replayed: int
    """Traces of the path classes that show it."""
    classes: tuple[ClassVerdict, ...]
    sorts: tuple[Sort, ...]
    sides: tuple[SidePair, ...]
    """What happened on base and candidate, most frequent first, with the values of the first trace of each."""
    effects: tuple[Effect, ...]
    """The outbound calls of both sides, in the trace with fewest of those in which one differs."""


def causes_of(verdicts: Iterable[ClassVerdict]) -> list[Cause]:
    """The causes of all diverged traces, those of most traces first."""
    found: dict[PlaceKey, list[tuple[ClassVerdict, TraceVerdict]]] = {}
    for verdict in verdicts:
        for trace in verdict.traces:
            if trace.verdict == "diverged":
                found.setdefault(place_key(trace.location), []).append((verdict, trace))
    causes = [_cause(members) for members in found.values()]
    return sorted(causes, key=lambda cause: -len(cause.traces))


def place_key(location: Location | None) -> PlaceKey:
    """Equal for places that are one."""
    if location is None:
        return NO_PLACE
    return location.file, str(location.line), location.function, location.condition or "", location.kind


def _cause(members: Sequence[tuple[ClassVerdict, TraceVerdict]]) -> Cause:
    classes = {(verdict.entry, verdict.path): verdict for verdict, _trace in members}
    traces = [trace for _verdict, trace in members]
    return Cause(
        traces[0].location,
        tuple(trace.trace for trace in traces),
        sum(len(verdict.traces) for verdict in classes.values()),
        tuple(classes.values()),
        tuple(sorts_of(traces)),
        tuple(sides_of(traces)),
        min((trace.effects for trace in traces if trace.effects), key=len, default=()),
    )


def replay_command(baseline: str, trace: str) -> str:
    """What replays one trace of a baseline in a debugger."""
    return f"pytest --runtime-baseline={baseline} --runtime-trace {trace} --pdb"


def sorts_of(traces: Iterable[TraceVerdict]) -> list[Sort]:
    """The differences of some traces by kind and field pattern, in the order in which they are first seen."""
    found: dict[tuple[DifferencePart, FieldPattern], list[tuple[str, FieldDifference]]] = {}
    for trace in traces:
        for difference in trace.differences:
            name = difference.kind.part, field_pattern(difference.field, outbound=difference.kind.is_outbound)
            found.setdefault(name, []).append((trace.trace, difference))
    return [
        Sort(kind, name, tuple(dict.fromkeys(trace for trace, _one in seen)), len(seen), seen[0][1], _shown(name, seen))
        for (kind, name), seen in found.items()
    ]


def _shown(pattern: FieldPattern, seen: Sequence[tuple[str, FieldDifference]]) -> str:
    """One field as it is, several of one argument as their pattern."""
    named = {place.shown for _trace, place in seen}
    patterns = set(map(field_pattern, named))
    if "" in named or len(patterns) > 1:
        return pattern
    return named.pop() if len(named) == 1 else patterns.pop()


def sides_of(traces: Iterable[TraceVerdict]) -> list[SidePair]:
    """What happened at the place: of decisions, one for each pair of arms; of all else, one for all."""
    found: dict[tuple[str, str], list[Location]] = {}
    for trace in traces:
        location = trace.location
        if location is not None and location.base and location.candidate:
            arms = (_arm(location.base), _arm(location.candidate)) if location.kind == "decision" else ("", "")
            found.setdefault(arms, []).append(location)
    return sorted(map(_side, found.values()), key=lambda side: -side.traces)


def _side(seen: Sequence[Location]) -> SidePair:
    first = seen[0]
    is_one = len({(place.base, place.candidate) for place in seen}) == 1 and not any(place.seen_in for place in seen)
    alike = first.kind == "decision" or is_one
    return SidePair(first.base, first.candidate, len(seen), alike)


def _arm(happened: str) -> str:
    """Which arm a decision took, without the values of its operands."""
    return happened.rpartition(" is ")[2]


def source_line(root: Path, location: Location) -> str:
    """The line of the source at a place, without its indentation; empty where it cannot be read."""
    try:
        lines = (root / location.file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[location.line - 1].strip() if 0 < location.line <= len(lines) else ""
