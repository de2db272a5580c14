"""`pytest-runtime merge`: many recordings become one baseline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import msgspec

from ..config import DEFAULT_FOLDER, Project, load_project, make_folder
from ..recorders.store.open import merge_baselines, open_reader
from ..replay.inspect.overview import Overview, overview_of
from ..reports.printing import many
from ..wiring import writable_url
from .baselines import complete_baselines, opened
from .output import Block, Line, json_option, show


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """What a merge came to."""

    target: Overview
    sources: tuple[str, ...]
    damaged: dict[str, int]
    """Baseline → traces of it that could not be read, and are left out."""


@click.command("merge")
@click.argument("target", shell_complete=complete_baselines)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=complete_baselines)
@click.option("--exemplars", type=click.IntRange(1), metavar="N", help="Traces kept per path class.")
@json_option
@click.pass_context
def merge_command(
    context: click.Context, target: str, sources: tuple[str, ...], exemplars: int | None, as_json: bool
) -> None:
    """Merge the baselines SOURCE... into TARGET, which may be new; each is a name or a file. What was recorded once
    counts once, however often it is merged, and in whatever order. Exits with 1 if a trace was damaged and left out."""
    project = load_project(Path.cwd())
    place = writable_url(project, target)
    places = {_location(project, source): source for source in sources}
    if Path(place).parent == project.root / DEFAULT_FOLDER:
        make_folder(project.root / DEFAULT_FOLDER)
    done = merge_baselines(place, list(places), exemplars or project.configuration.exemplars)
    with closing(open_reader(place)) as reader:
        overview = overview_of(target, reader, project.root)
    damaged = {places.get(url, target): count for url, count in done.damaged.items()}
    found = Merged(target=overview, sources=sources, damaged=damaged)
    show("merge", found, blocks_of(found), as_json=as_json)
    context.exit(1 if damaged else 0)


def _location(project: Project, name: str) -> str:
    """Where a baseline lies that can be opened; raises `StoreError`."""
    with opened(project, name) as reader:
        return reader.location


def blocks_of(found: Merged) -> Iterator[Block]:
    """What the target holds by now, and what was left out."""
    target = found.target
    yield Line(
        f"{target.name} holds {many(target.sessions, 'session')}: {target.recorded} recorded in "
        f"{many(target.paths, 'path')} of {target.entries} entries, {target.kept} kept"
    )
    for name, count in found.damaged.items():
        yield Line(f"{name}: {many(count, 'damaged trace')} left out (pytest-runtime check {name})", "bad")
