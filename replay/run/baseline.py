"""What a run says of its baseline."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from ...recorders.model.absences import unsampled, why_empty
from ...recorders.store.protocol import BaselineReader
from ..judge.seal import Fidelity, Seal


class BaselineFacts(NamedTuple):
    """What a baseline holds, and what its recorder counted."""

    name: str
    location: str
    """File or URL."""
    classes: int
    """Path classes."""
    counters: Mapping[str, int] = {}
    """What the recorder counted."""
    unsampled: Mapping[str, int] = {}
    """Entry → calls of it that were not recorded."""
    why_empty: str = ""
    """Why it holds no trace, where it holds none and that is known."""


def facts_of(name: str, reader: BaselineReader, classes: int) -> BaselineFacts:
    """What a baseline holds; `classes` of its path classes can be replayed."""
    absences = reader.absences()
    return BaselineFacts(name, reader.location, classes, reader.counters(), unsampled(absences), why_empty(absences))


def describe(name: str, reader: BaselineReader) -> str:
    """A baseline in a line: when, where and on which code it was recorded last."""
    revisions = reader.revisions()
    if not revisions:
        return f"baseline {name}, empty"
    latest = revisions[max(revisions)]
    when = datetime.datetime.fromtimestamp(latest.recorded, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    commit = f", commit {latest.commit[:12]}" if latest.commit else ""
    return f"baseline {name}, recorded {when} on Python {latest.python}{commit}"


def fidelity_of(seal: Seal | None, reader: BaselineReader) -> dict[str, Fidelity]:
    """How faithful base is to the recording, by entry; empty without a seal."""
    if seal is None:
        return {}
    return seal.fidelity({trace: stored.entry for stored in reader.classes() for trace in stored.kept.values()})
