"""Tools on traces: finding them by condition, and looking at one, as a whole and then part by part."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from ...recorders.model.value_tree import Tree
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ...replay.inspect.condition import parse_condition
from ...replay.inspect.examples import example_of
from ...replay.inspect.explained import Explanation, explanation_of, the_trace
from ...replay.inspect.facts import Facts, facts_of
from ...replay.inspect.questions import Scope, asked
from ...replay.inspect.recorded_values import MISSING
from ...replay.inspect.replayed import Replayed
from ...replay.model.render import literal, short
from ..answers import Answer, Part
from ..budget import CHARACTERS_PER_TOKEN, TOKENS
from ..failures import Refused, unknown_path
from ..fence import Fence
from ..jobs import Job
from ..workspace import Workspace
from .baselines import ExampleRow, example_row
from .parameters import BaselineName, EntryName, Since, Until, Where

LIMIT = 20
"""Traces that are found at first."""

PATHS = 60
"""Paths of a trace that are listed: the first values of everything plain."""

REPLAY_WAIT = 50.0
"""Seconds that a replay of one trace may take; clients give up after a minute."""


class Found(Answer):
    """Traces of which a condition is true."""

    baseline: str
    matching: Annotated[int, Field(description="Of those that were looked at.")]
    looked_at: int
    kept: int
    traces: list[ExampleRow]


class ExchangeRow(Part):
    """One exchange with the world."""

    label: str
    effect: str
    where: str
    rows: int
    error: str


class StepRow(Part):
    """A decision of a replay on base, with the values of its operands."""

    step: str
    values: str
    where: str


class TraceAnswer(Answer):
    """One trace: a skeleton, or, of one node, everything."""

    trace: str
    baseline: str
    entry: str
    recorded: str
    input: str
    outcome: str
    decisions: Annotated[list[str], Field(description="In order of first occurrence, with their places.")]
    exchanges: list[ExchangeRow]
    values: Annotated[dict[str, str], Field(description="Path → value, cut; give a path as node for all of it.")]
    judged: Annotated[str, Field(description="Whether base replays it as recorded.")]
    notes: list[str]
    steps: Annotated[list[StepRow], Field(description="With values=True: the decisions of a replay on base.")]
    node: Annotated[str, Field(description="The value at the asked path, as far as it fits.")] = ""


class TraceTools:
    """Finds and shows traces."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def find_traces(
        self,
        where: Where,
        entry: EntryName = "",
        since: Since = "",
        until: Until = "",
        baseline: BaselineName = "",
        skip: Annotated[int, Field(description="Traces to leave out at the beginning.", ge=0)] = 0,
    ) -> Found:
        """Find recorded traces of which a condition is true, such as `response.status >= 500`, `total > 100 and
        took("coupon is not None is false")`, `exchanges["SELECT orders"].rows > 50`, `exception.type == "KeyError"`."""
        condition = parse_condition(where)
        with self._workspace.opened(baseline) as (name, reader):
            found = asked([(name, reader)], Scope(entry, since, until))
            found.check(condition)
            matching = [facts for facts in found.facts if condition.holds(facts)]
            entries = reader.entries()
            rows = [
                example_row(example_of(entries[facts.entry], facts.id, facts.trace), self._workspace.fence)
                for facts in matching[skip : skip + LIMIT]
            ]
        rest = len(matching) - skip - len(rows)
        return Found(
            baseline=name,
            matching=len(matching),
            looked_at=len(found.facts),
            kept=found.kept,
            traces=rows,
            next=[
                *([f"find_traces(..., skip={skip + len(rows)}) has {rest} more"] if rest > 0 else []),
                "show_trace(trace=...)",
                "explain_failures(fails=...) says what sets them apart",
            ],
        )

    def show_trace(
        self,
        trace: Annotated[str, Field(description="Its id, or the beginning of it.")],
        node: Annotated[str, Field(description="A path, to see that value whole: `response.json.items`.")] = "",
        values: Annotated[bool, Field(description="Replay it on base, to see the values at each decision.")] = False,
        baseline: BaselineName = "",
    ) -> TraceAnswer:
        """Show one recorded trace: input, decisions in order, exchanges with databases and services, outcome. First the
        skeleton; then one node of it, named by its path."""
        with self._workspace.opened(baseline) as (name, reader):
            stored = the_trace(name, reader, trace)
            explanation = explanation_of(name, reader, self._workspace.project.root, stored)
            facts = _facts(name, reader, stored)
        if facts is None:
            raise Refused("that trace cannot be read; its baseline is damaged: pytest-runtime check NAME")
        if node:
            return _node_answer(explanation, facts, node, self._workspace.fence)
        steps = self._replayed(name, stored) if values else None
        return _trace_answer(explanation, facts, steps, self._workspace.fence)

    def _replayed(self, baseline: str, stored: StoredTrace) -> Replayed:
        """The trace, replayed on base in a process of its own; raises `Refused`."""
        request = {"root": str(self._workspace.project.root), "baseline": baseline, "trace": stored.id}
        job: Job = self._workspace.jobs.start("steps", request)
        if not job.wait(REPLAY_WAIT):
            job.cancel()
            raise Refused("the replay did not end in time; show_trace without values shows what was recorded")
        if job.state != "done":
            raise Refused("the trace cannot be replayed here; show_trace without values shows what was recorded")
        return msgspec.convert(job.result, Replayed)


def _facts(baseline: str, reader: BaselineReader, stored: StoredTrace) -> Facts | None:
    known = next(found for found in reader.classes() if (found.entry, found.path) == (stored.entry, stored.path))
    return facts_of(baseline, stored, known, reader.revisions().get(stored.revision))


def _trace_answer(found: Explanation, facts: Facts, replayed: Replayed | None, fence: Fence) -> TraceAnswer:
    trace, evidence = found.trace, found.evidence
    judged = "not sealed yet: validate_change seals" if evidence is None else "yes" if evidence.judged else "no"
    columns = [(path, value) for path, value in facts.columns().items() if _is_telling(path, value)]
    return TraceAnswer(
        trace=trace.id,
        baseline=trace.baseline,
        entry=fence.name(trace.entry),
        recorded=f"{trace.started} at {trace.commit[:12]}" if trace.commit else trace.started,
        input=fence(found.input.text),
        outcome=fence(found.outcome.text),
        decisions=[fence.code(f"{row.condition}  ({row.function}:{row.line})") for row in found.path.decisions],
        exchanges=[
            ExchangeRow(
                label=fence.name(row.label),
                effect=row.effect,
                where=row.place,
                rows=row.item_count,
                error=fence(row.error),
            )
            for row in found.exchanges
            if row.effect != "session"
        ],
        values={fence.name(path): fence(short(value, 60)) for path, value in columns[:PATHS]},
        judged=judged if evidence is None or evidence.judged else fence(f"no: {evidence.reason}"),
        notes=_notes(found, replayed, fence),
        steps=[
            StepRow(
                step=fence(step.text),
                values=fence(", ".join(f"{operand.source} = {operand.value}" for operand in step.operands)),
                where=f"{step.function}:{step.line}",
            )
            for step in (replayed.steps if replayed is not None else ())
        ],
        next=[
            f"show_trace(trace={trace.id!r}, node=PATH) for one value whole",
            f"show_trace(trace={trace.id!r}, values=True) for the values at each decision",
        ],
    )


def _is_telling(path: str, value: Tree) -> bool:
    """Whether a skeleton needs a value: not what the trace has in other places, nor that something is not there."""
    if path in ("baseline", "commit", "outcome") or path.startswith("len("):
        return False
    return value is not None and not path.endswith(".errors")


def _notes(found: Explanation, replayed: Replayed | None, fence: Fence) -> list[str]:
    notes = [f"{found.redacted} values are pseudonyms of what was redacted"] if found.redacted else []
    notes += [fence(f"not recorded: {gap}") for gap in found.gaps]
    if found.path.truncated:
        notes.append("the recorder stopped looking before it ended")
    if replayed is not None and not replayed.outcome:
        notes.append(fence(f"the replay came to no outcome: {replayed.reason or replayed.ended}"))
    return notes


def _node_answer(found: Explanation, facts: Facts, node: str, fence: Fence) -> TraceAnswer:
    value = parse_condition(node).value(facts)
    if value is MISSING:
        known = list(facts.columns())
        raise unknown_path(node, [*known, *(path.rpartition(".")[0] for path in known)])
    trace = found.trace
    return TraceAnswer(
        trace=trace.id,
        baseline=trace.baseline,
        entry=fence.name(trace.entry),
        recorded=trace.started,
        input="",
        outcome="",
        decisions=[],
        exchanges=[],
        values={},
        judged="",
        notes=[],
        steps=[],
        node=fence(_whole(value)),
        next=["a path into it shows less: node=PATH.name or node=PATH[0]"],
    )


def _whole(value: object) -> str:
    """A value in full, as far as an answer has room for it."""
    tree: Tree = value if not isinstance(value, bytes) else repr(value[:4_000])  # type: ignore[assignment]  # a node
    return literal(tree)[: TOKENS * CHARACTERS_PER_TOKEN] if _is_tree(value) else str(value)


def _is_tree(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str | bytes | msgspec.Struct)
