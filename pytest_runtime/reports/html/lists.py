"""The lists of the HTML report: all that is to be known besides the causes, each with one line an item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...replay.judge.blind_spots import BlindSpot
from ...replay.run.excerpts import Excerpt
from ...replay.run.result import RunResult
from ..explored import counts
from ..printing import many


class Item(NamedTuple):
    """One line, and what is to be said below it."""

    text: str
    more: str = ""


class Line(NamedTuple):
    """One line of source."""

    number: int
    text: str
    changed: bool
    marks: tuple[str, ...]
    """What is to be said of it."""


class Source(NamedTuple):
    """A part of a file, with what is to be said of its lines."""

    file: str
    lines: list[Line]


class Section(NamedTuple):
    """A list with a title."""

    id: str
    short: str
    """Its title in the navigation."""
    title: str
    hint: str
    items: list[Item]
    sources: list[Source] = []  # noqa: RUF012  # of a tuple, and never added to

    @property
    def number(self) -> int:
        """How much it holds."""
        return len(self.items) + sum(len(line.marks) for source in self.sources for line in source.lines)


def lists_of(result: RunResult) -> list[Section]:
    """The lists that hold something, from what fails the run to what is only to be known."""
    return [section for section in _all(result) if section.number]


def _all(result: RunResult) -> Iterator[Section]:
    yield Section(
        "explored", "Explored inputs", "Inputs next to the recorded ones that behave differently", "", _found(result)
    )
    yield Section("failed", "Failed replays", "Replays that failed", "", _failed(result))
    yield Section(
        "unjudged-changes",
        "Unjudged changes",
        "Changed, run by recorded traffic, and judged by no trace",
        "Each fails the run: what it does there is unknown.",
        [Item(change.describe(), ", ".join(change.entries)) for change in result.agreed.left],
    )
    yield Section("not-judged", "Not judged", "Traces that were not judged", "Most traffic first.", _unjudged(result))
    yield _blind_spots(result)
    yield Section("accepted", "Accepted", "Accepted changes", "", _accepted(result))
    yield Section("rules", "Rules", "What rules of comparison did", "", _rules(result))
    yield Section(
        "fidelity", "Fidelity", "Traces that base does not replay as they were recorded", "", _fidelity(result)
    )
    yield Section("lacking", "Missing here", "What this machine or the recording lacks", "", _lacking(result))


def _blind_spots(result: RunResult) -> Section:
    """On the source where the result has it, else in a line each."""
    reached = result.reached
    at: dict[tuple[str, int], list[BlindSpot]] = {}
    for spot in reached.blind_spots:
        at.setdefault((spot.file, spot.line), []).append(spot)
    sources = [_source(excerpt, at) for excerpt in reached.around]
    drawn = {(source.file, line.number) for source in sources for line in source.lines}
    items = [
        Item(f"{spot.file}:{spot.line}  {spot.source}", f"never: {spot.arm}" if spot.arm else "")
        for place, spots in at.items()
        if place not in drawn
        for spot in spots
    ]
    hint = f"Unknown: {reached.unavailable}" if reached.unavailable else ""
    title = "Changed lines and arms that no trace reaches"
    return Section("blind-spots", "Blind spots", title, hint, items, sources)


def _source(excerpt: Excerpt, at: Mapping[tuple[str, int], Sequence[BlindSpot]]) -> Source:
    changed = set(excerpt.changed)
    return Source(
        excerpt.file,
        [
            Line(
                number,
                text,
                number in changed,
                tuple(
                    f"never: {spot.arm}" if spot.arm else "no trace reaches this"
                    for spot in at.get((excerpt.file, number), ())
                ),
            )
            for number, text in enumerate(excerpt.lines, excerpt.first)
        ],
    )


def _found(result: RunResult) -> list[Item]:
    found = []
    for judged in result.explored:
        for finding in judged.failing:
            place = finding.location
            where = f" · {place.file}:{place.line}" if place is not None else ""
            found.append(Item(finding.call, f"base {finding.base} · candidate {finding.candidate}{where}"))
        if judged.explored.reason:
            found.append(Item(judged.explored.target, f"not explored: {judged.explored.reason}"))
        elif not judged.failing:
            found.append(Item(judged.explored.target, counts(judged.explored)))
    return found


def _failed(result: RunResult) -> list[Item]:
    rows: dict[tuple[str, str, str], int] = {}
    for verdict in result.verdicts:
        for trace in verdict.traces:
            if trace.verdict in ("hung", "crashed", "error"):
                key = (verdict.entry, trace.verdict, trace.reason)
                rows[key] = rows.get(key, 0) + 1
    return [
        Item(f"{entry}: {many(count, 'trace')} {verdict}", reason) for (entry, verdict, reason), count in rows.items()
    ]


def _unjudged(result: RunResult) -> list[Item]:
    return [
        Item(
            f"{many(len(group.traces), 'trace')}, {many(group.traffic, 'recorded call')}: {group.cause}",
            f"To have them judged: {group.cure}" if group.cure else "",
        )
        for group in result.unjudged()
    ]


def _accepted(result: RunResult) -> list[Item]:
    acceptances = result.acceptances
    found = [Item(acceptance.describe()) for acceptance in acceptances.used]
    found += [
        Item(acceptance.describe(), "matches nothing any more: it fails the run")
        for acceptance in acceptances.unmatched
    ]
    found += [Item(acceptance.describe(), "settled at base: prune it") for acceptance in acceptances.settled]
    found += [Item(f"not to be judged: {statement.describe()}") for statement in result.agreed.holding]
    found += [Item(f"not to be judged: {statement.describe()}", "its time is over") for statement in result.agreed.over]
    return found


def _rules(result: RunResult) -> list[Item]:
    return [
        Item(
            rule.rule,
            f"{many(rule.differences, 'difference')} taken for none, {many(rule.ignored, 'value')} not compared, "
            f"in {many(rule.traces, 'trace')}{f': {rule.reason}' if rule.reason else ''}",
        )
        for rule in result.rules()
    ]


def _fidelity(result: RunResult) -> list[Item]:
    return [
        Item(f"{entry}: {many(count, 'trace')}", reason)
        for entry, fidelity in result.fidelity.items()
        for reason, count in fidelity.reasons.items()
    ]


def _lacking(result: RunResult) -> list[Item]:
    found = (
        [Item(f"no wall around replays: {result.wall}", "known drivers in C are refused by name instead")]
        if result.wall
        else []
    )
    found += [Item("a boundary could not be put in place", fault) for fault in result.faults]
    found += [Item(f"cannot be imported: {module}", fault) for module, fault in result.import_faults.items()]
    found += [
        Item(f"{many(calls, 'call')} or more of {name} were not sampled", "record them with: record --sample all")
        for name, calls in result.baseline.unsampled.items()
    ]
    return found
