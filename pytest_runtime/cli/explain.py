"""`pytest-runtime explain`: one kept trace, from its input to its outcome."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ..config import Project, load_project
from ..recorders.errors import StoreError, UnknownTrace
from ..recorders.store.protocol import BaselineReader
from ..replay.execute.plan import CannotReplay
from ..replay.inspect.explained import ExchangeView, Explanation, Part, PathTaken, explain, find_trace
from ..replay.inspect.replayed import Replayed, Step
from ..replay.judge.setup import Setup
from ..wiring import base_path, check_include, known_names, make_importable, setup_of
from .baselines import complete_baselines, opened
from .output import Block, Line, Table, json_option, show, when_text


@click.command("explain")
@click.argument("trace")
@click.option(
    "--baseline",
    shell_complete=complete_baselines,
    metavar="NAME",
    help="The baseline that keeps it; default: any.",
)
@click.option("--values", is_flag=True, help="Replay it on base too, and show the values at each decision.")
@click.option("--base", metavar="REV|DIR", default="", help="The base for --values, as --runtime-base of pytest.")
@json_option
def explain_command(trace: str, baseline: str | None, values: bool, base: str, as_json: bool) -> None:
    """Show one kept TRACE, named by its id or the beginning of it: its input, the path that it took, its exchanges in
    order, its outcome, and why it is not judged if it is not. What is redacted is shown as pseudonyms. A recording has
    the decisions of a trace; with --values a replay shows the values that they were made on."""
    project = load_project(Path.cwd())
    name = baseline if baseline is not None else _keeper(project, trace)
    with opened(project, name) as reader:
        setup = _setup(project, name, reader, base) if values or base else None
        try:
            explanation = explain(name, reader, project.root, trace, setup=setup)
        except CannotReplay as error:
            raise click.ClickException(f"trace {trace} cannot be replayed here: {error}") from error
    show("explain", explanation, blocks_of(explanation), as_json=as_json)


def _setup(project: Project, name: str, reader: BaselineReader, base: str) -> Setup:
    """What a replay needs; raises `ConfigurationError`."""
    check_include(project)
    make_importable(project)
    return setup_of(project, name, reader, base_path(Path.cwd(), base))


def _keeper(project: Project, trace: str) -> str:
    """The baseline that keeps a trace; raises `UnknownTrace`."""
    known, _problem = known_names(project)
    looked_in: list[str] = []
    matching: dict[str, list[str]] = {}
    for name in known:
        try:
            with opened(project, name) as reader:
                found = find_trace(reader, trace)
        except StoreError:
            continue  # configured and not recorded yet, or damaged: `list` says which
        looked_in.append(name)
        if found:
            matching[name] = [stored.id for stored in found]
    if not matching:
        raise UnknownTrace(trace, looked_in=looked_in)
    exact = [name for name, found in matching.items() if trace in found]
    if len(matching) > 1 and len(exact) != 1:
        several = [f"{trace_id} in {name}" for name, ids in matching.items() for trace_id in ids]
        raise UnknownTrace(trace, looked_in=looked_in, matching=several)
    return exact[0] if exact else next(iter(matching))


def blocks_of(found: Explanation) -> Iterator[Block]:
    """A trace from top to bottom."""
    trace = found.trace
    yield Line(f"{trace.entry} · {trace.words}", "heading")
    when = f" · {when_text(trace.started)}" if trace.started else ""
    commit = f" at {trace.commit[:12]}" if trace.commit else ""
    yield Line(f"trace {trace.id} of baseline {trace.baseline}{when}{commit} · {trace.recorded} took this path", "", 2)
    if trace.fault:
        yield Line(f"it cannot be read: {trace.fault}", "bad", 2)
        return
    yield from _section("input", [Line(found.input.text, indent=2)])
    yield from _parts(found.input.parts, indent=4)
    yield from _path_blocks(found.path)
    if found.replayed is not None:
        yield from _replayed_blocks(found.replayed)
    if found.exchanges:
        yield from _section("exchanges", [])
        for number, exchange in enumerate(found.exchanges, 1):
            yield from _exchange_blocks(number, exchange)
    if found.readings:
        yield from _section("clock and random values", _parts(found.readings, indent=2))
    if found.variables:
        yield from _section("environment", _parts(found.variables, indent=2))
    yield from _section("outcome", [Line(found.outcome.text, indent=2)])
    if found.outcome.changed_arguments:
        yield Line(f"arguments afterwards: {found.outcome.changed_arguments}", indent=2)
    yield from _notes(found)


def _path_blocks(path: PathTaken) -> Iterator[Block]:
    decisions = [[row.condition, f"{row.function}:{row.line}"] for row in path.decisions]
    if decisions:
        yield from _section("path", [Table(("decision, at its first occurrence", "where"), decisions, indent=2)])
    if path.truncated:
        yield Line("the recorder stopped looking before the trace ended", indent=2)
    calls = [call for call in path.calls if call.text != "None" and not call.name.startswith("<")]
    if calls:
        yield from _section("inner calls that returned a plain value", _parts(calls, indent=2))


def _replayed_blocks(shown: Replayed) -> Iterator[Block]:
    yield Line()
    yield Line(f"replayed on {shown.code}", "heading")
    if shown.steps:
        rows = [[step.text, _operands_text(step), f"{step.function}:{step.line}"] for step in shown.steps]
        yield Table(("decision", "values", "where"), rows, indent=2)
    if shown.truncated:
        yield Line("there were more steps than are kept", indent=2)
    if shown.outcome:
        yield Line(shown.outcome, indent=2)
    else:
        yield Line(f"it came to no outcome: {shown.reason or shown.ended}", "bad", 2)


def _operands_text(step: Step) -> str:
    return ", ".join(f"{operand.source} = {operand.value}" for operand in step.operands)


def _section(title: str, blocks: Sequence[Block] | Iterator[Block]) -> Iterator[Block]:
    yield Line()
    yield Line(title, "heading")
    yield from blocks


def _parts(parts: Sequence[Part], indent: int) -> Iterator[Block]:
    width = max((len(part.name) for part in parts), default=0)
    for part in parts:
        yield Line(f"{part.name:<{width}}  {part.text}", indent=indent)


def _exchange_blocks(number: int, exchange: ExchangeView) -> Iterator[Block]:
    place = f"  ({exchange.place})" if exchange.place else ""
    thread = f", thread {exchange.thread}" if exchange.thread else ""
    yield Line(f"{number}. {exchange.label} · {exchange.effect}{thread}{place}", indent=2)
    yield Line(f"asked     {exchange.request}", indent=5)
    if exchange.answer:
        yield Line(f"answered  {exchange.answer}", indent=5)
    for item in exchange.items:
        yield Line(f"item      {item}", indent=5)
    if exchange.item_count > len(exchange.items):
        yield Line(f"          and {exchange.item_count - len(exchange.items)} more", "dim", 5)
    if exchange.error:
        yield Line(f"raised    {exchange.error}", "bad", 5)


def _notes(found: Explanation) -> Iterator[Block]:
    yield Line()
    if found.redacted:
        yield Line(f"{found.redacted} values are pseudonyms of what was redacted", "dim")
    for gap in found.gaps:
        yield Line(f"not recorded: {gap}", "bad")
    if found.input.producers:
        yield Line(f"what it was given was made by the traces {', '.join(found.input.producers)}", "dim")
    evidence = found.evidence
    if evidence is None:
        yield Line(
            f"not sealed: whether base replays it as recorded is not known (pytest-runtime seal {found.trace.baseline})"
        )
        return
    if evidence.judged:
        yield Line(
            f"judged: {evidence.base} replays it as recorded; {evidence.values_compared} values are compared", "good"
        )
    else:
        yield Line(f"not judged on {evidence.base}: {evidence.reason}", "bad")
        if evidence.cure:
            yield Line(f"to have it judged: {evidence.cure}", indent=2)
    for field in evidence.volatile:
        yield Line(f"compared by shape, because it changes between replays of base: {field}", "dim")
