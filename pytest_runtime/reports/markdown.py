"""The Markdown report: for the summary of a CI job, and for a comment on a pull request.

Texts of a baseline and of a candidate stand in code spans and blocks alone, where GitHub's Markdown
(https://github.github.com/gfm/) takes nothing for markup, a mention or a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..replay.judge.unjudged import UnjudgedGroup
from ..replay.model.verdict import Effect
from ..replay.run.causes import Cause, Sort, causes_of, replay_command
from ..replay.run.result import RunResult
from .failure import SIDES_SHOWN
from .headline import State, against, counts_line, headline_of
from .owners import Owners
from .printing import in_line, many, printable

CAUSES_SHOWN = 10
"""Causes in a comment; the HTML report has all."""

FIELDS_SHOWN = 8
SPOTS_SHOWN = 10
ENTRIES_SHOWN = 5
REASONS_SHOWN = 8

LIMIT = 60_000
"""Characters: GitHub refuses comments of more than 65,536, and the caller may add lines."""

SIGNS: dict[State, str] = {"safe": "✅", "changed": "❌", "unknown": "⚠️"}


def markdown_of(result: RunResult, *, limit: int = LIMIT) -> str:
    """The report, in at most `limit` characters."""
    headline = headline_of(result)
    owners = Owners(result.root)
    lines = [
        f"## {SIGNS[headline.state]} {headline.title}",
        "",
        f"{code(headline.why) if headline.state == 'unknown' else headline.why}",
        "",
        f"{code(against(result))} · {counts_line(result)}",
    ]
    causes = causes_of(result.verdicts)
    blocks = ["\n".join(lines)]
    blocks += [
        "\n".join(_cause(number, cause, result, owners)) for number, cause in enumerate(causes[:CAUSES_SHOWN], 1)
    ]
    if len(causes) > CAUSES_SHOWN:
        blocks.append(f"… and divergences that begin at {len(causes) - CAUSES_SHOWN} more places.")
    blocks += ["\n".join(section) for section in (_explored(result), _failed(result), *_rest(result))]
    return _within([block for block in blocks if block], limit)


def _within(blocks: Sequence[str], limit: int) -> str:
    """Whole blocks only, so that no code block stays open."""
    more = "\n\n… the rest is in the HTML and JSON reports.\n"
    kept: list[str] = []
    used = len(more)
    for block in blocks:
        used += len(block) + 2
        if used > limit:
            return "\n\n".join(kept) + more
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def code(text: str) -> str:
    """A text as a code span of one line, whatever is in it."""
    shown = in_line(text) or " "
    fence = "`" * (max((len(run) for run in re.findall("`+", shown)), default=0) + 1)
    padding = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{padding}{shown}{padding}{fence}"


def cell(text: str) -> str:
    """A text as a code span in a row of a table, where a bar ends the cell unless it is escaped."""
    return code(text).replace("|", "\\|")


def block(lines: Iterable[str]) -> Iterator[str]:
    """Lines as a code block, whatever is in them."""
    shown = [printable(line) for line in lines]
    fence = "`" * max([3, *(len(run) + 1 for line in shown for run in re.findall("`+", line))])
    yield from (f"{fence}text", *shown, fence)


def _cause(number: int, cause: Cause, result: RunResult, owners: Owners) -> Iterator[str]:
    place = cause.location
    title = f"{place.file}:{place.line}" if place is not None else "no place found"
    yield f"### {number}. {code(title)}: {many(len(cause.traces), 'trace')} of {cause.replayed}"
    names = owners.of(place.file) if place is not None else ()
    if names:
        yield f"Owners: {', '.join(map(code, names))}"
    yield ""
    yield from block(_source(cause, result))
    yield ""
    yield from _fields(cause.sorts)
    effects = [effect for effect in cause.effects if effect.kind != "same"]
    if effects:
        yield ""
        yield from _effects(effects)
    yield ""
    entries = dict.fromkeys(verdict.entry for verdict in cause.classes)
    seen_at = ", ".join(map(code, list(entries)[:ENTRIES_SHOWN]))
    yield f"Seen at {seen_at}{' …' if len(entries) > ENTRIES_SHOWN else ''}. Replay one:"
    yield ""
    yield from block([replay_command(result.baseline.name, cause.traces[0])])


def _source(cause: Cause, result: RunResult) -> Iterator[str]:
    evidence = result.evidence_at(cause.location)
    for sign, excerpt in (("-", evidence.base), ("+", evidence.candidate)):
        if excerpt is not None:
            changed = [number for number in excerpt.changed if abs(number - (excerpt.marked or number)) <= 4][:8]
            yield from (f"{sign} {number:>4}  {excerpt.lines[number - excerpt.first]}" for number in changed)
    if cause.location is not None and cause.location.deleted:
        yield f"- {cause.location.deleted}"
    elif cause.location is not None and not cause.sides:
        yield cause.location.how
    for side in cause.sides[:SIDES_SHOWN]:
        yield f"base       {side.base}    {side.traces} of {cause.replayed}"
        yield f"candidate  {side.candidate}    {side.traces} of {cause.replayed}"


def _fields(sorts: Sequence[Sort]) -> Iterator[str]:
    yield "| what callers see | base | candidate | traces |"
    yield "|---|---|---|---|"
    for sort in sorts[:FIELDS_SHOWN]:
        shown = sort.example
        yield f"| {cell(sort.shown)} | {cell(shown.base_text)} | {cell(shown.candidate_text)} | {len(sort.traces)} |"
    if len(sorts) > FIELDS_SHOWN:
        yield f"| … {len(sorts) - FIELDS_SHOWN} more fields | | | |"


def _effects(effects: Sequence[Effect]) -> Iterator[str]:
    yield "| outbound call | base | candidate | what changed |"
    yield "|---|---|---|---|"
    for effect in effects[:FIELDS_SHOWN]:
        base, candidate = (cell(words) if words else "" for words in (effect.base, effect.candidate))
        yield f"| {effect.kind} | {base} | {candidate} | {', '.join(map(cell, effect.details))} |"


def _explored(result: RunResult) -> Iterator[str]:
    failing = [finding for judged in result.explored for finding in judged.failing]
    if not failing:
        return
    yield f"### {many(len(failing), 'input')} next to the recorded ones"
    yield ""
    yield "| input | base | candidate |"
    yield "|---|---|---|"
    for finding in failing[:CAUSES_SHOWN]:
        yield f"| {cell(finding.call)} | {cell(finding.base)} | {cell(finding.candidate)} |"


def _failed(result: RunResult) -> Iterator[str]:
    rows = [
        (judged.entry, trace.verdict, trace.reason)
        for judged in result.verdicts
        for trace in judged.traces
        if trace.verdict in ("hung", "crashed", "error")
    ]
    if rows:
        yield f"### {many(len(rows), 'replay')} failed"
        yield ""
    for entry, verdict, reason in list(dict.fromkeys(rows))[:REASONS_SHOWN]:
        yield f"- {code(entry)} {verdict}: {code(reason)}"


def _rest(result: RunResult) -> Iterator[Iterable[str]]:
    yield _details("Changed and judged by no trace", [change.describe() for change in result.agreed.left])
    yield _details("Not judged", list(map(_reason, result.unjudged())))
    spots = [
        f"{spot.file}:{spot.line}  {spot.source}{f'  never: {spot.arm}' if spot.arm else ''}"
        for spot in result.reached.blind_spots
    ]
    yield _details("Changed lines that no trace reaches (blind spots)", spots)
    unmatched = [acceptance.describe() for acceptance in result.acceptances.unmatched]
    yield _details("Accepted, but not seen any more: remove what is settled", unmatched)
    yield _details("Accepted", [acceptance.describe() for acceptance in result.acceptances.used])
    lacking = [*([f"no wall around replays: {result.wall}"] if result.wall else []), *result.faults]
    yield _details("What this machine lacks", lacking)


def _reason(group: UnjudgedGroup) -> str:
    cure = f". To have them judged: {group.cure}" if group.cure else ""
    return f"{many(len(group.traces), 'trace')}: {group.cause}{cure}"


def _details(title: str, texts: Sequence[str]) -> Iterator[str]:
    if not texts:
        return
    yield f"<details><summary>{title}: {len(texts)}</summary>"
    yield ""
    yield from (f"- {code(text)}" for text in texts[:SPOTS_SHOWN])
    if len(texts) > SPOTS_SHOWN:
        yield f"- … and {len(texts) - SPOTS_SHOWN} more"
    yield ""
    yield "</details>"
