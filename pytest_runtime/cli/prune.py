"""This file is about `pytest-runtime prune`: acceptances that base does not need any more leave the file.

The baseline is replayed as pytest replays it, in this process. Only what was judged is removed: an acceptance whose
class could not be judged, or did not run, stays.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import click
import pytest

from ..acceptance import Applied, ClassKey, Pruned, apply, prune, still_needed
from ..acceptance_file import FILE, read_acceptances, write_acceptances
from ..config import load_project
from ..recorders.store.open import open_reader
from ..replay.model.verdict import ClassVerdict, decode_verdict
from ..reports.printing import in_line

_RAN = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)


@click.command("prune")
@click.argument("name")
@click.option("--base", metavar="REV|DIR", help="Judge against this base, as --runtime-base of pytest.")
@click.option("--gone", is_flag=True, help="Also remove acceptances of path classes that the baseline has not.")
def prune_command(name: str, base: str | None, gone: bool) -> None:
    """Remove acceptances that the baseline NAME needs no more, because base already does what they accept."""
    project = load_project(Path.cwd())
    path = project.root / FILE
    acceptances = read_acceptances(path)
    if not acceptances:
        click.echo(f"nothing to prune: there are no acceptances in {path}")
        return
    known = _known_classes(project.store_url(name))
    applied = apply(judged_by_pytest(name, base), acceptances)
    pruned = prune(acceptances, still_needed(applied, known, gone=gone))
    if pruned.removed:
        write_acceptances(path, pruned.kept)
    click.echo("\n".join(map(in_line, describe(pruned, applied, known))))


def _known_classes(url: str) -> frozenset[ClassKey]:
    reader = open_reader(url)
    try:
        return frozenset((one.entry, one.path) for one in reader.classes())
    finally:
        reader.close()


class _Gathered:
    """A pytest plugin that keeps the verdicts of a run."""

    def __init__(self) -> None:
        self.verdicts: list[ClassVerdict] = []

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take the verdict off a report, from here or from a worker."""
        text = getattr(report, "runtime_verdict", None)
        if text is not None:
            self.verdicts.append(decode_verdict(text))


def judged_by_pytest(name: str, base: str | None) -> list[ClassVerdict]:
    """The verdicts of a whole run on a baseline; raises `click.ClickException` with what pytest printed."""
    gathered, said = _Gathered(), io.StringIO()
    arguments = [f"--runtime-baseline={name}", "--runtime-only", *([f"--runtime-base={base}"] if base else [])]
    with redirect_stdout(said), redirect_stderr(said):
        status = pytest.main(arguments, plugins=[gathered])
    if status not in _RAN:
        raise click.ClickException(f"the baseline {name!r} could not be replayed:\n{said.getvalue().strip()}")
    return gathered.verdicts


def describe(pruned: Pruned, applied: Applied, known: frozenset[ClassKey]) -> Iterator[str]:
    """What was removed, and why the others stay."""
    for one in pruned.removed:
        yield f"removed: {one.describe()}"
    idle = [one for one in pruned.kept if one in applied.idle]
    for one in idle:
        why = "its class was not judged, or diverged otherwise" if one.key in known else "no such class (see --gone)"
        yield f"kept, although it fits nothing: {one.describe()}: {why}"
    needed = len(pruned.kept) - len(idle)
    yield f"{len(pruned.removed)} removed, {len(pruned.kept)} kept, of which {needed} are needed"
