"""The failure text of an item: what diverged, where it begins, and how to replay it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..replay.model.verdict import BAD, ClassVerdict, Location, TraceVerdict, Verdict
from ..replay.run.causes import Cause, SidePair, Sort, causes_of, replay_command, source_line
from .printing import in_line, many

FIELDS_SHOWN = 12
"""Field patterns of one place: half a screen."""

SIDES_SHOWN = 3
"""Pairs of arms at one place: a third already says that it varies."""

_FAILED: dict[Verdict, str] = {
    "hung": "did not end",
    "crashed": "crashed the interpreter or ended its process",
    "error": "could not be replayed or compared",
}


def one_line(verdict: ClassVerdict) -> str:
    """The verdict in a line."""
    diverged = verdict.count("diverged")
    parts = [f"{diverged} of {len(verdict.traces)} traces diverged"] if diverged else []
    parts += [f"{verdict.count(bad)} {words}" for bad, words in _FAILED.items() if verdict.count(bad)]
    return in_line(f"{verdict.entry} · {verdict.words}: {', '.join(parts)}")


def failure_text(verdict: ClassVerdict, baseline: str, root: Path) -> str:
    """Everything about a diverged class, for a person."""
    recorded = many(verdict.recorded, "trace")
    lines = [f"{verdict.entry} · {verdict.words} · {recorded} recorded, {len(verdict.traces)} replayed"]
    for cause in causes_of([verdict]):
        lines += ["", *_beginning(cause, root)]
        lines += [*sort_lines(cause.sorts, len(cause.traces)), *_replaying(cause, baseline)]
    lines += _others(verdict)
    return "\n".join(map(in_line, lines))


def _beginning(cause: Cause, root: Path) -> Iterator[str]:
    if cause.location is None:
        yield f"no place found    {len(cause.traces)} of {cause.replayed}"
        return
    yield place(cause.location, root)
    yield from side_lines(cause)


def place(location: Location, root: Path) -> str:
    """File, line, and what stands there; of a deleted statement what stood there, and between what."""
    if location.deleted:
        around = " and ".join(f"`{line}`" for line in location.between if line)
        where = "" if not around else f"  (between {around})" if all(location.between) else f"  (beside {around})"
        return f"{location.file}:{location.line}  deleted: {location.deleted}{where}"
    return f"{location.file}:{location.line}  {source_line(root, location)}".rstrip()


def side_lines(cause: Cause) -> Iterator[str]:
    """What happened at the place on base and candidate, and in how many of the traces that were replayed."""
    if not cause.sides:
        how = cause.location.how if cause.location is not None else ""
        yield f"    {how}    {len(cause.traces)} of {cause.replayed}"
    for side in cause.sides[:SIDES_SHOWN]:
        yield from _both(side, cause.replayed)


def _both(side: SidePair, replayed: int) -> Iterator[str]:
    width = max(len(side.base), len(side.candidate))
    count = f"{side.traces} of {replayed}" + ("" if side.alike else " (values of the first)")
    yield f"    base       {side.base:<{width}}    {count}"
    yield f"    candidate  {side.candidate:<{width}}    {count}"


def sort_lines(sorts: Sequence[Sort], traces: int, limit: int = FIELDS_SHOWN) -> Iterator[str]:
    """Field patterns with the values of the first trace that shows them, and how many do."""
    width = min(max((len(sort.shown) for sort in sorts), default=0), 60)
    for sort in sorts[:limit]:
        share = f"    in {len(sort.traces)} of {traces}" if len(sort.traces) < traces else ""
        shown = sort.example
        yield f"{sort.shown:<{width}}  {shown.base_text} → {shown.candidate_text}{share}"
    if len(sorts) > limit:
        yield f"… and {len(sorts) - limit} more fields"


def _replaying(cause: Cause, baseline: str) -> Iterator[str]:
    names = cause.traces
    shown = " ".join(names[:2]) + (f" (+{len(names) - 2})" if len(names) > 2 else "")
    yield f"traces {shown}"
    yield f"replay one: {replay_command(baseline, names[0])}"


def _others(verdict: ClassVerdict) -> Iterator[str]:
    """What else is to be said: of diverged traces, of those that failed, of those that are accepted."""
    many = len(verdict.traces)
    left_out = sum(trace.left_out for trace in verdict.traces)
    if left_out:
        yield f"… and {left_out} more differences like these"
    for reason, count in _reasons(verdict, "diverged").items():
        yield f"note on {count} of {many}: {reason}"
    for bad in BAD[1:]:
        for reason, count in _reasons(verdict, bad).items():
            yield from ("", f"{bad} in {count} of {many}: {reason}")
    for reason, count in _reasons(verdict, "accepted").items():
        yield from ("", f"accepted in {count} of {many}: {reason}")


def _reasons(verdict: ClassVerdict, wanted: Verdict) -> Counter[str]:
    found: list[TraceVerdict] = [trace for trace in verdict.traces if trace.verdict == wanted and trace.reason]
    return Counter(trace.reason for trace in found)
