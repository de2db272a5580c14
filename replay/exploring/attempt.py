"""This file is about attempts: trials, tried on the code under test in this process."""

from __future__ import annotations

import hashlib
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ...recorders import context
from ...recorders.context import PathRecord, Scope
from ...recorders.readers import class_name
from ...recorders.trace import Entry, Outcome, Trace, decode_trace
from ...recorders.tracing.choose import Tracer
from ...recorders.value_tree import ObjectNode, Tree, record
from ..job import Job, fingerprint, reading_digest
from ..observation import Observation, replayed_observation
from ..rebuild import Resolver, Unbuildable, build
from ..recorded_world import RecordedWorld, TraceStopped
from ..roots import Roots
from ..surroundings import kept
from ..worker import NO_PRODUCERS, EntryGone, EntryUnavailable, Worker, callable_of, run_function, run_wsgi, standing_in
from .trial import Step, Trial, Trials, Tried

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""


class Attempts:
    """Tries one trial after the other."""

    def __init__(self, worker: Worker, resolver: Resolver, roots: Roots, tracer: Tracer) -> None:
        self._worker = worker
        self._tracer = tracer
        self._resolver = resolver
        self._roots = roots

    def run(self, question: Trials, which: Sequence[int]) -> Iterator[Tried]:
        """What came of each of these trials; every failure is told in the answer."""
        traces: dict[int, Trace] = {}
        with kept(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number in which:
                trial = question.trials[number]
                if trial.job not in traces:
                    traces[trial.job] = decode_trace(question.jobs[trial.job].data)
                yield self._tried(question, trial, traces[trial.job])
            self._tracer.rest()

    def _tried(self, question: Trials, trial: Trial, trace: Trace) -> Tried:
        started = _clock()
        job = question.jobs[trial.job]
        world = self._worker.world(trace, job.perturbation, exact=True)
        path = PathRecord()
        token = context.enter(Scope(world, path if question.traced else None))
        if question.traced:
            self._tracer.begin(path)
        try:
            outcomes = [*self._outcomes(question, trial, trace, world)]
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
        return msgspec.structs.replace(told, path=_digest_of(path)) if question.traced else told

    def _told(self, question: Trials, outcomes: list[Outcome], world: RecordedWorld, seconds: float) -> Tried:
        seen = [replayed_observation(outcome, []) for outcome in outcomes[:-1]]
        seen.append(replayed_observation(outcomes[-1], world.asked))
        hidden = [self._roots.hidden(one) for one in seen]
        return Tried(
            "outcome",
            digest=b"".join(map(fingerprint, hidden)),
            raised=next((_class_of(one) for one in hidden if one.kind == "exception"), ""),
            observations=hidden if question.shown else [],
            readings=reading_digest(world.readings),
            seconds=seconds,
        )

    def _outcomes(self, question: Trials, trial: Trial, trace: Trace, world: RecordedWorld) -> Iterator[Outcome]:
        job = question.jobs[trial.job]
        receiver: Any = None
        for position, step in enumerate(trial.steps):
            if step.kind == "wsgi":
                application = self._worker.applications.find(job.entry)
                yield run_wsgi(application, msgspec.structs.replace(trace, input=step.arguments), world)[0]
                continue
            first, args, kwargs = self._arguments(job, step, trace, world, made=question.made)
            receiver = first if position == 0 else receiver
            try:
                function = callable_of(step.target, step.kind, receiver, self._resolver)
            except EntryGone as gone:
                raised = ObjectNode("pytest_runtime:EntryGone", _alone(str(gone)), [], [])
                yield Outcome("exception", raised, step.arguments)
                return
            made: list[Any] = []
            outcome, _trail = run_function(_keeping(function, made), step.kind, (receiver, args, kwargs))
            receiver = made[0] if step.kind == "constructor" and made else receiver
            yield outcome

    def _arguments(self, job: Job, step: Step, trace: Trace, world: RecordedWorld, *, made: bool) -> Any:
        """Live; by the entries that made them only where that is asked for: it takes longer."""
        if not made:
            return build(step.arguments, self._resolver, None, standing_in(world))
        asked = record(kind=step.kind, arguments=step.arguments)
        return self._worker.arguments(msgspec.structs.replace(trace, input=asked), world, job.producers or NO_PRODUCERS)


def _digest_of(path: PathRecord) -> bytes:
    return hashlib.blake2b(repr(sorted(path.arms)).encode(), digest_size=8).digest()


def _keeping(function: Any, kept_here: list[Any]) -> Any:
    """The function; what it returns is kept too."""

    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        kept_here.append(result)
        return result

    return call


def _alone(text: str) -> Tree:
    from ...recorders.value_tree import TupleNode

    return TupleNode([text])


def _class_of(observation: Observation) -> str:
    value = observation.value
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
