"""`pytest-runtime scan`: look into a baseline for what should not be there."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import click

from ..config import load_project
from ..recorders.privacy.encryption import Keyring
from ..recorders.privacy.keys import readable
from ..recorders.scan import Value, find_forms, find_values, unread, values_in
from ..reports.printing import in_line
from ..wiring import open_baseline

SHOWN = 20
"""Places that are named."""


@click.command("scan")
@click.argument("name")
@click.option(
    "--values",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Values that may not be in the baseline, one a line; they are looked for as they are, escaped and encoded.",
)
@click.pass_context
def scan_command(context: click.Context, name: str, values: Path | None) -> None:
    """Look for secrets in the baseline NAME, by their form and by the values of a file. Exits with 1 if any is there;
    none is printed."""
    wanted: list[Value] = []
    if values is not None:
        wanted, short = values_in(values.read_text(encoding="utf-8", errors="surrogateescape"), values.name)
        for line in short:
            click.echo(f"not looked for, because it is too short: {line}")
    with closing(open_baseline(load_project(Path.cwd()), name)) as reader:
        keys = Keyring(readable(reader.keys()))
        found = Counter([*find_forms(reader, keys), *find_values(reader, wanted)])
        left = unread(reader, keys)
    for (where, what), count in list(found.items())[:SHOWN]:
        click.echo(in_line(f"{where}: {what}{f', {count} times' if count > 1 else ''}"))
    if len(found) > SHOWN:
        click.echo(f"and {len(found) - SHOWN} more places")
    if left:
        click.echo(f"{left} traces were searched for values alone: without their key, pseudonyms look like secrets")
    click.echo(f"{sum(found.values())} found in {name}" if found else f"nothing found in {name}")
    context.exit(1 if found else 0)
