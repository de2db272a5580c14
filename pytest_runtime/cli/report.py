"""`pytest-runtime report`: other forms of a JSON report, and the parts of a run that was divided, put together."""

from __future__ import annotations

from pathlib import Path

import click

from ..config import load_project
from ..recorders.errors import RuntimeBaselineError
from ..replay.run.result import RunResult
from ..reports.annotations import annotations_of
from ..reports.formats import check_ending, write
from ..reports.headline import against, counts_line, headline_of
from ..reports.json_report import ReportError, read_report
from ..reports.printing import in_line

FILE = click.Path(path_type=Path)


@click.command("report")
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
def report_command(path: Path, outputs: tuple[Path, ...], github: bool, prefix: str) -> int:
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
    headline = headline_of(result)
    click.echo(in_line(f"{headline.title}. {headline.why}"))
    click.echo(in_line(f"{against(result)}; {counts_line(result)}"))
    return result.exit_status


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
