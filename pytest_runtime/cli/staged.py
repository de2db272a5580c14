"""`pytest-runtime staged`: what is staged, judged against HEAD; the hook of pre-commit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..config import Project, load_project
from ..precommit.index import exported, has_unstaged, index_variables
from ..precommit.known_reads import keep_reads, nothing_matters, read_reads
from ..recorders.errors import ConfigurationError
from ..replay.change.git import Git
from ..reports.printing import in_line

if TYPE_CHECKING:
    from ..replay.run.result import RunResult


@click.command("staged")
@click.option("--baseline", default="", metavar="NAME", help="The baseline to judge with; default: the only one.")
@click.option(
    "--python",
    metavar="PATH",
    help="The interpreter that has the service's dependencies; default: that of .venv or venv in the project, where it "
    "has pytest-runtime too, else this one; empty for this one.",
)
def staged_command(baseline: str, python: str | None) -> int:
    """Judge what is staged, and nothing else, against HEAD. Exits with 1 where that is no pass, and with 0 without a
    word where nothing is staged that recorded traffic loads or reads."""
    project = load_project(Path.cwd())
    name = baseline or _only(project)
    git = Git(project.root)
    index = index_variables(git, os.environ)
    known = read_reads(project.root, name)
    if known is not None and nothing_matters(git, known, index):
        return 0
    other = _of_project(project.root) if python is None else python
    if other and Path(other).absolute() != Path(sys.executable).absolute():
        # The other one is asked for no further one, however its path is written.
        command = [other, "-m", "pytest_runtime", "staged", "--baseline", name, "--python", ""]
        return subprocess.run(command, check=False).returncode
    with _candidate(project, git, index) as root:
        result = _judged(project, name, root)
    return _shown(result)


def _of_project(root: Path) -> str:
    """The interpreter of the project's own environment, where that has this package: hooks have one of theirs."""
    for folder in (".venv", "venv"):
        python = root / folder / "bin" / "python"
        if python.exists():
            known = subprocess.run([python, "-c", "import pytest_runtime"], capture_output=True, check=False)
            return str(python) if known.returncode == 0 else ""
    return ""


def _only(project: Project) -> str:
    known = project.known_baselines()
    if len(known) == 1:
        return known[0]
    there = f"there are {', '.join(known)}" if known else "there is none here"
    raise ConfigurationError(f"say which baseline to judge with, --baseline NAME: {there}")


@contextmanager
def _candidate(project: Project, git: Git, index: Mapping[str, str]) -> Iterator[Path]:
    """The folder that holds what is staged: the work tree itself where nothing else is in it."""
    if not has_unstaged(git, index):
        yield project.root
        return
    with exported(project.root, index) as folder:
        yield folder


def _judged(project: Project, name: str, root: Path) -> RunResult:
    from ..replay.run.options import RunOptions
    from ..wiring import readable_url, run_of

    # Where baseline and seals lie is the same; an absolute place, because the candidate may lie elsewhere.
    staged = load_project(root)
    configuration = _with_stores(staged.configuration, {name: readable_url(project, name)})
    run = run_of(Project(root, configuration), name, RunOptions(), base="HEAD", say=_say, progress=_progress)
    try:
        run.judge_all()
        oracle = run.oracle
        if oracle.seal is not None and oracle.base is not None and oracle.base.commit:
            keep_reads(project.root, name, oracle.base.commit, oracle.seal.files)
        return run.result()
    finally:
        run.stop()


def _with_stores(configuration: Any, stores: Mapping[str, str]) -> Any:
    from msgspec.structs import replace

    return replace(configuration, baselines=dict(stores))


def _shown(result: RunResult) -> int:
    """Nothing of a pass; of anything else the summary of a run."""
    from ..reports.terminal import print_summary

    if result.passed():
        return 0
    print_summary(_Plain(), result, result.no_pass())
    return 1


class _Plain:
    """As much of pytest's terminal reporter as a summary needs."""

    def section(self, title: str, sep: str) -> None:
        """A heading."""
        click.echo(in_line(title))

    def line(self, text: str, **_colours: bool) -> None:
        """A line."""
        click.echo(text)


def _say(line: str) -> None:
    click.echo(in_line(f"runtime: {line}"), err=True)


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        _say(line)
