"""The recorded inputs of a target; those of inner functions are observed in replays on base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec

from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Entry, TraceId
from ...recorders.model.value_tree import ObjectNode, OpaqueNode, Tree, children, contains_opaque, encode, walk
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..change.versions import Versions
from ..entries.catalogue import replayer_of
from ..entries.function import UNCALLED
from ..execute.process import ReplayerProcess
from ..model.invocation import Invocation
from ..model.job import Job
from .analyze.targets import Target
from .trials.inner_calls import CallProbe, ObservedCall, decode_probed
from .trials.inner_calls import encode as encode_probe

TRACES_LIMIT = 30
"""Traces whose inner calls are observed, each at the price of a replay: they come one of each path class first, and
with `CALLS_LIMIT` they give more than `SEEDS_LIMIT`."""

CALLS_LIMIT = 6
"""Calls of one function that are observed in one trace: those of a loop are alike, and each is copied in full."""

SEEDS_LIMIT = 50
"""Recorded inputs that others are made from: with 200 inputs a target, the default, four mutants of each. Measured on
the pairs of `benchmarks/explore.py`: 25 in the middle, one target in nine has more than these; with ten at most, as
many regressions are found."""

FOLLOWING_LIMIT = 2
"""Other methods that are called on the same object afterwards: each makes every trial longer by a call."""

ELSEWHERE_LIMIT = 4
"""Traces in which a call of an inner function is substituted too, to see whether any entry shows the difference: each
costs two replays a side (see `SUBSTITUTIONS_LIMIT`)."""

_NONE_CAPTURED = "no recorded call of it could be captured"


class RecordedInput(NamedTuple):
    """A recorded input of a target."""

    invocation: Invocation
    tree: Tree
    """What is changed: the arguments, or the fields of a request."""
    stored: StoredTrace
    number: int
    """For an inner call: which of the calls of this function in its trace; -1 for an entry's own input."""

    @property
    def is_inner(self) -> bool:
        """Whether it is a call inside a trace, which its caller need not show."""
        return self.number >= 0


class Collected(NamedTuple):
    """What there is of a target."""

    inputs: list[RecordedInput]
    """Each once."""
    elsewhere: Sequence[RecordedInput] = ()
    """Calls of an inner function that are substituted too, to see whether their entry shows it."""
    by_producers: bool = False
    """Whether objects are made again by what made them: a class of theirs has another layout now."""
    reason: str = ""
    """Why there is nothing, or empty."""


class InputCollector:
    """Collects the recorded inputs of one target."""

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

    def collect(self) -> Collected:
        """Recorded inputs, and what they ask for."""
        own = self._own() if self._target.is_entry else Collected([], reason=_NONE_CAPTURED)
        found = own if own.inputs else self._inner(own.reason)
        if not found.inputs:
            return found
        known: dict[bytes, RecordedInput] = {}
        for recorded in found.inputs:
            known.setdefault(encode(recorded.tree), recorded)
        chosen = list(known.values())[:SEEDS_LIMIT]
        changed = self._changed_layout(chosen)
        if changed and not all(_has_producers(recorded.tree, self._versions.changed_layout) for recorded in chosen):
            return Collected([], reason=f"it needs a {changed} whose layout changed and which no recorded entry made")
        elsewhere = [] if self._target.is_entry else _weighing_most(found.inputs)
        return Collected(chosen, elsewhere, bool(changed))

    def job(self, stored: StoredTrace) -> Job:
        """The replay of a trace."""
        return Job(stored.id, self.entry(stored), stored.data, dict(stored.producers))

    def entry(self, stored: StoredTrace) -> Entry:
        """Of a trace."""
        return self._reader.entries()[stored.entry]

    def _changed_layout(self, known: Sequence[RecordedInput]) -> str:
        """A class with a changed layout of which recorded inputs hold an instance; or empty."""
        found = (
            name for recorded in known for name in _classes(recorded.tree) if name in self._versions.changed_layout
        )
        return next(found, "").replace(":", ".")

    def _traces(self) -> Iterator[StoredTrace]:
        for name in self._target.traces:
            stored = self._stored(name)
            if stored is not None:
                yield stored

    # --- inputs of the entry itself ---

    def _own(self) -> Collected:
        found: list[RecordedInput] = []
        why_none = _NONE_CAPTURED
        for stored in self._traces():
            if len(found) >= 2 * SEEDS_LIMIT:  # some are alike
                break
            if stored.entry == self._target.name:
                recorded = self._own_of(stored)
                if isinstance(recorded, str):
                    why_none = recorded
                else:
                    found.append(recorded)
        return Collected(found, reason=why_none)

    def _own_of(self, stored: StoredTrace) -> RecordedInput | str:
        """The input of a trace, or why it cannot be tried."""
        assert stored.trace is not None
        given = stored.trace.input
        if not isinstance(given, CallInput):
            kind = stored.trace.kind
            return RecordedInput(
                Invocation(self._target.name, kind, given.tree()), replayer_of(kind).parts(given), stored, -1
            )
        kind, arguments = given.kind, given.arguments
        if kind in UNCALLED or given.generates or given.awaits:
            return UNCALLED.get(kind, f"a {'coroutine' if given.awaits else 'generator'} function is not explored")
        opaque = contains_opaque(arguments)
        if opaque is not None:
            return _why_opaque(opaque)
        return RecordedInput(Invocation(self.entry(stored).target, kind, arguments), arguments, stored, -1)

    # --- inputs of an inner function ---

    def _inner(self, why_none: str) -> Collected:
        """Calls of it while recorded traces are replayed on base; `why_none` is the reason so far."""
        stored = {trace.id: trace for trace in islice(self._traces(), TRACES_LIMIT)}
        probe = encode_probe(CallProbe({self._target.name: CALLS_LIMIT}))
        jobs = [msgspec.structs.replace(self.job(trace), probe=probe) for trace in stored.values()]
        found: list[RecordedInput] = []
        callers: set[str] = set()
        for observed in self._base.run(jobs):
            for call in decode_probed(observed.probed).calls:
                opaque = contains_opaque(call.arguments)
                if opaque is not None:
                    why_none = _why_opaque(opaque)
                    continue
                callers.update(call.callers[:1])
                found.append(_of_call(call, stored[observed.trace]))
        changed = sorted(name for name in callers if name != self._target.name and self._versions.differs(name))
        if changed:
            return Collected([], reason=f"its caller {changed[0]} changed with it, and is explored instead")
        return Collected(found, reason=why_none)

    # --- what is called afterwards ---

    def other_methods(self) -> list[Invocation]:
        """Recorded calls of other methods of the same class, to see what a call did to its object."""
        if self._target.kind not in ("method", "constructor"):
            return []
        home = self._target.name.rpartition(".")[0] + "."
        entries = self._reader.entries()
        found: dict[str, Invocation] = {}
        for path_class in self._reader.classes():
            target = entries[path_class.entry].target
            if target.startswith(home) and target != self._target.name and target not in found:
                invocation = self._first_method_call(target, path_class.kept.values())
                if invocation is not None:
                    found[target] = invocation
        return [found[name] for name in sorted(found)][:FOLLOWING_LIMIT]

    def _first_method_call(self, target: str, traces: Iterable[TraceId]) -> Invocation | None:
        """The first trace that is a plain call of a method; `None` where its arguments were not captured."""
        for stored in map(self._stored, traces):
            given = stored.trace.input if stored is not None and stored.trace is not None else None
            if not isinstance(given, CallInput) or given.kind != "method" or given.generates or given.awaits:
                continue
            arguments = given.arguments
            return Invocation(target, "method", arguments) if contains_opaque(arguments) is None else None
        return None


def _of_call(call: ObservedCall, stored: StoredTrace) -> RecordedInput:
    return RecordedInput(Invocation(call.function, call.kind, call.arguments), call.arguments, stored, call.number)


def _why_opaque(opaque: OpaqueNode) -> str:
    return f"it needs a {opaque.cls.replace(':', '.')} that was not captured: {opaque.reason}"


def _weighing_most(found: Sequence[RecordedInput]) -> list[RecordedInput]:
    """Recorded calls, first and last of the traces with the fewest: there what one of them returns weighs most."""
    traces: dict[TraceId, list[RecordedInput]] = {}
    for recorded in found:
        traces.setdefault(recorded.stored.id, []).append(recorded)
    rows = sorted(traces.values(), key=len)[:ELSEWHERE_LIMIT]
    return [*(row[0] for row in rows), *(row[-1] for row in rows[: ELSEWHERE_LIMIT // 2] if len(row) > 1)]


def _classes(tree: Tree) -> Iterator[str]:
    return (part.cls for part in walk(tree) if isinstance(part, ObjectNode))


def _has_producers(tree: Tree, changed_layout: frozenset[str]) -> bool:
    """Whether it is known what made each object of these classes."""
    unknown = walk(tree, lambda part: () if isinstance(part, ObjectNode) and part.origin else children(part))
    objects = (part for part in unknown if isinstance(part, ObjectNode) and not part.origin)
    return not any(part.cls in changed_layout for part in objects)
