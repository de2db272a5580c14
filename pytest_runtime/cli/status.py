"""`pytest-runtime status`: what a baseline holds, in words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import click

from ..config import Project, load_project
from ..recorders.model.absences import unsampled, why_empty
from ..recorders.store.protocol import BaselineReader
from ..reports.printing import in_line
from ..wiring import open_baseline


@click.command("status")
@click.argument("name", required=False)
def status_command(name: str | None) -> None:
    """Say what the baseline NAME holds and what its recorder counted; without NAME, list the baselines."""
    click.echo(describe(load_project(Path.cwd()), name))


def describe(project: Project, name: str | None) -> str:
    """The text for one baseline, or the list of them; raises `StoreError`."""
    if name is None:
        known = project.known_baselines()
        return "\n".join(known) if known else "no baselines yet; pytest-runtime record --baseline NAME -- COMMAND"
    reader = open_baseline(project, name)
    try:
        return "\n".join(map(in_line, _lines(name, reader)))
    finally:
        reader.close()


def _lines(name: str, reader: BaselineReader) -> Iterator[str]:
    yield f"baseline {name} at {reader.location}"
    for number, revision in reader.revisions().items():
        when = datetime.datetime.fromtimestamp(revision.recorded, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        commit = revision.commit[:12] or "no commit known"
        yield f"  session {number}: {when}, Python {revision.python}, {commit}, {len(revision.sources)} modules"
    held = reader.keys()
    for recipient in dict.fromkeys(wrapped.recipient for wrapped in held):
        yield f"  what is redacted can be read with the private key of {recipient}"
    shapes = reader.shapes()
    by_entry: dict[str, list[str]] = {}
    for described in reader.classes():
        conditions = ", ".join(arm.words() for arm in described.description.arms[-3:])
        line = f"    {described.count:6} x {described.description.outcome:8} {len(described.kept):3} kept  {conditions}"
        by_entry.setdefault(described.entry, []).append(line)
    for entry, lines in by_entry.items():
        yield f"  {entry}"
        yield from lines
        for part in ("input", "outcome"):
            if (entry, part) in shapes:
                yield f"    {part}: {shapes[entry, part].describe()}"
    absences = reader.absences()
    for entry, count in unsampled(absences).items():
        yield f"  not sampled {count} or more: {entry}"
    for counter, value in reader.counters().items():
        yield f"  counted {value}: {counter}"
    if not by_entry:
        yield f"  no trace: {why_empty(absences) or 'nothing is known of why'}"
