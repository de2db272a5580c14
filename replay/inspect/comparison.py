"""Comparison of two baselines: what traffic does that it did not do before, and how often."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.shapes import Shape
from ...recorders.store.protocol import BaselineReader, StoredClass
from ..judge.path_names import name_classes
from .entries import EntryTraffic, arm_counts, arm_text, traffic_of
from .shape_changes import ShapeChange, shape_changes

LEAST_CHANGE = 0.01
"""A rate that moved by less than a hundredth is not reported: with a million traces any change is certain, and most are
of no interest."""

CERTAINTY = 3.29
"""Standard errors by which a rate must have moved: chance alone does that once in a thousand."""


class RateChange(msgspec.Struct, frozen=True, kw_only=True):
    """A rate that moved by more than chance explains."""

    name: str
    """Words of a path, an arm with its place, or an entry."""
    before: float
    after: float
    recorded_before: int
    """Traces that did so."""
    recorded_after: int


class PathChange(msgspec.Struct, frozen=True, kw_only=True):
    """A path that one of two baselines has."""

    path: str
    words: str
    outcome: str
    recorded: int
    rate: float
    """Part of the entry's traces, in the baseline that has it."""
    conditions: tuple[str, ...]


class EntryChange(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of both baselines, in which something differs."""

    name: str
    recorded_before: int
    recorded_after: int
    new_paths: tuple[PathChange, ...]
    gone_paths: tuple[PathChange, ...]
    rates: tuple[RateChange, ...]
    """Of paths that both have."""
    branches: tuple[RateChange, ...]
    """Of arms that both have, as parts of the traces that came to their branch."""
    shapes: tuple[ShapeChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.new_paths or self.gone_paths or self.rates or self.branches or self.shapes)


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two baselines side by side; what has most traffic comes first everywhere."""

    before: str
    after: str
    new_entries: tuple[EntryTraffic, ...]
    gone_entries: tuple[EntryTraffic, ...]
    traffic: tuple[RateChange, ...]
    """Entries whose part of all traces moved."""
    entries: tuple[EntryChange, ...]
    """Entries in which something differs."""

    @property
    def differs(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.new_entries or self.gone_entries or self.traffic or self.entries)


def compare_baselines(names: tuple[str, str], one: BaselineReader, other: BaselineReader) -> Comparison:
    """What differs between two open baselines; raises `StoreError`."""
    before = {row.name: row for row in traffic_of(one)}
    after = {row.name: row for row in traffic_of(other)}
    common = sorted(before.keys() & after.keys(), key=lambda name: (-_most(before[name], after[name]), name))
    classes = _by_entry(one.classes()), _by_entry(other.classes())
    words = _words(one), _words(other)
    shapes = one.shapes(), other.shapes()
    changes = [
        EntryChange(
            name=name,
            recorded_before=before[name].recorded,
            recorded_after=after[name].recorded,
            new_paths=_only_in(classes[1][name], classes[0][name], words[1]),
            gone_paths=_only_in(classes[0][name], classes[1][name], words[0]),
            rates=_path_rates(classes[0][name], classes[1][name], words[1]),
            branches=_arm_rates(classes[0][name], classes[1][name]),
            shapes=_shapes(name, *shapes),
        )
        for name in common
    ]
    totals = sum(row.recorded for row in before.values()), sum(row.recorded for row in after.values())
    return Comparison(
        before=names[0],
        after=names[1],
        new_entries=tuple(row for name, row in after.items() if name not in before),
        gone_entries=tuple(row for name, row in before.items() if name not in after),
        traffic=_moved(
            [_Row(name, before[name].recorded, totals[0], after[name].recorded, totals[1]) for name in common]
        ),
        entries=tuple(change for change in changes if not change.is_empty),
    )


def _most(before: EntryTraffic, after: EntryTraffic) -> int:
    return max(before.recorded, after.recorded)


def _by_entry(classes: Iterable[StoredClass]) -> Mapping[str, list[StoredClass]]:
    """Path classes by entry; none of an entry that has none."""
    found: defaultdict[str, list[StoredClass]] = defaultdict(list)
    for stored in classes:
        found[stored.entry].append(stored)
    return found


def _words(reader: BaselineReader) -> dict[tuple[str, str], str]:
    return {key: name.words for key, name in name_classes(reader.classes()).items()}


def _whole(classes: Iterable[StoredClass]) -> int:
    return sum(stored.count for stored in classes)


def _only_in(
    having: Sequence[StoredClass], lacking: Sequence[StoredClass], words: Mapping[tuple[str, str], str]
) -> tuple[PathChange, ...]:
    whole = _whole(having)
    known = {stored.path for stored in lacking}
    found = (stored for stored in having if stored.path not in known)
    return tuple(
        PathChange(
            path=stored.path,
            words=words[stored.entry, stored.path],
            outcome=stored.description.outcome,
            recorded=stored.count,
            rate=stored.count / whole if whole else 0.0,
            conditions=tuple(map(arm_text, stored.description.arms)),
        )
        for stored in sorted(found, key=lambda stored: (-stored.count, stored.path))
    )


def _path_rates(
    before: Sequence[StoredClass], after: Sequence[StoredClass], words: Mapping[tuple[str, str], str]
) -> tuple[RateChange, ...]:
    was = {stored.path: stored.count for stored in before}
    whole = _whole(before), _whole(after)
    rows = [
        _Row(words[stored.entry, stored.path], was[stored.path], whole[0], stored.count, whole[1])
        for stored in after
        if stored.path in was
    ]
    return _moved(rows)


def _arm_rates(before: Sequence[StoredClass], after: Sequence[StoredClass]) -> tuple[RateChange, ...]:
    """Arms by how many of the traces that came to their branch took them: what happens before is no change of them."""
    was, now = arm_counts(before), arm_counts(after)
    rows = [
        _Row(arm_text(found.arm), was[identity].taken, was[identity].reached, found.taken, found.reached)
        for identity, found in now.items()
        if identity in was
    ]
    return _moved(rows)


class _Row(NamedTuple):
    """A rate in both baselines, as counts."""

    name: str
    was: int
    before: int
    now: int
    after: int


def _moved(rows: Iterable[_Row]) -> tuple[RateChange, ...]:
    """The rates that moved, those with most traffic first."""
    found = [
        RateChange(
            name=row.name,
            before=row.was / row.before,
            after=row.now / row.after,
            recorded_before=row.was,
            recorded_after=row.now,
        )
        for row in rows
        if has_moved(row.was, row.before, row.now, row.after)
    ]
    return tuple(sorted(found, key=lambda change: (-max(change.recorded_before, change.recorded_after), change.name)))


def has_moved(was: int, before: int, now: int, after: int) -> bool:
    """Whether a rate of `was` in `before` is another than one of `now` in `after`, by more than chance explains.

    The two-proportion z-test with a pooled rate.
    """
    if before <= 0 or after <= 0:
        return False
    change = abs(was / before - now / after)
    pooled = min(max((was + now) / (before + after), 0.0), 1.0)  # a damaged baseline may hold any counts
    error = math.sqrt(pooled * (1 - pooled) * (1 / before + 1 / after))
    return change >= LEAST_CHANGE and change > CERTAINTY * error


def _shapes(
    entry: str, before: Mapping[tuple[str, str], Shape], after: Mapping[tuple[str, str], Shape]
) -> tuple[ShapeChange, ...]:
    found: list[ShapeChange] = []
    for part in ("input", "outcome"):
        if (entry, part) in before and (entry, part) in after:
            found += shape_changes(part, before[entry, part], after[entry, part])
    return tuple(found)
