"""Verdicts for an assistant: what a run found, from the headline to one divergence, as typed answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from ..replay.model.finding import Finding
from ..replay.model.verdict import BAD, Location
from ..replay.run.causes import Cause, Sort, causes_of, replay_command
from ..replay.run.evidence import Evidence
from ..replay.run.excerpts import Excerpt
from ..replay.run.result import RunResult
from ..reports.headline import against, headline_of
from ..reports.owners import Owners
from .answers import Answer, Part
from .fence import Fence

FIELDS = 8
"""Differing fields of a divergence that are shown in a list; `show_divergence` has all."""


TRACES = 20
"""Diverged traces that are named of one divergence."""


class Side(Part):
    """What happened at the place, on both sides."""

    base: str
    candidate: str
    traces: int


class Difference(Part):
    """A field that callers, or systems behind, see another value in."""

    field: str
    base: str
    candidate: str
    traces: int


class OutboundCall(Part):
    """An outbound call that differs."""

    kind: Annotated[str, Field(description="changed, extra, missing, moved or refused.")]
    base: str
    candidate: str
    details: list[str]


class Divergence(Part):
    """An observable difference, and the branch or line where it begins."""

    number: int
    where: Annotated[str, Field(description="file:line of the candidate, or empty where no place was found.")]
    function: str
    condition: Annotated[str, Field(description="The decision that goes another way; empty where none does.")]
    sides: list[Side]
    differences: list[Difference]
    outbound: list[OutboundCall]
    entries: list[str]
    traces: str
    trace_ids: list[str]


class FoundInput(Part):
    """An input next to the recorded ones that gives another result."""

    call: str
    base: str
    candidate: str
    where: str


class NotJudged(Part):
    """Why traces were not judged, and what to do about it."""

    traces: int
    recorded: Annotated[int, Field(description="Recorded calls that they represent.")]
    cause: str
    cure: str
    example: str


class Verdict(Part):
    """What came of a validation."""

    safe_to_merge: Annotated[
        Literal["yes", "no", "unknown"], Field(description="unknown is not yes: see why, and what was not judged.")
    ]
    title: str
    why: str
    compared_with: str
    counts: Annotated[dict[str, int], Field(description="Traces by verdict.")]
    values_compared: int
    divergences: list[Divergence]
    found_inputs: list[FoundInput]
    failed: Annotated[list[str], Field(description="Replays that hung, crashed or could not be done.")]
    changed_but_unjudged: Annotated[list[str], Field(description="Changed, run by traffic, judged by no trace.")]
    not_judged: list[NotJudged]
    blind_spots: Annotated[list[str], Field(description="Changed lines that no recorded trace reaches.")]
    lacking: list[str]


class DivergenceAnswer(Answer):
    """One divergence in full."""

    run: str
    divergence: Divergence
    owners: list[str]
    base_source: str
    candidate_source: str
    separating: Annotated[list[str], Field(description="Inputs that tell diverged traces from the same ones.")]
    inputs: Annotated[list[str], Field(description="Rows of inputs: trace, verdict, values.")]
    test: Annotated[str, Field(description="A plain test that asserts what base does; empty where there is none.")]
    debug: str


_SAFE: dict[str, Literal["yes", "no", "unknown"]] = {"safe": "yes", "changed": "no", "unknown": "unknown"}


def verdict_of(result: RunResult, fence: Fence) -> Verdict:
    """A result, whole; what does not fit is cut later."""
    headline = headline_of(result)
    counts: dict[str, int] = {verdict: count for verdict, count in result.counts().items() if count}
    spots = [
        f"{spot.file}:{spot.line} {spot.source}{f' (never: {spot.arm})' if spot.arm else ''}"
        for spot in result.reached.blind_spots
    ]
    return Verdict(
        safe_to_merge=_SAFE[headline.state],
        title=headline.title,
        why=fence(headline.why) if headline.state == "unknown" else headline.why,
        compared_with=against(result),
        counts=counts,
        values_compared=result.asserted(),
        divergences=[divergence_of(number, cause, fence) for number, cause in enumerate(causes_of(result.verdicts), 1)],
        found_inputs=[_found(finding, fence) for judged in result.explored for finding in judged.failing],
        failed=list(_failed(result, fence)),
        changed_but_unjudged=[fence(change.describe()) for change in result.agreed.left],
        not_judged=[
            NotJudged(
                traces=len(group.traces),
                recorded=group.traffic,
                cause=fence(group.cause),
                cure=group.cure,
                example=group.traces[0].trace,
            )
            for group in result.unjudged()
        ],
        blind_spots=spots,
        lacking=[*([f"no wall around replays: {result.wall}"] if result.wall else []), *result.faults],
    )


def _failed(result: RunResult, fence: Fence) -> Iterator[str]:
    rows = dict.fromkeys(
        (judged.entry, trace.verdict, trace.reason, trace.trace)
        for judged in result.verdicts
        for trace in judged.traces
        if trace.verdict in BAD[1:]
    )
    for entry, verdict, reason, trace in rows:
        yield f"{verdict}: {fence.name(entry)}, trace {trace}: {fence(reason)}"
    for module, fault in result.import_faults.items():
        yield f"cannot be imported: {module}: {fence(fault)}"


def _found(finding: Finding, fence: Fence) -> FoundInput:
    return FoundInput(
        call=fence(finding.call),
        base=fence(finding.base),
        candidate=fence(finding.candidate),
        where=_at(finding.location),
    )


def _at(location: Location | None) -> str:
    return f"{location.file}:{location.line}" if location is not None else ""


def divergence_of(number: int, cause: Cause, fence: Fence, *, whole: bool = False) -> Divergence:
    """One cause as a divergence; `whole` with all its fields and traces."""
    place = cause.location
    sides = [Side(base=fence(side.base), candidate=fence(side.candidate), traces=side.traces) for side in cause.sides]
    if place is not None and not sides:
        sides = [Side(base=fence(place.base), candidate=fence(place.candidate or place.how), traces=len(cause.traces))]
    sorts = cause.sorts if whole else cause.sorts[:FIELDS]
    return Divergence(
        number=number,
        where=_at(place),
        function=place.function if place is not None else "",
        condition=(place.condition or "") if place is not None else "",
        sides=sides,
        differences=[_difference(sort, fence) for sort in sorts],
        outbound=[
            OutboundCall(
                kind=effect.kind,
                base=fence(effect.base),
                candidate=fence(effect.candidate),
                details=list(map(fence, effect.details)),
            )
            for effect in cause.effects
            if effect.kind != "same"
        ],
        entries=[fence.name(name) for name in dict.fromkeys(verdict.entry for verdict in cause.classes)],
        traces=f"{len(cause.traces)} of {cause.replayed}",
        trace_ids=list(cause.traces[: TRACES if whole else 3]),
    )


def _difference(sort: Sort, fence: Fence) -> Difference:
    shown = sort.example
    return Difference(
        field=fence.name(sort.shown),
        base=fence(shown.base_text),
        candidate=fence(shown.candidate_text),
        traces=len(sort.traces),
    )


def divergence_answer(run: str, number: int, result: RunResult, fence: Fence) -> DivergenceAnswer:
    """Everything about one divergence; raises `IndexError`."""
    cause = causes_of(result.verdicts)[number - 1]
    evidence = result.evidence_at(cause.location)
    traces = [trace for verdict in cause.classes for trace in verdict.traces if trace.trace in cause.traces]
    return DivergenceAnswer(
        run=run,
        divergence=divergence_of(number, cause, fence, whole=True),
        owners=list(Owners(result.root).of(cause.location.file)) if cause.location is not None else [],
        base_source=_source(evidence.base),
        candidate_source=_source(evidence.candidate),
        separating=[fence.name(name) for name in evidence.variables.columns[: evidence.variables.separating]],
        inputs=list(_rows(evidence, fence)),
        test=fence(next((trace.test for trace in traces if trace.test), "")),
        debug=replay_command(result.baseline.name, cause.traces[0]),
    )


def _source(excerpt: Excerpt | None) -> str:
    """Lines of the source; `>` marks where the divergence begins, `*` what the other side has not."""
    if excerpt is None:
        return ""
    lines = []
    for number, line in enumerate(excerpt.lines, excerpt.first):
        sign = ">" if number == excerpt.marked else "*" if number in excerpt.changed else " "
        lines.append(f"{sign}{number:>5}  {line}")
    return "\n".join(lines)


def _rows(evidence: Evidence, fence: Fence) -> Iterator[str]:
    table = evidence.variables
    if table.rows:
        yield fence(f"trace | verdict | {' | '.join(table.columns)}")
    for row in table.rows:
        yield fence(f"{row.trace} | {row.verdict} | {' | '.join(row.values)}")
