"""`pytest-runtime seal`: a baseline is replayed on base, and how well that works is reported.

It is what the first run on a base does by itself; here it is done ahead, and looked at.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from ..config import load_project
from ..recorders.errors import ConfigurationError
from ..recorders.store.protocol import BaselineReader
from ..replay.judge.oracle import Oracle
from ..replay.judge.seal import SealedTrace
from ..replay.judge.unjudged import Unjudged, grouped
from ..replay.model.field_path import without_positions
from ..replay.model.progress import say_nothing
from ..replay.run.options import RunOptions, RunProject
from ..replay.run.run import Run
from ..reports.printing import in_line, many
from ..reports.unjudged import group_lines
from ..wiring import base_path, check_include, make_importable, open_baseline, setup_of
from .baselines import complete_baselines
from .output import Line, json_option, show

FIELDS_SHOWN = 5
"""Volatile fields that are listed: the most frequent ones say where to look."""


class EntryFidelity(msgspec.Struct, frozen=True, kw_only=True):
    """How faithful base is to the recording of an entry."""

    entry: str
    traces: int
    faithful: int
    """Traces that base replays as they were recorded."""
    fallbacks: int
    """Exchanges that other traces answered."""


class UnjudgedTraces(msgspec.Struct, frozen=True, kw_only=True):
    """Traces that are no evidence, for one cause."""

    cause: str
    cure: str
    traces: tuple[str, ...]
    traffic: int
    """Recorded calls that they represent."""


class VolatileField(msgspec.Struct, frozen=True, kw_only=True):
    """A field that changes from one replay of base to the next."""

    entry: str
    field: str
    traces: int


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """How a baseline replays on base."""

    baseline: str
    base: str
    reason: str
    """Why it is that."""
    seconds: float
    traces: int
    entries: tuple[EntryFidelity, ...]
    unjudged: tuple[UnjudgedTraces, ...]
    volatile: tuple[VolatileField, ...]
    """The most frequent first."""


@click.command("seal")
@click.argument("name", shell_complete=complete_baselines)
@click.option("--base", metavar="REV|DIR", default="", help="Seal this base, as --runtime-base of pytest.")
@json_option
def seal_command(name: str, base: str, as_json: bool) -> None:
    """Replay the baseline NAME on base, keep what it shows, and say how faithful that is to the recording."""
    project = load_project(Path.cwd())
    check_include(project)
    reader = open_baseline(project, name)
    try:
        if not reader.classes():
            raise ConfigurationError(f"baseline {name!r} holds no trace: there is nothing to seal")
        make_importable(project)
        started = time.monotonic()
        run = Run(
            RunProject(setup_of(project, name, reader, base_path(Path.cwd(), base)), reader),
            RunOptions(renew_seal=True),
            say=lambda line: click.echo(in_line(line), err=as_json),
            progress=_show_progress if sys.stderr.isatty() else say_nothing,
        )
        oracle = run.prepare()
        seconds = time.monotonic() - started
        rows = _sealed(oracle, reader)
        found = sealed_of(name, oracle, rows, seconds)
        show("seal", found, map(Line, describe(oracle, rows, seconds)), as_json=as_json)
    finally:
        reader.close()


def _show_progress(line: str) -> None:
    click.echo(in_line(line), err=True)


class Row(NamedTuple):
    """A sealed trace and its entry."""

    entry: str
    sealed: SealedTrace
    traffic: float = 1.0
    """Recorded calls that it represents."""


def _sealed(oracle: Oracle, reader: BaselineReader) -> list[Row]:
    assert oracle.seal is not None
    found = []
    for stored in reader.classes():
        for name in stored.kept.values():
            sealed = oracle.seal.trace(name)
            if sealed is not None:
                found.append(Row(stored.entry, sealed, stored.count / len(stored.kept)))
    return found


def sealed_of(name: str, oracle: Oracle, rows: Sequence[Row], seconds: float) -> Sealed:
    """The same as `describe` says, as data, and all of it."""
    fidelity = oracle.seal.fidelity({row.sealed.trace: row.entry for row in rows}) if oracle.seal is not None else {}
    return Sealed(
        baseline=name,
        base=oracle.label,
        reason=oracle.reason,
        seconds=round(seconds, 1),
        traces=len(rows),
        entries=tuple(
            EntryFidelity(entry=entry, traces=found.traces, faithful=found.faithful, fallbacks=found.fallbacks)
            for entry, found in fidelity.items()
        ),
        unjudged=tuple(
            UnjudgedTraces(
                cause=group.cause,
                cure=group.cure,
                traces=tuple(trace.trace for trace in group.traces),
                traffic=group.traffic,
            )
            for group in grouped(_unjudged(rows))
        ),
        volatile=tuple(
            VolatileField(entry=entry, field=field, traces=count)
            for (entry, field), count in _volatile_fields(rows).most_common()
        ),
    )


def describe(oracle: Oracle, rows: Sequence[Row], seconds: float) -> Iterator[str]:
    """Base and why, how many traces, fidelity by entry, what changes by itself, time."""
    yield f"base: {oracle.label}, because {oracle.reason}"
    unfaithful = sum(bool(row.sealed.why) for row in rows)
    judged = f", {unfaithful} of them no evidence, which will not be judged" if unfaithful else ""
    yield f"sealed {many(len(rows), 'trace')} in {seconds:.1f} s{judged}"
    by_entry: dict[str, list[SealedTrace]] = {}
    for row in rows:
        by_entry.setdefault(row.entry, []).append(row.sealed)
    yield "base replays that equal the recorded outcome:"
    width = max(map(len, by_entry))
    for entry, traces in sorted(by_entry.items()):
        yield from _entry(f"  {entry:<{width}}", traces)
    yield from group_lines(grouped(_unjudged(rows)))
    yield from _volatile(rows)


def _unjudged(rows: Sequence[Row]) -> Iterator[Unjudged]:
    for row in rows:
        if why := row.sealed.why:
            yield Unjudged(row.entry, row.sealed.trace, why, row.traffic)


def _entry(name: str, traces: Sequence[SealedTrace]) -> Iterator[str]:
    faithful = sum(not trace.why for trace in traces)
    fallbacks = sum(trace.fallbacks for trace in traces)
    beside = f"; {fallbacks} exchanges answered from other traces" if fallbacks else ""
    yield f"{name}  {faithful} of {len(traces)}{beside}"


def _volatile_fields(rows: Sequence[Row]) -> Counter[tuple[str, str]]:
    """(entry, field) → traces in which it changes by itself"""
    return Counter(
        (row.entry, without_positions(mask.field))
        for row in rows
        for mask in row.sealed.masks
        if mask.changes == "always"
    )


def _volatile(rows: Sequence[Row]) -> Iterator[str]:
    masks = Counter(mask.changes for row in rows for mask in row.sealed.masks)
    follow = masks["with the clock"] + masks["with entropy"]
    moving = [row for row in rows if any(mask.changes == "always" for mask in row.sealed.masks)]
    where = f" in {many(len(moving), 'trace')}, compared by shape" if moving else ""
    yield f"volatile fields: {masks['always']}{where}"
    for (entry, field), count in _volatile_fields(rows).most_common(FIELDS_SHOWN):
        yield f"      {count} x {entry} · {field}"
    if follow:
        yield f"fields that follow from clock or random values: {follow}, compared exactly while code reads them alike"
    alone = sum(row.sealed.fresh for row in rows)
    if alone:
        yield f"traces that come out differently after others: {alone}, judged in processes of their own"
