"""Items: one pytest item per path class, under a real file per application module."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative

from .config import make_folder
from .options import Options
from .replay.execute.plan import CannotReplay
from .replay.model.finding import encode_explored
from .replay.model.verdict import BAD, ClassVerdict, encode_verdict
from .replay.run.exploration import JudgedExploration
from .replay.run.places import Place
from .replay.run.plan import Group
from .replay.run.run import Run
from .reports.explored import failure_text as explored_text
from .reports.explored import one_line as explored_line
from .reports.failure import failure_text, one_line
from .reports.printing import in_line

if TYPE_CHECKING:
    from .replay.explore.analyze.targets import Target


EXPLORATION = "exploration"
"""Name of the file that what is explored hangs under."""


def write_files(folder: Path, groups: Sequence[Group], *, explores: bool = False) -> None:
    """Write one file per module that has items; files of modules that have none any more go."""
    by_module: dict[str, list[Group]] = {}
    for group in groups:
        by_module.setdefault(group.module, []).append(group)
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.rt"):
        if old.stem not in by_module and not (explores and old.stem == EXPLORATION):
            old.unlink()
    if explores:
        text = "# Made anew at each run by pytest-runtime: what is explored next to the recorded inputs.\n"
        (folder / f"{EXPLORATION}.rt").write_text(text, encoding="utf-8")
    for module, members in by_module.items():
        lines = [in_line(f"{group.name.item}  # {group.stored.entry}: {group.name.words}") for group in members]
        text = "# Made anew at each run by pytest-runtime; one line per path class.\n" + "\n".join(lines) + "\n"
        path = folder / f"{module}.rt"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def describe(item: pytest.Item, **properties: str) -> None:
    """Set properties of an item, each once, however often it is run."""
    others = [(name, value) for name, value in item.user_properties if name not in properties]
    item.user_properties[:] = [*others, *((name, in_line(value)) for name, value in properties.items())]


def shown_place(place: Place, options: Options) -> str:
    """A place of the working tree, relative to the project's root where it lies inside."""
    file, line = place
    path = Path(file)
    root = options.project.root
    return f"{path.relative_to(root) if path.is_relative_to(root) else path}:{line}"


class Diverged(Exception):
    """A path class diverged, or its replay failed; carries the verdict."""

    def __init__(self, verdict: ClassVerdict) -> None:
        super().__init__(one_line(verdict))
        self.verdict = verdict


class Failure(ReprExceptionInfo):
    """The failure text, with the one line that pytest's summary and JUnit XML show of it.

    It has the parts of an exception's text, for that is what pytest-xdist carries from a worker whole.
    """

    def __init__(self, text: str, path: str, line: str) -> None:
        super().__init__(ReprTracebackNative([f"{text}\n"]), ReprFileLocation(path, 0, line))


class RuntimeFile(pytest.File):
    """The items of one application module."""

    def fill(self, run: Run, options: Options) -> None:
        """Give it the run that judges its items."""
        self._run = run
        self._options = options

    def collect(self) -> Iterable[pytest.Item]:
        """The items that hold a trace which is to be replayed, in a fixed order."""
        for group in self._run.groups:
            if group.module == self.path.stem and self._run.wanted(group):
                item: RuntimeItem = RuntimeItem.from_parent(self, name=group.name.item)
                item.fill(self._run, self._options, group)
                yield item


class ExplorationFile(pytest.File):
    """What is explored for the change."""

    def fill(self, run: Run, options: Options) -> None:
        """Give it the run that explores its items."""
        self._run = run
        self._options = options

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each function that changed, and for each entry above one."""
        for target in self._run.plan().targets:
            item: ExplorationItem = ExplorationItem.from_parent(self, name=target.item)
            item.fill(self._run, self._options, target)
            yield item


class Differs(Exception):
    """Base and candidate differ on an input that was not recorded; carries what was found."""

    def __init__(self, judged: JudgedExploration) -> None:
        super().__init__(explored_line(judged))
        self.judged = judged


class ExplorationItem(pytest.Item):
    """One function or entry: inputs next to the recorded ones are tried on base and candidate."""

    explored_text: str | None = None

    def fill(self, run: Run, options: Options, target: Target) -> None:
        """Give it the run, and what it explores."""
        self._run = run
        self._options = options
        self._target = target
        self.add_marker("runtime")

    def runtest(self) -> None:
        """Explore; raises `Differs`, or skips what cannot be explored by itself."""
        self.explored_text = None  # it may be run again, by who repeats what fails
        place = shown_place(self._run.place_of(self._target.functions[0]), self._options)
        traces = " ".join(self._target.traces)
        describe(self, runtime_entry=self._target.name, runtime_place=place, runtime_traces=traces)
        try:
            explored = self._run.explore(self._target)
        except CannotReplay as error:
            pytest.fail(in_line(f"it cannot be explored: {error}"), pytrace=False)
        self.explored_text = encode_explored(explored)
        if explored.reason:
            pytest.skip(in_line(f"not explored: {explored.reason}"))
        judged = self._run.reviewed_exploration(explored)
        if judged.failing:
            raise Differs(judged)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The smallest inputs that differ, for a person."""
        if isinstance(excinfo.value, Differs):
            judged = excinfo.value.judged
            text = explored_text(judged, self._options.project.root)
            return Failure(text, str(self.path), explored_line(judged))
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The application's source, so that editors jump there."""
        file, line = self._run.place_of(self._target.functions[0])
        return Path(file), line - 1, in_line(f"explore {self._target.name}")


class RuntimeItem(pytest.Item):
    """One path class: its exemplars are replayed and judged."""

    verdict_text: str | None = None

    def fill(self, run: Run, options: Options, group: Group) -> None:
        """Give it the run, and what it judges."""
        self._run = run
        self._options = options
        self._group = group
        self.add_marker("runtime")

    @property
    def traces(self) -> int:
        """How many traces it replays."""
        return len(self._run.wanted(self._group))

    def runtest(self) -> None:
        """Replay and judge; raises `Diverged`, or skips when nothing could be judged."""
        self.verdict_text = None  # it may be run again, by who repeats what fails
        self._describe()
        try:
            found = self._run.judge(self._group)
        except CannotReplay as error:
            pytest.fail(in_line(f"it cannot be replayed: {error}"), pytrace=False)
        self.verdict_text = encode_verdict(found)
        verdict = self._run.reviewed(found)
        self._describe(verdict)
        if any(verdict.count(bad) for bad in BAD):
            self._debug(verdict)
            raise Diverged(verdict)
        if not verdict.count("same") and not verdict.count("accepted"):
            reasons = sorted({trace.reason for trace in verdict.traces}) or ["no trace of this class is kept"]
            pytest.skip(in_line(f"not judged: {'; '.join(reasons)}"))

    def _describe(self, verdict: ClassVerdict | None = None) -> None:
        """Say in the item's properties, which the JUnit report shows, what it is about."""
        stored = self._group.stored
        traces = [trace.trace for trace in verdict.traces] if verdict is not None else []
        describe(
            self,
            runtime_entry=stored.entry,
            runtime_path=stored.path,
            runtime_conditions=self._group.name.words,
            runtime_place=self._place(verdict),
            runtime_traces=" ".join(traces),
        )

    def _place(self, verdict: ClassVerdict | None) -> str:
        """Where its first divergence begins, else what it is about."""
        for trace in verdict.traces if verdict is not None else ():
            if trace.location is not None:
                return f"{trace.location.file}:{trace.location.line}"
        return shown_place(self._run.place_of_group(self._group), self._options)

    def _debug(self, verdict: ClassVerdict) -> None:
        """With `--pdb` and one trace, run it again and stop where it begins to differ."""
        if not (self.config.option.usepdb and self._options.trace):
            return
        from .debugger import run_to

        for trace in verdict.traces:
            if trace.verdict == "diverged" and trace.location is not None:
                place = trace.location
                file = os.path.join(str(self._options.project.root), place.file)
                run_to(file, place.line, partial(self._run.replay_again, trace.trace))
                return

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The divergence, for a person; a traceback only where the harness itself failed."""
        if isinstance(excinfo.value, Diverged):
            options = self._options
            verdict = excinfo.value.verdict
            text = failure_text(verdict, options.baseline, options.project.root)
            return Failure(text, str(self.path), one_line(verdict))
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The application's source, so that editors jump there."""
        file, line = self._run.place_of_group(self._group)
        return Path(file), line - 1, in_line(f"{self._group.stored.entry} · {self._group.name.words}")
