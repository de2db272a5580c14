"""The gate: every changed thing that recorded traffic ran must have been judged, by a faithful trace that ran it.

Otherwise nobody knows what the change does there, and the run is no pass, whatever else came out the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import TraceId
from ..change.ignored_modules import LENT
from ..model.reason import ReasonCode
from ..model.verdict import TraceVerdict, Verdict
from .selection import Touched, TouchedKind

JUDGED: tuple[Verdict, ...] = ("same", "accepted", "diverged", "hung", "crashed")
"""Verdicts of traces that base spoke for."""

DESELECTED = "it was deselected in this run"

REASONS_KEPT = 3
"""Reasons that are kept of one change: the most frequent say what to do, and the JSON report has every trace."""


class UnjudgedChange(NamedTuple):
    """A changed thing that recorded traffic ran and that no trace judged."""

    kind: TouchedKind
    name: str
    entries: tuple[str, ...]
    """Entries of the traces that ran it."""
    traces: int
    reasons: tuple[tuple[str, int], ...]
    """Why these traces were not judged, the most frequent first, with their numbers."""

    def describe(self) -> str:
        """In a line, for people."""
        why = "; ".join(f"{reason} ({count} of {self.traces})" for reason, count in self.reasons)
        return f"{self.name}, run by {self.traces} recorded trace{'s' if self.traces > 1 else ''}: {why}"


def unjudged_changes(
    touched: Iterable[Touched],
    verdicts: Mapping[TraceId, TraceVerdict],
    ran_on_base: Mapping[TraceId, Collection[FunctionName]],
    entries: Mapping[TraceId, str],
) -> list[UnjudgedChange]:
    """The changed things that no faithful, judged trace ran, or that kept traces from being judged which base replays.

    `verdicts` holds what was replayed in this run, `ran_on_base` the functions that base's own replay of a trace ran,
    `entries` the entry of each trace.
    """
    found = []
    for thing in touched:
        missed = thing.traces
        if any(_speaks(thing, trace, verdicts, ran_on_base) for trace in thing.traces):
            missed = tuple(trace for trace in thing.traces if _is_silenced(trace, verdicts))
        if missed:
            reasons = Counter(_reason(trace, verdicts) for trace in missed)
            names = _entries_of(missed, entries)
            kept = tuple(reasons.most_common(REASONS_KEPT))
            found.append(UnjudgedChange(thing.kind, thing.name, names, len(missed), kept))
    return found


def ignored_functions(touched: Iterable[Touched], entries: Mapping[TraceId, str]) -> list[UnjudgedChange]:
    """The changed functions of modules that base has from the working tree: whatever came out is no evidence."""
    return [
        UnjudgedChange(
            thing.kind, thing.name, _entries_of(thing.traces, entries), len(thing.traces), ((LENT, len(thing.traces)),)
        )
        for thing in touched
    ]


def _entries_of(traces: Iterable[TraceId], entries: Mapping[TraceId, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entries[trace] for trace in traces if trace in entries))


def _is_silenced(trace: TraceId, verdicts: Mapping[TraceId, TraceVerdict]) -> bool:
    """Whether the candidate alone kept a trace from being judged: a change may not make itself unseen."""
    return trace in verdicts and verdicts[trace].why.code is ReasonCode.CANDIDATE


ArmName: TypeAlias = tuple[FunctionName, str, int, str]
"""The identity of an arm; its function comes first."""


class UnreachedLine(NamedTuple):
    """A changed line that no replay ran."""

    function: FunctionName
    name: str
    """For people: `shop/web.py:23  return total`."""


def unjudged_lines(
    lines: Iterable[UnreachedLine],
    ran: Mapping[TraceId, Collection[FunctionName]],
    arms: Mapping[TraceId, Collection[ArmName]],
    verdicts: Mapping[TraceId, TraceVerdict],
    entries: Mapping[TraceId, str],
) -> list[UnjudgedChange]:
    """Changed lines that no replay ran, in functions that recorded traces left by arms which no judged trace took.

    There the line is no blind spot of the traffic: what may have run it was not judged. `ran` and `arms` are of the
    recorded traces.
    """
    found = []
    for line in lines:
        running = [trace for trace, functions in ran.items() if line.function in functions]
        judged = {trace for trace in running if trace in verdicts and verdicts[trace].verdict in JUDGED}
        covered = {arm for trace in judged for arm in _within(line.function, arms.get(trace, ()))}
        others = [trace for trace in running if trace not in judged]
        suspects = [other for other in others if not covered.issuperset(_within(line.function, arms.get(other, ())))]
        if judged and suspects:
            names = _entries_of(suspects, entries)
            reasons = Counter(_reason(trace, verdicts) for trace in suspects).most_common(REASONS_KEPT)
            found.append(UnjudgedChange("line", line.name, names, len(suspects), tuple(reasons)))
    return found


def _within(function: FunctionName, arms: Iterable[ArmName]) -> list[ArmName]:
    return [arm for arm in arms if arm[0] == function]


def _speaks(
    touched: Touched,
    trace: TraceId,
    verdicts: Mapping[TraceId, TraceVerdict],
    ran_on_base: Mapping[TraceId, Collection[FunctionName]],
) -> bool:
    verdict = verdicts.get(trace)
    if verdict is None or verdict.verdict not in JUDGED:
        return False
    ran = ran_on_base.get(trace, ())
    return touched.name in ran if touched.kind == "function" else bool(ran)


def _reason(trace: TraceId, verdicts: Mapping[TraceId, TraceVerdict]) -> str:
    verdict = verdicts.get(trace)
    if verdict is None:
        return DESELECTED
    if verdict.verdict in JUDGED:
        return "its replay on base did not run it"
    return verdict.why.cause or verdict.why.difference or verdict.reason
