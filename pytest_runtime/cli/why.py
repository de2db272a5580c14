"""`pytest-runtime why`: what separates failing traces from passing ones, and where the fault first shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..cause_context import circumstances_of
from ..config import load_project
from ..recorders.errors import ConfigurationError
from ..replay.inspect.condition import parse_condition
from ..replay.inspect.failure_cause import FailureCause, Hits, failure_cause
from ..replay.inspect.questions import Scope
from ..replay.inspect.suspects import Suspect
from ..replay.model.render import cut
from ..reports.postmortem import Circumstances, postmortem_of
from ..reports.printing import many
from .baselines import complete_baselines
from .output import Block, Line, Table, json_option, percent, show
from .questions import asked_of, only_baseline, scope_options

ALSO_SHOWN = 4
"""Others that are true of the same traces and that are named: with five an author would have to choose anyway."""

SEPARATING_SHOWN = 8


@click.command("why")
@click.argument("name", metavar="[BASELINE]", required=False, shell_complete=complete_baselines)
@click.option("--fail", "fails", metavar="CONDITION", required=True, help="What failing is: 'response.status >= 500'.")
@scope_options
@click.option("--postmortem", type=click.Path(path_type=Path), metavar="FILE", help="Write it as Markdown, too.")
@json_option
def why_command(
    name: str | None,
    fails: str,
    entry: str,
    where: str,
    since: str,
    until: str,
    postmortem: Path | None,
    as_json: bool,
) -> None:
    """Rank branches, functions and variables by how well they separate failing traces from passing ones, say where the
    fault first shows and whose that is, how much it hits, and since when. docs/causes.md has the measures."""
    project = load_project(Path.cwd())
    condition = parse_condition(fails)
    baseline = name or only_baseline(project)
    found = asked_of(project, [baseline], Scope(entry, since, until), where)
    found.check(condition)
    cause = failure_cause(found.facts, condition, project.configuration.include, kept=found.kept)
    around = circumstances_of(project, baseline, cause)
    if postmortem is not None:
        try:
            postmortem.write_text(postmortem_of(cause, around), encoding="utf-8")
        except OSError as error:
            raise ConfigurationError(f"{postmortem} cannot be written: {error.strerror}") from error
    show("why", cause, blocks_of(cause, around), as_json=as_json)


def blocks_of(cause: FailureCause, around: Circumstances) -> Iterator[Block]:
    """Where it shows, what separates, whom it hits, and what to look at."""
    found = cause.separation
    yield Line(f"{cause.fails}: {found.failing} failing and {found.passing} passing kept traces", "heading")
    yield Line(f"first shows in {cause.shows.domain}: {cause.shows.what}", "bad", 2)
    if around.file:
        owners = f", owned by {', '.join(around.owners)}" if around.owners else ""
        yield Line(f"at {around.file}{owners}", indent=2)
    yield from _hits(cause.hits)
    yield Line()
    yield from _suspects(found.suspects)
    yield Line(f"{found.tried} branches, functions, values and bounds were tried", "dim", 2)
    if found.smallest_set:
        every = "all" if found.explained == found.failing else f"{found.explained} of the {found.failing}"
        yield Line(f"explains {every} failing traces: {'; '.join(found.smallest_set)}", "heading", 2)
    if found.caution:
        yield Line(f"caution: {found.caution}", "bad", 2)
    yield from _separating(cause)
    yield Line()
    yield Line(f"failing traces {', '.join(cause.traces)}", "dim")
    yield Line(f"look at one: pytest-runtime explain {cause.traces[0]} --baseline {around.baseline} --values", "dim")


def _hits(hits: Hits) -> Iterator[Block]:
    clients = f", of {many(hits.callers, 'client')}" if hits.callers else ""
    yield Line(
        f"about {hits.recorded} of {hits.of} recorded traces ({percent(hits.recorded, hits.of)}){clients}", "", 2
    )
    yield Line(f"through {', '.join(f'{name} ({count})' for name, count in hits.entries.items())}", "", 2)
    if hits.first:
        before = "traces passed before" if hits.passed_before else "none passed before"
        yield Line(f"since {hits.first}, last {hits.last} UTC; {before}", "", 2)
    if len(hits.commits) > 1:
        yield Line(f"by commit: {', '.join(f'{name} {share}' for name, share in hits.commits.items())}", "", 2)


def _suspects(suspects: tuple[Suspect, ...]) -> Iterator[Block]:
    if not suspects:
        return
    rows = [
        [
            str(number),
            cut(suspect.text, 70),
            str(suspect.failing),
            str(suspect.passing),
            f"{suspect.ochiai:.2f}",
            f"{suspect.increase:.2f} (≥ {suspect.increase_at_least:.2f})",
            suspect.certainty,
            f"{suspect.function}:{suspect.line}" if suspect.line else "",
        ]
        for number, suspect in enumerate(suspects, 1)
    ]
    headings = ("", "true of", "failing", "passing", "Ochiai", "increase", "certainty", "where")
    yield Table(headings, rows, frozenset({"", "failing", "passing", "Ochiai"}), 2)
    for number, suspect in enumerate(suspects, 1):
        if suspect.follows:
            yield Line(f"{number} follows from: {'; '.join(suspect.follows)}", "dim", 4)
        if suspect.also:
            more = f" (+{len(suspect.also) - ALSO_SHOWN})" if len(suspect.also) > ALSO_SHOWN else ""
            yield Line(f"{number} is true where these are: {'; '.join(suspect.also[:ALSO_SHOWN])}{more}", "dim", 4)


def _separating(cause: FailureCause) -> Iterator[Block]:
    columns = [column for column in cause.variables.of("separating") if column.certainty != "may be chance"]
    if columns:
        yield Line()
        yield Line("differs exactly between failing and passing", "heading")
        rows = [
            [
                column.path,
                column.origin,
                cut(column.groups.get("true", ""), 50),
                cut(column.groups.get("false", ""), 50),
            ]
            for column in columns[:SEPARATING_SHOWN]
        ]
        yield Table(("variable", "is", "failing", "passing"), rows, indent=2)
