"""pytest's hooks of a run with a baseline: they translate to `Run`, hand verdicts together, and show its result."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .accept.acceptance_file import FILE as ACCEPTANCES
from .accept.acceptance_file import write_acceptances
from .items import EXPLORATION, ExplorationFile, ExplorationItem, RuntimeFile, RuntimeItem, write_files
from .options import Options, resolve
from .recorders.errors import RuntimeBaselineError
from .replay.execute.plan import CannotReplay
from .replay.run.result import RunResult
from .replay.run.run import CannotExplore, Run
from .reports.coverage_data import check_coverage, write_coverage
from .reports.formats import write
from .reports.json_report import write_report
from .reports.printing import in_line, printable
from .reports.terminal import print_summary
from .rules.project_rules import hooks_of
from .wiring import run_of
from .written_tests import tests_of, write_tests
from .xdist import Gatherer, be_worker, hand_over, is_worker

PLUGIN_NAME = "pytest-runtime-run"


def start(config: pytest.Config, namespace: Any) -> None:
    """Begin a run with a baseline; raises `pytest.UsageError`."""
    options = resolve(namespace, config)
    config.pluginmanager.register(PytestRun(config, options), PLUGIN_NAME)


class PytestRun:
    """The hooks of a run with a baseline."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self._config = config
        try:
            if options.coverage is not None:
                check_coverage(options.coverage)
            self.run: Run = run_of(
                options.project,
                options.baseline,
                options.run,
                base=options.base,
                hooks=lambda: hooks_of(config),
                say=self._say,
                progress=self._progress,
            )
        except RuntimeBaselineError as error:
            raise pytest.UsageError(printable(str(error))) from error
        self._is_prepared = False
        self._result: RunResult | None = None
        self._reason = ""
        """Why the run as a whole is no pass, where the single items do not say it."""

    # --- collection ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Add the folder of the items to what is collected."""
        config.addinivalue_line("markers", "runtime: replays of recorded executions (added by pytest-runtime)")
        folder = self.options.folder
        if is_worker(config):
            be_worker(config, self.run)
        else:
            write_files(folder, self.run.groups, explores=self.options.explore is not None)
            config.pluginmanager.register(Gatherer(self.run, self._progress), f"{PLUGIN_NAME}-gatherer")
        named = [argument for argument in config.args if self._is_ours(argument)]
        if self.options.only or self.options.trace:
            config.args[:] = named or [str(folder)]
        elif not named and not any(self._is_above(argument) for argument in config.args):
            config.args.append(str(folder))

    def _is_ours(self, argument: str) -> bool:
        """Whether an argument names the folder of the items, a file in it, or an item."""
        path = self._path(argument)
        return self.options.folder in (path, *path.parents)

    def _is_above(self, argument: str) -> bool:
        """Whether an argument names a folder in which that of the items is found. Where both are named, pytest 8 leaves
        out everything else that is in the first."""
        return self._path(argument) in self.options.folder.parents

    def _path(self, argument: str) -> Path:
        return Path(os.path.abspath(self._config.invocation_params.dir / argument.partition("::")[0]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Find base and its seal, after the first conftests and before workers start: they find it made."""
        try:
            self.run.prepare()
        except CannotExplore as error:
            raise pytest.UsageError(printable(f"--runtime-explore: {error}")) from error
        except RuntimeBaselineError as error:
            raise pytest.UsageError(printable(str(error))) from error
        self._is_prepared = True

    def _say(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(in_line(f"runtime: {line}"))

    def _progress(self, line: str) -> None:
        """To whoever waits before a terminal; a log needs none."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and reporter.isatty:
            if self._config.get_terminal_writer().width_of_current_line:
                reporter.write_line("")
            self._say(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Import the code under test: here an error still ends the run as a usage error."""
        if not self.run.has_work:
            return
        try:
            self.run.load()
        except CannotReplay as error:
            if is_worker(self._config):
                return  # xdist waits for ever for a worker that ends here; each item says it
            raise pytest.UsageError(printable(str(error))) from error

    @pytest.hookimpl(tryfirst=True)
    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        """Our folder is collected although its name begins with a dot."""
        folder = self.options.folder
        if collection_path in (folder, folder.parent) or collection_path.parent == folder:
            return False
        return True if collection_path.parent == folder.parent else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """The items of one module."""
        if file_path.parent != self.options.folder or file_path.suffix != ".rt":
            return None
        if file_path.stem == EXPLORATION and self.options.explore is not None:
            exploration: ExplorationFile = ExplorationFile.from_parent(parent, path=file_path)
            exploration.fill(self.run, self.options)
            return exploration
        file: RuntimeFile = RuntimeFile.from_parent(parent, path=file_path)
        file.fill(self.run, self.options)
        return file

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What is explored comes after the replays."""
        items.sort(key=lambda item: isinstance(item, ExplorationItem))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """How much there is to replay."""
        items = [item for item in session.items if isinstance(item, RuntimeItem)]
        self.run.replaying.expect(sum(item.traces for item in items))

    # --- results ---

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Put an item's verdict on its report, as text: reports travel between processes."""
        report = yield
        text = getattr(item, "verdict_text", None)
        if text is not None and call.when == "call":
            report.runtime_verdict = text
        explored = getattr(item, "explored_text", None)
        if explored is not None and call.when == "call":
            report.runtime_explored = explored
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Reports and exit status. An item that differs has failed the session by itself."""
        if is_worker(session.config):
            hand_over(session.config, self.run)
            return
        if session.config.option.collectonly or exitstatus not in (0, 1, 5) or not self._is_prepared:
            return
        self._result = self.run.result()
        if self._result.acceptances.proposed:
            write_acceptances(self.options.project.root / ACCEPTANCES, self._result.acceptances.all)
        unwritten = self._written(self._result)
        self._reason = self._result.no_pass() or unwritten
        if session.exitstatus in (0, 5):
            session.exitstatus = 1 if self._reason else 0

    def _written(self, result: RunResult) -> str:
        """Write the files that were asked for; why one cannot be written, or empty: such a run is no pass."""
        options, reach = self.options, self.run.found.reach
        try:
            if options.coverage is not None:
                write_coverage(options.coverage, reach.by_trace, files=reach.files)
            if options.write_tests is not None:
                explored = [judged.explored for judged in result.explored]
                write_tests(options.write_tests, tests_of(result.verdicts, explored))
            if options.json is not None:
                write_report(options.json, result)
            for path in options.reports:
                write(path, result)
        except OSError as error:
            place = f" at {error.filename}" if error.filename else ""
            return f"a report cannot be written{place}: {error.strerror}. Name a file in a folder that you may write to"
        except RuntimeBaselineError as error:
            return f"a report cannot be written: {error}"
        return ""

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """The result, for a person."""
        if not config.option.collectonly and self._is_prepared:
            print_summary(terminalreporter, self._result or self.run.result(accepts=False), self._reason)

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Which baseline this is, and what it is compared with."""
        lines = [f"runtime: {self.run.describe()}"]
        if self._is_prepared:
            oracle = self.run.oracle
            with_base = f"compared with {oracle.label}, because {oracle.reason}"
            lines.append(f"runtime: {with_base if oracle.base is not None else oracle.reason}")
        if self.options.shard is not None:
            lines.append(f"runtime: {self.options.shard.describe()}")
        return lines

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Take everything away."""
        self.run.stop()
