"""Tools that compare traces, and say why some of them fail."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from ...cause_context import circumstances_of
from ...replay.inspect.condition import Condition, parse_condition
from ...replay.inspect.failure_cause import FailureCause, failure_cause
from ...replay.inspect.questions import Asked, Scope, asked
from ...replay.inspect.side_by_side import Column, SideBySide, side_by_side
from ...replay.inspect.suspects import Suspect
from ...reports.postmortem import Circumstances
from ..answers import Answer, Part
from ..fence import Fence
from ..workspace import Workspace
from .parameters import BaselineName, EntryName, Since, Until, Where

DIFFERING, SAME = 25, 15
"""Variables that differ, and that are the same, which are listed."""

ROWS, COLUMNS = 8, 5
"""Single traces in a table, and their variables."""

ALSO = 6


class Variable(Part):
    """One variable over all traces."""

    path: str
    origin: Annotated[str, Field(description="given, asked (of other systems), computed, or shown (to the caller).")]
    values: Annotated[dict[str, str], Field(description="Group → its values.")]
    certainty: str = ""


class TwinRow(Part):
    """Two traces that were given the same, and showed something else."""

    given: str
    one: str
    other: str
    traces: list[str]


class CompareAnswer(Answer):
    """Traces side by side."""

    traces: int
    kept: int
    groups: dict[str, int]
    separating: Annotated[list[Variable], Field(description="Differ exactly between the groups.")]
    differing: list[Variable]
    same: dict[str, str]
    twins: Annotated[list[TwinRow], Field(description="Given the same, and another result.")]
    rows: Annotated[list[str], Field(description="Single traces: trace | group | values of the columns.")]


class SuspectRow(Part):
    """Something that failing traces have and passing ones have not."""

    text: str
    failing: int
    passing: int
    ochiai: float
    increase: Annotated[str, Field(description="Liblit's Increase, and the lower end of its 95 % interval.")]
    certainty: Annotated[str, Field(description="After the number of tries: certain, likely, may be chance.")]
    where: str
    also: Annotated[list[str], Field(description="True of the very same traces.")]
    follows: Annotated[list[str], Field(description="Others that lead to it: it is no cause of its own.")]


class CauseAnswer(Answer):
    """Why traces fail, as far as traffic can say it."""

    fails: str
    failing: int
    passing: int
    first_shows_in: str
    what: str
    place: str
    owners: list[str]
    suspects: list[SuspectRow]
    smallest_set: list[str]
    explains: str
    caution: str
    hits: str
    entries: dict[str, int]
    since: str
    commits: dict[str, str]
    separating: list[Variable]
    failing_traces: list[str]
    passing_traces: list[str]
    test: Annotated[str, Field(description="A plain test of a failing input, which asserts what happens now.")]


class ComparisonTools:
    """Compares traces."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def compare_traces(
        self,
        group: Annotated[str, Field(description="Divide by a condition or the value of a path.")] = "",
        pick: Annotated[list[str], Field(description="Show these variables alone.")] = [],  # noqa: B006 - not changed
        where: Where = "",
        entry: EntryName = "",
        since: Since = "",
        until: Until = "",
        baselines: Annotated[list[str], Field(description="Two baselines compare by baseline.")] = [],  # noqa: B006
    ) -> CompareAnswer:
        """Lay the variables of many traces side by side: what is the same in all, what differs, and what differs
        exactly between groups (failing and passing, staging and production, before and after)."""
        grouped = group or ("baseline" if len(set(baselines)) > 1 else "")
        condition = parse_condition(grouped) if grouped else None
        found = self._asked(baselines, Scope(entry, since, until), where)
        if condition is not None:
            found.check(condition)
            found = found.about(condition)
        table = side_by_side(found.facts, condition, pick=pick, rows=ROWS, columns=COLUMNS, kept=found.kept)
        return _compare_answer(table, self._workspace.fence)

    def explain_failures(
        self,
        fails: Annotated[str, Field(description="What failing is: `response.status >= 500`.")],
        where: Where = "",
        entry: EntryName = "",
        since: Since = "",
        until: Until = "",
        baseline: BaselineName = "",
    ) -> CauseAnswer:
        """Say why recorded traces fail: rank branches, functions and variables by how well they separate failing from
        passing traces, where the fault first shows and whose that is, how much it hits and since when."""
        condition = parse_condition(fails)
        name = self._workspace.baseline(baseline)
        found = self._asked([name], Scope(entry, since, until), where)
        found.check(condition)
        project = self._workspace.project
        cause = failure_cause(found.facts, condition, project.configuration.include, kept=found.kept)
        return _cause_answer(cause, circumstances_of(project, name, cause), self._workspace.fence)

    def _asked(self, names: list[str], scope: Scope, where: str) -> Asked:
        condition: Condition | None = parse_condition(where) if where else None
        with ExitStack() as stack:
            readers = [stack.enter_context(self._workspace.opened(name)) for name in names or [""]]
            found = asked(readers, scope)
        if condition is None:
            return found
        found.check(condition)
        return found._replace(facts=tuple(facts for facts in found.facts if condition.holds(facts)))


def _compare_answer(table: SideBySide, fence: Fence) -> CompareAnswer:
    rows = [f"trace | group | {' | '.join(table.shown)}"] if table.rows else []
    rows += [f"{row.trace} | {row.group} | {' | '.join(row.values)}" for row in table.rows]
    return CompareAnswer(
        traces=table.traces,
        kept=table.kept,
        groups={fence.name(name or "all"): count for name, count in table.groups.items()},
        separating=[_variable(column, fence) for column in table.of("separating")[:DIFFERING]],
        differing=[_variable(column, fence) for column in table.of("differing")[:DIFFERING]],
        same={fence.name(column.path): fence(next(iter(column.groups.values()))) for column in table.of("same")[:SAME]},
        twins=[
            TwinRow(
                given=fence(twins.given),
                one=fence(f"{twins.groups[0]}: {twins.shown[0]}"),
                other=fence(f"{twins.groups[1]}: {twins.shown[1]}"),
                traces=list(twins.traces),
            )
            for twins in table.twins
        ],
        rows=list(map(fence, rows)),
        next=["show_trace(trace=...)", "compare_traces(group=..., pick=[...]) for some variables alone"],
    )


_FAILING = {"true": "failing", "false": "passing"}


def _variable(column: Column, fence: Fence, names: Mapping[str, str] = MappingProxyType({})) -> Variable:
    return Variable(
        path=fence.name(column.path),
        origin=column.origin,
        values={fence.name(names.get(name, name) or "all"): fence(text) for name, text in column.groups.items()},
        certainty=column.certainty or "",
    )


def _cause_answer(cause: FailureCause, around: Circumstances, fence: Fence) -> CauseAnswer:
    found, hits = cause.separation, cause.hits
    before = "traces passed before" if hits.passed_before else "none passed before"
    clients = f", of {hits.callers} clients" if hits.callers else ""
    return CauseAnswer(
        fails=cause.fails,
        failing=found.failing,
        passing=found.passing,
        first_shows_in=cause.shows.domain,
        what=fence(cause.shows.what),
        place=around.file,
        owners=list(around.owners),
        suspects=[_suspect(suspect, fence) for suspect in found.suspects],
        smallest_set=list(map(fence, found.smallest_set)),
        explains=f"{found.explained} of {found.failing} failing traces",
        caution=found.caution,
        hits=f"about {hits.recorded} of {hits.of} recorded traces{clients}",
        entries={fence.name(name): count for name, count in hits.entries.items()},
        since=f"{hits.first} to {hits.last}; {before}" if hits.first else "",
        commits=dict(hits.commits),
        separating=[_variable(column, fence, _FAILING) for column in cause.variables.of("separating")[:DIFFERING]],
        failing_traces=list(cause.traces),
        passing_traces=list(cause.passing),
        test=fence(around.test),
        next=["show_trace(trace=..., values=True) of a failing one", "describe_function(function=...)"],
    )


def _suspect(suspect: Suspect, fence: Fence) -> SuspectRow:
    return SuspectRow(
        text=fence(suspect.text),
        failing=suspect.failing,
        passing=suspect.passing,
        ochiai=suspect.ochiai,
        increase=f"{suspect.increase:.2f} (at least {suspect.increase_at_least:.2f})",
        certainty=suspect.certainty,
        where=f"{suspect.function}:{suspect.line}" if suspect.line else "",
        also=[fence(also) for also in suspect.also[:ALSO]],
        follows=list(map(fence, suspect.follows)),
    )
