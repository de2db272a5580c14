"""Overview: what there is to know of a baseline before one looks into it."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from ...recorders.store.protocol import BaselineReader, Revision, StoredClass
from .seals import newest_seal


class SealFacts(msgspec.Struct, frozen=True, kw_only=True):
    """How a baseline replays on the base that it was sealed on last."""

    base: str
    """The base, in words."""
    traces: int
    no_evidence: int
    """Traces that base does not replay as they were recorded, which are not judged."""


class LastSession(msgspec.Struct, frozen=True, kw_only=True):
    """The session that was recorded last."""

    recorded: str
    """When it began, ISO 8601 in UTC; empty where nobody knows."""
    commit: str
    """The commit that it ran; empty where there was none."""
    python: str
    """Version of the interpreter."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline in a line; where it cannot be read, `problem` says why and the rest is empty."""

    name: str
    location: str
    """File or URL."""
    size: int = 0
    """Bytes."""
    entries: int = 0
    paths: int = 0
    """Path classes."""
    recorded: int = 0
    """Traces that were recorded, kept or not."""
    kept: int = 0
    """Traces that are kept, which are replayed."""
    sessions: int = 0
    last: LastSession | None = None
    """`None` where nothing was recorded."""
    seal: SealFacts | None = None
    """`None` where the baseline, as it is, was not sealed in this project."""
    problem: str = ""


def overview_of(name: str, reader: BaselineReader, root: Path) -> Overview:
    """The overview of an open baseline of the project at `root`; raises `StoreError` where it is damaged."""
    classes = reader.classes()
    revisions = reader.revisions()
    return Overview(
        name=name,
        location=reader.location,
        size=os.path.getsize(reader.location),
        entries=len({stored.entry for stored in classes}),
        paths=len(classes),
        recorded=sum(stored.count for stored in classes),
        kept=sum(len(stored.kept) for stored in classes),
        sessions=len(revisions),
        last=last_session(revisions.values()),
        seal=seal_facts(root, name, classes),
    )


def seal_facts(root: Path, name: str, classes: Iterable[StoredClass]) -> SealFacts | None:
    """What the newest seal of a baseline says; `None` without one."""
    traces = [trace for stored in classes for trace in stored.kept.values()]
    seal = newest_seal(root, name, traces)
    if seal is None:
        return None
    sealed = (seal.trace(trace) for trace in traces)
    return SealFacts(
        base=seal.base, traces=len(traces), no_evidence=sum(bool(trace.why) for trace in sealed if trace is not None)
    )


def last_session(revisions: Iterable[Revision]) -> LastSession | None:
    """The session that was recorded last; `None` where there was none."""
    last = max(revisions, key=lambda revision: revision.recorded, default=None)
    if last is None:
        return None
    return LastSession(recorded=moment_text(last.recorded), commit=last.commit, python=last.python)


def moment_text(seconds: float) -> str:
    """A moment as ISO 8601 in UTC; empty for the epoch, which stands for a moment that nobody noted."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds") if seconds else ""
