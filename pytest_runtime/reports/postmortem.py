"""The postmortem of failures, as Markdown: what happened, where, to whom, since when, with the evidence.

Texts of a baseline stand in code spans and blocks alone, as in the Markdown report.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..replay.inspect.failure_cause import FailureCause
from ..replay.inspect.side_by_side import SideBySide
from ..replay.inspect.suspects import Suspect
from .markdown import block, cell, code

SUSPECTS = 6
COLUMNS = 12


class Circumstances(NamedTuple):
    """What is known of the project around a failure."""

    baseline: str
    file: str
    """Where the fault first shows, `file:line` below the project's root; empty where that is no code of the project."""
    owners: tuple[str, ...]
    test: str
    """A plain test of a failing input; empty where there is none."""
    no_test: str


def postmortem_of(cause: FailureCause, around: Circumstances) -> str:
    """The document."""
    return "\n".join(_lines(cause, around)) + "\n"


def _lines(cause: FailureCause, around: Circumstances) -> Iterator[str]:
    hits = cause.hits
    yield f"# Postmortem: {code(cause.fails)}"
    yield ""
    yield f"- first shows in: {cause.shows.domain}: {code(cause.shows.what)}"
    if around.file:
        owners = f", owned by {', '.join(map(code, around.owners))}" if around.owners else ""
        yield f"- place: {code(around.file)}{owners}"
    yield f"- hits: about {hits.recorded} of {hits.of} recorded traces{_callers(hits.callers)}"
    yield f"- entries: {', '.join(f'{code(name)} ({count} kept traces)' for name, count in hits.entries.items())}"
    if hits.first:
        before = "traces passed before that" if hits.passed_before else "nothing that was recorded passed before that"
        yield f"- first seen {hits.first}, last seen {hits.last} (UTC); {before}"
    yield f"- by commit: {', '.join(f'{code(name)} {share}' for name, share in hits.commits.items())}"
    yield ""
    yield from _separation(cause)
    yield from _variables(cause.variables)
    yield from _evidence(cause, around)


def _callers(count: int) -> str:
    return f", of {count} different client{'s' if count > 1 else ''}" if count else ""


def _separation(cause: FailureCause) -> Iterator[str]:
    found = cause.separation
    yield "## What separates failing from passing traces"
    yield ""
    yield f"{found.failing} failing and {found.passing} passing traces were looked at, and {found.tried} things tried."
    if found.caution:
        yield ""
        yield f"**Caution:** {found.caution}."
    yield ""
    if found.suspects:
        yield "| | failing | passing | Ochiai | increase (at least) | chance | where |"
        yield "|---|---|---|---|---|---|---|"
        yield from map(_suspect, found.suspects[:SUSPECTS])
        yield ""
    if found.smallest_set:
        every = "all" if found.explained == found.failing else f"{found.explained} of {found.failing}"
        yield f"Together these explain {every} failing traces: {'; '.join(map(code, found.smallest_set))}."
        yield ""


def _suspect(suspect: Suspect) -> str:
    where = cell(f"{suspect.function}:{suspect.line}") if suspect.line else ""
    increase = f"{suspect.increase:.2f} ({suspect.increase_at_least:.2f})"
    numbers = f"{suspect.failing} | {suspect.passing} | {suspect.ochiai:.2f} | {increase} | {suspect.certainty}"
    return f"| {cell(suspect.text)} | {numbers} | {where} |"


def _variables(table: SideBySide) -> Iterator[str]:
    columns = [column for column in table.columns if column.kind == "separating"][:COLUMNS]
    if not columns:
        return
    names = list(table.groups)
    yield "## Variables that differ exactly between them"
    yield ""
    yield f"| variable | {' | '.join(map(_group, names))} |"
    yield f"|---|{'---|' * len(names)}"
    for column in columns:
        yield f"| {cell(column.path)} | {' | '.join(cell(column.groups.get(name, '')) for name in names)} |"
    yield ""


def _group(name: str) -> str:
    return {"true": "failing", "false": "passing"}.get(name, name)


def _evidence(cause: FailureCause, around: Circumstances) -> Iterator[str]:
    yield "## Evidence"
    yield ""
    yield f"Failing traces: {_traces(cause.traces)}. Passing ones: {_traces(cause.passing)}. Look at one:"
    yield ""
    yield from block([f"pytest-runtime explain {cause.traces[0]} --baseline {around.baseline} --values"])
    yield ""
    yield "## The test that would have caught it"
    yield ""
    if around.test:
        yield "It asserts what happens now: turn its last assertion round."
        yield ""
        yield from block(["def test_it_does_not_fail_so():", *(f"    {line}" for line in around.test.splitlines())])
    else:
        yield f"None can be written of a failing trace: {around.no_test}. Its replay differs once it is mended:"
        yield ""
        yield from block([f"pytest --runtime-baseline={around.baseline} --runtime-trace {cause.traces[0]}"])


def _traces(names: Sequence[str]) -> str:
    return ", ".join(map(code, names)) or "none"
