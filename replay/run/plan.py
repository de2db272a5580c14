"""The plan of a run: the path classes of a baseline, and which of their traces a change can have reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ...recorders.model.trace import TraceId
from ...recorders.store.protocol import BaselineReader, StoredClass
from ..judge.oracle import Oracle
from ..judge.path_names import ClassName, file_name, name_classes
from .options import RunOptions

if TYPE_CHECKING:
    from ..explore.analyze.targets import Target


class Group(NamedTuple):
    """One path class with its name: the content of one item."""

    stored: StoredClass
    name: ClassName
    module: str


class Plan(NamedTuple):
    """What a run does."""

    groups: tuple[Group, ...]
    """The path classes that hold a trace which is to be replayed, in a fixed order."""
    targets: tuple[Target, ...]
    """What is explored for the change."""


def groups_of(reader: BaselineReader) -> tuple[Group, ...]:
    """Every path class of a baseline, in a fixed order."""
    classes, entries = reader.classes(), reader.entries()
    names = name_classes(classes)
    return tuple(
        Group(stored, names[stored.entry, stored.path], file_name(entries[stored.entry].module))
        for stored in classes
        if stored.entry in entries
    )


def wanted_traces(group: Group, oracle: Oracle, options: RunOptions) -> list[TraceId]:
    """The traces of a class that are to be replayed: one that was asked for by name always is."""
    kept = group.stored.kept.values()
    if options.trace:
        return [trace for trace in kept if trace.startswith(options.trace)]
    return [trace for trace in kept if is_selected(trace, oracle, options)]


def is_selected(trace: TraceId, oracle: Oracle, options: RunOptions) -> bool:
    """Whether the change can have reached a trace, or everything was asked for. Without base every trace counts."""
    if options.everything:
        return True
    return oracle.differs and (oracle.selection is None or bool(oracle.selection.why(trace)))
