"""This file is about one pytest run with a baseline: start, collect, hand verdicts together, report, exit status."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .acceptance import Acceptance, Applied, apply, judged_classes, merge, propose
from .acceptance_file import FILE as ACCEPTANCES
from .acceptance_file import parse_acceptances, read_acceptances, read_blindness, write_acceptances
from .blindness import Agreed, agree
from .exploration import Judged, as_class, is_accepted, judge, to_accept
from .items import EXPLORATION, ExplorationFile, ExplorationItem, RuntimeFile, write_files
from .options import Options, resolve
from .recorders.errors import RuntimeBaselineError
from .recorders.model.absences import unsampled, why_empty
from .replay.change.files import read_at
from .replay.engine import Engine
from .replay.execute.loader import CannotReplay
from .replay.judge.blind_spots import Reach, decode_reach, encode_reach
from .replay.model.finding import Explored, decode_explored
from .replay.model.verdict import ClassVerdict, decode_verdict
from .reports.coverage_data import check_coverage, write_coverage
from .reports.json_report import write_report
from .reports.printing import in_line, printable
from .reports.terminal import print_summary
from .reports.totals import Totals
from .rules import ProjectRules, hooks_of
from .wiring import make_importable, open_baseline, setup_of
from .written_tests import tests_of, write_tests

if TYPE_CHECKING:
    from .replay.explore.analyze.targets import Target
    from .replay.explore.explorer import Explorer
    from .replay.model.verdict import FieldDifference

PLUGIN_NAME = "pytest-runtime-pipeline"


def start(config: pytest.Config, namespace: Any) -> None:
    """Begin a run with a baseline; raises `pytest.UsageError`."""
    options = resolve(namespace, config)
    config.pluginmanager.register(Pipeline(config, options), PLUGIN_NAME)


class Pipeline:
    """The hooks of a run with a baseline."""

    def __init__(self, config: pytest.Config, options: Options) -> None:
        self.options = options
        self._config = config
        project = options.project
        try:
            self.acceptances = read_acceptances(project.root / ACCEPTANCES)
            self._blindness = read_blindness(project.root / ACCEPTANCES)
            if options.coverage is not None:
                check_coverage(options.coverage)
            setup = setup_of(project, options.baseline, options.base)
            make_importable(project)
            reader = open_baseline(project, options.baseline)  # last: whoever opens it has to close it
        except RuntimeBaselineError as error:
            raise pytest.UsageError(printable(str(error))) from error
        self.engine = Engine(
            reader,
            setup,
            settles=ProjectRules(project.configuration.compare, lambda: hooks_of(config)),
            everything=options.everything,
            always=bool(options.trace),
            all_lines=options.coverage is not None,
            plain_tests=options.write_tests is not None,
            is_deviation_accepted=self._accepts,
        )
        self.groups = self.engine.groups()
        self._verdicts: list[ClassVerdict] = []
        self._explored: list[Explored] = []
        self._reach = Reach()
        self._prepared = False
        self._loaded = False
        self.reason = ""
        """Why the run as a whole is no pass, where the single items do not say it."""

    @property
    def _worker(self) -> bool:
        """Whether this is a worker of pytest-xdist, which says so only after plugins were loaded."""
        return hasattr(self._config, "workerinput")

    # --- collection ---

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Add the folder of the items to what is collected."""
        config.addinivalue_line("markers", "runtime: replays of recorded executions (added by pytest-runtime)")
        folder = self.options.folder
        if not self._worker:
            write_files(folder, self.groups, explores=self.options.explore is not None)
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
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Find base and its seal, after the first conftests and before workers start: they find it made."""
        self._prepare()

    def _prepare(self) -> None:
        if self._prepared:
            return
        self._prepared = True
        try:
            self.engine.prepare(self._say, self._progress)
        except RuntimeBaselineError as error:
            raise pytest.UsageError(printable(str(error))) from error
        explore, oracle = self.options.explore, self.engine.oracle
        if explore is not None and oracle.base is None:
            why = f"exploring needs base, to ask it about inputs that nobody recorded: {oracle.reason}"
            if explore.asked_for:
                raise pytest.UsageError(f"--runtime-explore: {why}")
            self._say(f"nothing is explored: {why}")

    def _say(self, line: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(in_line(f"runtime: {line}"))

    def _progress(self, line: str) -> None:
        """To whoever waits before a terminal; a log needs none."""
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and reporter.isatty:
            reporter.ensure_newline()
            self._say(line)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Import the code under test: here an error still ends the run as a usage error."""
        if self.engine.oracle.differs or self.options.everything or self.options.trace:
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
        if file_path.stem == EXPLORATION and self.options.explore is not None:
            exploration: ExplorationFile = ExplorationFile.from_parent(parent, path=file_path)
            exploration.fill(self)
            return exploration
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
            raise pytest.UsageError(printable(str(error))) from error

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What is explored comes after the replays."""
        items.sort(key=lambda item: isinstance(item, ExplorationItem))

    # --- exploring ---

    def targets(self) -> list[Target]:
        """What there is to explore."""
        if not self.engine.oracle.differs or self.options.trace:
            return []
        from .replay.explore.analyze.targets import targets_of

        return targets_of(self.engine.oracle, self.engine.reader)

    def explore(self, target: Target) -> Explored:
        """Explore one."""
        return self._explorer.explore(target)

    @cached_property
    def _explorer(self) -> Explorer:
        from .replay.explore.explorer import Explorer  # Hypothesis is loaded with it

        assert self.options.explore is not None
        return Explorer(self.engine, examples=self.options.explore.examples, is_accepted=self._accepts)

    def _accepts(self, entry: str, path: str, differences: tuple[FieldDifference, ...]) -> bool:
        return is_accepted(entry, path, differences, self.acceptances)

    def judged_exploration(self, explored: Explored) -> Judged:
        """With what was accepted, or is being accepted, taken into account."""
        assert self.options.explore is not None
        strict = self.options.explore.strict
        accepted = list(self.acceptances)
        if self.options.accept is not None:
            accepted += propose(to_accept([explored], strict=strict), self.options.accept, explored=True)
        return judge(explored, accepted, strict=strict)

    # --- results ---

    def judged(self, verdict: ClassVerdict) -> ClassVerdict:
        """A verdict with what was accepted, or is being accepted, taken into account."""
        accepted = list(self.acceptances)
        if self.options.accept is not None:
            accepted += propose([verdict], self.options.accept)
        return apply([verdict], accepted).verdicts[0]

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

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Gather verdicts, here or from the workers."""
        text = getattr(report, "runtime_verdict", None)
        if text is not None:
            self._verdicts.append(decode_verdict(text))
        explored = getattr(report, "runtime_explored", None)
        if explored is not None:
            self._explored.append(decode_explored(explored))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """A worker is done: what it reached."""
        output = getattr(node, "workeroutput", {})
        if "runtime_reached" in output:
            self._reach.add(decode_reach(output["runtime_reached"]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Reports and exit status."""
        if self._loaded:
            self._reach.add(self.engine.reach)
        if self._worker:
            output = session.config.workeroutput  # type: ignore[attr-defined]  # xdist's
            output["runtime_reached"] = encode_reach(self._reach)
            return
        if session.config.option.collectonly or exitstatus not in (0, 1, 5) or not self._prepared:
            return
        self._accept()
        totals = self.totals()
        self.reason = totals.no_pass()
        if self.reason and session.exitstatus in (0, 5):
            session.exitstatus = 1
        elif session.exitstatus == 5:
            session.exitstatus = 0
        self._write(totals)
        if self.reason and session.exitstatus in (0, 5):
            session.exitstatus = 1

    def _write(self, totals: Totals) -> None:
        """The files that were asked for; a run that cannot write them is no pass."""
        try:
            if self.options.coverage is not None:
                write_coverage(self.options.coverage, self._reach.by_trace, files=self._reach.files)
            if self.options.write_tests is not None:
                write_tests(
                    self.options.write_tests, tests_of(totals.verdicts, [one.explored for one in totals.explored])
                )
            if self.options.json is not None:
                write_report(self.options.json, totals)
        except (OSError, RuntimeBaselineError) as error:
            self.reason = self.reason or f"a report cannot be written: {error}"

    def _accept(self) -> None:
        if self.options.accept is None:
            return
        strict = self.options.explore is not None and self.options.explore.strict
        proposed = propose(self._verdicts, self.options.accept)
        proposed += propose(to_accept(self._explored, strict=strict), self.options.accept, explored=True)
        if proposed:
            self.acceptances = tuple(merge(self.acceptances, proposed))
            write_acceptances(self.options.project.root / ACCEPTANCES, self.acceptances)

    def totals(self) -> Totals:
        """Everything that the run found."""
        oracle = self.engine.oracle
        replayed = sorted(self._verdicts, key=lambda one: (one.entry, one.path))
        found = [as_class(finding) for one in self._explored for finding in one.findings]
        whole = apply([*replayed, *found], self.acceptances)
        applied = whole._replace(verdicts=whole.verdicts[: len(replayed)])
        unmatched, settled = self._unmatched(applied)
        explored = sorted(self._explored, key=lambda one: one.target)
        return Totals(
            root=self.options.project.root,
            baseline=self.options.baseline,
            location=self.engine.location,
            counters=self.engine.counters(),
            oracle=oracle.label,
            oracle_reason=oracle.reason,
            oracle_kind=oracle.base.kind if oracle.base is not None else "recording",
            differs=oracle.differs,
            verdicts=applied.verdicts,
            used=applied.used,
            unmatched=unmatched,
            settled=settled,
            fidelity=self.engine.fidelity(),
            classes=len(self.groups),
            blind_spots=tuple(self._reach.blind_spots()),
            changed_lines=self._reach.changed_lines(),
            changed_existing=oracle.versions.changed_existing,
            required=self.options.require_reached,
            reach_unavailable=self._reach.unavailable,
            import_faults=dict(self.engine.import_faults),
            agreed=self._agreed(applied.verdicts),
            wall=self.engine.wall,
            unsampled=unsampled(self.engine.absences()),
            unread=oracle.unread,
            selection=self.options.trace,
            explored=tuple(map(self.judged_exploration, explored)),
            why_empty=why_empty(self.engine.absences()),
        )

    def _agreed(self, verdicts: Sequence[ClassVerdict]) -> Agreed:
        """The changes that no trace judged, and what was agreed about such."""
        judged = {trace.trace: trace for one in verdicts for trace in one.traces}
        spots = [] if self._reach.unavailable else self._reach.blind_spots()
        changes = self.engine.unjudged_changes(judged, spots)
        return agree(changes, self._blindness, datetime.datetime.now(datetime.UTC).date())

    def _unmatched(self, applied: Applied) -> tuple[tuple[Acceptance, ...], tuple[Acceptance, ...]]:
        """Acceptances that nothing matches: those that this change brings, and those that base itself holds."""
        judged = frozenset() if self.options.trace else judged_classes(applied.verdicts)
        known = {(one.stored.entry, one.stored.path) for one in self.groups}
        explores = self.options.explore is not None
        found = [one for one in applied.unmatched(judged, known) if explores or not one.explored]
        at_base = self._accepted_at_base() if found else frozenset()
        new = tuple(one for one in found if one.identity not in at_base)
        return new, tuple(one for one in found if one.identity in at_base)

    def _accepted_at_base(self) -> frozenset[tuple[str, ...]]:
        base = self.engine.oracle.base
        data = read_at(base, [ACCEPTANCES]).get(ACCEPTANCES, b"") if base is not None else b""
        try:
            return frozenset(one.identity for one in parse_acceptances(data.decode(), Path(ACCEPTANCES)))
        except (RuntimeBaselineError, UnicodeDecodeError):
            return frozenset()  # a file that says nothing stands for none

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """The totals, for a person."""
        if not config.option.collectonly and self._prepared:
            print_summary(terminalreporter, self.totals(), self.reason)

    def pytest_report_header(self, config: pytest.Config) -> list[str]:
        """Which baseline this is, and what it is compared with."""
        lines = [f"runtime: {self.engine.describe(self.options.baseline)}"]
        if self._prepared:
            oracle = self.engine.oracle
            with_base = f"compared with {oracle.label}, because {oracle.reason}"
            lines.append(f"runtime: {with_base if oracle.base is not None else oracle.reason}")
        return lines

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Take everything away."""
        self.engine.stop()
