"""The replayer: one version of the code, loaded in this process behind recorded boundaries.

It answers jobs with observations and judges nothing. Base and candidate are each loaded by a replayer of their own,
in processes of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import CodeType

from ...recorders import context, installed
from ...recorders.boundaries import catalogue
from ...recorders.boundaries.import_hooks import ImportHooks
from ...recorders.included import ImportWatcher, Included
from ...recorders.patching import Undos
from ...recorders.privacy.encryption import Keyring
from ...recorders.privacy.secret_parts import opened_variables
from ..change.distributions import imported_distributions
from ..entries.wsgi import WebApplications
from ..model.job import Job, Observed
from ..world.called_names import CalledNames
from ..world.recorded_environment import Settings
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Resolver
from ..world.response_fallback import ResponseFallback
from . import waits
from .application import Building
from .child_process import StartChild
from .code_loader import CodeLoader
from .enclosure import Enclosure
from .extension import Handler, Parts, load_extension
from .job_runner import JobRunner
from .known_code import KnownCode
from .masking import Masks
from .plan import Loaded, LoadPlan
from .relocation import Relocation
from .roots import Roots
from .worker import Worker

catalogue.load_all()  # the processes that replay are forked from this one, and may not read files later


class Replayer:
    """Replays traces on one version of the code."""

    def __init__(self, plan: LoadPlan, *, traces: Callable[[], ResponseFallback]) -> None:
        """`traces` makes the fallback of the baseline, when one is first wanted."""
        self._plan = plan
        self._extension = load_extension(plan.extension)
        self._make_fallback = traces
        self._faults: list[str] = []
        """Boundaries that could not be put in place, and why."""
        included = Included(plan.include)
        self._code = KnownCode(included, self._fault)
        self._undos = Undos()
        self.enclosure = Enclosure(plan, included)
        closed = self.enclosure.closed
        relocation = Relocation(plan.recorded, plan.root)
        keys = Keyring(plan.keys)
        self.masks = Masks(keys)
        variables = relocation.variables(_variables_of(plan, self.masks, keys))
        building = Building(variables, closed)
        resolver = Resolver(plan.include)
        applications = WebApplications(plan.app, building, resolver, closed.place_of)
        self._parts = Parts(
            _worker_of(plan, included, resolver, applications, variables, closed.replaying),
            resolver,
            Roots(plan.root, *plan.known_as, *plan.recorded, temporary=[self.enclosure.temporary]),
            self._code.tracer,
            self._code.paths,
            relocation,
            self.masks,
            included.modules,
            self.use_fallback,
            self.enclosure.ours,
        )
        self._runner = JobRunner(
            self._parts, self._code, self.enclosure, self._extension, instrumented=plan.instrumented
        )
        self._loader = CodeLoader(plan, resolver, applications, building, closed)

    def _fault(self, fault: BaseException) -> None:
        self._faults.append(f"{type(fault).__name__}: {fault}")

    # --- starting and stopping ---

    def own_process(self) -> None:
        """From here on this process does nothing but replay, in this thread, behind a wall."""
        self.enclosure.own_process(self._undos)

    def start(self) -> None:
        """Put the boundaries in place; from here on, included modules are known as they are imported."""
        hooks = ImportHooks(self._undos, self._fault)
        installed.loaded().install(self._undos, hooks, self._plan.boundaries)
        self._undos.add(waits.install(hooks))
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
        import_faults, faults = dict(self._parts.resolver.faults), list(self._faults)
        return Loaded(files, sources, import_faults, code, distributions, self.enclosure.wall, faults)

    def watch(self, lines: Mapping[str, Sequence[int]] | None) -> str:
        """From here on note which of these lines (file → numbers; `None` for all) each replay runs; why that cannot
        be, or empty."""
        return self._code.watch(lines)

    def use_fallback(self) -> None:
        """From here on answer what a trace lacks from other traces."""
        if self._parts.worker.fallback is None:
            self._parts.worker.fallback = self._make_fallback()

    def stop(self) -> None:
        """Take everything away."""
        self._undos.run()
        self._code.stop()
        self.enclosure.remove()

    # --- replaying ---

    def run(self, job: Job) -> Observed:
        """Replay once; see `JobRunner`."""
        return self._runner.run(job)

    def handlers(self, start: StartChild | None) -> Mapping[str, Handler]:
        """What answers the questions of the extension, by name; without `start` in this process."""
        return self._extension.handlers(self._parts, start)


def _variables_of(plan: LoadPlan, masks: Masks, keys: Keyring) -> dict[str, str | None]:
    """Environment variables of all recorded processes, with their values; of what several read, that of the latest."""
    found: dict[str, str | None] = {}
    for recorded in plan.earlier:
        if not recorded.key or recorded.key in keys:  # else some may be pseudonyms, which nobody could tell
            opened = opened_variables(recorded.variables, recorded.key, recorded.secrets, keys)
            masks.learn_variables(recorded.key, opened)
            found |= opened
    latest = opened_variables(plan.variables, *plan.hidden, keys)
    masks.learn_variables(plan.hidden[0], latest)
    return found | latest


def _worker_of(
    plan: LoadPlan,
    included: Included,
    resolver: Resolver,
    applications: WebApplications,
    variables: Mapping[str, str | None],
    replaying: Callable[[RecordedWorld], AbstractContextManager[None]],
) -> Worker:
    called = CalledNames(included.modules, included.sources)
    settings = Settings(variables, frozenset(plan.names) if plan.names is not None else None)
    worker = Worker(resolver, included.modules, applications, called, settings)
    worker.changed_layout = frozenset(plan.changed_layout)
    worker.replaying = replaying
    return worker
