"""`pytest-runtime show`: what really happens, as a baseline has it: entries, or the paths of one entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..config import load_project
from ..replay.inspect.entries import (
    BranchRate,
    Contents,
    EntryContents,
    EntryTraffic,
    PathTraffic,
    contents_of,
    entry_contents,
)
from ..replay.model.render import cut
from .baselines import complete_baselines, complete_entries, opened
from .list import sealed_text
from .output import Block, Line, Table, json_option, percent, show, sibling_texts, size_text, when_text

CONDITIONS_SHOWN = 12
"""Conditions of a path that are printed; `--all` prints the others."""

TRACES_SHOWN = 6
"""Names of traces that are printed of a path."""

BRANCHES_SHOWN = 12
"""Branches of an entry that are printed: those that divide its traffic most."""

SHAPE_WIDTH = 300
"""Characters of a shape that are printed: that of a request holds its whole environment."""

PATHS_SHOWN = 20
"""Paths of an entry that are printed: those with most traffic."""


@click.command("show")
@click.argument("name", shell_complete=complete_baselines)
@click.argument("entry", shell_complete=complete_entries, required=False)
@click.option("--examples", type=click.IntRange(0, 100), default=1, show_default=True, help="Examples of each path.")
@click.option("--all", "everything", is_flag=True, help="Print all paths and all their conditions.")
@json_option
def show_command(name: str, entry: str | None, examples: int, everything: bool, as_json: bool) -> None:
    """Show what the baseline NAME holds: its entries with their traffic, or, of one ENTRY, its branches, the shapes of
    input and outcome, and its paths with conditions and example values. What is redacted is shown as pseudonyms."""
    project = load_project(Path.cwd())
    with opened(project, name) as reader:
        if entry is None:
            contents = contents_of(name, reader, project.root)
            show("show", contents, contents_blocks(contents), as_json=as_json)
        else:
            found = entry_contents(name, reader, project.root, entry, examples=examples)
            show("show entry", found, entry_blocks(found, everything=everything), as_json=as_json)


def contents_blocks(contents: Contents) -> Iterator[Block]:
    """A head, and a table of entries."""
    baseline = contents.baseline
    yield Line(f"baseline {baseline.name}, {size_text(baseline.size)}, at {baseline.location}", "heading")
    last = baseline.last
    recorded = f"last recorded {when_text(last.recorded)}" if last else "never recorded into"
    commit = f" at {last.commit[:12]}" if last and last.commit else ""
    yield Line(f"{recorded}{commit}, sealed: {sealed_text(baseline)}", indent=2)
    if not contents.entries:
        yield Line("it holds no trace; `pytest-runtime status` says why, as far as it is known", indent=2)
        return
    yield Table(
        ("entry", "recorded", "share", "paths", "kept", "outcomes"),
        [_row(entry) for entry in contents.entries],
        frozenset({"recorded", "share", "paths", "kept"}),
    )
    for entry in contents.entries:
        if entry.not_sampled:
            yield Line(f"{entry.name}: {entry.not_sampled} or more runs were not recorded (--sample all records all)")
    yield Line(f"for the paths of one: pytest-runtime show {baseline.name} ENTRY", "dim")


def _row(entry: EntryTraffic) -> list[str]:
    counts = [str(entry.recorded), percent(entry.share, 1), str(entry.paths), str(entry.kept)]
    return [entry.name, *counts, outcomes_text(entry)]


def outcomes_text(entry: EntryTraffic) -> str:
    """`200 91 %, 404 9 %`"""
    rates = [f"{outcome} {percent(count, entry.recorded)}" for outcome, count in entry.outcomes.items()]
    return sibling_texts(rates, 5)


def entry_blocks(found: EntryContents, *, everything: bool) -> Iterator[Block]:
    """An entry: its shapes, its branches, and its paths."""
    entry = found.entry
    yield Line(entry.name, "heading")
    target = f" · {entry.target}" if entry.target and entry.target != entry.name else ""
    yield Line(
        f"{entry.kind}{target} · {entry.recorded} recorded, {entry.kept} kept · {outcomes_text(entry)}", indent=2
    )
    for part, shape in (("input", found.input), ("outcome", found.outcome)):
        text = shape or "nothing is known of it"
        yield Line(f"{part:<8} {text if everything else cut(text, SHAPE_WIDTH)}", indent=2)
    yield from _branch_blocks(found, everything=everything)
    shown = found.paths if everything else found.paths[:PATHS_SHOWN]
    for path in shown:
        yield Line()
        yield from _path_blocks(path, everything=everything, with_outcome=len(entry.outcomes) > 1)
    if len(shown) < len(found.paths):
        yield Line()
        yield Line(f"and {len(found.paths) - len(shown)} more paths, with less traffic (--all)", "dim", 2)


def _branch_blocks(found: EntryContents, *, everything: bool) -> Iterator[Block]:
    shown = found.branches if everything else found.branches[:BRANCHES_SHOWN]
    if not shown:
        return
    yield Line()
    yield Line("branches that go more than one way", "heading", 2)
    rows = [[rate.condition, str(rate.recorded), _arms_text(rate), f"{rate.function}:{rate.line}"] for rate in shown]
    yield Table(("condition", "recorded", "arms", "where"), rows, frozenset({"recorded"}), 2)
    if len(shown) < len(found.branches):
        yield Line(f"and {len(found.branches) - len(shown)} more, which divide it less (--all)", "dim", 2)


def _arms_text(rate: BranchRate) -> str:
    return ", ".join(f"{taken} {percent(count, rate.recorded)}" for taken, count in rate.arms.items())


def _path_blocks(path: PathTraffic, *, everything: bool, with_outcome: bool) -> Iterator[Block]:
    rate = percent(path.rate, 1)
    outcome = f" → {path.outcome}" if with_outcome and path.outcome not in path.words else ""
    yield Line(f"{path.words}{outcome} · {path.recorded} recorded, {rate}", "heading", 2)
    conditions = path.conditions if everything else path.conditions[-CONDITIONS_SHOWN:]
    if len(conditions) < len(path.conditions):
        yield Line(f"… {len(path.conditions) - len(conditions)} conditions before these (--all)", "dim", 4)
    for condition in conditions:
        yield Line(condition, indent=4)
    if path.truncated:
        yield Line("the recorder stopped looking before these traces ended: there may be more conditions", indent=4)
    for example in path.examples:
        yield Line(f"for example  {example.input}", indent=4)
        yield Line(f"             {example.outcome}", indent=4)
    unjudged = f", {path.no_evidence} of them no evidence" if path.no_evidence else ""
    yield Line(f"traces {sibling_texts(path.traces, TRACES_SHOWN)}{unjudged}", "dim", 4)
