"""Locating: diverged traces are replayed once more in detail, on base and candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from time import monotonic
from typing import Any, NamedTuple

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import PathClass, Trace, TraceId
from ...recorders.model.value_tree import Tree
from ...recorders.store.protocol import BaselineReader
from ..execute.plan import CannotReplay, Loaded
from ..judge.judge import Case, Judgement
from ..judge.oracle import Oracle
from ..judge.processes import candidate_process, instrumented_base
from ..judge.sealing import Runner
from ..judge.setup import Setup
from ..model.field_path import FieldPattern, without_positions
from ..model.job import Job, Observed
from ..model.progress import Progress, Say, say_nothing
from ..model.reason import Reason, ReasonCode, joined
from ..model.steps import Detail, Event
from ..model.verdict import Location
from .cause import Evidence, find_cause

IN_DETAIL = 3
"""Diverged traces of one path class that are replayed in detail; one more for each key that none of them has.

Three show whether the place is the same for all; each costs two traced replays."""

CLOSELY = 5
"""Path classes of a run up to which three traces of each are replayed in detail; of more classes, one for each key.

It is the number of classes that are replayed, not of those that diverge, so that what is looked at does not depend on
the order of the items, or on who replays them."""

SECONDS = 60.0
"""Time that all looks of one run may take together: a place is worth less than an answer."""

NOT_LOOKED = Reason(ReasonCode.NOT_LOCATED, f"its steps were not looked at: locating took longer than {SECONDS:.0f} s")


class _Key(NamedTuple):
    """What decides, within a path class, where a divergence begins."""

    changed: frozenset[FunctionName]
    """Functions that ran and that the change is about."""
    fields: frozenset[FieldPattern]


class _Seen(NamedTuple):
    """The place of a trace that was looked at."""

    trace: TraceId
    location: Location | None

    def shared(self) -> Location | None:
        """The place for a trace like it, with the values of the one that was looked at, and its name."""
        return None if self.location is None else msgspec.structs.replace(self.location, seen_in=self.trace)


class Locating:
    """Finds where divergences begin; a context manager, because it may hold processes."""

    def __init__(
        self,
        setup: Setup,
        reader: BaselineReader,
        oracle: Oracle,
        loaded: Loaded,
        *,
        clock: Callable[[], float] = monotonic,
        say: Say = say_nothing,
        classes: int = 1,
    ) -> None:
        """`classes` is the number of path classes that the whole run replays, in all its processes."""
        self._setup = setup
        self._reader = reader
        self._oracle = oracle
        self._loaded = loaded
        self._stack = ExitStack()
        self._in_detail = IN_DETAIL if classes <= CLOSELY else 1
        self._clock = clock
        self._say = say
        self._spent = 0.0
        """Seconds."""
        self._sides: tuple[Runner | None, Runner | None] | None = None

    def __enter__(self) -> Locating:
        return self

    def __exit__(self, *_exception: Any) -> None:
        self._stack.close()

    def locate(
        self, described: PathClass, diverged: Sequence[tuple[Case, Judgement]]
    ) -> Iterator[tuple[Judgement, Location | None]]:
        """The place of each. Traces of one path class that ran the same changed functions and differ in the same
        fields share the place of one that was looked at; the values there are said to be of that trace."""
        known: dict[_Key, _Seen] = {}
        looked = 0
        progress = Progress("looking where divergences begin", len(diverged), self._say, self._clock)
        for case, judgement in progress.counted(diverged):
            key = self._key(case, judgement)
            if key in known and looked >= self._in_detail:
                yield judgement, known[key].shared()
                continue
            if self._spent > SECONDS:
                place = self._unlooked(described, case, judgement)
                yield judgement._replace(why=joined((judgement.why, NOT_LOOKED))), place
                continue
            looked += 1
            location = self._timed(described, case, judgement)
            known.setdefault(key, _Seen(judgement.trace, location))
            yield judgement, location

    def _key(self, case: Case, judgement: Judgement) -> _Key:
        changed = frozenset(filter(self._oracle.versions.differs, case.trace.functions))
        return _Key(changed, frozenset(without_positions(difference.field) for difference in judgement.differences))

    def _timed(self, described: PathClass, case: Case, judgement: Judgement) -> Location | None:
        begun = self._clock()
        try:
            return self._look(described, case, judgement)
        finally:
            self._spent += self._clock() - begun

    def place(self, case: Case, judgement: Judgement) -> Location | None:
        """The place of one, looked at by itself."""
        return self._look(PathClass([], "", False), case, judgement)

    def _look(self, described: PathClass, case: Case, judgement: Judgement) -> Location | None:
        base, candidate = self._instrumented()
        preceding = [msgspec.structs.replace(earlier, fresh=False, traced=False) for earlier in judgement.after]
        about = frozenset(self._oracle.versions.changed_functions)
        job = msgspec.structs.replace(
            case.job, fresh=True, restore=case.sealed.restore, state=case.sealed.state, preceding=preceding, about=about
        )
        after = _detail(candidate, job)
        before = _detail(base, job)
        if base is None and after is not None:
            before, after = recorded_detail(described, case.trace), first_occurrences(after)
        return find_cause(self._evidence(judgement, before, after))

    def _unlooked(self, described: PathClass, case: Case, judgement: Judgement) -> Location | None:
        """As far as the recording shows: a change in what the trace ran."""
        detail = recorded_detail(described, case.trace)
        return find_cause(self._evidence(judgement, detail, detail))

    def _evidence(self, judgement: Judgement, before: Detail | None, after: Detail | None) -> Evidence:
        assert judgement.base is not None
        return Evidence(
            versions=self._oracle.versions,
            base_detail=before,
            candidate_detail=after,
            base=judgement.base,
            candidate=judgement.candidate or judgement.base,
            differences=judgement.differences,
            modules=self._loaded.files,
            root=self._setup.root,
        )

    def ask_base(self, job: Job) -> Observed | None:
        """What base shows of a job; `None` where it cannot be had here."""
        base, _candidate = self._instrumented()
        return next(iter(base.run([job]))) if base is not None else None

    def _instrumented(self) -> tuple[Runner | None, Runner | None]:
        if self._sides is None:
            candidate = candidate_process(self._setup, self._reader, self._oracle.versions, instrumented=True)
            self._stack.callback(candidate.stop)
            candidate.start()  # both load at the same time
            base: Runner | None = None
            if self._oracle.base is not None:
                try:
                    base = self._stack.enter_context(instrumented_base(self._setup, self._reader, self._oracle.base))
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
