"""The replayer: one version of the code, loaded in this process behind recorded boundaries.

It answers jobs with observations and judges nothing. Base and candidate are each loaded by a replayer of their own,
in processes of their own.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from threading import get_ident
from types import CodeType

import msgspec

from ...recorders import context, plugins
from ...recorders.boundaries.import_hooks import ImportHooks
from ...recorders.errors import KeyProblem, RuntimeBaselineError
from ...recorders.included import ImportWatcher, Included
from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import Entry, Trace, TraceId
from ...recorders.model.value_tree import ClassName, ObjectNode
from ...recorders.patching import Undos
from ...recorders.privacy.encryption import KeyId, Keyring, SessionKey
from ...recorders.privacy.secret_parts import opened_data, opened_variables
from ...recorders.session.assemble import Paths
from ...recorders.tracing.choose import choose_tracer
from ...recorders.tracing.function_names import function_name
from ..change.distributions import imported_distributions
from ..change.packages import USUAL, Home, homes_below
from ..change.source_lines import place_of_error
from ..entries.protocol import EntryUnavailable
from ..entries.wsgi import WsgiApplications
from ..model.job import Job, Observed, fingerprint, reading_digest
from ..model.observation import Observation, outbound_of
from ..model.steps import Detail
from ..world.called_names import CalledNames
from ..world.recorded_environment import Settings
from ..world.resolver import Resolver, is_program
from ..world.response_fallback import Lender
from . import waits
from .application import Building
from .extension import Fork, Handler, NoProbe, Parts, Probe, load_extension
from .folder_names import letters, make_folder
from .known_drivers import refuse_known_drivers
from .masking import Given, Masks
from .memory import for_replay, is_out_of_memory, shown
from .reach import Reach
from .relocation import Relocation
from .roots import Roots
from .sandbox import Closed, LeavesProcess, audit_quiet_doors
from .scratch_copy import PREFIX, is_left_out
from .semaphores import use_own_semaphores
from .surroundings import emptied, kept, use_temporary
from .wall import NO_WALL, raise_inner_wall, raise_wall
from .worker import NO_PRODUCERS, Replay, Worker

TOLD = 500
"""Characters of an exception's text in a message."""

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""


class CannotReplay(RuntimeBaselineError):
    """The code cannot be replayed at all; the message says why and what to do."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replayer loads."""

    include: tuple[str, ...]
    app: str
    boundaries: tuple[str, ...]
    root: str
    """Folder of the project in the version that is loaded."""
    known_as: tuple[str, ...] = ()
    """Other folders that mean the project's: the working tree, where every place that is shown lies, comes first."""
    recorded: tuple[str, ...] = ()
    """Folders of the project when it was recorded."""
    temporary: str = ""
    """Private folder for temporary files; empty for one that the replayer makes. With one, `root` is a scratch copy
    that code which is imported or built may write in."""
    variables: dict[str, str | None]
    """Environment variables that the recorded service read outside its traces."""
    names: tuple[str, ...] | None
    """Names of the environment variables that were set in any recorded service; `None` where nobody kept them."""
    modules: tuple[str, ...]
    """Recorded modules, imported where they are included and still there."""
    served: tuple[Entry, ...] = ()
    """Entries that an application answers: it is made when the code is loaded, once for all processes."""
    relaid: tuple[ClassName, ...] = ()
    """Classes that hold their state in another way than at base."""
    distributions: bool = False
    """Whether it is to tell which installed distributions were imported."""
    marked: bool = False
    """Whether decisions and values are marked, for replays in detail."""
    extension: str = ""
    """Module of what is added to the process, see `extension`; empty for nothing."""
    keys: tuple[SessionKey, ...] = ()
    """Keys of recording sessions, with which the values behind pseudonyms are read."""
    hidden: tuple[KeyId, bytes] = ("", b"")
    """The values behind the pseudonyms of `variables`: the key, and what it reads."""


class Loaded(msgspec.Struct, frozen=True):
    """What came of loading."""

    files: dict[str, str]
    """File of each included module → its name."""
    sources: dict[str, str]
    """Included module → its text."""
    import_faults: dict[str, str]
    """Module → why it cannot be imported."""
    read: list[str]
    """Files of the project that were read or imported meanwhile; folders whose names were read end with `/`."""
    distributions: dict[str, str] = {}
    """Distributions that it imported → version."""
    wall: str = ""
    """What the operating system does not close off in the process that replays; empty where the wall is whole."""


class Replayer:
    """Replays traces on one version of the code."""

    def __init__(self, plan: Plan, *, traces: Callable[[], Lender]) -> None:
        """`traces` makes the lender of the baseline, when one is first wanted."""
        self._plan = plan
        self._extension = load_extension(plan.extension)
        self._make_lender = traces
        self.included = Included(plan.include)
        self._codes: list[CodeType] = []
        self._tracer = choose_tracer(self._fault, self.included)
        self._undos = Undos()
        self._hooks = ImportHooks(self._undos, self._fault)
        self.temporary = plan.temporary or make_folder(PREFIX)
        """Where a replay may write."""
        self._is_own = not plan.temporary
        self._closed = Closed(self.temporary, plan.root, copied=bool(plan.temporary), included=self.included)
        self._relocation = Relocation(plan.recorded, plan.root)
        self._keys = Keyring(plan.keys)
        self.masks = Masks(self._keys)
        variables = opened_variables(plan.variables, *plan.hidden, self._keys)
        self.masks.learn_variables(plan.hidden[0], variables)
        variables = self._relocation.variables(variables)
        self._building = Building(variables, self._closed)
        called = CalledNames(self.included.modules, self.included.sources)
        self._resolver = Resolver(plan.include)
        self._applications = WsgiApplications(plan.app, self._building, self._resolver, self._place)
        settings = Settings(variables, frozenset(plan.names) if plan.names is not None else None)
        self.worker = Worker(self._resolver, self.included.modules, self._applications, called, settings)
        self.worker.relaid = frozenset(plan.relaid)
        self.worker.replaying = self._closed.replaying
        self._paths = Paths(self.included)
        self._roots = Roots(plan.root, *plan.known_as, *plan.recorded, temporary=[self.temporary])
        self._wall = NO_WALL
        self._reach: Reach | None = None
        self._owner = os.getpid()
        self._own_folder = ""
        """Temporary folder of this very process, empty before each replay; none in a process that loads."""
        self.faults: list[str] = []
        self._import_faults: dict[str, str] = {}
        self._resolver.faults = self._import_faults

    def _fault(self, fault: BaseException) -> None:
        self.faults.append(f"{type(fault).__name__}: {fault}")

    # --- starting and stopping ---

    def _place(self, error: BaseException) -> str:
        return place_of_error(error, self._closed.users)

    def own_process(self) -> None:
        """From here on this process does nothing but replay, in this thread, behind a wall."""
        self._closed.home = get_ident()
        sys.dont_write_bytecode = True  # nobody could use it again, and nothing is written outside the scratch copy
        audit_quiet_doors()
        self._wall = raise_wall([self._plan.root, self.temporary], self._closed.refused_call)
        use_own_semaphores()
        if not self._wall.stands:
            self._undos.add(refuse_known_drivers(self._closed.refuse))

    def own_child(self) -> None:
        """From here on this process, forked from the one that loaded the code, replays: it changes temporary files
        only, and forks and signals nobody."""
        folder = self._folder_of(os.getpid())
        with self._closed.ours():
            os.mkdir(folder)
        use_temporary(folder)
        self._own_folder = folder
        raise_inner_wall(self._wall, [self.temporary])

    def forget_child(self, pid: int) -> None:
        """Remove the temporary files of a process that ended."""
        with self._closed.ours():
            shutil.rmtree(self._folder_of(pid), ignore_errors=True)  # all of them go at the end

    def _folder_of(self, pid: int) -> str:
        return os.path.join(self.temporary, f"replay-{letters(pid)}")

    @property
    def ours(self) -> Callable[[], AbstractContextManager[None]]:
        """Around what the process of this replayer does for itself."""
        return self._closed.ours

    def start(self) -> None:
        """Put the boundaries in place; from here on, included modules are known as they are imported."""
        plugins.loaded().install(self._undos, self._hooks, self._plan.boundaries)
        self._undos.add(waits.install())
        self._undos.add(context.follow_threads(self._tracer.prepare))
        watcher = ImportWatcher(
            self.included,
            on_codes=self._saw_codes,
            on_module=lambda module: None,
            on_fault=self._fault,
            compiler=self._compiler(),
            path_only=True,
        )
        self._undos.add(watcher.install())
        self._undos.add(self._closed.install())

    def _compiler(self) -> Callable[[str, str, str], CodeType]:
        if not self._plan.marked:
            return self._extension.compile
        from .instrument.source import instrumented

        return instrumented

    def _saw_codes(self, codes: list[CodeType]) -> None:
        self._codes.extend(codes)
        self._tracer.register(codes)
        if self._reach is not None:
            self._reach.watch(codes)

    def load(self) -> Loaded:
        """Make the applications, then import the included packages and the recorded modules: what a module needs
        (Django's settings and apps) an application sets up. Raises `CannotReplay` when a package is missing."""
        with suppress(EntryUnavailable):  # told as the verdict of each trace that it answers
            self._applications.make_configured()
        with self._building():
            for package in self._plan.include:
                self._load_package(package)
                self._check_place(package)
        for entry in self._plan.served:
            self._load_home(entry)
            with suppress(EntryUnavailable):
                self._applications.find(entry)
        with self._building():
            for module in self._plan.modules:
                self._load_module(module)
        files = dict(self.included.modules)
        sources = {module: self.included.sources.get(file, "") for file, module in files.items()}
        read = sorted(self._closed.files)
        distributions = imported_distributions(self.included.covers) if self._plan.distributions else {}
        return Loaded(files, sources, dict(self._import_faults), read, distributions, self._wall.described)

    def _load_package(self, package: str) -> None:
        try:
            importlib.import_module(package)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also `sys.exit`, and what test tools derive from it
            raise CannotReplay(
                f"cannot import the included package {package!r}: {self._told(error)}{_advice(error, package)}"
            ) from error

    def _load_home(self, entry: Entry) -> None:
        """Import the module of an application before the others, where the recorded service loaded it too."""
        module = entry.target.partition(":")[0]
        if module in self._plan.modules:
            with self._building():
                self._load_module(module)

    def _check_place(self, package: str) -> None:
        """Raise `CannotReplay` where what was imported is not the working tree's."""
        module = sys.modules[package]
        origin = getattr(module, "__file__", None)
        places = [*getattr(module, "__path__", ()), *([origin] if origin else [])]
        root = os.path.realpath(self._plan.root)
        if places and not any(os.path.realpath(place).startswith(root + os.sep) for place in places):
            wanted = ", ".join(homes_below(self._plan.root, [package], ())) or self._plan.root
            raise CannotReplay(
                f"the included package {package!r} is imported from {places[0]}, and not from the working tree "
                f"({wanted}): another copy shadows it. Uninstall that copy, install the project in editable mode, or "
                "put its folder on the path (pytest's `pythonpath`)"
            )

    def _load_module(self, module: str) -> None:
        if is_program(module) or not self.included.covers(module):
            return  # importing the one would run the service; the other is not for a baseline to name
        try:
            importlib.import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - its entries come to the verdict `error`, with this reason
            self._import_faults[module] = self._told(error)

    def _told(self, error: BaseException) -> str:
        """An exception in one line, with the line of the user's code that it came from."""
        if isinstance(error, LeavesProcess):
            return _said(error)  # it has its place
        place = self._place(error)
        refused = f"; refused before: {', '.join(self._closed.escaped[:3])}" if self._closed.escaped else ""
        return f"{_said(error)}{f' (at {place})' if place else ''}{refused}"

    def watch(self, lines: Mapping[str, Sequence[int]] | None) -> None:
        """From here on note which of these lines (file → numbers; `None` for all) each replay runs."""
        self._reach = Reach(
            {file: frozenset(numbers) for file, numbers in lines.items()} if lines is not None else None
        )
        self._reach.watch(self._codes)

    @property
    def reach_unavailable(self) -> str:
        """Why lines cannot be watched, or empty."""
        return self._reach.unavailable if self._reach is not None else ""

    @property
    def codes(self) -> Sequence[CodeType]:
        """Code objects of the included modules."""
        return self._codes

    def lend(self) -> None:
        """From here on answer what a trace lacks from other traces."""
        if self.worker.lender is None:
            self.worker.lender = self._make_lender()

    def stop(self) -> None:
        """Take everything away."""
        self._hooks.stop()
        self._undos.run()
        self._tracer.stop()
        if self._reach is not None:
            self._reach.stop()
        if os.getpid() == self._owner and self._is_own:
            shutil.rmtree(self.temporary, ignore_errors=True)

    # --- replaying ---

    def run(self, job: Job) -> Observed:
        """Replay once; every failure is told in the answer. A trace that lacks an exchange is run again, lent."""
        for before in job.preceding:
            self.run(before)
        observed = self._run(job)
        if observed.wants_lender:
            self.lend()
            observed = _with_lines(self._run(job), observed.lines)
        return observed

    def _run(self, job: Job) -> Observed:
        started = _clock()
        try:
            given = self.masks.given(job)
            with kept(), emptied(self._own_folder, self._closed.ours), self._probing(job, given) as probe:
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
            self._tracer,
            self._paths,
            self._relocation,
            self.masks,
            self.included.modules,
            self.lend,
            self.ours,
        )

    def replay(self, job: Job, trace: Trace) -> tuple[Replay, dict[str, list[int]], Detail | None]:
        """The replay itself, lines that ran, its steps; raises `EntryUnavailable`."""
        self._resolver.restored.clear()
        self._closed.files.clear()
        tracer = self._tracer if job.traced else None
        producers = NO_PRODUCERS if job.restore else self._producers(job)
        moved = self._relocation.moved(trace)
        run = partial(
            self.worker.replay, job.entry, moved, tracer=tracer, perturbation=job.perturbation, producers=producers
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._plan.marked:
                from .line_tracer import Steps

                with Steps() as steps:
                    replay = run()
                return replay, {}, steps.detail()
            if self._reach is None or (job.traced and sys.version_info < (3, 12)):
                replay = run()
                return replay, {}, None
            with self._reach.replaying() as reached:
                replay = run()
        return replay, {file: sorted(lines) for file, lines in reached.items()}, None

    def _producers(self, job: Job) -> Mapping[TraceId, bytes]:
        """Traces that made what it was given, with their values."""
        opened = {name: opened_data(data, self._keys) for name, data in job.producers.items()}
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
        if self._own_folder and _is_out_of_memory(observation):
            most = f"the {shown(for_replay())} that a replay may take beyond what is loaded"
            return Observed(job.trace, "crashed", f"the replay asked for more memory than {most}")
        lent = world.lent if world is not None else ()
        observation, detail, probed = self.masks.mask(given).whole(observation, detail, probe.trees(), lent)
        observation = self._roots.hidden(observation)
        detail = self._roots.hidden_in_detail(detail) if detail is not None else None
        expected = bool(job.expected) and stop is None and fingerprint(observation) == job.expected
        functions: list[FunctionName] = []
        if job.traced:
            self._tracer.rest()
            functions = [function_name(code, self.included.modules) for code in replay.path.codes.values()]
        return Observed(
            job.trace,
            "stopped" if replay.observation is None else "outcome",
            self.masks.text(_reason(replay)),
            stop.kind if stop is not None else "",
            None if expected else observation,
            reading_digest(world.clock.readings) if world is not None else b"",
            len(world.lent) if world is not None else 0,
            world.wants_lender and self.worker.lender is None if world is not None else False,
            list(self._resolver.restored),
            list(dict.fromkeys(functions)),
            self._paths.arms(replay.path.arms) if job.traced else [],
            lines,
            sorted(self._closed.files),
            seconds,
            detail,
            "sqlglot" in sys.modules,
            probed=probe.answer(probed),
            unlike=self.worker.unlike,
        )


def _is_out_of_memory(observation: Observation) -> bool:
    value = observation.value
    return observation.kind == "exception" and isinstance(value, ObjectNode) and is_out_of_memory(value.cls)


def _with_lines(observed: Observed, before: Mapping[str, Sequence[int]]) -> Observed:
    """With the lines of a run before it: a line that was told once is not told again."""
    lines = {file: {*before.get(file, ()), *observed.lines.get(file, ())} for file in {**before, **observed.lines}}
    return msgspec.structs.replace(observed, lines={file: sorted(numbers) for file, numbers in lines.items()})


def _advice(error: BaseException, package: str) -> str:
    """What to do about a package that cannot be imported: something is missing only where the import says so."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = package.partition(".")[0]
    if error.name.partition(".")[0] == top and error.name not in (package, top):
        return ""  # a module that the package itself does not have
    missing = "it" if error.name in (package, top) else repr(error.name)
    return f". Install {missing} in this environment, or put its folder on the path (pytest's `pythonpath`)"


def _said(error: BaseException) -> str:
    """An exception in one line."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:TOLD]}" if said else type(error).__name__


def _reason(replay: Replay) -> str:
    if replay.stopped is not None:
        return replay.stopped.reason
    return "" if replay.observation is not None else "it ended without an outcome"


def search_path(root: str, base_root: str, include: Sequence[str], homes: Sequence[Home] = USUAL) -> list[str]:
    """`sys.path` for loading another version of the project: entries inside `root` lead into `base_root` instead.

    Folders that hold an included package come first, so that no editable installation leads back to `root`; `homes`
    are those of the project, relative to its root.
    """
    real, other = os.path.realpath(root), os.path.realpath(base_root)

    def moved(folder: str) -> str:
        inside = os.path.realpath(folder or os.getcwd())
        if (inside == real or inside.startswith(real + os.sep)) and not is_left_out(
            real, os.path.relpath(inside, real)
        ):
            return os.path.normpath(os.path.join(other, os.path.relpath(inside, real)))
        return folder or os.getcwd()

    return list(dict.fromkeys([*homes_below(other, include, homes), *map(moved, sys.path)]))
