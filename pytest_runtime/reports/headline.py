"""The headline of a report: whether the change is safe to merge, and why, in two sentences."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from ..replay.model.verdict import BAD
from ..replay.run.causes import causes_of
from ..replay.run.result import RunResult
from .printing import in_line, many

State: TypeAlias = Literal["safe", "changed", "unknown"]


class Headline(NamedTuple):
    """What a reader sees first."""

    state: State
    """`unknown` where nothing diverged and the run is no pass all the same."""
    title: str
    why: str


def headline_of(result: RunResult) -> Headline:
    """Whether the change is safe to merge, and why."""
    counts = result.counts()
    if any(counts[verdict] for verdict in BAD):
        return Headline("changed", "Not safe to merge as it is: callers see a change", _changed(result))
    if result.differs_explored():
        found = sum(len(judged.failing) for judged in result.explored)
        why = f"{many(found, 'input')} next to the recorded ones gave another result; all recorded traces are the same."
        return Headline("changed", "Not safe to merge as it is: inputs near the traffic behave differently", why)
    reason = result.no_pass()
    if reason:
        return Headline("unknown", "Not known to be safe to merge", f"{in_line(reason[:1].upper() + reason[1:])}.")
    if not result.oracle.differs:
        return Headline("safe", "Safe to merge: nothing that the recorded traffic runs has changed", _nothing(result))
    return Headline("safe", "Safe to merge: callers see no change", _same(result))


def counts_line(result: RunResult) -> str:
    """Traces by verdict, in a line."""
    counts = {verdict: count for verdict, count in result.counts().items() if count}
    shown = ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "none replayed"
    return f"{many(sum(counts.values()), 'trace')}: {shown}; {many(result.asserted(), 'value')} compared"


def against(result: RunResult) -> str:
    """Which baseline, and what the candidate is compared with."""
    part = f", {result.shard.describe()}" if result.shard is not None else ""
    return in_line(f"baseline {result.baseline.name}, compared with {result.oracle.label}{part}")


def _changed(result: RunResult) -> str:
    counts = result.counts()
    parts = []
    if counts["diverged"]:
        causes = causes_of(result.verdicts)
        traffic = f"{counts['diverged']} of {many(sum(counts.values()), 'trace')} diverged"
        parts.append(f"{traffic}, at {many(len(causes), 'place')}")
    words = {"hung": "did not end", "crashed": "crashed", "error": "could not be replayed"}
    parts += [f"{many(counts[bad], 'trace')} {words[bad]}" for bad in BAD[1:] if counts[bad]]
    return f"{'; '.join(parts)}."


def _nothing(result: RunResult) -> str:
    unread = result.oracle.unread
    read = f"{many(len(unread), 'changed file')} that no trace loads or reads" if unread else "no file differs"
    return in_line(f"Compared with {result.oracle.label}: {read}.")


def _same(result: RunResult) -> str:
    counts = result.counts()
    accepted = f", {counts['accepted']} as accepted" if counts["accepted"] else ""
    unjudged = f"; {counts['not judged']} could not be judged" if counts["not judged"] else ""
    compared = many(result.asserted(), "value")
    return f"{many(counts['same'], 'trace')} came out the same{accepted}{unjudged}; {compared} compared."
