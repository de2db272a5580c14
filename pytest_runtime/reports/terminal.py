"""The summary at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..replay.model.verdict import BAD
from ..replay.run.causes import Cause, causes_of
from ..replay.run.result import RunResult
from .explored import summary_lines, total_line
from .failure import place, side_lines, sort_lines
from .headline import against
from .printing import in_line, many
from .unjudged import group_lines

# Of each list what fits on a screen together with the others; the JSON report has all.
SPOTS_SHOWN = 20
CAUSES_SHOWN = 10
FIELDS_SHOWN = 4
CHANGES_SHOWN = 12
UNSAMPLED_SHOWN = 4

MERGE = (
    "what no trace judges or reaches, and acceptances that match nothing, are decided once all shards are merged "
    "(pytest-runtime report merge)"
)


def print_summary(reporter: Any, result: RunResult, reason: str) -> None:
    """Causes, counts of all verdicts, reasons, rules, acceptances, blind spots."""
    if not result.oracle.differs and not result.verdicts and not reason:
        reporter.line(in_line(_nothing(result)), green=True)
        return
    reporter.section(f"runtime: {against(result)}", sep="=")
    for line, colour in _lines(result):
        reporter.line(in_line(line), **{colour: True} if colour else {})
    _print_counts(reporter, result, reason)


def _nothing(result: RunResult) -> str:
    """That there is nothing to replay, and why."""
    if not result.oracle.unread:
        return f"runtime: no file differs from {result.oracle.label} in its meaning; nothing to replay"
    more = f" and {len(result.oracle.unread) - 1} more" if len(result.oracle.unread) > 1 else ""
    return (
        f"runtime: nothing that the recorded traffic loads or reads differs from {result.oracle.label}; "
        f"nothing to replay (changed, and read by none: {result.oracle.unread[0]}{more})"
    )


def _lines(result: RunResult) -> Iterator[tuple[str, str]]:
    """(line, its colour or empty), from what failed to what is only to be known."""
    yield from ((line, "red") for line in _cause_lines(result))
    for module, fault in result.import_faults.items():
        yield f"cannot be imported: {module}: {fault}", "red"
    if result.shard is None:
        yield from _unmatched(result)
    yield from ((line, "yellow") for line in group_lines(result.unjudged()))
    if result.shard is None:
        yield from _unjudged_changes(result)
    yield from _missing(result)
    for acceptance in result.acceptances.used:
        yield f"accepted: {acceptance.describe()}", "yellow"
    yield from summary_lines(result.explored, result.root)
    yield from ((line, "yellow") for line in _rule_lines(result))
    yield from ((line, "") for line in _fidelity_lines(result))
    if result.shard is None:
        yield from _spot_lines(result)


def _unmatched(result: RunResult) -> Iterator[tuple[str, str]]:
    for acceptance in result.acceptances.unmatched:
        yield f"accepted, but not seen any more: {acceptance.describe()}", "red"
    for acceptance in result.acceptances.settled:
        advice = f"remove it with: pytest-runtime prune {result.baseline.name}"
        yield f"accepted, and settled at base: {acceptance.describe()}; {advice}", "yellow"


def _missing(result: RunResult) -> Iterator[tuple[str, str]]:
    """What this machine, and the recording, lack."""
    if result.wall:
        yield f"no wall around replays: {result.wall}. Known drivers in C are refused by name instead", "red"
    for fault in result.faults:
        yield f"a boundary could not be put in place, and what it guards is not answered as recorded: {fault}", "red"
    changed = {change.name for change in result.agreed.left}
    concerned = {
        name: count for name, count in result.baseline.unsampled.items() if name in changed or not result.verdicts
    }
    for name, count in sorted(concerned.items(), key=lambda pair: (-pair[1], pair[0]))[:UNSAMPLED_SHOWN]:
        calls = many(count, "call")
        yield f"{calls} or more of {name} were not sampled when it was recorded (record --sample all)", "yellow"


def _unjudged_changes(result: RunResult) -> Iterator[tuple[str, str]]:
    if result.trace:
        return
    for change in result.agreed.left[:CHANGES_SHOWN]:
        yield f"changed and judged by no trace: {change.describe()}", "red"
    if len(result.agreed.left) > CHANGES_SHOWN:
        yield f"… and {len(result.agreed.left) - CHANGES_SHOWN} more changes that no trace judged", "red"
    for statement in result.agreed.holding:
        yield f"agreed not to be judged: {statement.describe()}", "yellow"
    for statement in result.agreed.over:
        yield f"agreed not to be judged, but its time is over: {statement.describe()}", "red"


def _cause_lines(result: RunResult) -> Iterator[str]:
    causes = causes_of(result.verdicts)
    for cause in causes[:CAUSES_SHOWN]:
        yield from _cause(cause, result)
    if len(causes) > CAUSES_SHOWN:
        yield f"… and divergences that begin at {len(causes) - CAUSES_SHOWN} more places (see --runtime-json)"


def _cause(cause: Cause, result: RunResult) -> Iterator[str]:
    found = f"{many(len(cause.traces), 'divergence')} in {many(len(cause.classes), 'path class')}"
    verb = "begins" if len(cause.traces) == 1 else "begin"
    if cause.location is None:
        yield f"{found} {verb} at no place that could be found"
        members = (trace for verdict in cause.classes for trace in verdict.traces if trace.trace in cause.traces)
        yield from (f"    {reason}" for reason in sorted({trace.reason for trace in members if trace.reason}))
    else:
        yield f"{found} {verb} at {place(cause.location, result.root)}"
        yield from side_lines(cause)
    yield from (f"    {line}" for line in sort_lines(cause.sorts, len(cause.traces), FIELDS_SHOWN))


def _rule_lines(result: RunResult) -> Iterator[str]:
    for rule in result.rules():
        ignored = f"{many(rule.ignored, 'value')} not compared, " if rule.ignored else ""
        why = f" ({rule.reason})" if rule.reason else ""
        taken = f"{many(rule.differences, 'difference')} taken for none"
        yield f"rule: {rule.rule}: {ignored}{taken}, in {many(rule.traces, 'trace')}{why}"


def _fidelity_lines(result: RunResult) -> Iterator[str]:
    traces = sum(entry.traces for entry in result.fidelity.values())
    faithful = sum(entry.faithful for entry in result.fidelity.values())
    if faithful < traces:
        yield (
            f"fidelity: on {result.oracle.label}, {faithful} of {traces} traces replay as they were recorded "
            f"(pytest-runtime seal {result.baseline.name} says why the others do not)"
        )


def _spot_lines(result: RunResult) -> Iterator[tuple[str, str]]:
    if result.reached.unavailable:
        yield f"blind spots are unknown: {result.reached.unavailable}", "yellow"
        return
    if not result.reached.blind_spots or result.trace:
        return
    lines = [spot for spot in result.reached.blind_spots if not spot.arm]
    arms = [spot for spot in result.reached.blind_spots if spot.arm]
    parts = [many(len(lines), "changed line")] if lines else []
    parts += [f"{many(len(arms), 'arm')} of changed decisions"] if arms else []
    yield f"{' and '.join(parts)} that no trace reaches (blind spots):", "yellow"
    for spot in result.reached.blind_spots[:SPOTS_SHOWN]:
        never = f"    never: {spot.arm}" if spot.arm else ""
        yield f"  {spot.file}:{spot.line}  {spot.source}{never}", ""
    if len(result.reached.blind_spots) > SPOTS_SHOWN:
        yield f"  … and {len(result.reached.blind_spots) - SPOTS_SHOWN} more", ""


_ALWAYS = ("same", "diverged", "not judged", "error")


def _print_counts(reporter: Any, result: RunResult, reason: str) -> None:
    counts = result.counts()
    bad = bool(any(counts[verdict] for verdict in BAD) or reason)
    shown = {verdict: count for verdict, count in counts.items() if count or verdict in _ALWAYS}
    line = ", ".join(f"{count} {verdict}" for verdict, count in shown.items())
    selected = (
        f" ({len(result.verdicts)} of {many(result.baseline.classes, 'path class')})" if result.baseline.classes else ""
    )
    reporter.line(
        f"runtime: {many(sum(counts.values()), 'trace')} replayed{selected}: {line}; "
        f"{many(result.asserted(), 'value')} compared",
        green=bool(counts["same"] or counts["accepted"]) and not bad,
        red=bad,
    )
    if result.explored:
        failing = result.differs_explored()
        reporter.line(in_line(total_line(result.explored)), green=not failing, red=failing)
    if result.shard is not None and not reason:
        reporter.line(f"runtime: {result.shard.describe()} alone is no verdict: {MERGE}", yellow=True)
    if reason:
        reporter.line(in_line(f"runtime: {reason}"), red=True)
