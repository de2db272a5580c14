"""This file is about `pytest-runtime status`: what a baseline holds, in words."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ..config import Project
from ..recorders.errors import UnknownBaseline
from ..recorders.store.open import open_reader
from ..recorders.store.protocol import BaselineReader


def describe(project: Project, name: str | None) -> str:
    """The text for one baseline, or the list of them; raises `StoreError`."""
    if name is None:
        known = project.known_baselines()
        return "\n".join(known) if known else "no baselines yet; pytest-runtime record --baseline NAME -- COMMAND"
    url = project.store_url(name)
    try:
        reader = open_reader(url)
    except UnknownBaseline as error:
        raise UnknownBaseline(name, location=url, known=project.known_baselines()) from error
    try:
        return "\n".join(_lines(name, reader))
    finally:
        reader.close()


def _lines(name: str, reader: BaselineReader) -> Iterator[str]:
    yield f"baseline {name} at {reader.location}"
    for number, revision in reader.revisions().items():
        when = datetime.datetime.fromtimestamp(revision.recorded, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
        commit = revision.commit[:12] or "no commit known"
        yield f"  session {number}: {when}, Python {revision.python}, {commit}, {len(revision.sources)} modules"
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
    for counter, value in reader.counters().items():
        yield f"  counted {value}: {counter}"
