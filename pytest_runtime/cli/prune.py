"""`pytest-runtime prune`: acceptances that base does not need any more leave the file.

Only what was judged is removed: an acceptance whose class could not be judged, or did not run, stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from ..accept.acceptance_file import FILE, read_acceptances, write_acceptances
from ..config import Project, load_project
from ..recorders.errors import RuntimeBaselineError
from ..replay.execute.plan import CannotReplay
from ..replay.judge.acceptance import Acceptance, Applied, ClassKey, Pruned, apply, prune, still_needed
from ..replay.model.verdict import ClassVerdict
from ..replay.run.options import RunOptions
from ..rules.project_hooks import project_hooks
from ..wiring import check_include, open_baseline, other_base, run_of
from .baselines import complete_baselines
from .output import Line, json_option, show


class Pruning(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the acceptances, each in words."""

    baseline: str
    file: str
    removed: tuple[str, ...]
    idle: tuple[str, ...]
    """Those that stay although they fit nothing."""
    needed: int
    """Those that stay because something diverges that they accept."""


@click.command("prune")
@click.argument("name", shell_complete=complete_baselines)
@click.option("--base", metavar="REV|DIR", default="", help="Judge against this base, as --runtime-base of pytest.")
@click.option("--gone", is_flag=True, help="Also remove acceptances of path classes that the baseline has not.")
@json_option
def prune_command(name: str, base: str, gone: bool, as_json: bool) -> None:
    """Remove acceptances that the baseline NAME needs no more, because base already does what they accept."""
    project = load_project(Path.cwd())
    path = project.root / FILE
    acceptances = read_acceptances(path)
    if not acceptances:
        nothing = Pruning(baseline=name, file=str(path), removed=(), idle=(), needed=0)
        said = f"nothing to prune: there are no acceptances in {path}"
        show("prune", nothing, [Line(said)], as_json=as_json)
        return
    known = _known_classes(project, name)
    applied = apply(judged(project, name, base), acceptances)
    pruned = prune(acceptances, still_needed(applied, known, gone=gone))
    if pruned.removed:
        write_acceptances(path, pruned.kept)
    idle = tuple(acceptance.describe() for acceptance in _idle(pruned, applied))
    removed = tuple(acceptance.describe() for acceptance in pruned.removed)
    needed = len(pruned.kept) - len(idle)
    pruning = Pruning(baseline=name, file=str(path), removed=removed, idle=idle, needed=needed)
    show("prune", pruning, map(Line, describe(pruned, applied, known)), as_json=as_json)


def _idle(pruned: Pruned, applied: Applied) -> list[Acceptance]:
    """Acceptances that stay although they fit nothing."""
    return [acceptance for acceptance in pruned.kept if acceptance in applied.idle]


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
    idle = _idle(pruned, applied)
    for acceptance in idle:
        is_known = acceptance.key in known
        why = "its class was not judged, or diverged differently" if is_known else "no such class (see --gone)"
        yield f"kept, although it fits nothing: {acceptance.describe()}: {why}"
    needed = len(pruned.kept) - len(idle)
    yield f"{len(pruned.removed)} removed, {len(pruned.kept)} kept, of which {needed} are needed"
