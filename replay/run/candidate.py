"""The candidate of a run: the working tree, loaded once, for this process or for all that replay for the run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from ..execute.lending import Lender
from ..execute.plan import Loaded
from ..execute.process import ReplayerProcess
from ..judge.blind_spots import Reach, changed_files
from ..judge.oracle import Oracle
from ..judge.sealing import Runner
from ..locate.locate import Locating
from ..model.progress import Say
from .options import RunProject


class Candidate(NamedTuple):
    """The working tree, loaded in a process of its own, and what finds where it begins to differ."""

    runner: Runner
    loaded: Loaded
    locating: Locating


@contextmanager
def loaded_candidate(
    project: RunProject, oracle: Oracle, reach: Reach, *, all_lines: bool, classes: int, progress: Say
) -> Iterator[Candidate]:
    """Import the working tree, and watch in it what changed, or with `all_lines` everything; raises `CannotReplay`.

    `reach` is filled with what there is to reach; `classes` path classes are replayed in the whole run.
    """
    runner = project.make_candidate(project.setup, project.reader, oracle.versions)
    try:
        loaded = runner.load()
        reach.add(Reach(changed_files(loaded, oracle.versions, project.setup.root)))
        imported = [file for file, module in loaded.files.items() if module not in loaded.import_faults]
        reach.files = sorted(imported) if all_lines else []
        reach.unavailable = runner.watch(None if all_lines else reach.interesting())
        with Locating(project.setup, project.reader, oracle, loaded, say=progress, classes=classes) as locating:
            yield Candidate(runner, loaded, locating)
    finally:
        runner.stop()


class CandidateLoader:
    """Loads the candidate when it is first wanted."""

    def __init__(self, stack: ExitStack, progress: Say) -> None:
        """The stack ends what is begun."""
        self._stack = stack
        self._progress = progress
        self._lender: Lender | None = None
        self.found: Candidate | None = None

    def load(self, project: RunProject, oracle: Oracle, reach: Reach, *, all_lines: bool, classes: int) -> Candidate:
        """As `loaded_candidate` says, once; others who wait for it get copies then."""
        if self.found is None:
            loading = loaded_candidate(
                project, oracle, reach, all_lines=all_lines, classes=classes, progress=self._progress
            )
            with ExitStack() as lending:
                if self._lender is not None:
                    lending.callback(self._lender.close)  # where loading fails: others wait for it
                self.found = self._stack.enter_context(loading)
                if self._lender is not None and isinstance(self.found.runner, ReplayerProcess):
                    self._lender.offer(self.found.runner)
                self._stack.push(lending.pop_all())  # before the candidate is stopped
        return self.found

    def lend(self) -> str:
        """The address at which other processes get copies, once the candidate is loaded; raises `OSError`."""
        if self._lender is None:
            self._lender = Lender()
            self._stack.callback(self._lender.close)
        return self._lender.address
