"""Changes that recorded traffic ran and that no verdict of a run is about."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import TraceId
from ...recorders.store.protocol import BaselineReader, StoredClass
from ..judge.blind_spots import BlindSpot, Reach
from ..judge.blindness import Agreed, agree
from ..judge.gate import ArmName, UnjudgedChange, UnreachedLine, ignored_functions, unjudged_changes, unjudged_lines
from ..judge.oracle import Oracle
from ..judge.sealing import functions_recorded
from ..judge.selection import touched_functions
from ..judge.setup import Setup
from ..model.verdict import ClassVerdict, TraceVerdict
from .options import RunProject
from .places import modules_by_file

Verdicts: TypeAlias = Mapping[TraceId, TraceVerdict]


def agreed_of(project: RunProject, oracle: Oracle, verdicts: Iterable[ClassVerdict], reach: Reach) -> Agreed:
    """The changes that no trace judged, and what was agreed about such; `reach` is what the traces reached."""
    judged = {trace.trace: trace for found in verdicts for trace in found.traces}
    spots = [] if reach.unavailable else reach.blind_spots()
    changes = unjudged_changes_of(project, oracle, judged, spots)
    return agree(changes, project.blindness, datetime.datetime.now(datetime.UTC).date())


def unjudged_changes_of(
    project: RunProject, oracle: Oracle, verdicts: Verdicts, spots: Iterable[BlindSpot] = ()
) -> list[UnjudgedChange]:
    """The changed things that recorded traffic ran and that none of some verdicts is about.

    `spots` are changed lines that no replay reached. Without base each trace is judged against its own recording, and
    what it ran then is what it ran.
    """
    reader = project.reader
    classes = reader.classes()
    entries = {trace: stored.entry for stored in classes for trace in stored.kept.values()}
    ignored = _ignored_changes(reader, oracle, entries)
    if not oracle.differs:
        return ignored
    if oracle.selection is not None and oracle.seal is not None:
        recorded = {trace: oracle.seal.recorded_functions_of(trace) for trace in oracle.seal.recorded}
        touched = oracle.selection.touched()
        replayed = {trace: oracle.seal.functions_of(trace) for change in touched for trace in change.traces}
    else:
        recorded = replayed = _recorded_functions(reader)
        touched = touched_functions(oracle.versions.changed_functions, recorded)
    found = unjudged_changes(touched, verdicts, replayed, entries)
    lines = _unreached(project.setup, oracle, spots)
    return [*ignored, *found, *unjudged_lines(lines, recorded, _recorded_arms(classes), verdicts, entries)]


def _recorded_arms(classes: Iterable[StoredClass]) -> dict[TraceId, list[ArmName]]:
    """The arms that each kept trace took when it was recorded."""
    return {
        trace: [arm.identity for arm in stored.description.arms] for stored in classes for trace in stored.kept.values()
    }


def _recorded_functions(reader: BaselineReader) -> dict[TraceId, list[FunctionName]]:
    return {stored.id: functions_recorded(stored) for stored in reader.traces()}


def _ignored_changes(reader: BaselineReader, oracle: Oracle, entries: Mapping[TraceId, str]) -> list[UnjudgedChange]:
    """Changed functions that base has from the working tree, and that recorded traffic ran."""
    changed = oracle.ignored.changed_functions
    if not changed:
        return []
    return ignored_functions(touched_functions(changed, _recorded_functions(reader)), entries)


def _unreached(setup: Setup, oracle: Oracle, spots: Iterable[BlindSpot]) -> list[UnreachedLine]:
    """The lines among blind spots, with the functions that they stand in."""
    versions = oracle.versions
    modules = modules_by_file(setup.root, versions.changes, setup.homes)
    lines = ((modules.get(spot.file, ""), spot) for spot in spots if not spot.arm)
    found = ((versions.function_at(module, spot.line), spot) for module, spot in lines if module)
    return [UnreachedLine(name, f"{spot.file}:{spot.line}  {spot.source}") for name, spot in found if name]
