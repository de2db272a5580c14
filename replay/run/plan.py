"""The plan of a run: the path classes of a baseline, and which of their traces a change can have reached."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ...recorders.model.trace import TraceId
from ...recorders.store.protocol import BaselineReader, StoredClass
from ..judge.oracle import Oracle
from ..judge.path_names import ClassName, file_name, name_classes
from .options import RunOptions
from .shards import divide

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


class Planner:
    """Chooses what a run judges and explores: what the change can have reached, in its shard."""

    def __init__(self, groups: Sequence[Group], oracle: Oracle, options: RunOptions) -> None:
        """`groups` are all path classes of the baseline."""
        self._groups = groups
        self._oracle = oracle
        self._options = options
        self._selected: dict[tuple[str, str], list[TraceId]] = {}
        """Path class → its traces that are to be replayed, in whichever shard."""

    @property
    def groups(self) -> tuple[Group, ...]:
        """The path classes of which a trace is to be replayed."""
        return tuple(group for group in self._groups if self.wanted(group))

    @property
    def classes(self) -> int:
        """How many these are in all shards together."""
        return sum(bool(self._in_any_shard(group)) for group in self._groups)

    def wanted(self, group: Group) -> list[TraceId]:
        """The traces of a class that are to be replayed; none where it is another shard's."""
        shard, stored = self._options.shard, group.stored
        if shard is not None and self._shards[stored.entry, stored.path] != shard.index:
            return []
        return self._in_any_shard(group)

    def _in_any_shard(self, group: Group) -> list[TraceId]:
        key = group.stored.entry, group.stored.path
        if key not in self._selected:
            self._selected[key] = wanted_traces(group, self._oracle, self._options)
        return self._selected[key]

    @cached_property
    def _shards(self) -> dict[tuple[str, str], int]:
        """The shard of each path class, by its number of traces: recordings hold no durations."""
        shard = self._options.shard
        costs = {(group.stored.entry, group.stored.path): len(group.stored.kept) for group in self._groups}
        return divide(costs, shard.of) if shard is not None else {}

    def targets(self, targets: Sequence[Target]) -> tuple[Target, ...]:
        """Those of what can be explored for the change that are this shard's."""
        shard = self._options.shard
        if shard is None:
            return tuple(targets)
        shards = divide({target.name: len(target.traces) for target in targets}, shard.of)
        return tuple(target for target in targets if shards[target.name] == shard.index)
