"""This file is about the summary at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..replay.model.verdict import BAD
from .causes import Cause, causes_of
from .explored import summary_lines, total_line
from .failure import place, side_lines, sort_lines
from .printing import in_line, many
from .totals import Totals
from .unjudged import group_lines

SPOTS_SHOWN = 20
CAUSES_SHOWN = 10
FIELDS_SHOWN = 4
CHANGES_SHOWN = 12
UNSAMPLED_SHOWN = 4


def print_summary(reporter: Any, totals: Totals, reason: str) -> None:
    """Causes, counts of all verdicts, reasons, rules, acceptances, blind spots."""
    if not totals.differs and not totals.verdicts and not reason:
        reporter.line(in_line(_nothing(totals)), green=True)
        return
    reporter.section(f"runtime: baseline {totals.baseline}, compared with {totals.oracle}", sep="=")
    for line, colour in _lines(totals):
        reporter.line(in_line(line), **{colour: True} if colour else {})
    _print_counts(reporter, totals, reason)


def _nothing(totals: Totals) -> str:
    """That there is nothing to replay, and why."""
    if not totals.unread:
        return f"runtime: no file differs from {totals.oracle} in its meaning; nothing to replay"
    more = f" and {len(totals.unread) - 1} more" if len(totals.unread) > 1 else ""
    return (
        f"runtime: nothing that the recorded traffic loads or reads differs from {totals.oracle}; nothing to replay "
        f"(changed, and read by none: {totals.unread[0]}{more})"
    )


def _lines(totals: Totals) -> Iterator[tuple[str, str]]:
    """(line, its colour or empty), from what failed to what is only to be known."""
    yield from ((line, "red") for line in _cause_lines(totals))
    for module, fault in totals.import_faults.items():
        yield f"cannot be imported: {module}: {fault}", "red"
    for one in totals.unmatched:
        yield f"accepted, but not seen any more: {one.describe()}", "red"
    for one in totals.settled:
        advice = f"remove it with: pytest-runtime prune {totals.baseline}"
        yield f"accepted, and settled at base: {one.describe()}; {advice}", "yellow"
    yield from ((line, "yellow") for line in group_lines(totals.unjudged()))
    yield from _unjudged_changes(totals)
    yield from _missing(totals)
    for one in totals.used:
        yield f"accepted: {one.describe()}", "yellow"
    yield from summary_lines(totals.explored, totals.root)
    yield from ((line, "yellow") for line in _rule_lines(totals))
    yield from ((line, "") for line in _fidelity_lines(totals))
    yield from _spot_lines(totals)


def _missing(totals: Totals) -> Iterator[tuple[str, str]]:
    """What this machine, and the recording, lack."""
    if totals.wall:
        yield f"no wall around replays: {totals.wall}. Known drivers in C are refused by name instead", "red"
    changed = {change.name for change in totals.agreed.left}
    concerned = {name: count for name, count in totals.unsampled.items() if name in changed or not totals.verdicts}
    for name, count in sorted(concerned.items(), key=lambda pair: (-pair[1], pair[0]))[:UNSAMPLED_SHOWN]:
        calls = many(count, "call")
        yield f"{calls} or more of {name} were not sampled when it was recorded (record --sample all)", "yellow"


def _unjudged_changes(totals: Totals) -> Iterator[tuple[str, str]]:
    if totals.selection:
        return
    for change in totals.agreed.left[:CHANGES_SHOWN]:
        yield f"changed and judged by no trace: {change.describe()}", "red"
    if len(totals.agreed.left) > CHANGES_SHOWN:
        yield f"… and {len(totals.agreed.left) - CHANGES_SHOWN} more changes that no trace judged", "red"
    for one in totals.agreed.holding:
        yield f"agreed not to be judged: {one.describe()}", "yellow"
    for one in totals.agreed.over:
        yield f"agreed not to be judged, but its time is over: {one.describe()}", "red"


def _cause_lines(totals: Totals) -> Iterator[str]:
    causes = causes_of(totals.verdicts)
    for cause in causes[:CAUSES_SHOWN]:
        yield from _cause(cause, totals)
    if len(causes) > CAUSES_SHOWN:
        yield f"… and divergences that begin at {len(causes) - CAUSES_SHOWN} more places (see --runtime-json)"


def _cause(cause: Cause, totals: Totals) -> Iterator[str]:
    found = f"{many(len(cause.traces), 'divergence')} in {many(len(cause.classes), 'path class')}"
    verb = "begins" if len(cause.traces) == 1 else "begin"
    if cause.location is None:
        yield f"{found} {verb} at no place that could be found"
        members = (trace for verdict in cause.classes for trace in verdict.traces if trace.trace in cause.traces)
        yield from (f"    {reason}" for reason in sorted({trace.reason for trace in members if trace.reason}))
    else:
        yield f"{found} {verb} at {place(cause.location, totals.root)}"
        yield from side_lines(cause)
    yield from (f"    {line}" for line in sort_lines(cause.sorts, len(cause.traces), FIELDS_SHOWN))


def _rule_lines(totals: Totals) -> Iterator[str]:
    for one in totals.rules():
        ignored = f"{many(one.ignored, 'value')} not compared, " if one.ignored else ""
        why = f" ({one.reason})" if one.reason else ""
        taken = f"{many(one.differences, 'difference')} taken for none"
        yield f"rule: {one.rule}: {ignored}{taken}, in {many(one.traces, 'trace')}{why}"


def _fidelity_lines(totals: Totals) -> Iterator[str]:
    traces = sum(one.traces for one in totals.fidelity.values())
    faithful = sum(one.faithful for one in totals.fidelity.values())
    if faithful < traces:
        yield (
            f"fidelity: on {totals.oracle}, {faithful} of {traces} traces replay as they were recorded "
            f"(pytest-runtime seal {totals.baseline} says why the others do not)"
        )


def _spot_lines(totals: Totals) -> Iterator[tuple[str, str]]:
    if totals.reach_unavailable:
        yield f"blind spots are unknown: {totals.reach_unavailable}", "yellow"
        return
    if not totals.blind_spots or totals.selection:
        return
    lines = [spot for spot in totals.blind_spots if not spot.arm]
    arms = [spot for spot in totals.blind_spots if spot.arm]
    parts = [many(len(lines), "changed line")] if lines else []
    parts += [f"{len(arms)} way{'s' if len(arms) > 1 else ''} out of changed decisions"] if arms else []
    yield f"{' and '.join(parts)} that no trace reaches (blind spots):", "yellow"
    for spot in totals.blind_spots[:SPOTS_SHOWN]:
        never = f"    never: {spot.arm}" if spot.arm else ""
        yield f"  {spot.file}:{spot.line}  {spot.source}{never}", ""
    if len(totals.blind_spots) > SPOTS_SHOWN:
        yield f"  … and {len(totals.blind_spots) - SPOTS_SHOWN} more", ""


_ALWAYS = ("same", "diverged", "not judged", "error")


def _print_counts(reporter: Any, totals: Totals, reason: str) -> None:
    counts = totals.counts()
    bad = bool(any(counts[verdict] for verdict in BAD) or reason)
    shown = {verdict: count for verdict, count in counts.items() if count or verdict in _ALWAYS}
    line = ", ".join(f"{count} {verdict}" for verdict, count in shown.items())
    selected = f" ({len(totals.verdicts)} of {many(totals.classes, 'path class')})" if totals.classes else ""
    reporter.line(
        f"runtime: {many(sum(counts.values()), 'trace')} replayed{selected}: {line}; "
        f"{many(totals.asserted(), 'value')} compared",
        green=bool(counts["same"] or counts["accepted"]) and not bad,
        red=bad,
    )
    if totals.explored:
        failing = totals.differs_explored()
        reporter.line(in_line(total_line(totals.explored)), green=not failing, red=failing)
    if reason:
        reporter.line(in_line(f"runtime: {reason}"), red=True)
