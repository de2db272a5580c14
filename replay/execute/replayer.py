"""The replayer: one version of the code, loaded in this process behind recorded boundaries.

It answers jobs with observations and judges nothing. Base and candidate are each loaded by a replayer of their own,
in processes of their own.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import CodeType

import msgspec

from ...recorders import context, plugins
from ...recorders.boundaries.import_hooks import ImportHooks
from ...recorders.errors import KeyProblem
from ...recorders.included import ImportWatcher, Included
from ...recorders.model.trace import Trace, TraceId
from ...recorders.model.value_tree import ObjectNode
from ...recorders.patching import Undos
from ...recorders.privacy.encryption import Keyring
from ...recorders.privacy.secret_parts import opened_data, opened_variables
from ..change.distributions import imported_distributions
from ..entries.protocol import EntryUnavailable
from ..entries.wsgi import WsgiApplications
from ..model.job import Job, Observed, fingerprint, reading_digest
from ..model.observation import Observation, outbound_of
from ..model.steps import Detail
from ..world.called_names import CalledNames
from ..world.recorded_environment import Settings
from ..world.resolver import Resolver
from ..world.response_fallback import ResponseFallback
from . import waits
from .application import Building
from .code_loader import CodeLoader
from .enclosure import Enclosure
from .extension import Fork, Handler, NoProbe, Parts, Probe, load_extension
from .known_code import KnownCode
from .masking import Given, Masks
from .memory import for_replay, is_out_of_memory, shown
from .plan import Loaded, LoadPlan
from .relocation import Relocation
from .roots import Roots
from .surroundings import kept
from .worker import NO_PRODUCERS, Replay, Worker

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""


class Replayer:
    """Replays traces on one version of the code."""

    def __init__(self, plan: LoadPlan, *, traces: Callable[[], ResponseFallback]) -> None:
        """`traces` makes the fallback of the baseline, when one is first wanted."""
        self._plan = plan
        self._extension = load_extension(plan.extension)
        self._make_fallback = traces
        self.faults: list[str] = []
        """Boundaries that could not be put in place, and why."""
        included = Included(plan.include)
        self._code = KnownCode(included, self._fault)
        self._undos = Undos()
        self.enclosure = Enclosure(plan, included)
        closed = self.enclosure.closed
        self._relocation = Relocation(plan.recorded, plan.root)
        keys = Keyring(plan.keys)
        self.masks = Masks(keys)
        variables = opened_variables(plan.variables, *plan.hidden, keys)
        self.masks.learn_variables(plan.hidden[0], variables)
        variables = self._relocation.variables(variables)
        building = Building(variables, closed)
        called = CalledNames(included.modules, included.sources)
        self._resolver = Resolver(plan.include)
        applications = WsgiApplications(plan.app, building, self._resolver, closed.place_of)
        settings = Settings(variables, frozenset(plan.names) if plan.names is not None else None)
        self.worker = Worker(self._resolver, included.modules, applications, called, settings)
        self.worker.changed_layout = frozenset(plan.changed_layout)
        self.worker.replaying = closed.replaying
        self._roots = Roots(plan.root, *plan.known_as, *plan.recorded, temporary=[self.enclosure.temporary])
        self._loader = CodeLoader(plan, self._resolver, applications, building, closed)

    def _fault(self, fault: BaseException) -> None:
        self.faults.append(f"{type(fault).__name__}: {fault}")

    # --- starting and stopping ---

    def own_process(self) -> None:
        """From here on this process does nothing but replay, in this thread, behind a wall."""
        self.enclosure.own_process(self._undos)

    def start(self) -> None:
        """Put the boundaries in place; from here on, included modules are known as they are imported."""
        hooks = ImportHooks(self._undos, self._fault)
        plugins.loaded().install(self._undos, hooks, self._plan.boundaries)
        self._undos.add(waits.install())
        self._undos.add(context.follow_threads(self._code.tracer.prepare))
        watcher = ImportWatcher(
            self._code.included,
            on_codes=self._code.add,
            on_module=lambda module: None,
            on_fault=self._fault,
            compiler=self._compiler(),
            path_only=True,
        )
        self._undos.add(watcher.install())
        self._undos.add(self.enclosure.closed.install())
        self._undos.add(hooks.stop)  # before all others

    def _compiler(self) -> Callable[[str, str, str], CodeType]:
        if not self._plan.instrumented:
            return self._extension.compile
        from .instrument.source import instrumented

        return instrumented

    def load(self) -> Loaded:
        """Make the applications and import the code; see `CodeLoader`. Raises `CannotReplay`."""
        code = self._loader.load()
        included = self._code.included
        files = dict(included.modules)
        sources = {module: included.sources.get(file, "") for file, module in files.items()}
        distributions = imported_distributions(included.covers) if self._plan.distributions else {}
        import_faults, faults = dict(self._resolver.faults), list(self.faults)
        return Loaded(files, sources, import_faults, code, distributions, self.enclosure.wall, faults)

    def watch(self, lines: Mapping[str, Sequence[int]] | None) -> str:
        """From here on note which of these lines (file → numbers; `None` for all) each replay runs; why that cannot
        be, or empty."""
        return self._code.watch(lines)

    def use_fallback(self) -> None:
        """From here on answer what a trace lacks from other traces."""
        if self.worker.fallback is None:
            self.worker.fallback = self._make_fallback()

    def stop(self) -> None:
        """Take everything away."""
        self._undos.run()
        self._code.stop()
        self.enclosure.remove()

    # --- replaying ---

    def run(self, job: Job) -> Observed:
        """Replay once; every failure is told in the answer. A trace that lacks an exchange is run again, fallbacks."""
        for before in job.preceding:
            self.run(before)
        observed = self._run(job)
        if observed.wants_fallback:
            self.use_fallback()
            observed = _with_lines(self._run(job), observed.lines)
        return observed

    def _run(self, job: Job) -> Observed:
        started = _clock()
        try:
            given = self.masks.given(job)
            with kept(), self.enclosure.emptied(), self._probing(job, given) as probe:
                replay, lines, detail = self.replay(job, given.trace)
            return self._observed(job, given, replay, lines, detail, probe, _clock() - started)
        except (EntryUnavailable, KeyProblem) as reason:
            return Observed(job.trace, "error", self.masks.text_about(job, str(reason)))
        except Exception as error:  # noqa: BLE001 - one trace is lost and named, never the run
            told = f"the replay itself failed: {type(error).__name__}: {error}"
            return Observed(job.trace, "error", self.masks.text_about(job, told))

    def _probing(self, job: Job, given: Given) -> AbstractContextManager[Probe]:
        return self._extension.probe(self._parts, job.probe, given) if job.probe else nullcontext(NoProbe())

    def handlers(self, fork: Fork | None) -> Mapping[str, Handler]:
        """What answers the questions of the extension, by name; without `fork` in this process."""
        return self._extension.handlers(self._parts, fork)

    @property
    def _parts(self) -> Parts:
        """What an extension may use."""
        return Parts(
            self.worker,
            self._resolver,
            self._roots,
            self._code.tracer,
            self._code.paths,
            self._relocation,
            self.masks,
            self._code.included.modules,
            self.use_fallback,
            self.enclosure.ours,
        )

    def replay(self, job: Job, trace: Trace) -> tuple[Replay, dict[str, list[int]], Detail | None]:
        """The replay itself, lines that ran, its steps; raises `EntryUnavailable`."""
        self._resolver.restored.clear()
        self.enclosure.closed.files.clear()
        tracer = self._code.tracer if job.traced else None
        producers = NO_PRODUCERS if job.restore else self._producers(job)
        moved = self._relocation.moved(trace)
        run = partial(
            self.worker.replay, job.entry, moved, tracer=tracer, perturbation=job.perturbation, producers=producers
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._plan.instrumented:
                from .line_tracer import Steps

                with Steps(about=job.about) as steps:
                    replay = run()
                return replay, {}, steps.detail()
            replay, lines = self._code.lines_of(run, traced=job.traced)
        return replay, lines, None

    def _producers(self, job: Job) -> Mapping[TraceId, bytes]:
        """Traces that made what it was given, with their values."""
        opened = {name: opened_data(data, self.masks.keys) for name, data in job.producers.items()}
        return self._relocation.producers(opened)

    def _observed(
        self,
        job: Job,
        given: Given,
        replay: Replay,
        lines: dict[str, list[int]],
        detail: Detail | None,
        probe: Probe,
        seconds: float,
    ) -> Observed:
        world, stop = replay.world, replay.stopped
        observation = replay.observation
        if observation is None:
            observation = Observation("return", None, None, outbound_of(world.asked) if world is not None else [])
        if self.enclosure.is_child and _is_out_of_memory(observation):
            most = f"the {shown(for_replay())} that a replay may take beyond what is loaded"
            return Observed(job.trace, "crashed", f"the replay asked for more memory than {most}")
        fallbacks = world.fallbacks if world is not None else ()
        observation, detail, probed = self.masks.mask(given).whole(observation, detail, probe.trees(), fallbacks)
        observation = self._roots.hidden(observation)
        detail = self._roots.hidden_in_detail(detail) if detail is not None else None
        expected = bool(job.expected) and stop is None and fingerprint(observation) == job.expected
        functions = self._code.functions(replay.path) if job.traced else []
        return Observed(
            job.trace,
            "stopped" if replay.observation is None else "outcome",
            self.masks.text(_reason(replay)),
            stop.kind if stop is not None else "",
            None if expected else observation,
            reading_digest(world.clock.readings) if world is not None else b"",
            len(world.fallbacks) if world is not None else 0,
            world.wants_fallback and self.worker.fallback is None if world is not None else False,
            list(self._resolver.restored),
            functions,
            self._code.paths.arms(replay.path.arms) if job.traced else [],
            lines,
            sorted(self.enclosure.closed.files),
            seconds,
            detail,
            "sqlglot" in sys.modules,
            probed=probe.answer(probed),
            mismatched=self.worker.mismatched,
        )


def _is_out_of_memory(observation: Observation) -> bool:
    value = observation.value
    return observation.kind == "exception" and isinstance(value, ObjectNode) and is_out_of_memory(value.cls)


def _with_lines(observed: Observed, before: Mapping[str, Sequence[int]]) -> Observed:
    """With the lines of a run before it: a line that was told once is not told again."""
    lines = {file: {*before.get(file, ()), *observed.lines.get(file, ())} for file in {**before, **observed.lines}}
    return msgspec.structs.replace(observed, lines={file: sorted(numbers) for file, numbers in lines.items()})


def _reason(replay: Replay) -> str:
    if replay.stopped is not None:
        return replay.stopped.reason
    return "" if replay.observation is not None else "it ended without an outcome"
