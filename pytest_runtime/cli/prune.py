"""`pytest-runtime prune`: acceptances that base does not need any more leave the file.

Only what was judged is removed: an acceptance whose class could not be judged, or did not run, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..accept.acceptance_file import FILE, read_acceptances, write_acceptances
from ..config import Project, load_project
from ..recorders.errors import RuntimeBaselineError
from ..replay.execute.plan import CannotReplay
from ..replay.judge.acceptance import Applied, ClassKey, Pruned, apply, prune, still_needed
from ..replay.model.verdict import ClassVerdict
from ..replay.run.options import RunOptions
from ..reports.printing import in_line
from ..rules.project_hooks import project_hooks
from ..wiring import check_include, open_baseline, other_base, run_of


@click.command("prune")
@click.argument("name")
@click.option("--base", metavar="REV|DIR", default="", help="Judge against this base, as --runtime-base of pytest.")
@click.option("--gone", is_flag=True, help="Also remove acceptances of path classes that the baseline has not.")
def prune_command(name: str, base: str, gone: bool) -> None:
    """Remove acceptances that the baseline NAME needs no more, because base already does what they accept."""
    project = load_project(Path.cwd())
    path = project.root / FILE
    acceptances = read_acceptances(path)
    if not acceptances:
        click.echo(f"nothing to prune: there are no acceptances in {path}")
        return
    known = _known_classes(project, name)
    applied = apply(judged(project, name, base), acceptances)
    pruned = prune(acceptances, still_needed(applied, known, gone=gone))
    if pruned.removed:
        write_acceptances(path, pruned.kept)
    click.echo("\n".join(map(in_line, describe(pruned, applied, known))))


def _known_classes(project: Project, name: str) -> frozenset[ClassKey]:
    reader = open_baseline(project, name)
    try:
        return frozenset((stored.entry, stored.path) for stored in reader.classes())
    finally:
        reader.close()


def judged(project: Project, name: str, base: str) -> list[ClassVerdict]:
    """The verdicts of a whole run on a baseline; raises `click.ClickException` where it cannot be replayed."""
    try:
        check_include(project)
        named = other_base(Path.cwd(), base, project.root)
        with project_hooks(project.root) as hooks:
            run = run_of(project, name, RunOptions(), base=named, hooks=lambda: hooks)
            try:
                return run.judge_all()
            finally:
                run.stop()
    except (RuntimeBaselineError, CannotReplay) as error:
        raise click.ClickException(f"the baseline {name!r} could not be replayed: {error}") from error


def describe(pruned: Pruned, applied: Applied, known: frozenset[ClassKey]) -> Iterator[str]:
    """What was removed, and why the others stay."""
    for acceptance in pruned.removed:
        yield f"removed: {acceptance.describe()}"
    idle = [acceptance for acceptance in pruned.kept if acceptance in applied.idle]
    for acceptance in idle:
        is_known = acceptance.key in known
        why = "its class was not judged, or diverged differently" if is_known else "no such class (see --gone)"
        yield f"kept, although it fits nothing: {acceptance.describe()}: {why}"
    needed = len(pruned.kept) - len(idle)
    yield f"{len(pruned.removed)} removed, {len(pruned.kept)} kept, of which {needed} are needed"
