"""Tools on baselines: which there are, what traffic they hold, what really happens in an entry or a function."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ...recorders.errors import StoreError
from ...replay.inspect.entries import BranchRate, EntryTraffic, PathTraffic, contents_of, entry_contents
from ...replay.inspect.examples import Example
from ...replay.inspect.functions import FunctionTraffic, UnknownFunction, function_traffic, functions_of
from ...replay.inspect.overview import Overview, overview_of
from ...wiring import known_names, open_baseline
from ..answers import Answer, Part
from ..failures import Refused, did_you_mean, listed
from ..fence import Fence
from ..workspace import Workspace
from .parameters import BaselineName

EXAMPLES = 3
"""Examples of a function, each of another path."""

PATHS = 8
"""Paths of an entry that are described at first."""


class BaselineRow(Part):
    """A baseline."""

    name: str
    entries: int
    paths: int
    recorded: int
    kept: int
    last_recorded: str
    commit: str
    sealed_on: str
    problem: str


class Baselines(Answer):
    """The baselines of the project."""

    project: str
    include: list[str]
    baselines: list[BaselineRow]
    note: str = ""


class EntryRow(Part):
    """An entry and its traffic."""

    name: str
    kind: str
    recorded: int
    share: Annotated[float, Field(description="Part of all recorded traces, 0 to 1.")]
    error_rate: Annotated[float, Field(description="Part that raised or answered 5xx, 0 to 1.")]
    outcomes: dict[str, int]
    paths: int
    not_recorded: int


class Entries(Answer):
    """The entries of a baseline, those with most traffic first."""

    baseline: str
    recorded: int
    entries: list[EntryRow]
    functions: Annotated[dict[str, int], Field(description="Included functions → recorded traces that ran them.")]


class ExampleRow(Part):
    """A kept trace in words."""

    trace: str
    input: str
    outcome: str


class BranchRow(Part):
    """A decision and the traces that took each arm."""

    where: str
    condition: str
    arms: dict[str, int]


class PathRow(Part):
    """A path class of an entry."""

    words: str
    outcome: str
    recorded: int
    rate: float
    not_judged: Annotated[int, Field(description="Kept traces that base does not replay as recorded.")]
    conditions: list[str]
    example: ExampleRow | None
    traces: list[str]


class EntryAnswer(Answer):
    """An entry in full."""

    baseline: str
    entry: EntryRow
    input_shape: str
    outcome_shape: str
    branches: list[BranchRow]
    paths: list[PathRow]


class FunctionAnswer(Answer):
    """What really happens in a function."""

    baseline: str
    function: str
    lines: str
    runs: Annotated[int, Field(description="Recorded traces that ran it, about.")]
    entries: Annotated[dict[str, str], Field(description="Entry → traces that came through it.")]
    branches: list[BranchRow]
    never_taken: Annotated[list[str], Field(description="Arms that no recorded trace took.")]
    results: Annotated[dict[str, int], Field(description="What it returned → kept traces.")]
    exceptions: Annotated[dict[str, int], Field(description="How traces that ran it failed → kept traces.")]
    input_shape: str
    outcome_shape: str
    examples: list[ExampleRow]
    source: str
    note: str = ""


class BaselineTools:
    """Reads baselines."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._fence = workspace.fence

    def list_baselines(self) -> Baselines:
        """List the baselines of this project: recorded real traffic, on which changes are judged. Start here."""
        project = self._workspace.project
        names, problem = known_names(project)
        rows = []
        for name in names:
            try:
                reader = open_baseline(project, name)
                try:
                    rows.append(_baseline_row(overview_of(name, reader, project.root)))
                finally:
                    reader.close()
            except StoreError:
                rows.append(_unreadable(name))
        advice = "Record one: pytest-runtime record --baseline NAME -- COMMAND" if not rows else ""
        return Baselines(
            project=project.root.name,
            include=list(project.configuration.include),
            baselines=rows,
            note=problem or advice,
            next=[f"list_entries(baseline={rows[0].name!r})"] if rows else [],
        )

    def list_entries(self, baseline: BaselineName = "") -> Entries:
        """List the entries of a baseline (requests, functions, commands) with their traffic, error rates and outcomes,
        and the functions that the traffic ran."""
        with self._workspace.opened(baseline) as (name, reader):
            contents = contents_of(name, reader, self._workspace.project.root)
            ran = functions_of(reader)
        rows = [_entry_row(entry, self._fence) for entry in contents.entries]
        return Entries(
            baseline=name,
            recorded=contents.baseline.recorded,
            entries=rows,
            functions={self._fence.name(row.function): row.runs for row in ran},
            next=["describe_entry(entry=...)", "describe_function(function=...)", "find_traces(where=...)"],
        )

    def describe_entry(
        self,
        entry: Annotated[str, Field(description="Its name, as list_entries has it.")],
        baseline: BaselineName = "",
        first_path: Annotated[int, Field(description="Skip paths before this one.", ge=0)] = 0,
    ) -> EntryAnswer:
        """Describe one entry: shapes of input and outcome, branches with their rates, paths with an example each."""
        fence = self._fence
        with self._workspace.opened(baseline) as (name, reader):
            found = entry_contents(name, reader, self._workspace.project.root, entry)
        shown = found.paths[first_path : first_path + PATHS]
        rest = len(found.paths) - first_path - len(shown)
        following = f"describe_entry(entry=..., first_path={first_path + len(shown)}) has {rest} more paths"
        return EntryAnswer(
            baseline=name,
            entry=_entry_row(found.entry, fence),
            input_shape=fence(found.input),
            outcome_shape=fence(found.outcome),
            branches=[_rate_row(rate, fence) for rate in found.branches],
            paths=[_path_row(path, fence) for path in shown],
            next=[*([following] if rest > 0 else []), "show_trace(trace=...)"],
        )

    def describe_function(
        self,
        function: Annotated[str, Field(description="module:qualname, or the end of it; or file.py:LINE.")],
        baseline: BaselineName = "",
    ) -> FunctionAnswer:
        """Say what really happens in one function in production: how often it runs and for whom, which branches are
        taken and never taken, what it returns and raises, with examples. Ask before changing code."""
        file, colon, line = function.rpartition(":")
        at_line = file if colon and line.isdecimal() else ""
        with self._workspace.opened(baseline) as (name, reader):
            try:
                found = function_traffic(reader, line if at_line else function, file=at_line, examples=EXAMPLES)
            except UnknownFunction as error:
                raise _no_function(error) from error
        return _function_answer(name, found, self._fence)


def _no_function(error: UnknownFunction) -> Refused:
    if len(error.known) <= 8:
        return Refused(f"no single function is meant; it may be: {listed(error.known)}. Write module:qualname")
    hint = did_you_mean(error.wanted, [*error.known, *(name.rpartition(":")[2] for name in error.known)])
    return Refused(f"the recorded code has no such function{hint} list_entries has those that ran")


def _baseline_row(found: Overview) -> BaselineRow:
    return BaselineRow(
        name=found.name,
        entries=found.entries,
        paths=found.paths,
        recorded=found.recorded,
        kept=found.kept,
        last_recorded=found.last.recorded if found.last is not None else "",
        commit=found.last.commit[:12] if found.last is not None else "",
        sealed_on=found.seal.base if found.seal is not None else "",
        problem=found.problem,
    )


def _unreadable(name: str) -> BaselineRow:
    problem = f"it cannot be read: pytest-runtime check {name}" if name else ""
    numbers = {"entries": 0, "paths": 0, "recorded": 0, "kept": 0}
    return BaselineRow(name=name, **numbers, last_recorded="", commit="", sealed_on="", problem=problem)


def _entry_row(entry: EntryTraffic, fence: Fence) -> EntryRow:
    failed = sum(count for outcome, count in entry.outcomes.items() if is_error(outcome))
    return EntryRow(
        name=fence.name(entry.name),
        kind=entry.kind,
        recorded=entry.recorded,
        share=round(entry.share, 4),
        error_rate=round(failed / entry.recorded, 4) if entry.recorded else 0.0,
        outcomes={fence.name(outcome): count for outcome, count in entry.outcomes.items()},
        paths=entry.paths,
        not_recorded=entry.not_sampled,
    )


def is_error(outcome: str) -> bool:
    """Whether a kind of outcome is a failure of the service: an exception, or a status of 500 and above."""
    return outcome >= "500" if outcome.isdecimal() else outcome != "returned"


def _rate_row(rate: BranchRate, fence: Fence) -> BranchRow:
    place = fence.code(f"{rate.function}:{rate.line}")
    return BranchRow(where=place, condition=fence.code(rate.condition), arms=rate.arms)


def _path_row(path: PathTraffic, fence: Fence) -> PathRow:
    return PathRow(
        words=fence.code(path.words),
        outcome=fence.name(path.outcome),
        recorded=path.recorded,
        rate=round(path.rate, 4),
        not_judged=path.no_evidence or 0,
        conditions=list(map(fence.code, path.conditions[-8:])),
        example=example_row(path.examples[0], fence) if path.examples else None,
        traces=list(path.traces[:4]),
    )


def example_row(example: Example, fence: Fence) -> ExampleRow:
    """A kept trace in words, fenced."""
    return ExampleRow(trace=example.trace, input=fence(example.input), outcome=fence(example.outcome))


def _function_answer(baseline: str, found: FunctionTraffic, fence: Fence) -> FunctionAnswer:
    note = ""
    if not found.runs:
        note = "no recorded trace ran it: nothing is known of what happens in it, and a change of it cannot be judged"
    elif not found.results:
        note = "what it is given and returns is not recorded of an inner function; show_trace(values=True) replays it"
    return FunctionAnswer(
        baseline=baseline,
        function=fence.name(found.function),
        lines=f"{found.first}-{found.last}" if found.first else "",
        runs=found.runs,
        entries={fence.name(row.entry): f"{row.runs} of {row.recorded}" for row in found.entries},
        branches=[
            BranchRow(
                where=f"line {branch.line}",
                condition=fence.code(branch.condition),
                arms={arm.taken: arm.recorded for arm in branch.arms},
            )
            for branch in found.branches
        ],
        never_taken=list(map(fence.code, found.never)),
        results={fence(seen.what): seen.traces for seen in found.results},
        exceptions={fence.name(seen.what): seen.traces for seen in found.exceptions},
        input_shape=fence(found.input),
        outcome_shape=fence(found.outcome),
        examples=[example_row(example, fence) for example in found.examples],
        source=fence(found.source),
        note=note,
        next=["show_trace(trace=...)", "validate_change() after changing it"],
    )
