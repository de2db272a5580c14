"""This file is about locating: diverged traces are replayed once more in detail, on base and candidate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from ..recorders.store.protocol import BaselineReader
from ..recorders.trace import PathClass, Trace
from ..recorders.value_tree import Tree
from .cause import Evidence, find_cause
from .detail import Detail, Event
from .fields import without_positions
from .job import Job, Observed
from .judge import Case, Judgement
from .oracle import Oracle, Setup, candidate_process, marked_base
from .replayer import CannotReplay, Loaded
from .sealing import Runner
from .verdict import Location

IN_DETAIL = 3
"""Diverged traces of one path class that are replayed in detail; one more for each set of fields none of them has."""

IN_ALL = 15
"""Traces of all classes after which only sets of differing fields that no trace showed before are looked at: the
others share the place of the first trace that showed theirs."""


class Locating:
    """Tells where divergences begin; a context manager, because it may hold processes."""

    def __init__(self, setup: Setup, reader: BaselineReader, oracle: Oracle, loaded: Loaded) -> None:
        self._setup = setup
        self._reader = reader
        self._oracle = oracle
        self._loaded = loaded
        self._stack = ExitStack()
        self._looked = 0
        self._known: dict[frozenset[str], Location | None] = {}
        self._sides: tuple[Runner | None, Runner | None] | None = None

    def __enter__(self) -> Locating:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._stack.close()

    def locate(
        self, described: PathClass, diverged: Sequence[tuple[Case, Judgement]]
    ) -> Iterator[tuple[Judgement, Location | None]]:
        """The place of each; traces whose differing fields are those of one that was looked at share its place."""
        own: dict[frozenset[str], Location | None] = {}
        looked = 0
        for case, judgement in diverged:
            fields = frozenset(without_positions(one.field) for one in judgement.differences)
            if looked >= IN_DETAIL and fields in own:
                location = own[fields]
            elif self._looked >= IN_ALL and fields in self._known:
                location = self._known[fields]
            else:
                looked, self._looked = looked + 1, self._looked + 1
                location = self._look(described, case, judgement)
                own.setdefault(fields, location)
                self._known.setdefault(fields, location)
            yield judgement, location

    def place(self, case: Case, judgement: Judgement) -> Location | None:
        """The place of one, looked at by itself."""
        return self._look(PathClass([], "", False), case, judgement)

    def _look(self, described: PathClass, case: Case, judgement: Judgement) -> Location | None:
        base, candidate = self._marked()
        assert judgement.base is not None
        preceding = [msgspec.structs.replace(one, fresh=False, traced=False) for one in judgement.after]
        job = msgspec.structs.replace(case.job, fresh=True, restore=case.sealed.restore, preceding=preceding)
        after = _detail(candidate, job)
        before = _detail(base, job)
        if base is None and after is not None:
            before, after = recorded_detail(described, case.trace), first_occurrences(after)
        return find_cause(
            Evidence(
                versions=self._oracle.versions,
                base_detail=before,
                candidate_detail=after,
                base=judgement.base,
                candidate=judgement.candidate or judgement.base,
                differences=judgement.differences,
                modules=self._loaded.files,
                root=self._setup.root,
            )
        )

    def ask_base(self, job: Job) -> Observed | None:
        """What base shows of a job; `None` where it cannot be had here."""
        base, _candidate = self._marked()
        return next(iter(base.run([job]))) if base is not None else None

    def _marked(self) -> tuple[Runner | None, Runner | None]:
        if self._sides is None:
            candidate = candidate_process(self._setup, self._reader, self._oracle.versions, marked=True)
            self._stack.callback(candidate.stop)
            candidate.start()  # both load at the same time
            base: Runner | None = None
            if self._oracle.base is not None:
                try:
                    base = self._stack.enter_context(marked_base(self._setup, self._reader, self._oracle.base))
                except CannotReplay:
                    base = None  # an older seal of another environment: the candidate alone is looked at
            candidate.load()
            self._sides = base, candidate
        return self._sides


def _detail(runner: Runner | None, job: Job) -> Detail | None:
    if runner is None:
        return None
    return next(iter(runner.run([job]))).detail


def recorded_detail(described: PathClass, trace: Trace) -> Detail:
    """What a recording knows of a trace's steps: each arm at its first occurrence, and results of inner calls."""
    arms = [described.arms[position] for position in trace.order if position < len(described.arms)] or described.arms
    decisions = [
        Event("decision", arm.branch.function, arm.branch.condition, arm.branch.ordinal, arm.branch.line, arm.taken, [])
        for arm in arms
    ]
    enters = [Event("enter", function, "", 0, 0, "", []) for function in trace.functions]
    returns = [Event("return", call.function, "", 0, 0, "", [("", call.result)]) for call in trace.calls]
    return Detail([*enters, *decisions, *returns], False)


def first_occurrences(detail: Detail) -> Detail:
    """A detail as a recording would have it."""
    arms: dict[tuple[object, ...], Event] = {}
    for event in detail.events:
        if event.kind == "decision":
            arms.setdefault((event.function, event.key, event.ordinal, event.arm), event)
    enters = {event.function: event for event in reversed(detail.events) if event.kind == "enter"}
    returns = [event for event in detail.events if event.kind == "return" and _is_scalar(_values(event))]
    return Detail([*enters.values(), *arms.values(), *returns], detail.truncated)


def _values(event: Event) -> Iterable[Tree]:
    return [value for _text, value in event.values]


def _is_scalar(values: Iterable[Tree]) -> bool:
    return all(value is None or isinstance(value, (bool, int, float, str)) for value in values)
