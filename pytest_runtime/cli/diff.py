"""`pytest-runtime diff`: what traffic does in one baseline that it does not do in another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..config import load_project
from ..replay.inspect.comparison import Comparison, EntryChange, PathChange, RateChange, compare_baselines
from ..replay.inspect.entries import EntryTraffic
from .baselines import complete_baselines, opened
from .output import Block, Line, Table, json_option, percent, show
from .show import outcomes_text


@click.command("diff")
@click.argument("a", shell_complete=complete_baselines)
@click.argument("b", shell_complete=complete_baselines)
@json_option
@click.pass_context
def diff_command(context: click.Context, a: str, b: str, as_json: bool) -> None:
    """Compare the baselines A and B: new and gone entries and paths, rates that moved by more than chance explains, and
    shapes that changed; what has most traffic comes first. Exits with 1 where they differ."""
    project = load_project(Path.cwd())
    with opened(project, a) as one, opened(project, b) as other:
        comparison = compare_baselines((a, b), one, other)
    show("diff", comparison, blocks_of(comparison), as_json=as_json)
    context.exit(1 if comparison.differs else 0)


def blocks_of(found: Comparison) -> Iterator[Block]:
    """New and gone entries, moved traffic, and what differs inside entries."""
    if not found.differs:
        yield Line(f"{found.before} and {found.after} have the same entries, paths, rates and shapes", "good")
        return
    yield Line(f"{found.before} → {found.after}", "heading")
    yield from (_entry_line("new", entry, "good") for entry in found.new_entries)
    yield from (_entry_line("gone", entry, "bad") for entry in found.gone_entries)
    if found.traffic:
        yield Line()
        yield Line("traffic by entry", "heading")
        yield _rates("entry", found.traffic)
    for change in found.entries:
        yield Line()
        yield from _entry_blocks(change)


def _entry_line(what: str, entry: EntryTraffic, style: str) -> Line:
    text = f"{what} entry  {entry.name} · {entry.recorded} recorded in {entry.paths} paths · {outcomes_text(entry)}"
    return Line(text, "good" if style == "good" else "bad", 2)


def _entry_blocks(change: EntryChange) -> Iterator[Block]:
    yield Line(f"{change.name} · {change.recorded_before} → {change.recorded_after} recorded", "heading")
    for path in change.new_paths:
        yield from _path_lines("new", path)
    for path in change.gone_paths:
        yield from _path_lines("gone", path)
    if change.rates:
        yield _rates("path", change.rates)
    if change.branches:
        yield _rates("branch", change.branches)
    for shape in change.shapes:
        yield Line(f"{shape.part} {shape.place}: {shape.change}", indent=2)


def _path_lines(what: str, path: PathChange) -> Iterator[Line]:
    outcome = "" if path.outcome in path.words else f" → {path.outcome}"
    text = f"{what} path  {path.words}{outcome} · {path.recorded} recorded, {percent(path.rate, 1)}"
    yield Line(text, "good" if what == "new" else "bad", 2)


def _rates(what: str, changes: tuple[RateChange, ...]) -> Table:
    rows = [
        [
            change.name,
            f"{100 * change.before:.1f} %",
            f"{100 * change.after:.1f} %",
            f"{change.recorded_before} → {change.recorded_after}",
        ]
        for change in changes
    ]
    return Table((what, "before", "after", "recorded"), rows, frozenset({"before", "after"}), 2)
