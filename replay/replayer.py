"""This file is about the replayer: one version of the code, loaded in this process behind recorded boundaries.

It answers jobs with observations and judges nothing. Base and candidate are each loaded by a replayer of their own,
in processes of their own.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import get_ident
from types import CodeType

import msgspec

from ..recorders import context
from ..recorders.assemble import Paths
from ..recorders.boundaries.catalogue import Hooks, install_boundaries
from ..recorders.errors import RuntimeBaselineError
from ..recorders.included import ImportWatcher, Included
from ..recorders.naming import function_name
from ..recorders.patching import Undos
from ..recorders.trace import Entry, decode_trace
from ..recorders.tracing.branches import FunctionName
from ..recorders.tracing.choose import choose_tracer
from ..recorders.value_tree import ClassName
from .building import Building
from .calls import CalledNames
from .closed import Closed
from .detail import Detail
from .distributions import imported_distributions
from .exploring.attempt import Attempts
from .job import Job, Observed, fingerprint, reading_digest
from .lending import Lender
from .observation import Observation, outbound_of
from .reach import Reach
from .rebuild import Resolver, build, is_program
from .recorded_world import Settings
from .roots import Roots
from .surroundings import kept
from .worker import NO_PRODUCERS, Applications, EntryUnavailable, Replay, Worker

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
    tapped: bool = False
    """Whether calls inside can be looked at, and made otherwise."""


class Loaded(msgspec.Struct, frozen=True):
    """What came of loading."""

    files: dict[str, str]
    """File of each included module → its name."""
    sources: dict[str, str]
    """Included module → its text."""
    import_faults: dict[str, str]
    """Module → why it cannot be imported."""
    read: list[str]
    """Files of the project, other than modules, that were read while it was loaded."""
    distributions: dict[str, str] = {}
    """Distributions that it imported → version."""


def compile_plain(source: str, module: str, file: str) -> CodeType:
    """A module's code, as it is."""
    return compile(source, file, "exec", dont_inherit=True)


class Replayer:
    """Replays traces on one version of the code."""

    def __init__(self, plan: Plan, *, traces: Callable[[], Lender]) -> None:
        """`traces` makes the lender of the baseline, when one is first wanted."""
        self._plan = plan
        self._make_lender = traces
        self.included = Included(plan.include)
        self._codes: list[CodeType] = []
        self._tracer = choose_tracer(self._fault, self.included)
        self._undos = Undos()
        self._hooks = Hooks(self._undos, self._fault)
        self._scratch = tempfile.TemporaryDirectory(prefix="pytest-runtime-")
        self._closed = Closed(self._scratch.name, plan.root)
        self._building = Building(plan.variables, self._closed)
        called = CalledNames(self.included.modules, self.included.sources)
        self._resolver = Resolver(plan.include)
        self._applications = Applications(plan.app, self._building, self._resolver)
        settings = Settings(plan.variables, frozenset(plan.names) if plan.names is not None else None)
        self.worker = Worker(self._resolver, self.included.modules, self._applications, called, settings)
        self.worker.relaid = frozenset(plan.relaid)
        self._paths = Paths(self.included)
        self._roots = Roots(plan.root)
        self._reach: Reach | None = None
        self._owner = os.getpid()
        self.faults: list[str] = []
        self._import_faults: dict[str, str] = {}
        self._resolver.faults = self._import_faults

    def _fault(self, fault: BaseException) -> None:
        self.faults.append(f"{type(fault).__name__}: {fault}")

    # --- starting and stopping ---

    def own_process(self) -> None:
        """From here on this process does nothing but replay, in this thread."""
        self._closed.home = get_ident()

    def start(self) -> None:
        """Put the boundaries in place; from here on, included modules are known as they are imported."""
        install_boundaries(self._undos, self._hooks, self._plan.boundaries)
        self._undos.add(context.follow_threads(self._tracer.prepare))
        watcher = ImportWatcher(
            self.included,
            on_codes=self._saw_codes,
            on_module=lambda module: None,
            on_fault=self._fault,
            compiler=self._compiler(),
        )
        self._undos.add(watcher.install())
        self._undos.add(self._closed.install())

    def _compiler(self) -> Callable[[str, str, str], CodeType]:
        if self._plan.tapped:
            from .exploring.taps import tapped

            return tapped
        if not self._plan.marked:
            return compile_plain
        from .instrument import instrumented

        return instrumented

    def _saw_codes(self, codes: list[CodeType]) -> None:
        self._codes.extend(codes)
        self._tracer.register(codes)
        if self._reach is not None:
            self._reach.watch(codes)

    def load(self) -> Loaded:
        """Import the included packages and the recorded modules; raises `CannotReplay` when a package is missing."""
        with self._building():
            for package in self._plan.include:
                try:
                    importlib.import_module(package)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:  # also `sys.exit`, and what test tools derive from it
                    raise CannotReplay(
                        f"cannot import the included package {package!r}: {_told(error)}. "
                        "Install it in this environment, or put its folder on the path (pytest's `pythonpath`)"
                    ) from error
            for module in self._plan.modules:
                self._load_module(module)
        for entry in self._plan.served:
            with suppress(EntryUnavailable):  # told as the verdict of each of its traces
                self._applications.find(entry)
        files = dict(self.included.modules)
        sources = {module: self.included.sources.get(file, "") for file, module in files.items()}
        read = sorted(self._closed.files)
        distributions = imported_distributions(self.included.covers) if self._plan.distributions else {}
        return Loaded(files, sources, dict(self._import_faults), read, distributions)

    def _load_module(self, module: str) -> None:
        if is_program(module) or not self.included.covers(module):
            return  # importing the one would run the service; the other is not for a baseline to name
        try:
            importlib.import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - its entries come to the verdict `error`, with this reason
            self._import_faults[module] = _told(error)

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
        if os.getpid() == self._owner:
            self._scratch.cleanup()

    # --- replaying ---

    def run(self, job: Job) -> Observed:
        """Replay once; every failure is told in the answer. A trace that lacks an exchange is run again, lent."""
        observed = self._run(job)
        if observed.wants_lender:
            self.lend()
            observed = _with_lines(self._run(job), observed.lines)
        return observed

    def _run(self, job: Job) -> Observed:
        started = _clock()
        try:
            with kept():
                if job.calls or job.put:
                    return self._tapped(job, started)
                replay, lines, detail = self.replay(job)
            return self._observed(job, replay, lines, detail, _clock() - started)
        except EntryUnavailable as reason:
            return Observed(job.trace, "error", str(reason))
        except Exception as error:  # noqa: BLE001 - one trace is lost and named, never the run
            return Observed(job.trace, "error", f"the replay itself failed: {type(error).__name__}: {error}")

    def _tapped(self, job: Job, started: float) -> Observed:
        """A replay that tells of calls inside, or makes one of them with other arguments."""
        from .exploring.taps import taps

        taps.begin(job.calls, job.put, self.included.modules, partial(build, resolver=self._resolver))
        try:
            replay, lines, detail = self.replay(job)
        finally:
            taps.end()
        observed = self._observed(job, replay, lines, detail, _clock() - started)
        return msgspec.structs.replace(observed, calls=taps.seen, put=taps.put)

    @property
    def attempts(self) -> Attempts:
        """What tries single inputs."""
        return Attempts(self.worker, self._resolver, self._roots, self._tracer, self._paths)

    def replay(self, job: Job) -> tuple[Replay, dict[str, list[int]], Detail | None]:
        """The replay itself, lines that ran, its steps; raises `EntryUnavailable`."""
        trace = decode_trace(job.data)
        self._resolver.restored.clear()
        self._closed.files.clear()
        tracer = self._tracer if job.traced else None
        producers = NO_PRODUCERS if job.restore else job.producers
        run = partial(
            self.worker.replay, job.entry, trace, tracer=tracer, perturbation=job.perturbation, producers=producers
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._plan.marked:
                from .detail import Steps

                with Steps() as steps:
                    replay = run()
                return replay, {}, self._roots.hidden_in_detail(steps.detail())
            if self._reach is None or (job.traced and sys.version_info < (3, 12)):
                replay = run()
                return replay, {}, None
            with self._reach.replaying() as reached:
                replay = run()
        return replay, {file: sorted(lines) for file, lines in reached.items()}, None

    def _observed(
        self, job: Job, replay: Replay, lines: dict[str, list[int]], detail: Detail | None, seconds: float
    ) -> Observed:
        world, stop = replay.world, replay.stopped
        observation = replay.observation
        if observation is None:
            observation = Observation("return", None, None, outbound_of(world.asked) if world is not None else [])
        observation = self._roots.hidden(observation)
        expected = bool(job.expected) and stop is None and fingerprint(observation) == job.expected
        functions: list[FunctionName] = []
        if job.traced:
            self._tracer.rest()
            functions = [function_name(code, self.included.modules) for code in replay.path.codes.values()]
        return Observed(
            job.trace,
            "stopped" if replay.observation is None else "outcome",
            _reason(replay),
            stop.kind if stop is not None else "",
            None if expected else observation,
            reading_digest(world.readings) if world is not None else b"",
            world.borrowed if world is not None else 0,
            world.wants_lender and self.worker.lender is None if world is not None else False,
            list(self._resolver.restored),
            list(dict.fromkeys(functions)),
            self._paths.arms(replay.path.arms) if job.traced else [],
            lines,
            sorted(self._closed.files),
            seconds,
            detail,
            "sqlglot" in sys.modules,
            unlike=self.worker.unlike,
        )


def _with_lines(observed: Observed, before: Mapping[str, Sequence[int]]) -> Observed:
    """With the lines of a run before it: a line that was told once is not told again."""
    lines = {file: {*before.get(file, ()), *observed.lines.get(file, ())} for file in {**before, **observed.lines}}
    return msgspec.structs.replace(observed, lines={file: sorted(numbers) for file, numbers in lines.items()})


def _told(error: BaseException) -> str:
    """An exception in one line."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:TOLD]}" if said else type(error).__name__


def _reason(replay: Replay) -> str:
    if replay.stopped is not None:
        return replay.stopped.reason
    return "" if replay.observation is not None else "it ended without an outcome"


def search_path(root: str, base_root: str, include: Sequence[str]) -> list[str]:
    """`sys.path` for loading another version of the project: entries inside `root` lead into `base_root` instead.

    Folders that hold an included package come first, so that no editable installation leads back to `root`.
    """
    real, other = os.path.realpath(root), os.path.realpath(base_root)

    def moved(folder: str) -> str:
        inside = os.path.realpath(folder or os.getcwd())
        if inside == real or inside.startswith(real + os.sep):
            return os.path.normpath(os.path.join(other, os.path.relpath(inside, real)))
        return folder or os.getcwd()

    homes = [os.path.join(other, "src"), other]
    tops = {package.partition(".")[0] for package in include}
    first = [home for home in homes if any(_holds(home, top) for top in tops)]
    return list(dict.fromkeys([*first, *map(moved, sys.path)]))


def _holds(folder: str, package: str) -> bool:
    return os.path.isdir(os.path.join(folder, package)) or os.path.isfile(os.path.join(folder, f"{package}.py"))
