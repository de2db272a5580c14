"""The worker: it replays one trace on the code under test, in this process."""

from __future__ import annotations

import functools
import gc
import itertools
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple

from ...recorders import context
from ...recorders.boundaries.stdin import read_anew
from ...recorders.context import PathRecord, Scope
from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Entry, Outcome, Trace, TraceId
from ...recorders.model.value_tree import ClassName, ObjectNode, TupleNode
from ...recorders.tracing.protocol import Tracer
from ..entries.catalogue import replayer_of
from ..entries.function import MOST_ITEMS, UNCALLED, awaited, callable_of, standing_in
from ..entries.protocol import (
    Applications,
    BoundEntry,
    CodeUnderTest,
    EntryGone,
    EntryUnavailable,
    EntryUncallable,
    Left,
)
from ..model.job import StateUse
from ..model.observation import ENTRY_GONE, Observation, Outbound, replayed_observation
from ..model.perturbation import UNPERTURBED, Perturbation
from ..model.reason import StopCode
from ..world.called_names import CalledNames
from ..world.local_functions import is_function
from ..world.module_state import PreparedState
from ..world.producers import Producers
from ..world.public_values import Classes, Reader, reading_trace
from ..world.rebuild import Stand, build
from ..world.recorded_environment import NO_SETTINGS, Settings
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Resolver, Unbuildable
from ..world.response_fallback import ResponseFallback
from ..world.stopping import Stop, TraceStopped
from .printed import printing, with_printed
from .written import ReplayFiles

NO_PRODUCERS: Mapping[TraceId, bytes] = MappingProxyType({})
"""Says that objects are to be filled with recorded state, whoever made them."""


class Replay(NamedTuple):
    """The result of replaying one trace."""

    observation: Observation | None
    """`None` when the replay ended before the entry did."""
    stopped: Stop | None
    world: RecordedWorld | None
    path: PathRecord
    traceback: TracebackType | None
    """Of the exception that left the entry."""
    state: StateUse = StateUse()
    """How the state of modules and classes was prepared."""


class Worker:
    """Replays traces on the code under test."""

    def __init__(
        self,
        resolver: Resolver,
        modules: dict[str, str],
        applications: Applications,
        called: CalledNames,
        settings: Settings = NO_SETTINGS,
    ) -> None:
        """`modules` maps the files of included modules to their names."""
        self._settings = settings
        self.resolver = resolver
        self._modules = modules
        self._called = called
        self._classes = Classes(resolver.covers)
        self.applications = applications
        self.changed_layout: frozenset[ClassName] = frozenset()
        """Classes that hold their state in another way than when it was recorded."""
        self.mismatched: list[str] = []
        """Of the last replay: objects that were made again and are not as they were recorded."""
        self.fallback: ResponseFallback | None = None
        """Answers what a trace lacks, where there is one."""
        self.replaying: Callable[[RecordedWorld], AbstractContextManager[None]] = lambda world: nullcontext()
        """Around everything that runs for a trace: what is refused meanwhile belongs to it."""
        self.files: ReplayFiles | None = None
        """The files that its replays change, in a process of which that is known."""

    def replay(
        self,
        entry: Entry,
        trace: Trace,
        *,
        tracer: Tracer | None = None,
        perturbation: Perturbation = UNPERTURBED,
        producers: Mapping[TraceId, bytes] = NO_PRODUCERS,
        state: StateUse | None = None,
    ) -> Replay:
        """Replay a trace once; with a tracer, its path is recorded too. Raises `EntryUnavailable`.

        `producers` are the traces that made what it was given, and its state; without them recorded state is used.
        `state` says how that is to be prepared, see `PreparedState`.
        """
        world = self.world(trace, perturbation)
        self.mismatched = []
        behind = self.behind(producers, world, entry)
        code = _Code(self, perturbation, behind)
        prepared = PreparedState(trace, self.resolver, behind, standing_in(world))
        try:
            with self.files.of(trace) if self.files is not None else nullcontext():
                with code.apart(trace):
                    used = prepared.prepare(state) if trace.state else StateUse()
                run = replayer_of(trace.kind).bind(entry, trace, world, code)
                return self._run(run, trace, world, tracer, perturbation)._replace(state=used)
        except (Unbuildable, EntryUncallable) as reason:
            return Replay(None, Stop(StopCode.INPUT, str(reason), None), world, PathRecord(), None)
        except EntryGone as gone:
            return Replay(replayed_observation(_gone(trace, gone), []), None, world, PathRecord(), None)
        finally:
            prepared.put_back()

    def _run(
        self, run: BoundEntry, trace: Trace, world: RecordedWorld, tracer: Tracer | None, perturbation: Perturbation
    ) -> Replay:
        path = PathRecord()
        scope = Scope(world, path if tracer is not None else None)
        files: AbstractContextManager[list[Outbound]]
        files = self.files.written() if self.files is not None else nullcontext([])
        token = context.enter(scope)
        if tracer is not None:
            tracer.begin(path)
        try:
            with self.replaying(world), warnings.catch_warnings(), printing() as printed, read_anew(), files as written:
                # A run that is stopped leaves things open; that is no fault of the session around it.
                warnings.simplefilter("ignore", ResourceWarning)
                left, trail = _until_stopped(run)
                if world.stopped is not None:
                    gc.collect(1)  # an SQLite connection and its statements hold each other
        finally:
            if tracer is not None:
                tracer.end(path)
            context.leave(token)
        observation = None
        if left is not None and world.stopped is None:
            outcome = left if isinstance(left, Outcome) else self._seen(left, trace, perturbation, tracer, path)
            observation = with_printed(replayed_observation(outcome, world.asked), printed.getvalue())
            observation = observation._replace(outbound=[*observation.outbound, *written]) if written else observation
        return Replay(observation, world.stopped, world, path, trail)

    def _seen(
        self, left: Left, trace: Trace, perturbation: Perturbation, tracer: Tracer | None, path: PathRecord
    ) -> Outcome:
        """What a caller can read of what a function left. The functions that reading runs are functions of the trace;
        the arms that it takes are none of its path."""
        reading = PathRecord()
        if tracer is not None:
            tracer.begin(reading)
        try:
            return left.outcome(self.reader(trace, perturbation, reading if tracer is not None else None))
        finally:
            if tracer is not None:
                tracer.end(reading)
            path.codes.update(reading.codes)

    def reader(self, trace: Trace, perturbation: Perturbation, path: PathRecord | None = None) -> Reader:
        """Reads an outcome of a trace; `path` notes the functions that run."""

        @functools.cache
        def apart() -> Trace:
            return reading_trace(trace)

        return Reader(self._classes, lambda: self.world_apart(apart(), perturbation), path)

    def world_apart(self, trace: Trace, perturbation: Perturbation) -> RecordedWorld:
        """A world beside that of a trace, which answers nothing; see `reading_trace`."""
        return RecordedWorld(
            trace,
            self.resolver,
            self._modules,
            self._called,
            perturbation=perturbation,
            settings=self._settings,
        )

    def world(self, trace: Trace, perturbation: Perturbation, *, exact: bool = False) -> RecordedWorld:
        """The recorded world of a trace; see `RecordedWorld`."""
        made = RecordedWorld(
            trace,
            self.resolver,
            self._modules,
            self._called,
            perturbation=perturbation,
            fallback=self.fallback,
            exact=exact,
            settings=self._settings,
        )
        made.give_stands(standing_in(made))
        return made

    def code(self, perturbation: Perturbation) -> CodeUnderTest:
        """The code under test, as an entry may use it in one replay, with recorded state in what it is given."""
        return _Code(self, perturbation, None)

    def arguments(
        self, trace: Trace, world: RecordedWorld, producers: Mapping[TraceId, bytes], *, look: bool = True
    ) -> Any:
        """(receiver, args, kwargs), live; raises `Unbuildable`. See `Producers` for `look`."""
        return self.built(trace, world, self.behind(producers, world, look=look))

    def built(self, trace: Trace, world: RecordedWorld, behind: Producers | None) -> Any:
        """The same, with producers that may have run already."""
        stand = standing_in(world)
        if behind is None:
            return build(_call_of(trace).arguments, self.resolver, None, stand)
        arguments = behind.arguments(trace, stand)
        self.mismatched = behind.mismatched
        return arguments

    def behind(
        self, producers: Mapping[TraceId, bytes], world: RecordedWorld, entry: Entry | None = None, *, look: bool = True
    ) -> Producers | None:
        """The traces behind the one of a world; `None` where recorded state is to be used. `entry` is its entry."""
        if producers is NO_PRODUCERS:
            return None
        run = partial(self._produce, behind=world, entry=entry)
        return Producers(self.resolver, producers, run, self.changed_layout, look=look)

    def _produce(
        self, trace: Trace, given: Callable[[Stand], Any], behind: RecordedWorld, entry: Entry | None
    ) -> tuple[Any, Any]:
        """The arguments of a trace that made something, and what it returns; raises `Unbuildable`."""
        if not isinstance(trace.input, CallInput):
            return _answered(self, trace, behind, entry)
        world = self.world(trace, behind.perturbation)
        arguments = given(standing_in(world))
        call = _call_of(trace)
        if call.kind in UNCALLED and not is_function(call.part(0)):
            raise Unbuildable(f"what made an object that it was given cannot be called: {UNCALLED[call.kind]}")
        try:
            how = {"generates": call.generates, "awaits": call.awaits}
            function = callable_of(trace.entry, call.kind, arguments[0], self.resolver, **how)
        except EntryGone as gone:
            raise Unbuildable(f"what made an object that it was given is gone: {gone}") from gone
        _receiver, args, kwargs = arguments
        if call.awaits:
            function = awaited(function, world, MOST_ITEMS if call.generates else None)
        with self.replaying(world), context.within(Scope(world)):
            try:
                made = function(*args, **kwargs)
                if call.generates:
                    made = made["items"] if call.awaits else list(itertools.islice(made, MOST_ITEMS))
                return arguments, made
            except TraceStopped:
                behind.wants_fallback = behind.wants_fallback or world.wants_fallback
                raise Unbuildable(f"what made an object that it was given, {trace.entry}, stopped") from None
            except BaseException:  # noqa: BLE001 - its outcome is judged by itself; what it changed counts here
                return arguments, None
            finally:
                behind.fallbacks += world.fallbacks


def _answered(worker: Worker, trace: Trace, behind: RecordedWorld, entry: Entry | None) -> tuple[Any, Any]:
    """Let an application answer a request that changed its state; raises `Unbuildable`."""
    world = worker.world(trace, behind.perturbation)
    target = entry.target if entry is not None and entry.kind == trace.kind else ""
    asked = Entry(trace.entry, trace.kind, "", target)
    try:
        run = replayer_of(trace.kind).bind(asked, trace, world, worker.code(behind.perturbation))
    except (EntryGone, EntryUncallable, EntryUnavailable) as reason:
        raise Unbuildable(f"what made its state cannot be called: {reason}") from reason
    with worker.replaying(world), context.within(Scope(world)):
        left, _trail = _until_stopped(run)
    behind.fallbacks += world.fallbacks
    if left is None:
        behind.wants_fallback = behind.wants_fallback or world.wants_fallback
        raise Unbuildable(f"what made its state, {trace.entry}, stopped")
    return (None, (), {}), None


def _call_of(trace: Trace) -> CallInput:
    """The input of a function's trace; raises `Unbuildable` where it is another's."""
    if not isinstance(trace.input, CallInput):
        raise Unbuildable(f"{trace.entry} is no function")
    return trace.input


class _Code:
    """The code under test, for one replay of one trace."""

    def __init__(self, worker: Worker, perturbation: Perturbation, behind: Producers | None) -> None:
        self.resolver = worker.resolver
        self.applications = worker.applications
        self._worker = worker
        self._perturbation = perturbation
        self._behind = behind

    def arguments(self, trace: Trace, world: RecordedWorld) -> Any:
        """Live arguments; see `Worker.arguments`."""
        return self._worker.built(trace, world, self._behind)

    def apart(self, trace: Trace) -> AbstractContextManager[None]:
        """Behind a world that answers nothing."""
        return context.within(Scope(self._worker.world_apart(reading_trace(trace), self._perturbation)))


def _gone(trace: Trace, gone: EntryGone) -> Outcome:
    """What is seen of an entry that the code under test does not define any more."""
    raised = ObjectNode(ENTRY_GONE, TupleNode([str(gone)]), [], [])
    return Outcome("exception", raised, trace.input.arguments if isinstance(trace.input, CallInput) else None)


def _until_stopped(run: BoundEntry) -> tuple[Outcome | Left | None, TracebackType | None]:
    """The result of a run; when it is stopped, its frames and what they hold are gone on return."""
    try:
        left, trail = run()
    except TraceStopped:
        return None, None
    return left, trail
