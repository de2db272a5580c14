"""This file is about attempts: trials, tried on the code under test in this process."""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from types import MethodType
from typing import Any, Literal, NamedTuple

import msgspec

from ...recorders import context
from ...recorders.capture.freeze import freeze
from ...recorders.capture.pickle_stubs import Frozen, FrozenBytes
from ...recorders.capture.readers import class_name
from ...recorders.capture.thaw import thaw
from ...recorders.context import PathRecord, Scope
from ...recorders.model.inputs import call_input, http_input
from ...recorders.model.trace import Entry, Outcome, Trace, encode_trace
from ...recorders.model.value_tree import AnchorNode, DictNode, ListNode, ObjectNode, RefNode, Tree, TupleNode, record
from ...recorders.privacy.known_secrets import Known
from ...recorders.session.assemble import Paths, named_trees
from ...recorders.tracing.choose import Tracer
from ..entries.function import callable_of, standing_in
from ..entries.protocol import EntryGone, EntryUnavailable
from ..entries.wsgi import run_wsgi
from ..model.digests import public
from ..model.job import Job, fingerprint, reading_digest
from ..model.observation import Observation, replayed_observation
from ..model.trial import Step, Trial, Trials, Tried, decode_job, decode_trial
from ..world.rebuild import Resolver, Unbuildable, build
from ..world.recorded_world import RecordedWorld, TraceStopped
from .masking import Given, Masks
from .relocation import Relocation
from .roots import Roots
from .surroundings import kept
from .worker import NO_PRODUCERS, Worker

JOBS = 200
"""Jobs that are kept decoded."""

REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError)
"""What code raises where its input is none that it takes."""

_UNBOUND = ("function", "constructor")

NO_READINGS = reading_digest({})

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""


class _Frozen(NamedTuple):
    """What came of a step, not looked at yet."""

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
    given: Given
    moved: Trace
    """Its trace, as it is replayed here."""
    values: Known
    """The values for the pseudonyms."""


def _with_values(step: Step, values: Known) -> Step:
    return msgspec.structs.replace(step, arguments=values.tree(step.arguments))


class Attempts:
    """Tries one trial after the other."""

    def __init__(
        self,
        worker: Worker,
        resolver: Resolver,
        roots: Roots,
        tracer: Tracer,
        paths: Paths,
        relocation: Relocation,
        masks: Masks,
    ) -> None:
        self._masks = masks
        self._worker = worker
        self._relocation = relocation
        self._tracer = tracer
        self._paths = paths
        self._ways: dict[frozenset[tuple[int, int, int]], bytes] = {}
        """Jumps that were taken in one trial → the name of this way."""
        self._callables: dict[tuple[str, str, type | None], Any] = {}
        self._jobs: dict[bytes, _Opened] = {}
        self._resolver = resolver
        self._roots = roots

    def run(self, question: Trials, which: Sequence[int]) -> Iterator[Tried]:
        """What came of each of these trials; every failure is told in the answer."""
        if not question.traced:
            self._tracer.rest()
        with kept(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in which:
                trial = decode_trial(question.trials[number])
                opened = self._job(bytes(question.jobs[trial.job]))
                if opened.given.key:
                    steps = [_with_values(step, opened.values) for step in trial.steps]
                    trial = msgspec.structs.replace(trial, steps=steps)
                yield self._masked(self._tried(question, trial, opened.job, opened.moved), opened)

    def _masked(self, tried: Tried, opened: _Opened) -> Tried:
        """What came of a trial, as it may be shown."""
        mask = self._masks.mask(opened.given)
        shown = [self._roots.hidden(mask.observation(one)) for one in tried.observations]
        return msgspec.structs.replace(tried, reason=self._masks.text(tried.reason), observations=shown)

    def _job(self, encoded: bytes) -> _Opened:
        """A job and its trace; those of one function come again with each question about it."""
        known = self._jobs.get(encoded)
        if known is None:
            if len(self._jobs) >= JOBS:
                self._jobs.clear()
            job = decode_job(encoded)
            producers = {name: encode_trace(self._masks.opened(data)[1]) for name, data in job.producers.items()}
            job = msgspec.structs.replace(job, producers=self._relocation.producers(producers))
            given = self._masks.given(job)
            self._masks.learn(given.key, named_trees(given.trace))
            values = self._masks.values(given.key, given.trace)
            known = self._jobs[encoded] = _Opened(job, given, self._relocation.moved(given.trace), values)
        return known

    def _tried(self, question: Trials, trial: Trial, job: Job, trace: Trace) -> Tried:
        started = _clock()
        world = self._worker.world(trace, job.perturbation, exact=True)
        path = PathRecord()
        token = context.enter(Scope(world, path if question.traced else None))
        if question.traced:
            self._tracer.begin(path)
        try:
            with self._worker.replaying(world):
                outcomes = [*self._outcomes(question, job, trial, trace, world)]
        except TraceStopped:
            outcomes = []
        except Unbuildable as reason:
            return Tried("stopped", f"an input cannot be rebuilt: {reason}", "gap")
        except EntryUnavailable as reason:
            return Tried("error", str(reason))
        except Exception as fault:  # noqa: BLE001 - one trial is lost and named, never the run
            return Tried("error", f"the trial itself failed: {type(fault).__name__}: {fault}")
        finally:
            if question.traced:
                self._tracer.end(path)
            context.leave(token)
        seconds = _clock() - started
        if world.stopped is not None:
            return Tried("stopped", world.stopped.reason, world.stopped.kind, seconds=seconds)
        told = self._told(question, outcomes, world, seconds)
        return self._with_way(told, path) if question.traced else told

    def _with_way(self, tried: Tried, path: PathRecord) -> Tried:
        jumps = frozenset(path.arms)
        known = self._ways.get(jumps)
        if known is not None:
            return msgspec.structs.replace(tried, path=known)
        known = self._ways[jumps] = hashlib.blake2b(repr(sorted(jumps)).encode(), digest_size=8).digest()
        return msgspec.structs.replace(tried, path=known, arms=self._paths.arms(path.arms))

    def _told(self, question: Trials, outcomes: list[_Frozen], world: RecordedWorld, seconds: float) -> Tried:
        tried = Tried(
            "outcome", readings=reading_digest(world.readings) if world.readings else NO_READINGS, seconds=seconds
        )
        raised = [one.raised for one in outcomes if one.raised]
        refused = [at for at, one in enumerate(outcomes) if one.refused]
        tried = msgspec.structs.replace(tried, raised=raised, refused=refused)
        if not (question.shown or question.closely):
            return msgspec.structs.replace(tried, digest=_digest_of_frozen(outcomes, world))
        seen = [replayed_observation(one.thawed(), []) for one in outcomes[:-1]]
        seen.append(replayed_observation(outcomes[-1].thawed(), world.asked))
        hidden = [self._roots.hidden(one) for one in seen]
        return msgspec.structs.replace(
            tried,
            digest=b"".join(fingerprint(_public(one)) for one in hidden),
            observations=seen if question.shown else [],
        )

    def _outcomes(
        self, question: Trials, job: Job, trial: Trial, trace: Trace, world: RecordedWorld
    ) -> Iterator[_Frozen]:
        receiver: Any = None
        for position, step in enumerate(trial.steps):
            if step.kind == "wsgi":
                application = self._worker.applications.find(job.entry)
                outcome, _trail = run_wsgi(application, http_input(step.arguments), world)
                left = _class_of(outcome.value) if outcome.kind == "exception" else ""
                yield _Frozen(outcome.kind, None, None, outcome, left)
                continue
            first, args, kwargs = self._arguments(job, step, trace, world, made=question.made)
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

    def _callable(self, step: Step, receiver: Any) -> Any:
        """What a step calls; raises `EntryGone`."""
        key = (step.target, step.kind, receiver if isinstance(receiver, type) else None)
        known = self._callables.get(key)
        if known is not None:
            return known if step.kind in _UNBOUND else MethodType(known, receiver)
        found = callable_of(step.target, step.kind, receiver, self._resolver)
        if step.kind in _UNBOUND:
            self._callables[key] = found
        elif type(found) is MethodType and found.__self__ is receiver:
            self._callables[key] = found.__func__
        return found

    def _arguments(self, job: Job, step: Step, trace: Trace, world: RecordedWorld, *, made: bool) -> Any:
        """Live; by the entries that made them only where that is asked for: it takes longer."""
        if not made:
            return build(self._relocation.tree(step.arguments), self._resolver, None, standing_in(world))
        asked = call_input(record(kind=step.kind, arguments=self._relocation.tree(step.arguments)))
        return self._worker.arguments(
            msgspec.structs.replace(trace, input=asked), world, job.producers or NO_PRODUCERS, look=False
        )


def _digest_of_frozen(outcomes: list[_Frozen], world: RecordedWorld) -> bytes:
    state = hashlib.blake2b(digest_size=16)
    for one in outcomes:
        state.update(one.kind.encode())
        for part in (one.value, one.arguments):
            state.update(part.data if type(part) is FrozenBytes else repr((type(part), part)).encode(errors="replace"))
        if one.whole is not None:
            state.update(fingerprint(replayed_observation(one.whole, [])))
    for asked in world.asked:
        state.update(repr((asked.operation, asked.request)).encode(errors="replace"))
    return state.digest()


def _public(observation: Observation) -> Observation:
    """What is compared of it: objects without private attributes, in the order of their names. Where something is
    held twice, it may be told in a private attribute: then the whole."""
    try:
        value, arguments = _without_private(observation.value), _without_private(observation.arguments)
    except _HeldTwice:
        return observation
    return observation._replace(value=value, arguments=arguments)


class _HeldTwice(Exception):
    """A value is told where it is held first."""


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
            raise _HeldTwice
        case _:
            return tree


def _class_of(value: Tree) -> str:
    return value.cls if isinstance(value, ObjectNode) else class_name(type(value))


def bound_memory(beyond: int) -> None:
    """From here on this process may take no more than it has and so many bytes; what asks for more gets
    `MemoryError`. Does nothing where the system cannot say what it has."""
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as told:
        now = int(told.read().split()[0]) * resource.getpagesize()
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = now + beyond if hard == resource.RLIM_INFINITY else min(now + beyond, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def entry_of(step: Step) -> Entry:
    """An entry that stands for a step, so that it can be replayed as a job."""
    return Entry(step.target, "function", step.target.partition(":")[0], step.target)
