"""`pytest-runtime status`: what a baseline holds, and what its recorder counted, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, TypeAlias

import click
import msgspec

from ..config import load_project
from ..recorders.model.absences import unrecorded, unsampled, why_empty
from ..recorders.store.processes import KEPT, NO_ENTRY, NOT_SAMPLED, RECORDED, Process, is_running
from ..recorders.store.protocol import BaselineReader, Revision
from ..replay.inspect.entries import EntryTraffic, traffic_of
from ..replay.inspect.overview import moment_text
from ..wiring import known_names
from .baselines import complete_baselines, opened
from .list import NONE_YET
from .output import Block, Line, json_option, show, when_text


class Names(msgspec.Struct, frozen=True):
    """The baselines of a project."""

    baselines: tuple[str, ...]


State: TypeAlias = Literal["", "ended", "recording", "silent"]
"""`ended`: it said so; `recording`: it is at work on this machine; `silent`: it is gone, or elsewhere, and has not said
that it ended. What it accepted and had not written is counted as dropped."""


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What a process counted of one entry."""

    entry: str
    seen: int
    """Runs: recorded, or not sampled."""
    recorded: int
    not_sampled: int
    """Because of the budget."""
    kept: int
    """Traces that were kept at some time; others may have taken their places since."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded process."""

    number: int
    recorded: str
    """When it began, ISO 8601 in UTC; empty where nobody knows."""
    python: str
    commit: str
    modules: int
    """Included modules that it loaded."""
    pid: int = 0
    """Id of the process; 0 where an older version recorded it."""
    program: str = ""
    """Its program and script, without further arguments."""
    state: State = ""
    """Empty where an older version recorded it."""
    entries: tuple[Counted, ...] = ()
    """What it counted of each entry."""
    counters: dict[str, int] = {}
    """What it counted beside entries: drops and faults, by reason."""


class PathCount(msgspec.Struct, frozen=True, kw_only=True):
    """A path class and its traffic."""

    entry: str
    recorded: int
    outcome: str
    kept: int
    conditions: tuple[str, ...]
    """The last ones."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What a baseline holds, and what its recorder counted."""

    baseline: str
    location: str
    sessions: tuple[Session, ...]
    recipients: tuple[str, ...]
    """Public keys of those who can read what is redacted."""
    entries: tuple[EntryTraffic, ...]
    paths: tuple[PathCount, ...]
    shapes: dict[str, dict[str, str]]
    """entry → `input` or `outcome` → shape"""
    not_sampled: dict[str, int]
    """entry → runs, or more, that were not recorded"""
    not_recorded: tuple[str, ...]
    """What the service asked past every boundary, each with its line and what would record it."""
    counters: dict[str, int]
    why_empty: str
    """Why there is no trace, where there is none and that is known."""


CONDITIONS_SHOWN = 3
"""Conditions of a path that are named: the last ones distinguish it."""


@click.command("status")
@click.argument("name", required=False, shell_complete=complete_baselines)
@json_option
def status_command(name: str | None, as_json: bool) -> None:
    """Say what the baseline NAME holds and what its recorder counted; without NAME, list the baselines."""
    project = load_project(Path.cwd())
    if name is None:
        known, _problem = known_names(project)
        show("status", Names(tuple(known)), map(Line, known or [NONE_YET]), as_json=as_json)
        return
    with opened(project, name) as reader:
        status = status_of(name, reader)
    show("status", status, blocks_of(status), as_json=as_json)


def status_of(name: str, reader: BaselineReader) -> Status:
    """What an open baseline holds; raises `StoreError`."""
    classes = reader.classes()
    absences, keys = reader.absences(), reader.keys()
    shapes: dict[str, dict[str, str]] = {}
    for (entry, part), shape in reader.shapes().items():
        shapes.setdefault(entry, {})[part] = shape.describe()
    processes = reader.processes()
    sessions = [_session(number, revision, processes.get(number)) for number, revision in reader.revisions().items()]
    return Status(
        baseline=name,
        location=reader.location,
        sessions=tuple(sessions),
        recipients=tuple(dict.fromkeys(wrapped.recipient for wrapped in keys)),
        entries=tuple(traffic_of(reader)),
        paths=tuple(
            PathCount(
                entry=stored.entry,
                recorded=stored.count,
                outcome=stored.description.outcome,
                kept=len(stored.kept),
                conditions=tuple(arm.words() for arm in stored.description.arms[-CONDITIONS_SHOWN:]),
            )
            for stored in classes
        ),
        shapes=shapes,
        not_sampled=unsampled(absences),
        not_recorded=tuple(unrecorded(absences)),
        counters=reader.counters(),
        why_empty="" if classes else why_empty(absences) or "nothing is known of why",
    )


def _session(number: int, revision: Revision, process: Process | None) -> Session:
    session = Session(
        number=number,
        recorded=moment_text(revision.recorded),
        python=revision.python,
        commit=revision.commit,
        modules=len(revision.sources),
    )
    if process is None:
        return session
    running: State = "recording" if is_running(process.pid) else "silent"
    return msgspec.structs.replace(
        session,
        pid=process.pid,
        program=process.program,
        state="ended" if process.ended else running,
        entries=tuple(_counted(entry, counts) for entry, counts in process.counts.items() if entry != NO_ENTRY),
        counters=process.counts.get(NO_ENTRY, {}),
    )


def _counted(entry: str, counts: Mapping[str, int]) -> Counted:
    recorded, not_sampled = counts.get(RECORDED, 0), counts.get(NOT_SAMPLED, 0)
    seen = recorded + not_sampled
    return Counted(entry=entry, seen=seen, recorded=recorded, not_sampled=not_sampled, kept=counts.get(KEPT, 0))


def _process_lines(session: Session) -> Iterator[Line]:
    """What one process did, where there is anything to say."""
    if session.state:
        words = {"ended": "ended", "recording": "still recording", "silent": "has not said that it ended"}
        yield Line(f"process {session.pid} ({session.program}) {words[session.state]}", "", 4)
    for counted in session.entries:
        left_out = f", {counted.not_sampled} not sampled" if counted.not_sampled else ""
        numbers = f"{counted.seen} seen, {counted.recorded} recorded{left_out}, {counted.kept} kept"
        yield Line(f"{counted.entry}: {numbers}", "", 6)
    for counter, value in session.counters.items():
        yield Line(f"{value} {counter}", "", 6)


def blocks_of(status: Status) -> Iterator[Block]:
    """Sessions, entries with their paths, and what was counted."""
    yield Line(f"baseline {status.baseline} at {status.location}", "heading")
    for session in status.sessions:
        commit = session.commit[:12] or "no commit known"
        when = when_text(session.recorded)
        code = f"Python {session.python}, {commit}, {session.modules} modules"
        yield Line(f"session {session.number}: {when}, {code}", "", 2)
        yield from _process_lines(session)
    for recipient in status.recipients:
        yield Line(f"what is redacted can be read with the private key of {recipient}", "", 2)
    by_entry: dict[str, list[PathCount]] = {}
    for path in status.paths:
        by_entry.setdefault(path.entry, []).append(path)
    for entry, paths in by_entry.items():
        yield Line(entry, "heading", 2)
        for path in paths:
            counts = f"{path.recorded:6} x {path.outcome:8} {path.kept:3} kept"
            yield Line(f"{counts}  {', '.join(path.conditions)}", "", 4)
        for part in ("input", "outcome"):
            if shape := status.shapes.get(entry, {}).get(part):
                yield Line(f"{part}: {shape}", "", 4)
    for entry, count in status.not_sampled.items():
        yield Line(f"not sampled {count} or more: {entry}", "", 2)
    for counter, value in status.counters.items():
        yield Line(f"counted {value}: {counter}", "", 2)
    for said in status.not_recorded:
        yield Line(said, "", 2)
    if status.why_empty:
        yield Line(f"no trace: {status.why_empty}", "", 2)
