"""This file is about gathering: the recorded inputs of a target, those of inner functions out of replays on base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Entry, TraceId
from ...recorders.model.value_tree import ObjectNode, Tree, children, contains_opaque, encode
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..change.versions import Versions
from ..entries.function import UNCALLED
from ..execute.process import ReplayerProcess
from ..model.job import Job
from ..model.trial import Step
from .analyze.targets import Target
from .generate.http_fields import fields_of

TRACES = 30
"""Traces whose inner calls are looked at."""

CALLS = 6
"""Calls of one function in one trace."""

KNOWN = 50
"""Recorded inputs that others are made from."""

FOLLOWING = 2
"""Other methods that are called on the same object afterwards."""

ELSEWHERE = 4
"""Other recorded calls of an inner function that are made so, to see whether any entry shows the difference."""


class RecordedInput(NamedTuple):
    """A recorded input of a target."""

    step: Step
    tree: Tree
    """What is changed: the arguments, or the fields of a request."""
    stored: StoredTrace
    number: int
    """For an inner call: which of the calls of this function in its trace; -1 for an entry's own input."""


class Gathered(NamedTuple):
    """What there is of a target."""

    inputs: list[RecordedInput]
    """Each once."""
    elsewhere: list[RecordedInput]
    """Calls of an inner function in whose place an input is put too, to see whether its entry shows it."""
    made: bool
    """Whether objects are made again by what made them: a class of theirs holds its state in another way now."""
    reason: str = ""
    """Why there is nothing, or empty."""


class Gathering:
    """Gathers for one target."""

    def __init__(
        self,
        target: Target,
        reader: BaselineReader,
        stored: Callable[[TraceId], StoredTrace | None],
        base: ReplayerProcess,
        versions: Versions,
    ) -> None:
        """`stored` gives a kept trace that can be read and has no gaps."""
        self._target = target
        self._reader = reader
        self._stored = stored
        self._base = base
        self._versions = versions
        self._why_none = "no recorded call of it could be captured"

    def gather(self) -> Gathered:
        """Recorded inputs, and what they ask for."""
        found = self._recorded() if self._target.is_entry else []
        if not found:
            found = self._inner()
        if not found:
            return Gathered([], [], False, self._why_none)
        known: dict[bytes, RecordedInput] = {}
        for one in found:
            known.setdefault(encode(one.tree), one)
        chosen = list(known.values())[:KNOWN]
        relaid = self._relaid(chosen)
        if relaid and not all(_all_known(one.tree, self._versions.relaid) for one in chosen):
            reason = f"it needs a {relaid}, which holds its state in another way now and which no recorded entry made"
            return Gathered([], [], True, reason)
        return Gathered(chosen, [] if self._target.is_entry else _weighing_most(found), bool(relaid))

    def job(self, stored: StoredTrace) -> Job:
        """The replay of a trace."""
        return Job(stored.id, self.entry(stored), stored.data, dict(stored.producers))

    def entry(self, stored: StoredTrace) -> Entry:
        """Of a trace."""
        return self._reader.entries()[stored.entry]

    def _relaid(self, known: Sequence[RecordedInput]) -> str:
        """A class of which recorded inputs hold an instance, and that holds its state in another way now; or empty."""
        found = (name for one in known for name in _classes(one.tree) if name in self._versions.relaid)
        return next(found, "").replace(":", ".")

    def _traces(self) -> Iterable[StoredTrace]:
        for name in self._target.traces:
            stored = self._stored(name)
            if stored is not None:
                yield stored

    def _recorded(self) -> list[RecordedInput]:
        """The inputs of the entry itself."""
        found: list[RecordedInput] = []
        for stored in self._traces():
            assert stored.trace is not None
            if len(found) >= 2 * KNOWN:
                break
            if stored.entry != self._target.name:
                continue
            given = stored.trace.input
            if not isinstance(given, CallInput):
                request = given.tree()
                step = Step(self._target.name, stored.trace.kind, request)
                found.append(RecordedInput(step, fields_of(request), stored, -1))
                continue
            kind, arguments = given.kind, given.arguments
            if kind in UNCALLED or given.generates:
                self._why_none = UNCALLED.get(kind, "a generator function is not explored")
                continue
            opaque = contains_opaque(arguments)
            if opaque is not None:
                self._why_none = f"it needs a {opaque.cls.replace(':', '.')} that was not captured: {opaque.reason}"
                continue
            found.append(RecordedInput(Step(self.entry(stored).target, kind, arguments), arguments, stored, -1))
        return found

    def _inner(self) -> list[RecordedInput]:
        """Calls of it while recorded traces are replayed on base."""
        stored = {one.id: one for _number, one in zip(range(TRACES), self._traces(), strict=False)}
        jobs = [msgspec.structs.replace(self.job(one), calls={self._target.name: CALLS}) for one in stored.values()]
        found: list[RecordedInput] = []
        callers: set[str] = set()
        for observed in self._base.run(jobs):
            for call in observed.calls:
                opaque = contains_opaque(call.arguments)
                if opaque is not None:
                    self._why_none = f"it needs a {opaque.cls.replace(':', '.')} that was not captured: {opaque.reason}"
                    continue
                callers.update(call.callers[:1])
                step = Step(call.function, call.kind, call.arguments)
                found.append(RecordedInput(step, call.arguments, stored[observed.trace], call.number))
        changed = sorted(one for one in callers if one != self._target.name and self._versions.differs(one))
        if changed:
            self._why_none = f"its caller {changed[0]} changed with it, and is explored instead"
            return []
        return found

    def other_methods(self) -> list[Step]:
        """Recorded calls of other methods of the same class, to see what a call did to its object."""
        if self._target.kind not in ("method", "constructor"):
            return []
        home = self._target.name.rpartition(".")[0] + "."
        entries = self._reader.entries()
        found: dict[str, Step] = {}
        for one in self._reader.classes():
            entry = entries[one.entry]
            if not entry.target.startswith(home) or entry.target == self._target.name or entry.target in found:
                continue
            for stored in map(self._stored, one.kept.values()):
                given = stored.trace.input if stored is not None and stored.trace is not None else None
                if not isinstance(given, CallInput) or given.kind != "method" or given.generates:
                    continue
                if contains_opaque(given.arguments) is None:
                    found[entry.target] = Step(entry.target, given.kind, given.arguments)
                break
        return [found[name] for name in sorted(found)][:FOLLOWING]


def _weighing_most(found: Sequence[RecordedInput]) -> list[RecordedInput]:
    """Recorded calls, first and last of the traces with the fewest: there what one of them returns weighs most."""
    traces: dict[TraceId, list[RecordedInput]] = {}
    for one in found:
        traces.setdefault(one.stored.id, []).append(one)
    rows = sorted(traces.values(), key=len)[:ELSEWHERE]
    return [*(row[0] for row in rows), *(row[-1] for row in rows[: ELSEWHERE // 2] if len(row) > 1)]


def _classes(tree: Tree) -> Iterable[str]:
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, ObjectNode):
            yield part.cls
        pending.extend(children(part))


def _all_known(tree: Tree, relaid: frozenset[str]) -> bool:
    """Whether it is known what made each object of these classes."""
    pending = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, ObjectNode):
            if part.origin:
                continue
            if part.cls in relaid:
                return False
        pending.extend(children(part))
    return True
