"""The test harness: write a small service, record it, change it, replay it, in this process.

scenario = Scenario(tmp_path, {"shop": "def total(items): ..."})
scenario.record(lambda shop: shop.total([1, 2]))
scenario.change("shop", "sum(items)", "sum(items) + 1")
assert scenario.replay().counts == {"diverged": 1}
"""

from __future__ import annotations

import importlib
import itertools
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

from ..recorders.model.trace import Trace
from ..recorders.options import RecordOptions
from ..recorders.privacy.encryption import SessionKey, unwrap
from ..recorders.recording import Recording
from ..recorders.store.open import open_reader
from ..recorders.store.protocol import BaselineReader
from ..replay.change.versions import Versions
from ..replay.compare.tolerance import NO_RULES
from ..replay.execute.plan import Loaded
from ..replay.execute.process import LOAD_LIMIT, TIME_LIMIT, ReplayerProcess
from ..replay.execute.replayer import Replayer
from ..replay.judge.blind_spots import BlindSpot
from ..replay.judge.oracle import find_oracle
from ..replay.judge.processes import candidate_process, plan_of
from ..replay.judge.seal import Seal
from ..replay.judge.setup import Limits, Setup
from ..replay.model.finding import Explored
from ..replay.model.job import Job, Observed
from ..replay.model.progress import Say, say_nothing
from ..replay.model.verdict import ClassVerdict, Location, TraceVerdict
from ..replay.run.exploring import make_explorer, targets_of_change
from ..replay.run.options import RunOptions, RunProject
from ..replay.run.run import Run
from ..replay.world.response_fallback import ResponseFallback

_numbers = itertools.count()


class Replayed(NamedTuple):
    """What a replay of all classes came to."""

    classes: tuple[ClassVerdict, ...]
    blind_spots: tuple[BlindSpot, ...]

    @property
    def traces(self) -> tuple[TraceVerdict, ...]:
        """All trace verdicts."""
        return tuple(trace for one in self.classes for trace in one.traces)

    @property
    def counts(self) -> dict[str, int]:
        """Traces per verdict, verdicts that occur only."""
        found: dict[str, int] = {}
        for trace in self.traces:
            found[trace.verdict] = found.get(trace.verdict, 0) + 1
        return found

    @property
    def fields(self) -> dict[str, tuple[str, str]]:
        """Differing fields with both values as text, of all diverged traces."""
        return {
            difference.field: (difference.base_text, difference.candidate_text)
            for trace in self.traces
            for difference in trace.differences
        }

    @property
    def kinds(self) -> set[str]:
        """What the differences are parts of: `response`, `return`, `exception`, `mutation`, `outbound`."""
        return {difference.kind.part for trace in self.traces for difference in trace.differences}

    @property
    def location(self) -> Location:
        """The location of the first diverged trace; raises `LookupError` when there is none."""
        for trace in self.traces:
            if trace.location is not None:
                return trace.location
        raise LookupError("no trace diverged at a place")

    @property
    def reasons(self) -> set[str]:
        """Reasons of all traces that were not judged or failed."""
        return {trace.reason for trace in self.traces if trace.reason}


class LocalRunner:
    """The candidate in this very process: quick, and open to a test's own objects. Nothing is fresh in it."""

    def __init__(self, setup: Setup, reader: BaselineReader, versions: Versions) -> None:
        plan = plan_of(setup, reader, setup.root, changed_layout=versions.changed_layout)
        self._replayer = Replayer(plan, traces=lambda: ResponseFallback(_traces(reader)))
        self.loaded = Loaded({}, {}, {}, [])

    def start(self) -> None:
        """Nothing is done beside anything."""

    def load(self) -> Loaded:
        """Import the code."""
        self._replayer.start()
        self.loaded = self._replayer.load()
        return self.loaded

    def watch(self, lines: Mapping[str, Iterable[int]] | None) -> str:
        """Note which of these lines run; why that cannot be, or empty."""
        wanted = {file: list(numbers) for file, numbers in lines.items()} if lines is not None else None
        return self._replayer.watch(wanted)

    def run(self, jobs: Iterable[Job]) -> Iterator[Observed]:
        """Answers, in order."""
        return map(self._replayer.run, jobs)

    def stop(self) -> None:
        """Done with it."""
        self._replayer.stop()


def _judged(run: Run) -> Replayed:
    """Judge every wanted class, and end; the candidate is loaded also where nothing differs."""
    try:
        run.prepare()
        run.load()
        return Replayed(tuple(run.judge_all()), tuple(run.found.reach.blind_spots()))
    finally:
        run.stop()


def _traces(reader: BaselineReader) -> list[Trace]:
    return [stored.trace for stored in reader.traces() if stored.trace is not None]


class Scenario:
    """One small service in a folder of its own. Module names are made unique, so scenarios do not meet."""

    def __init__(self, folder: Path, modules: Mapping[str, str], **options: Any) -> None:
        """`modules` maps module names to source; `options` are further `RecordOptions`."""
        number = next(_numbers)
        self.folder = folder
        self.base = folder.parent / f"{folder.name}-base-{number}"
        self.names = {name: f"{name}_{number}" for name in modules}
        self.store = str(folder / f"scenario_{number}.baseline")
        self._options = options
        self.recording: Recording | None = None
        for name, source in modules.items():
            self._write(name, self._renamed(textwrap.dedent(source)))

    def _renamed(self, text: str) -> str:
        for name, unique in self.names.items():
            text = text.replace(f"import {name}", f"import {unique} as {name}").replace(
                f"from {name} ", f"from {unique} "
            )
        return text

    def _path(self, name: str) -> Path:
        return self.folder / f"{self.names[name]}.py"

    def _write(self, name: str, source: str) -> None:
        self._path(name).write_text(source, encoding="utf-8")

    def _forget(self) -> None:
        for unique in self.names.values():
            sys.modules.pop(unique, None)
        importlib.invalidate_caches()

    @contextmanager
    def _importable(self) -> Iterator[None]:
        """The modules can be imported, from the text that they have now; none stays imported."""
        self._forget()
        sys.path.insert(0, str(self.folder))
        try:
            yield
        finally:
            sys.path.remove(str(self.folder))
            self._forget()

    def record(self, traffic: Callable[..., Any], **options: Any) -> Scenario:
        """Import the modules under the recorder and run the traffic, which gets them in the order given."""
        self.base.mkdir(exist_ok=True)
        for unique in self.names.values():
            shutil.copy(self.folder / f"{unique}.py", self.base)
        given: dict[str, Any] = {"sample": "all", **self._options, **options}
        app = given.pop("app", "")
        configured = RecordOptions(
            baseline="scenario",
            store=self.store,
            include=tuple(self.names.values()),
            app=self.unique(app) if app else "",
            **given,
        )
        self.recording = Recording(configured)
        with self._importable():
            self.recording.start()
            try:
                traffic(*self.load())
            finally:
                self.recording.stop()
        return self

    def load(self) -> list[ModuleType]:
        """The modules, imported."""
        return [importlib.import_module(unique) for unique in self.names.values()]

    def unique(self, target: str) -> str:
        """`module:attribute` with the unique name of the module."""
        module, separator, attribute = target.partition(":")
        return f"{self.names.get(module, module)}{separator}{attribute}"

    def plain(self, text: str) -> str:
        """A text with the names that the modules have in the scenario."""
        for name, unique in self.names.items():
            text = text.replace(unique, name)
        return text

    def change(self, name: str, old: str, new: str) -> Scenario:
        """Replace a text in a module; it must be there exactly once."""
        path = self._path(name)
        source = path.read_text(encoding="utf-8")
        old, new = self._renamed(old), self._renamed(new)
        if source.count(old) != 1:
            raise ValueError(f"{old!r} occurs {source.count(old)} times in {name}")
        self._write(name, source.replace(old, new))
        return self

    def rewrite(self, name: str, source: str) -> Scenario:
        """Replace a whole module."""
        self._write(name, self._renamed(textwrap.dedent(source)))
        return self

    def replay(
        self,
        *,
        app: str = "",
        boundaries: tuple[str, ...] = (),
        only: str = "",
        keys: Sequence[str] = (),
        located: bool = False,
    ) -> Replayed:
        """Replay everything that was recorded on the modules as they are now, against the recorded outcomes; `keys` are
        private keys for what the baseline hides; `located`: look where divergences begin."""
        setup = self._setup(app=app, boundaries=boundaries, keys=keys)
        with self._importable():
            run = Run(
                RunProject(setup, open_reader(self.store), make_candidate=LocalRunner),
                RunOptions(trace=only, located=located),
            )
            return _judged(run)

    def judge(
        self,
        *,
        only: str = "",
        everything: bool = False,
        located: bool = False,
        progress: Say = say_nothing,
        **options: Any,
    ) -> Replayed:
        """Judge the modules as they are now against those that were recorded: sealed, in processes of their own;
        `located`: look where divergences begin, too."""
        setup = self._setup(base=str(self.base), **options)
        asked = RunOptions(trace=only, everything=everything, located=located)
        with self._importable():
            return _judged(Run(RunProject(setup, open_reader(self.store)), asked, progress=progress))

    def explore(self, *, examples: int = 40, **options: Any) -> dict[str, Explored]:
        """The result of exploring beside the recorded inputs, by target; modules go by their names in the scenario."""
        rules, is_accepted = options.pop("tolerates", lambda entry: NO_RULES), options.pop("is_accepted", None)
        with self._importable(), ExitStack() as ending:
            reader = open_reader(self.store)
            project = RunProject(self._setup(base=str(self.base), **options), reader, rules)
            run = Run(project)
            ending.callback(run.stop)
            oracle, locating = run.prepare(), run.load().locating
            accepts = is_accepted or run.accepts
            explorer = make_explorer(
                project, oracle, locating, examples=examples, accepts=accepts, at_end=ending.callback
            )
            targets = targets_of_change(oracle, reader)
            return {self.plain(target.name): explorer.explore(target) for target in targets}

    @contextmanager
    def loaded(self, **options: Any) -> Iterator[ReplayerProcess]:
        """The modules as they are now, in a process of their own."""
        with self._importable(), closing(open_reader(self.store)) as reader:
            process = candidate_process(self._setup(**options), reader, Versions({}, {}))
            try:
                process.load()
                yield process
            finally:
                process.stop()

    def seal(self, **options: Any) -> Seal:
        """The seal of the modules that were recorded."""
        with self._importable(), closing(open_reader(self.store)) as reader:
            oracle = find_oracle(self._setup(base=str(self.base), **options), reader, lambda line: None, renew=True)
            assert oracle.seal is not None
            return oracle.seal

    def _setup(
        self,
        *,
        app: str = "",
        boundaries: tuple[str, ...] = (),
        base: str = "",
        limit: float = TIME_LIMIT,
        load_limit: float = LOAD_LIMIT,
        launch: Literal["spawn", "fork"] = "spawn",
        keys: Sequence[str] = (),
    ) -> Setup:
        app = app or str(self._options.get("app", ""))
        return Setup(
            root=str(self.folder),
            baseline="scenario",
            store=self.store,
            include=tuple(self.names.values()),
            app=self.unique(app) if app else "",
            boundaries=boundaries or self._options.get("boundaries", ()),
            base=base,
            limits=Limits(limit, load_limit),
            launch=launch,
            keys=self._session_keys(keys) if keys else (),
        )

    def _session_keys(self, private: Sequence[str]) -> tuple[SessionKey, ...]:
        with closing(open_reader(self.store)) as reader:
            return tuple(unwrap(reader.keys(), private).values())

    def traces(self) -> list[Trace]:
        """The kept traces, as stored."""
        with closing(open_reader(self.store)) as reader:
            return _traces(reader)
