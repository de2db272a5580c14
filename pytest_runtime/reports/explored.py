"""What exploring found, rendered in the text of an item, and in the summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..replay.model.finding import Explored, Finding
from ..replay.run.causes import source_line
from ..replay.run.exploration import JudgedExploration
from .printing import in_line, many

LISTED = 10
"""Far findings that the summary lists: they fail nothing, and the JSON report has them all."""


def one_line(judged: JudgedExploration) -> str:
    """The findings in a line."""
    first = judged.failing[0]
    more = f" (and {len(judged.failing) - 1} more)" if len(judged.failing) > 1 else ""
    return in_line(" ".join(f"{first.call}: base {first.base}, candidate {first.candidate}{more}".split()))


def failure_text(judged: JudgedExploration, root: Path) -> str:
    """Everything about what failed, for a person."""
    explored = judged.explored
    lines: list[str] = [one_line(judged)]
    for finding in judged.failing:
        lines += ["", *finding_lines(finding, root)]
    lines += ["", f"explored {explored.target}: {counts(explored)}"]
    for finding, reason in judged.accepted:
        lines += ["", f"accepted ({reason}): {finding.call}"]
    if judged.listed:
        lines += ["", "far from what was recorded, and listed only:"]
        lines += [
            f"    {finding.call}: base {finding.base}, candidate {finding.candidate}" for finding in judged.listed
        ]
    return "\n".join(map(in_line, lines))


def finding_lines(finding: Finding, root: Path) -> Iterator[str]:
    """One finding: the call, what each side did, where it begins."""
    yield finding.call
    yield f"    base       {finding.base}"
    yield f"    candidate  {finding.candidate}"
    place = finding.location
    if place is not None:
        yield f"    {place.file}:{place.line}  {source_line(root, place)}".rstrip()
        if place.base or place.candidate:
            yield f"        base       {place.base}"
            yield f"        candidate  {place.candidate}"
        else:
            yield f"        {place.how}"
    if finding.seen:
        yield f"    propagates to {finding.entry}: {finding.seen}"
    if not finding.near:
        yield "    (far from what was recorded)"


def counts(explored: Explored) -> str:
    """The results of the inputs, counted."""
    found = explored.counts
    parts = [f"{many(found.examples, 'example')} from {many(explored.recorded, 'recorded input')}"]
    parts += [f"{found.same} the same"] if found.same else []
    parts += [f"{found.rejected} rejected: they led to something unrecorded"] if found.rejected else []
    violations = many(found.precondition_violations, "precondition violation")
    parts += [f"{violations} on base"] if found.precondition_violations else []
    parts += [f"{found.not_propagated} not propagated to the entry"] if found.not_propagated else []
    parts += [f"{found.inconclusive} inconclusive: whether the entry shows it is unknown"] if found.inconclusive else []
    return ", ".join(parts)


def summary_lines(found: Sequence[JudgedExploration], root: Path) -> Iterator[tuple[str, str]]:
    """(line, its colour or empty) of the summary of a run."""
    done = [judged for judged in found if not judged.explored.reason]
    for judged in done:
        for finding in judged.failing:
            first, *rest = finding_lines(finding, root)
            yield f"differs: {first}", "red"
            yield from ((line, "red") for line in rest)
    accepted = [pair for judged in done for pair in judged.accepted]
    yield from ((f"accepted: {finding.call} ({reason})", "yellow") for finding, reason in accepted)
    listed = [finding for judged in done for finding in judged.listed]
    for finding in listed[:LISTED]:
        text = f"base {finding.base}, candidate {finding.candidate}"
        yield f"far from what was recorded: {finding.call}: {text}", "yellow"
    if len(listed) > LISTED:
        yield f"… and {len(listed) - LISTED} more that are far (see --runtime-json)", "yellow"
    for judged in found:
        if judged.explored.reason:
            yield f"not explored: {judged.explored.target}: {judged.explored.reason}", ""


def total_line(found: Sequence[JudgedExploration]) -> str:
    """All of it in a line."""
    done = [judged.explored.counts for judged in found if not judged.explored.reason]
    failing = sum(len(judged.failing) for judged in found)
    listed = sum(len(judged.listed) for judged in found)
    rejected = sum(counts.rejected for counts in done)
    inconclusive = sum(counts.inconclusive for counts in done)
    examples = sum(counts.examples for counts in done)
    return (
        f"runtime: explored {many(len(done), 'function')} with {many(examples, 'example')}: "
        f"{many(failing, 'difference')}, {listed} far, {rejected} rejected, {inconclusive} inconclusive"
        + (f"; {many(len(found) - len(done), 'function')} not explored" if len(found) > len(done) else "")
    )
