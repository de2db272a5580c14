"""A pytest plugin that writes down how every test came out, and leaves out what it is told to.

It is copied into the environment of each package as `strangers_outcomes` and loaded by `-p strangers_outcomes`, so it
needs nothing but pytest. With `--strangers-lines` it also writes which lines of the tree ran (`sys.monitoring`).
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

TOOL = 4
"""A tool id of `sys.monitoring` that neither coverage nor a debugger nor a profiler takes (PEP 669)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("strangers")
    group.addoption("--strangers-out", metavar="FILE", help="write how every test came out there, as JSON")
    group.addoption("--strangers-skip", metavar="FILE", help="JSON with node ids and files that are left out")
    group.addoption("--strangers-lines", metavar="FILE", help="write the lines that ran there, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    skip = config.getoption("--strangers-skip")
    left_out = json.loads(Path(skip).read_text()) if skip else {"tests": [], "files": []}
    config.pluginmanager.register(Outcomes(config, set(left_out["tests"]), set(left_out["files"])))
    lines = config.getoption("--strangers-lines")
    if lines:
        config.pluginmanager.register(Lines(Path(lines), str(config.invocation_params.dir)))


class Outcomes:
    """How tests came out, and the verdicts of replays among them."""

    def __init__(self, config: pytest.Config, tests: set[str], files: set[str]) -> None:
        self._config = config
        self._tests = tests
        self._files = files
        self.outcomes: dict[str, str] = {}
        self.broken: list[str] = []
        self.verdicts: list[Any] = []

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        root = config.rootpath
        relative = collection_path.relative_to(root) if collection_path.is_relative_to(root) else collection_path
        return True if relative.as_posix() in self._files else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        gone = [item for item in items if item.nodeid in self._tests]
        if gone:
            items[:] = [item for item in items if item.nodeid not in self._tests]
            config.hook.pytest_deselected(items=gone)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.broken.append(report.nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        before = self.outcomes.get(report.nodeid)
        if before != "failed" and (report.outcome != "passed" or report.when == "call"):
            self.outcomes[report.nodeid] = report.outcome
        verdict = getattr(report, "runtime_verdict", None)
        if verdict is not None:
            self.verdicts.append(json.loads(verdict))

    def pytest_sessionfinish(self) -> None:
        out = self._config.getoption("--strangers-out")
        if out:
            found = {"outcomes": self.outcomes, "broken": self.broken, "verdicts": self.verdicts}
            Path(out).write_text(json.dumps(found))


class Lines:
    """The lines below a folder that ran."""

    def __init__(self, out: Path, root: str) -> None:
        self._out = out
        self._root = root + "/"
        self._ran: defaultdict[str, set[int]] = defaultdict(set)
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "strangers")
        monitoring.register_callback(TOOL, monitoring.events.LINE, self._line())
        monitoring.set_events(TOOL, monitoring.events.LINE)

    def _line(self) -> Callable[[CodeType, int], Any]:
        disable, ran, root = sys.monitoring.DISABLE, self._ran, self._root

        def line(code: CodeType, number: int) -> Any:
            if code.co_filename.startswith(root):
                ran[code.co_filename].add(number)
            return disable

        return line

    def pytest_sessionfinish(self) -> None:
        sys.monitoring.set_events(TOOL, 0)
        found = {file.removeprefix(self._root): sorted(lines) for file, lines in self._ran.items()}
        self._out.write_text(json.dumps(found))
