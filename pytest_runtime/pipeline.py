"""This file is about one pytest run with a baseline: start, collect, hand verdicts together, report, exit status."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .items import RuntimeFile, write_files
from .options import Options, open_baseline, resolve
from .replay.engine import BlindSpot, CannotReplay, Engine
from .replay.verdict import ClassVerdict, decode_verdict
from .reports.json_report import write_report
from .reports.terminal import print_summary
from .reports.totals import Totals

PLUGIN_NAME = "pytest-runtime-pipeline"


def start(config: pytest.Config, namespace: Any) -> None:
    """Begin a run with a baseline; raises `pytest.UsageError`."""
    options = resolve(namespace, config)
    config.pluginmanager.register(Pipeline(config, options), PLUGIN_NAME)


def _make_importable(options: Options) -> None:
    """Put the project's root (or its `src`) on the path where the included packages are not found otherwise."""
    root = options.project.root
    for package in options.project.configuration.include:
        for folder in (root, root / "src"):
            if _spec(package) is None and (folder / package.replace(".", "/")).exists():
                sys.path.insert(0, str(folder))


def _spec(package: str) -> Any:
    try:
        return importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return None


class Pipeline:
    """The hooks of a run with a baseline."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self._config = config
        self._worker = hasattr(config, "workerinput")
        configured = options.project.configuration
        reader = open_baseline(options)
        _make_importable(options)
        self.engine = Engine(
            reader,
            include=configured.include,
            app=configured.app,
            boundaries=configured.boundaries,
            root=str(options.project.root),
        )
        self.engine.start()
        self.groups = self.engine.groups()
        self._verdicts: list[ClassVerdict] = []
        self._blind: list[list[BlindSpot]] = []
        self._unavailable = ""
        self._loaded = False
        self.reason = ""
        """Why the run as a whole is no pass, where the single items do not say it."""

    # --- collection ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Add the folder of the items to what is collected."""
        config.addinivalue_line("markers", "runtime: replays of recorded executions (added by pytest-runtime)")
        folder = self.options.folder
        if not self._worker:
            write_files(folder, self.groups)
        named = [argument for argument in config.args if self._is_ours(argument)]
        if self.options.only or self.options.trace:
            config.args[:] = named or [str(folder)]
        elif not named:
            config.args.append(str(folder))

    def _is_ours(self, argument: str) -> bool:
        """Whether an argument names the folder of the items, a file in it, or an item."""
        path = Path(self._config.invocation_params.dir, argument.partition("::")[0])
        return self.options.folder in (path, *path.parents)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Import the code under test, after the first conftests: here an error still ends the run as a usage error."""
        self._load()

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
        self._load()
        groups = [group for group in self.groups if group.module == file_path.stem]
        file: RuntimeFile = RuntimeFile.from_parent(parent, path=file_path)
        file.fill(self, groups)
        return file

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            self.engine.load()
        except CannotReplay as error:
            raise pytest.UsageError(str(error)) from error

    # --- results ---

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Put an item's verdict on its report, as text: reports travel between processes."""
        report = yield
        text = getattr(item, "verdict_text", None)
        if text is not None and call.when == "call":
            report.runtime_verdict = text
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather verdicts, here or from the workers."""
        text = getattr(report, "runtime_verdict", None)
        if text is not None:
            self._verdicts.append(decode_verdict(text))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker is done: what it did not reach."""
        output = getattr(node, "workeroutput", {})
        if "runtime_blind_spots" in output:
            rows = json.loads(output["runtime_blind_spots"])
            self._blind.append([BlindSpot(*row) for row in rows])
            self._unavailable = self._unavailable or output["runtime_reach_unavailable"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Reports and exit status."""
        if self._loaded:
            spots = self.engine.blind_spots(self.engine.reached())
            self._blind.append(spots)
            self._unavailable = self._unavailable or self.engine.reach_unavailable()
        if self._worker:
            output = session.config.workeroutput  # type: ignore[attr-defined]  # xdist's
            rows = [[spot.file, spot.line, spot.source] for spot in self._blind[-1]] if self._blind else []
            output["runtime_blind_spots"] = json.dumps(rows)
            output["runtime_reach_unavailable"] = self._unavailable
            return
        if session.config.option.collectonly or exitstatus not in (0, 1, 5):
            return
        totals = self.totals()
        self.reason = totals.no_pass()
        if self.reason and session.exitstatus in (0, 5):
            session.exitstatus = 1
        elif session.exitstatus == 5:
            session.exitstatus = 0
        if self.options.json is not None:
            write_report(self.options.json, totals)

    def totals(self) -> Totals:
        """Everything that the run found."""
        unreached = set(self._blind[0]).intersection(*self._blind[1:]) if self._blind else set()
        return Totals(
            baseline=self.options.baseline,
            location=self.engine.location,
            counters=self.engine.counters(),
            verdicts=tuple(sorted(self._verdicts, key=lambda one: (one.entry, one.path))),
            blind_spots=tuple(sorted(unreached, key=lambda spot: (spot.file, spot.line))),
            reach_unavailable=self._unavailable,
            import_faults=dict(self.engine.import_faults),
            selection=self.options.trace,
        )

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """The totals, for a person."""
        if not config.option.collectonly:
            print_summary(terminalreporter, self.totals(), self.reason)

    def pytest_report_header(self, config: pytest.Config) -> str:
        """Which baseline this is."""
        return f"runtime: {self.engine.describe(self.options.baseline)}"

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Take everything away."""
        self.engine.stop()
