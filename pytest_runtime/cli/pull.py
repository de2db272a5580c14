"""`pytest-runtime pull`: a baseline comes from where it is kept."""

from __future__ import annotations

from pathlib import Path

import click

from ..config import DEFAULT_FOLDER, load_project, make_folder
from .baselines import complete_baselines
from .output import Line, json_option, show
from .push import Moved, url_for


@click.command("pull")
@click.argument("name", shell_complete=complete_baselines)
@click.argument("url", required=False)
@click.option("--force", is_flag=True, help="Replace a baseline here that holds what that one does not.")
@json_option
def pull_command(name: str, url: str | None, force: bool, as_json: bool) -> None:
    """Fetch the baseline NAME from URL, or from the configured store, to this machine. It is verified, and takes its
    name only when all of it is here. To read it, nothing has to be pulled: where a store is configured, every command
    fetches what it reads."""
    from .. import remote

    project = load_project(Path.cwd())
    place = url_for(project, name, url)
    file = project.store_url(name)
    changed = remote.pull(place, Path(file), force=force)
    if Path(file).parent == project.root / DEFAULT_FOLDER:
        make_folder(project.root / DEFAULT_FOLDER)
    said = f"{name} came from {place}" if changed else f"{name} is the same as at {place} already"
    show("pull", Moved(baseline=name, url=place, file=file, changed=changed), [Line(said, "good")], as_json=as_json)
