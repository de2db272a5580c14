"""`pytest-runtime push`: a baseline goes where others find it."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from ..config import Project, load_project
from ..recorders.errors import ConfigurationError, UnknownBaseline
from .baselines import complete_baselines
from .output import Line, json_option, show


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """Where a baseline went, or came from."""

    baseline: str
    url: str
    file: str
    changed: bool
    """Whether anything had to be done: `false` where both are the same already."""


def url_for(project: Project, name: str, url: str | None) -> str:
    """The URL that was given, else the configured one; raises `ConfigurationError`."""
    found = url if url is not None else project.remote_url(name)
    if not found:
        raise ConfigurationError(
            f'where is {name} kept? Give a URL, or set store = "s3://BUCKET/FOLDER" under [tool.pytest-runtime] in '
            f"{project.root / 'pyproject.toml'}"
        )
    if "://" not in found:
        raise ConfigurationError(f"{found!r} is no URL: write file:///{found.lstrip('/')} for a folder")
    return found if found.endswith(".baseline") else f"{found.rstrip('/')}/{Path(name).stem}.baseline"


@click.command("push")
@click.argument("name", shell_complete=complete_baselines)
@click.argument("url", required=False)
@click.option("--force", is_flag=True, help="Replace a baseline there that holds what this one does not.")
@json_option
def push_command(name: str, url: str | None, force: bool, as_json: bool) -> None:
    """Put the baseline NAME of this machine at URL, or into the configured store: any URL of fsspec, such as
    s3://BUCKET/FOLDER (NAME.baseline in it) or file:///srv/NAME.baseline. It is checked before, and arrives whole."""
    from .. import remote

    project = load_project(Path.cwd())
    place = url_for(project, name, url)
    source = project.store_url(name)
    if not Path(source).is_file():
        outside = "" if project.is_configured else str(project.root)
        raise UnknownBaseline(name, location=source, known=project.known_baselines(), outside=outside)
    changed = remote.push(source, place, force=force)
    moved = Moved(baseline=name, url=place, file=source, changed=changed)
    said = f"{name} is at {place}" if changed else f"{name} is at {place} already"
    show("push", moved, [Line(said, "good")], as_json=as_json)
