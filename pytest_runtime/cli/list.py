"""`pytest-runtime list`: the baselines of the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from ..config import Project, load_project
from ..recorders.errors import RuntimeBaselineError
from ..replay.inspect.overview import Overview, overview_of
from ..wiring import known_names
from .baselines import opened
from .output import Block, Line, Table, json_option, show, size_text, when_text

NONE_YET = "no baselines yet; pytest-runtime record --baseline NAME -- COMMAND"


class Listing(msgspec.Struct, frozen=True):
    """The baselines of a project."""

    baselines: tuple[Overview, ...]
    problem: str = ""
    """Why baselines of the store may be missing; empty where none is."""


@click.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the baselines of the project: size, entries, paths, traces, when and at which commit they were recorded, and
    on which base they are sealed. Exits with 1 if one of them cannot be read."""
    project = load_project(Path.cwd())
    names, problem = known_names(project)
    listing = Listing(tuple(overview(project, name) for name in names), problem)
    show("list", listing, blocks_of(listing), as_json=as_json)
    context.exit(1 if problem or any(baseline.problem for baseline in listing.baselines) else 0)


def overview(project: Project, name: str) -> Overview:
    """A baseline in a line; one that cannot be read says why."""
    try:
        with opened(project, name) as reader:
            return overview_of(name, reader, project.root)
    except RuntimeBaselineError as error:
        return Overview(name=name, location=project.store_url(name), problem=str(error))


def blocks_of(listing: Listing) -> Iterator[Block]:
    """A table, and a line for each that cannot be read."""
    known = listing.baselines
    if listing.problem:
        yield Line(listing.problem, "bad")
    elif not known:
        yield Line(NONE_YET)
    readable = [baseline for baseline in known if not baseline.problem]
    if readable:
        yield Table(
            ("baseline", "size", "entries", "paths", "recorded", "kept", "last recorded", "commit", "sealed"),
            [_row(baseline) for baseline in readable],
            frozenset({"size", "entries", "paths", "recorded", "kept"}),
        )
    for baseline in known:
        if baseline.problem:
            yield Line(f"{baseline.name}: {baseline.problem}", "bad")


def _row(baseline: Overview) -> list[str]:
    counts = map(str, (baseline.entries, baseline.paths, baseline.recorded, baseline.kept))
    last = baseline.last
    recorded, commit = (when_text(last.recorded), last.commit[:12] or "-") if last else ("-", "-")
    return [baseline.name, size_text(baseline.size), *counts, recorded, commit, sealed_text(baseline)]


def sealed_text(baseline: Overview) -> str:
    """How the baseline is sealed, in words."""
    seal = baseline.seal
    if seal is None:
        return "no"
    without = f", {seal.no_evidence} of {seal.traces} traces no evidence" if seal.no_evidence else ""
    return f"on {seal.base}{without}"
