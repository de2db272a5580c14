"""Evidence: what a reader needs to see of each cause, so that a report can show it without the project at hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest

import msgspec

from ...recorders.model.trace import TraceId
from ...recorders.store.protocol import StoredClass
from ..change.versions import Versions
from ..model.verdict import ClassVerdict
from .causes import Cause, PlaceKey, causes_of, place_key
from .excerpts import Excerpt, excerpts_of
from .options import RunProject
from .variables import Sample, Variables, variables_of

CAUSES = 40
"""Causes that evidence is gathered for; beyond, a reader has long begun to mend."""

ROWS = 12
"""Diverged traces, and others, in a table of variables: enough to see a pattern."""


class Evidence(msgspec.Struct, frozen=True):
    """What is to be seen of one cause."""

    place: PlaceKey
    """As `place_key` gives it."""
    base: Excerpt | None = None
    candidate: Excerpt | None = None
    variables: Variables = Variables()


def evidence_of(project: RunProject, versions: Versions, verdicts: Sequence[ClassVerdict]) -> tuple[Evidence, ...]:
    """The evidence of each cause of some verdicts, in the causes' order."""
    causes = causes_of(verdicts)[:CAUSES]
    if not causes:
        return ()
    classes = project.reader.classes()
    return tuple(_evidence(cause, project, classes, versions, verdicts) for cause in causes)


def _evidence(
    cause: Cause,
    project: RunProject,
    classes: Sequence[StoredClass],
    versions: Versions,
    verdicts: Sequence[ClassVerdict],
) -> Evidence:
    entries = {verdict.entry for verdict in cause.classes}
    base = candidate = None
    if cause.location is not None:
        running = [stored for stored in classes if stored.entry in entries]
        base, candidate = excerpts_of(cause.location, versions.old, versions.new, running)
    samples = list(_samples(cause, project, verdicts))
    return Evidence(place_key(cause.location), base, candidate, variables_of(samples))


def _samples(cause: Cause, project: RunProject, verdicts: Sequence[ClassVerdict]) -> Iterator[Sample]:
    """Some traces of a cause, from each of its path classes in turn, and some of the same entry that came out the same.

    They are of one entry, the one with most diverged traces: inputs of others have nothing in common with its.
    """
    causing = set(cause.traces)
    diverged = Counter(found.entry for found in verdicts for trace in found.traces if trace.trace in causing)
    [(entry, _most)] = diverged.most_common(1)
    classes = [found for found in verdicts if found.entry == entry]
    chosen = {
        *_in_turn([[trace.trace for trace in found.traces if trace.trace in causing] for found in classes]),
        *_in_turn([[trace.trace for trace in found.traces if trace.verdict == "same"] for found in classes]),
    }
    names = {trace.trace: trace.verdict for found in classes for trace in found.traces if trace.trace in chosen}
    paths = dict.fromkeys(found.path for found in classes if any(trace.trace in chosen for trace in found.traces))
    samples = {
        stored.id: Sample(stored.id, names[stored.id], stored.trace)
        for path in paths
        for stored in project.reader.traces(entry=entry, path=path)
        if stored.id in names and stored.trace is not None
    }
    yield from sorted(samples.values(), key=lambda sample: sample.verdict)


def _in_turn(classes: Sequence[Sequence[TraceId]]) -> list[TraceId]:
    """At most `ROWS` traces, one of each class, then another of each."""
    rounds = (trace for turn in zip_longest(*classes) for trace in turn if trace is not None)
    return list(islice(rounds, ROWS))
