"""`pytest-runtime github`: the steps of the GitHub action; each reads the workflow's variables, writes its files."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from .. import __version__
from ..ci.comment import CommentRefused, Comments
from ..ci.github_event import read_event
from ..ci.history import base_commit
from ..config import Project, load_project
from ..recorders.errors import RuntimeBaselineError
from ..replay.change.git import Git
from ..replay.model.verdict import BAD
from ..replay.run.result import RunResult
from ..reports.annotations import annotations_of
from ..reports.headline import headline_of
from ..reports.markdown import markdown_of
from ..reports.printing import in_line
from ..wiring import readable_url
from .report import read, write_to

REPORTS = Path(".runtime", "report")
"""Below the project's root: where the reports of a workflow lie."""

FAIL_ON = ("unproven", "change", "never")
"""When the check fails: whenever the run is no pass; only where callers see a change; not at all."""

BASELINE = click.option("--baseline", required=True, metavar="NAME", help="The baseline to judge with.")


@click.group("github")
def github_command() -> None:
    """The steps of the GitHub action, for workflows that do without it."""


@github_command.command("prepare")
@BASELINE
@click.option("--store", default="", metavar="URL", help="Where the baseline is pulled from; default: it is there.")
@click.option("--base", default="", metavar="REV", help="Compare with this revision; default: what the event says.")
def prepare_command(baseline: str, store: str, base: str) -> int:
    """Fetch the history that base needs, and the baseline; say where its seal is cached."""
    project, event = load_project(Path.cwd()), read_event(os.environ)
    if store:
        _pull(baseline, store)
    location = Path(readable_url(project, baseline))
    if not location.is_file():
        raise RuntimeBaselineError(
            f"there is no baseline {baseline!r} at {location}: commit it, pull it (store: URL), or download it as an "
            "artifact in a step before this one"
        )
    found = base_commit(Git(project.root), event, base, click.echo)
    outputs = {
        "base": found,
        "root": str(project.root),
        "prefix": _prefix(project),
        "reports": str(project.root / REPORTS),
        "seals": str(project.root / ".runtime" / "seals"),
        "seal-key": _seal_key(location, found),
    }
    for name, value in outputs.items():
        _output(name, value)
    click.echo(in_line(f"compared with {found or 'what the baseline says'}"))
    if event.is_fork and not os.environ.get("PYTEST_RUNTIME_KEY"):
        click.echo(
            "::notice title=pytest-runtime::This pull request comes from a fork, so the key is not there: traces that "
            "compute with redacted values are not judged"
        )
    return 0


def _pull(baseline: str, store: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pytest_runtime", "pull", baseline, store], check=False)
    if done.returncode:
        raise RuntimeBaselineError(f"the baseline {baseline!r} could not be pulled: see above")


def _prefix(project: Project) -> str:
    """The project's folder in its repository, which annotations name files by."""
    top = Git(project.root).text("rev-parse", "--show-toplevel")
    relative = project.root.resolve().relative_to(Path(top).resolve()).as_posix()
    return "" if relative == "." else relative


def _seal_key(location: Path, base: str) -> str:
    """What the seal follows from, as far as it is known before anything is loaded: a miss costs time only.

    A seal that was made without the key is another: a pull request from a fork may not leave its own for the others.
    """
    with_key = bool(os.environ.get("PYTEST_RUNTIME_KEY"))
    state = hashlib.sha256(f"{__version__} {sys.version} {sys.platform} {base} {with_key}".encode())
    if location.is_file():
        with location.open("rb") as stream:
            state.update(hashlib.file_digest(stream, "sha256").digest())
    return f"pytest-runtime-seal-{state.hexdigest()[:40]}"


@github_command.command("judge")
@BASELINE
@click.option("--base", default="", metavar="REV", help="Compare with this revision.")
@click.option("--shard", default="", metavar="I/N", help="Judge this part of the baseline alone.")
@click.option("--explore", default="", metavar="true|N|strict", help="Try inputs next to the recorded ones.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def judge_command(baseline: str, base: str, shard: str, explore: str, arguments: tuple[str, ...]) -> int:
    """Run the replays with pytest, and keep their report; the status is for a later step, `verdict`.

    ARGUMENTS go to pytest.
    """
    project = load_project(Path.cwd())
    report = project.root / REPORTS / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "--runtime-only", f"--runtime-baseline={baseline}"]
    command += [f"--runtime-json={report}"]
    command += [f"--runtime-base={base}"] if base else []
    command += [f"--runtime-shard={shard}"] if shard else []
    command += _exploring(explore)
    # What code under test prints is no command to the runner.
    token = secrets.token_hex(16)
    click.echo(f"::stop-commands::{token}")
    sys.stdout.flush()
    done = subprocess.run([*command, *arguments], check=False)
    click.echo(f"\n::{token}::")
    _output("status", str(done.returncode))
    _output("report", str(report) if report.is_file() else "")
    return 0


def _exploring(said: str) -> list[str]:
    if said.lower() in ("", "false"):
        return []
    return ["--runtime-explore" if said.lower() == "true" else f"--runtime-explore={said}"]


@github_command.command("publish")
@BASELINE
@click.option("--comment", type=bool, default=True, help="Keep a comment on the pull request up to date.")
@click.option("--prefix", default="", metavar="FOLDER", help="Folder of the project in its repository.")
def publish_command(baseline: str, comment: bool, prefix: str) -> int:
    """Write the other reports, the job's summary and the annotations, and keep the comment."""
    folder = load_project(Path.cwd()).root / REPORTS
    path = folder / "report.json"
    if not path.is_file():
        click.echo("::error title=pytest-runtime::Nothing was judged: see what pytest said in the step before")
        return 0
    result = read(path)
    for ending in ("html", "sarif", "md"):
        write_to(folder / f"report.{ending}", result)
    _append("GITHUB_STEP_SUMMARY", markdown_of(result))
    for line in annotations_of(result, f"{prefix}/" if prefix else ""):
        click.echo(line)
    headline = headline_of(result)
    _output("state", headline.state)
    _output("title", headline.title)
    if comment:
        _comment(result, baseline)
    return 0


def _comment(result: RunResult, baseline: str) -> None:
    event, token = read_event(os.environ), os.environ.get("GITHUB_TOKEN", "")
    if not event.is_pull_request or not token:
        return
    try:
        address = Comments(os.environ, event.number, token).keep(marker(baseline), markdown_of(result))
        click.echo(in_line(f"commented: {address}"))
    except CommentRefused as error:
        # The summary says the same: a check does not fail because nobody may comment.
        click.echo(f"::warning title=pytest-runtime::{in_line(str(error))}")


def marker(baseline: str) -> str:
    """The line by which the comment of a baseline is found again."""
    return f"<!-- pytest-runtime: {baseline} -->"


@github_command.command("verdict")
@click.option("--status", type=int, required=True, metavar="N", help="The status of pytest, from the step `judge`.")
@click.option("--fail-on", type=click.Choice(FAIL_ON), default=FAIL_ON[0], help="When the check fails.")
def verdict_command(status: int, fail_on: str) -> int:
    """End the check: 0 for a pass, else pytest's status; a run that could not judge fails whatever `--fail-on` says."""
    path = load_project(Path.cwd()).root / REPORTS / "report.json"
    if status not in (0, 1) or not path.is_file():
        click.echo(f"::error title=pytest-runtime::The run could not judge: pytest ended with status {status}")
        return status or 1
    result = read(path)
    headline = headline_of(result)
    click.echo(in_line(f"{headline.title}. {headline.why}"))
    if fail_on == "never":
        return 0
    counts = result.counts()
    changed = any(counts[verdict] for verdict in BAD) or result.differs_explored()
    return status if changed or fail_on == "unproven" else 0


# --- files of the workflow ------------------------------------------------------------------------------------------


def _output(name: str, value: str) -> None:
    _append("GITHUB_OUTPUT", f"{name}={in_line(value)}\n")


def _append(variable: str, text: str, environ: Mapping[str, str] = os.environ) -> None:
    """Add to a file that the runner names; outside a workflow there is none."""
    path = environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
