"""`pytest-runtime init`: a project is set up, after one has seen how."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from ..config import find_root, load_project
from ..scaffold.detect import Facts, detect
from ..scaffold.files import Change, changes_for, write
from .output import Block, Line, json_option, show

DEFAULT_BASELINE = "staging"


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and how it changes."""

    path: str
    diff: str
    """As `diff -u` has it; empty where it says already what it should."""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a project, and what it needs."""

    root: str
    packages: tuple[str, ...]
    framework: str
    app: str
    branch: str
    files: tuple[FileChange, ...]
    written: bool
    notes: tuple[str, ...]
    """What could not be found out, or has to be done by hand."""


@click.command("init")
@click.option("--baseline", default=DEFAULT_BASELINE, show_default=True, metavar="NAME", help="The baseline to replay.")
@click.option("--store", default="", metavar="URL", help="Where baselines are kept, such as s3://BUCKET/FOLDER.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@json_option
@click.pass_context
def init_command(context: click.Context, baseline: str, store: str, yes: bool, as_json: bool) -> None:
    """Set up the project around the working directory: the configuration in pyproject.toml, a GitHub workflow, and a
    pre-commit hook. Shows what changes in which file, and asks before it writes; what is there already stays. With
    --json nothing is asked, and nothing is written without --yes. Exits with 1 if something is to be written and was
    not."""
    if not baseline or not all(char.isalnum() or char in "._-" for char in baseline):
        said = f"{baseline!r} is no name of a baseline (letters, digits, . _ -)"
        raise click.BadParameter(said, param_hint="--baseline")
    if store and "://" not in store:
        raise click.BadParameter(f"{store!r} is no URL: write file:///FOLDER for a folder", param_hint="--store")
    root = find_root(Path.cwd())
    known = load_project(root).configuration  # raises where it says something that cannot be
    facts = detect(root)
    changes, by_hand = changes_for(facts, baseline, store or known.store)
    needed = [change for change in changes if change.is_needed]
    found = _setup(facts, changes, (*facts.notes, *by_hand))
    if not as_json:
        show("init", found, blocks_of(found), as_json=False)
    wanted = bool(needed) and (yes or (not as_json and _is_confirmed()))
    for change in needed if wanted else ():
        write(root, change)
    if as_json:
        show("init", msgspec.structs.replace(found, written=wanted), (), as_json=True)
    elif wanted:
        show("init", found, _next_steps(baseline), as_json=False)
    context.exit(1 if needed and not wanted else 0)


def _is_confirmed() -> bool:
    try:
        return click.confirm("Write this?", default=True)
    except click.Abort as error:  # also where nobody can answer
        raise click.ClickException("nothing was written; --yes writes without asking") from error


def _setup(facts: Facts, changes: Sequence[Change], notes: tuple[str, ...]) -> Setup:
    files = [FileChange(path=change.path.as_posix(), diff="\n".join(change.diff())) for change in changes]
    return Setup(
        root=str(facts.root),
        packages=facts.packages,
        framework=facts.framework,
        app=facts.app,
        branch=facts.branch,
        files=tuple(files),
        written=False,
        notes=notes,
    )


def blocks_of(found: Setup) -> Iterator[Block]:
    """What was found, and a diff for each file."""
    yield Line(f"project at {found.root}", "heading")
    yield Line(f"packages     {', '.join(found.packages) or 'none found'}", "", 2)
    yield Line(f"framework    {found.framework or 'none found'}", "", 2)
    yield Line(f"application  {found.app or 'found when it runs, or none'}", "", 2)
    yield Line(f"branch       {found.branch}", "", 2)
    for note in found.notes:
        for line in note.splitlines():
            yield Line(line, "bad", 2)
    for file in found.files:
        yield Line()
        if not file.diff:
            yield Line(f"{file.path} stays as it is", "dim")
        for line in file.diff.splitlines():
            yield Line(line, "good" if line.startswith("+") else "bad" if line.startswith("-") else "")
    yield Line()
    if not any(file.diff for file in found.files):
        yield Line("nothing to do: the project is set up", "good")


def _next_steps(baseline: str) -> Iterator[Block]:
    yield Line("written. Next:", "good")
    yield Line(f"pytest-runtime record --baseline {baseline} -- COMMAND   # the service, under traffic", "", 2)
    yield Line(f"pytest --runtime-baseline={baseline}", "", 2)
    yield Line("pytest-runtime key                                  # its private half is a secret of the CI", "", 2)
