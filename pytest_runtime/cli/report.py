"""`pytest-runtime report`: other forms of a JSON report, and the parts of a run that was divided, put together."""

from __future__ import annotations

from pathlib import Path

import click

from ..config import load_project
from ..recorders.errors import RuntimeBaselineError
from ..replay.run.parts import Part, check_parts
from ..replay.run.result import RunResult
from ..reports.annotations import annotations_of
from ..reports.formats import check_ending, write
from ..reports.headline import against, counts_line, headline_of
from ..reports.json_report import ReportError, read_report
from ..reports.printing import in_line
from ..wiring import run_of

FILE = click.Path(path_type=Path)


class _Forms(click.Group):
    """A group whose first argument may be left out: then it is a report that is meant."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group("report", cls=_Forms)
def report_command() -> None:
    """Say what a JSON report found, write it in other forms, or merge those of shards.

    pytest-runtime report REPORT is short for pytest-runtime report show REPORT.
    """


@report_command.command("show")
@click.argument("path", metavar="REPORT", type=FILE)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="Write the report there, in the form that the name says (.html, .md, .sarif, .json); may be given again.",
)
@click.option(
    "--github",
    is_flag=True,
    help="Print one annotation a cause, as workflow commands of GitHub Actions.",
)
@click.option(
    "--prefix",
    default="",
    metavar="FOLDER",
    help="Folder of the project in its repository, for annotations.",
)
def show_command(path: Path, outputs: tuple[Path, ...], github: bool, prefix: str) -> int:
    """Say what REPORT (written by pytest --runtime-json) found, and write it in other forms.

    The status is that of the run: 0 for a pass, 1 for none.
    """
    for output in outputs:
        check_ending(output)
    result = read(path)
    for output in outputs:
        write_to(output, result)
    if github:
        for line in annotations_of(result, f"{prefix.strip('/')}/" if prefix.strip("/.") else ""):
            click.echo(line)
    return _said(result)


@report_command.command("merge")
@click.argument("paths", metavar="REPORT...", type=FILE, nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    metavar="FILE",
    type=FILE,
    help="Write the report of the whole run there, in the form that the name says; may be given again.",
)
def merge_command(paths: tuple[Path, ...], outputs: tuple[Path, ...]) -> int:
    """Merge the reports of all shards (pytest --runtime-shard=I/N --runtime-json) into the report of one run.

    Stand in a checkout of the same change, with the baseline at hand. Nothing is replayed, and base is sealed again
    only where its seal is not at hand. The status is that of the whole run: 0 for a pass, 1 for none.
    """
    for output in outputs:
        check_ending(output)
    results = [read(path) for path in paths]
    parts = [_part(path, result) for path, result in zip(paths, results, strict=True)]
    check_parts(parts)
    project, options = load_project(Path.cwd()), parts[0].options._replace(shard=None)
    name = results[0].baseline.name
    run = run_of(project, name, options, base=parts[0].base, say=lambda line: click.echo(in_line(line), err=True))
    try:
        run.prepare()
        run.join(parts)
        result = run.result()
    finally:
        run.stop()
    for output in outputs:
        write_to(output, result)
    return _said(result)


def _said(result: RunResult) -> int:
    """Say in two lines what a result means; its exit status."""
    headline = headline_of(result)
    click.echo(in_line(f"{headline.title}. {headline.why}"))
    click.echo(in_line(f"{against(result)}; {counts_line(result)}"))
    return result.exit_status


def _part(path: Path, result: RunResult) -> Part:
    """The part that a report of a shard holds; raises `ReportError` where it is the report of a whole run."""
    if result.part is None:
        raise ReportError(
            f"{path} is the report of a whole run: there is nothing to merge it with. Name the reports of runs with "
            "--runtime-shard"
        )
    return result.part


def read(path: Path) -> RunResult:
    """The result that a JSON report was made of; raises `RuntimeBaselineError` that names the file."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ReportError(f"cannot read the report {path}: {error.strerror}") from error
    try:
        return read_report(data, _root())
    except ReportError as error:
        raise ReportError(f"cannot read the report {path}: {error}") from error


def write_to(path: Path, result: RunResult) -> None:
    """Write a report; raises `RuntimeBaselineError` that names the file."""
    try:
        write(path, result)
    except OSError as error:
        raise ReportError(f"cannot write the report {path}: {error.strerror}") from error


def _root() -> Path:
    """The project that we stand in, for owners of files and lines of source; the folder itself where there is none."""
    try:
        return load_project(Path.cwd()).root
    except RuntimeBaselineError:  # a report is read without its project too
        return Path.cwd()
