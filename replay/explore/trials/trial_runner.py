"""Runs trials on the code under test, in this process."""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from types import MethodType
from typing import Any, Literal, NamedTuple

import msgspec

from ....recorders import context
from ....recorders.capture.freeze import freeze
from ....recorders.capture.pickle_stubs import Frozen, FrozenBytes
from ....recorders.capture.readers import class_name
from ....recorders.capture.thaw import thaw
from ....recorders.context import PathRecord, Scope
from ....recorders.model.inputs import call_input
from ....recorders.model.trace import Outcome, Trace, encode_trace
from ....recorders.model.value_tree import AnchorNode, DictNode, ListNode, ObjectNode, RefNode, Tree, TupleNode, record
from ....recorders.privacy.known_secrets import Known
from ....recorders.session.assemble import named_trees
from ...entries.catalogue import replayer_of
from ...entries.function import callable_of, standing_in
from ...entries.protocol import EntryGone, EntryUnavailable
from ...execute.extension import Parts
from ...execute.masking import OpenedTrace
from ...execute.surroundings import kept
from ...execute.worker import NO_PRODUCERS
from ...model.digests import public
from ...model.invocation import Invocation
from ...model.job import Job, fingerprint, reading_digest
from ...model.observation import Observation, replayed_observation
from ...world.module_state import PreparedState
from ...world.rebuild import build
from ...world.recorded_world import RecordedWorld
from ...world.resolver import Unbuildable
from ...world.stopping import TraceStopped
from .trial import Trial, TrialBatch, TrialResult, decode_job, decode_trial

JOBS_KEPT = 200
"""Jobs that are kept decoded: four times the recorded inputs of one target (`SEEDS_LIMIT`), and a bound for memory."""

REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError)
"""Exceptions by which code refuses an input; in which words it does so does not count."""

_UNBOUND = ("function", "constructor")

NO_READINGS = reading_digest({})

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""


class _Frozen(NamedTuple):
    """The outcome of a step, not looked at yet."""

    kind: Literal["response", "return", "exception"]
    value: Frozen
    arguments: Frozen
    whole: Outcome | None = None
    """Where it is known as a whole already."""
    raised: str = ""
    """Class of the exception."""
    refused: bool = False

    def thawed(self) -> Outcome:
        """As a value tree."""
        return self.whole or Outcome(self.kind, thaw(self.value), thaw(self.arguments))


class _Opened(NamedTuple):
    """A job with the values behind its pseudonyms."""

    job: Job
    given: OpenedTrace
    moved: Trace
    """Its trace, as it is replayed here."""
    values: Known
    """The values for the pseudonyms."""


def _with_values(step: Invocation, values: Known) -> Invocation:
    return msgspec.structs.replace(step, arguments=values.tree(step.arguments))


class TrialRunner:
    """Runs trials sequentially."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._worker = parts.worker
        self._masks = parts.masks
        self._signatures: dict[frozenset[tuple[int, int, int]], bytes] = {}
        """Jumps that were taken in one trial → the signature of this path."""
        self._callables: dict[tuple[str, str, type | None], Any] = {}
        self._jobs: dict[bytes, _Opened] = {}

    def run(self, batch: TrialBatch, numbers: Sequence[int]) -> Iterator[TrialResult]:
        """The results of these trials of a batch; every failure is stated in its result."""
        if not batch.traced:
            self._parts.tracer.rest()
        with kept(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in numbers:
                trial = decode_trial(batch.trials[number])
                opened = self._job(bytes(batch.jobs[trial.job]))
                if opened.given.key:
                    steps = [_with_values(step, opened.values) for step in trial.steps]
                    trial = msgspec.structs.replace(trial, steps=steps)
                yield self._masked(self._result(batch, trial, opened.job, opened.moved), opened)

    def _masked(self, result: TrialResult, opened: _Opened) -> TrialResult:
        """A result, as it may be shown."""
        mask = self._masks.mask(opened.given)
        shown = [self._parts.roots.hidden(mask.observation(observation)) for observation in result.observations]
        return msgspec.structs.replace(result, reason=self._masks.text(result.reason), observations=shown)

    def _job(self, encoded: bytes) -> _Opened:
        """A job and its trace; those of one function come again with each batch about it."""
        known = self._jobs.get(encoded)
        if known is None:
            if len(self._jobs) >= JOBS_KEPT:
                self._jobs.clear()
            job = decode_job(encoded)
            producers = {name: encode_trace(self._masks.opened(data)[1]) for name, data in job.producers.items()}
            job = msgspec.structs.replace(job, producers=self._parts.relocation.producers(producers))
            given = self._masks.given(job)
            self._masks.learn(given.key, named_trees(given.trace))
            values = self._masks.values(given.key, given.trace)
            known = self._jobs[encoded] = _Opened(job, given, self._parts.relocation.moved(given.trace), values)
        return known

    def _result(self, batch: TrialBatch, trial: Trial, job: Job, trace: Trace) -> TrialResult:
        started = _clock()
        world = self._worker.world(trace, job.perturbation, exact=True)
        path = PathRecord()
        token = context.enter(Scope(world, path if batch.traced else None))
        if batch.traced:
            self._parts.tracer.begin(path)
        prepared = PreparedState(trace, self._parts.resolver, None, standing_in(world))
        try:
            if job.state is not None:
                prepared.prepare(job.state)
            with self._worker.replaying(world):
                outcomes = [*self._outcomes(batch, job, trial, trace, world)]
        except TraceStopped:
            outcomes = []
        except Unbuildable as reason:
            return TrialResult("stopped", f"an input cannot be rebuilt: {reason}")
        except EntryUnavailable as reason:
            return TrialResult("error", str(reason))
        except Exception as fault:  # noqa: BLE001 - one trial is lost and named, never the run
            return TrialResult("error", f"the trial itself failed: {type(fault).__name__}: {fault}")
        finally:
            prepared.put_back()
            if batch.traced:
                self._parts.tracer.end(path)
            context.leave(token)
        seconds = _clock() - started
        if world.stopped is not None:
            return TrialResult("stopped", world.stopped.reason, seconds=seconds)
        result = self._of_outcomes(batch, outcomes, world, seconds)
        return self._with_path(result, path) if batch.traced else result

    def _with_path(self, result: TrialResult, path: PathRecord) -> TrialResult:
        jumps = frozenset(path.arms)
        known = self._signatures.get(jumps)
        if known is not None:
            return msgspec.structs.replace(result, path=known)
        known = self._signatures[jumps] = hashlib.blake2b(repr(sorted(jumps)).encode(), digest_size=8).digest()
        return msgspec.structs.replace(result, path=known, arms=self._parts.paths.arms(path.arms))

    def _of_outcomes(
        self, batch: TrialBatch, outcomes: list[_Frozen], world: RecordedWorld, seconds: float
    ) -> TrialResult:
        result = TrialResult(
            "outcome",
            raised=[outcome.raised for outcome in outcomes if outcome.raised],
            refused=[step for step, outcome in enumerate(outcomes) if outcome.refused],
            readings=reading_digest(world.clock.readings) if world.clock.readings else NO_READINGS,
            seconds=seconds,
        )
        if not (batch.observed or batch.canonical):
            return msgspec.structs.replace(result, digest=_digest_of_frozen(outcomes, world))
        seen = [replayed_observation(outcome.thawed(), []) for outcome in outcomes[:-1]]
        seen.append(replayed_observation(outcomes[-1].thawed(), world.asked))
        hidden = map(self._parts.roots.hidden, seen)
        return msgspec.structs.replace(
            result,
            digest=b"".join(fingerprint(_public(observation)) for observation in hidden),
            observations=seen if batch.observed else [],
        )

    def _outcomes(
        self, batch: TrialBatch, job: Job, trial: Trial, trace: Trace, world: RecordedWorld
    ) -> Iterator[_Frozen]:
        receiver: Any = None
        for position, step in enumerate(trial.steps):
            if not step.is_call:
                outcome = self._entered(job, step, trace, world)
                left = _class_of(outcome.value) if outcome.kind == "exception" else ""
                yield _Frozen(outcome.kind, None, None, outcome, left)
                continue
            first, args, kwargs = self._arguments(job, step, trace, world, by_producers=batch.by_producers)
            reader = self._worker.reader(trace, job.perturbation)
            receiver = first if position == 0 else receiver
            try:
                function = self._callable(step, receiver)
            except EntryGone as gone:
                raised = ObjectNode("pytest_runtime:EntryGone", TupleNode([str(gone)]), [], [])
                gone_too = Outcome("exception", raised, step.arguments)
                yield _Frozen("exception", None, None, gone_too, raised.cls)
                return
            try:
                result = function(*args, **kwargs)
            except TraceStopped:
                raise
            except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
                left = class_name(type(error))
                frozen = freeze(error), reader.freeze((receiver, args, kwargs))
                yield _Frozen("exception", *frozen, None, left, isinstance(error, REFUSALS))
                continue
            receiver = result if step.kind == "constructor" else receiver
            yield _Frozen("return", reader.freeze(result), reader.freeze((receiver, args, kwargs)))

    def _entered(self, job: Job, step: Invocation, trace: Trace, world: RecordedWorld) -> Outcome:
        """The outcome of an entry that is no call of a function."""
        replayer = replayer_of(step.kind)
        given = msgspec.structs.replace(trace, kind=step.kind, input=replayer.read(step.arguments))
        run = replayer.bind(job.entry, given, world, self._worker.code(job.perturbation))
        left, _trail = run()
        return left if isinstance(left, Outcome) else left.outcome(self._worker.reader(trace, job.perturbation))

    def _callable(self, step: Invocation, receiver: Any) -> Any:
        """What a step calls; raises `EntryGone`."""
        key = (step.target, step.kind, receiver if isinstance(receiver, type) else None)
        known = self._callables.get(key)
        if known is not None:
            return known if step.kind in _UNBOUND else MethodType(known, receiver)
        found = callable_of(step.target, step.kind, receiver, self._parts.resolver)
        if step.kind in _UNBOUND:
            self._callables[key] = found
        elif type(found) is MethodType and found.__self__ is receiver:
            self._callables[key] = found.__func__
        return found

    def _arguments(self, job: Job, step: Invocation, trace: Trace, world: RecordedWorld, *, by_producers: bool) -> Any:
        """Live; by the entries that made them only where that is asked for: it takes longer."""
        if not by_producers:
            return build(self._parts.relocation.tree(step.arguments), self._parts.resolver, None, standing_in(world))
        asked = call_input(record(kind=step.kind, arguments=self._parts.relocation.tree(step.arguments)))
        return self._worker.arguments(
            msgspec.structs.replace(trace, input=asked), world, job.producers or NO_PRODUCERS, look=False
        )


def _digest_of_frozen(outcomes: list[_Frozen], world: RecordedWorld) -> bytes:
    state = hashlib.blake2b(digest_size=16)
    for outcome in outcomes:
        state.update(outcome.kind.encode())
        for part in (outcome.value, outcome.arguments):
            state.update(part.data if type(part) is FrozenBytes else repr((type(part), part)).encode(errors="replace"))
        if outcome.whole is not None:
            state.update(fingerprint(replayed_observation(outcome.whole, [])))
    for asked in world.asked:
        state.update(repr((asked.operation, asked.request)).encode(errors="replace"))
    return state.digest()


def _public(observation: Observation) -> Observation:
    """What is compared of it: objects without private attributes, in the order of their names. A value that is shared
    may stand in full in a private attribute alone: then the whole."""
    try:
        value, arguments = _without_private(observation.value), _without_private(observation.arguments)
    except _Shared:
        return observation
    return observation._replace(value=value, arguments=arguments)


class _Shared(Exception):
    """A value stands in full only where it comes first."""


def _without_private(tree: Tree) -> Tree:
    match tree:
        case ObjectNode(cls=cls, content=content, origin=origin):
            named = sorted(public(tree), key=lambda pair: pair[0])
            kept = [_without_private(value) for _name, value in named]
            return ObjectNode(cls, _without_private(content), [name for name, _value in named], kept, origin)
        case ListNode(items=items):
            return ListNode([_without_private(item) for item in items])
        case TupleNode(items=items):
            return TupleNode([_without_private(item) for item in items])
        case DictNode(keys=keys, values=values):
            return DictNode(keys, [_without_private(value) for value in values])
        case AnchorNode(number=number, value=value):
            return AnchorNode(number, _without_private(value))
        case RefNode():
            raise _Shared
        case _:
            return tree


def _class_of(value: Tree) -> str:
    return value.cls if isinstance(value, ObjectNode) else class_name(type(value))


def bound_memory(beyond: int) -> None:
    """From here on this process may take no more than it has and `beyond` bytes; what asks for more gets `MemoryError`.
    Does nothing where the system cannot say what it has."""
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + beyond if hard == resource.RLIM_INFINITY else min(now + beyond, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
