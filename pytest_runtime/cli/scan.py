"""`pytest-runtime scan`: look into a baseline for what should not be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click
import msgspec

from ..config import Project, load_project
from ..recorders.privacy.encryption import Keyring
from ..recorders.privacy.keys import readable
from ..recorders.scan import Value, find_forms, find_values, unread, values_in
from ..wiring import open_baseline
from .baselines import complete_baselines
from .output import Block, Line, json_option, show

SHOWN = 20
"""Places that are named."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A place where there is something that should not be there; the thing itself is never named."""

    where: str
    what: str
    """What it looks like, or on which line of the file it stands."""
    count: int


class Scanned(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a baseline."""

    baseline: str
    found: tuple[Found, ...]
    too_short: tuple[str, ...]
    """Lines of the file that were not looked for."""
    unread: int
    """Traces that were searched for values alone, because their key is not at hand."""


class Scans(msgspec.Struct, frozen=True):
    """What was found in some baselines."""

    baselines: tuple[Scanned, ...]


@click.command("scan")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_baselines)
@click.option(
    "--values",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Values that may not be in the baseline, one a line; they are looked for as they are, escaped and encoded.",
)
@json_option
@click.pass_context
def scan_command(context: click.Context, names: tuple[str, ...], values: Path | None, as_json: bool) -> None:
    """Look for secrets in the baselines NAME..., by their form and by the values of a file. Exits with 1 if any is
    there; none is printed."""
    wanted: list[Value] = []
    short: list[str] = []
    if values is not None:
        wanted, short = values_in(_read(values), values.name)
    project = load_project(Path.cwd())
    scans = Scans(tuple(scan(project, name, wanted, short) for name in names))
    show("scan", scans, (block for scanned in scans.baselines for block in blocks_of(scanned)), as_json=as_json)
    context.exit(1 if any(scanned.found for scanned in scans.baselines) else 0)


def scan(project: Project, name: str, wanted: Sequence[Value], too_short: Sequence[str]) -> Scanned:
    """Look into one baseline; raises `StoreError`, `KeyProblem`."""
    with closing(open_baseline(project, name)) as reader:
        keys = Keyring(readable(reader.keys()))
        counts = Counter([*find_forms(reader, keys), *find_values(reader, wanted)])
        left = unread(reader, keys)
    found = tuple(Found(where=where, what=what, count=count) for (where, what), count in counts.items())
    return Scanned(baseline=name, found=found, too_short=tuple(too_short), unread=left)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise click.ClickException(f"the values in {file} cannot be read: {error.strerror}") from error


def blocks_of(scanned: Scanned) -> Iterator[Block]:
    """The first places, and how many there are."""
    for line in scanned.too_short:
        yield Line(f"not looked for, because it is too short: {line}")
    for found in scanned.found[:SHOWN]:
        times = f", {found.count} times" if found.count > 1 else ""
        yield Line(f"{found.where}: {found.what}{times}", "bad")
    if len(scanned.found) > SHOWN:
        yield Line(f"and {len(scanned.found) - SHOWN} more places")
    if scanned.unread:
        yield Line(
            f"{scanned.unread} traces were searched for values alone: without their key, pseudonyms look like secrets"
        )
    total = sum(found.count for found in scanned.found)
    yield Line(f"{total} found in {scanned.baseline}" if total else f"nothing found in {scanned.baseline}")
