"""Entries and paths of a baseline, with their traffic: what really happens, how often, with which values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import msgspec

from ...recorders.errors import UnknownEntry
from ...recorders.model.absences import unsampled
from ...recorders.model.branches import Arm, FunctionName
from ...recorders.model.trace import Entry
from ...recorders.store.protocol import BaselineReader, StoredClass
from ..judge.path_names import name_classes
from .examples import Example, entry_of, example_of
from .overview import Overview, overview_of
from .seals import newest_seal

BranchIdentity: TypeAlias = tuple[FunctionName, str, int]
"""See `Branch.identity`."""

ArmIdentity: TypeAlias = tuple[FunctionName, str, int, str]
"""See `Arm.identity`."""


class EntryTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """An entry and its traffic."""

    name: str
    kind: str
    """`wsgi`, `function`, or what a plugin calls its own."""
    target: str
    """Function or application, `module:name`; empty where it is not known."""
    recorded: int
    share: float
    """Part of all recorded traces, 0 to 1."""
    paths: int
    kept: int
    outcomes: dict[str, int]
    """`200`, `returned`, `ValueError` → traces, the most frequent first."""
    not_sampled: int
    """Runs, or more, that were seen and not recorded."""


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """A baseline and its entries, those with most traffic first."""

    baseline: Overview
    entries: tuple[EntryTraffic, ...]


class BranchRate(msgspec.Struct, frozen=True, kw_only=True):
    """A branch, and how often each of its arms is taken."""

    function: str
    line: int
    """Where it stood when it was recorded."""
    condition: str
    recorded: int
    """Traces that came to it."""
    arms: dict[str, int]
    """`true`, `false`, `entered`, `ended` → traces that took it; a trace may take several."""


class PathTraffic(msgspec.Struct, frozen=True, kw_only=True):
    """A path class of an entry."""

    path: str
    """Digest of its arms and kind of outcome."""
    words: str
    """What distinguishes it from its siblings."""
    outcome: str
    recorded: int
    rate: float
    """Part of the entry's traces, 0 to 1."""
    conditions: tuple[str, ...]
    """All arms that it took, in order: `shop.pricing:fee:5 total > 100 is true`."""
    truncated: bool
    """Whether the recorder stopped looking before its traces ended."""
    traces: tuple[str, ...]
    """Those that are kept."""
    no_evidence: int | None
    """How many of them base does not replay as recorded; `None` where the baseline is not sealed."""
    examples: tuple[Example, ...]


class EntryContents(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in full."""

    baseline: str
    entry: EntryTraffic
    input: str
    """Shape of its inputs."""
    outcome: str
    """Shape of its outcomes."""
    branches: tuple[BranchRate, ...]
    """Those that do not always go the same way; what divides the traffic most comes first."""
    paths: tuple[PathTraffic, ...]
    """Those with most traffic first."""


def contents_of(name: str, reader: BaselineReader, root: Path) -> Contents:
    """A baseline and its entries; raises `StoreError`."""
    return Contents(baseline=overview_of(name, reader, root), entries=tuple(traffic_of(reader)))


def traffic_of(reader: BaselineReader) -> list[EntryTraffic]:
    """The entries of a baseline, those with most traffic first."""
    by_entry: dict[str, list[StoredClass]] = {name: [] for name in reader.entries()}
    for stored in reader.classes():
        by_entry.setdefault(stored.entry, []).append(stored)
    whole = sum(stored.count for classes in by_entry.values() for stored in classes)
    missed = unsampled(reader.absences())
    known = reader.entries()
    rows = [_traffic(name, known.get(name), classes, whole, missed.get(name, 0)) for name, classes in by_entry.items()]
    return sorted(rows, key=lambda row: (-row.recorded, row.name))


def _traffic(
    name: str, entry: Entry | None, classes: Sequence[StoredClass], whole: int, not_sampled: int
) -> EntryTraffic:
    outcomes: Counter[str] = Counter()
    for stored in classes:
        outcomes[stored.description.outcome] += stored.count
    recorded = outcomes.total()
    return EntryTraffic(
        name=name,
        kind=entry.kind if entry is not None else "",
        target=entry.target if entry is not None else "",
        recorded=recorded,
        share=recorded / whole if whole else 0.0,
        paths=len(classes),
        kept=sum(len(stored.kept) for stored in classes),
        outcomes=dict(sorted(outcomes.items(), key=lambda row: (-row[1], row[0]))),
        not_sampled=not_sampled,
    )


def entry_contents(name: str, reader: BaselineReader, root: Path, wanted: str, *, examples: int = 1) -> EntryContents:
    """One entry in full, with so many examples of each path; raises `UnknownEntry`, `StoreError`."""
    rows = traffic_of(reader)
    row = next((row for row in rows if row.name == wanted), None)
    if row is None:
        raise UnknownEntry(name, wanted, [row.name for row in rows])
    every = reader.classes()
    classes = sorted(
        (stored for stored in every if stored.entry == wanted), key=lambda stored: (-stored.count, stored.path)
    )
    seal = newest_seal(root, name, [trace for stored in every for trace in stored.kept.values()])
    names = name_classes(every)
    shapes = reader.shapes()

    def no_evidence(stored: StoredClass) -> int | None:
        if seal is None:
            return None
        sealed = (seal.trace(trace) for trace in stored.kept.values())
        return sum(bool(trace.why) for trace in sealed if trace is not None)

    return EntryContents(
        baseline=name,
        entry=row,
        input=shapes[wanted, "input"].describe() if (wanted, "input") in shapes else "",
        outcome=shapes[wanted, "outcome"].describe() if (wanted, "outcome") in shapes else "",
        branches=tuple(branch_rates(classes)),
        paths=tuple(
            PathTraffic(
                path=stored.path,
                words=names[stored.entry, stored.path].words,
                outcome=stored.description.outcome,
                recorded=stored.count,
                rate=stored.count / row.recorded if row.recorded else 0.0,
                conditions=tuple(map(arm_text, stored.description.arms)),
                truncated=stored.description.truncated,
                traces=tuple(stored.kept.values()),
                no_evidence=no_evidence(stored),
                examples=tuple(_examples(reader, stored, examples)),
            )
            for stored in classes
        ),
    )


def _examples(reader: BaselineReader, stored: StoredClass, count: int) -> Iterable[Example]:
    for trace in reader.traces(entry=stored.entry, path=stored.path):
        if not count:
            return
        if trace.trace is not None:
            yield example_of(entry_of(reader, trace), trace.id, trace.trace)
            count -= 1


def arm_text(arm: Arm) -> str:
    """An arm with its place: `shop.pricing:fee:5 total > 100 is true`."""
    return f"{arm.branch.function}:{arm.branch.line} {arm.words()}"


class ArmCount(NamedTuple):
    """How often an arm was taken."""

    arm: Arm
    taken: int
    """Traces that took it."""
    reached: int
    """Traces that came to its branch."""


def arm_counts(classes: Sequence[StoredClass]) -> dict[ArmIdentity, ArmCount]:
    """How many traces of some path classes took each arm."""
    reached: Counter[BranchIdentity] = Counter()
    taken: Counter[ArmIdentity] = Counter()
    arms: dict[ArmIdentity, Arm] = {}
    for stored in classes:
        own = {arm.identity: arm for arm in stored.description.arms}
        for identity, arm in own.items():
            arms.setdefault(identity, arm)
            taken[identity] += stored.count
        for branch in {arm.branch.identity for arm in own.values()}:
            reached[branch] += stored.count
    return {identity: ArmCount(arm, taken[identity], reached[arm.branch.identity]) for identity, arm in arms.items()}


def branch_rates(classes: Sequence[StoredClass]) -> list[BranchRate]:
    """The branches that traces of some path classes leave by different arms; those whose rarer arm has most traffic
    come first, because they divide the traffic.

    One that every trace leaves by the same arms, such as a loop that is entered and ended, says nothing.
    """
    by_branch: dict[BranchIdentity, list[ArmCount]] = {}
    for count in arm_counts(classes).values():
        by_branch.setdefault(count.arm.branch.identity, []).append(count)
    rates = [
        BranchRate(
            function=counts[0].arm.branch.function,
            line=counts[0].arm.branch.line,
            condition=counts[0].arm.branch.condition,
            recorded=counts[0].reached,
            arms=dict(sorted((count.arm.taken, count.taken) for count in counts)),
        )
        for counts in by_branch.values()
        if any(count.taken < count.reached for count in counts)
    ]
    return sorted(rates, key=lambda rate: (-min(rate.arms.values()), rate.function, rate.line, rate.condition))
