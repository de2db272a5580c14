"""The pipeline: a project and options come in; path classes are judged, targets explored; one result goes out.

pytest, the command line and whatever else validates a change translate to `RunOptions` and show the `RunResult`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ...recorders.errors import RuntimeBaselineError
from ...recorders.installed import loaded
from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import TraceId
from ..judge.acceptance import Acceptance, apply
from ..judge.blind_spots import Reach
from ..judge.oracle import Oracle, find_oracle
from ..judge.recorded_plugins import lacking
from ..model.finding import Explored
from ..model.job import Observed
from ..model.progress import Progress, Say, say_nothing
from ..model.verdict import ClassVerdict, FieldDifference
from .acceptances import proposals, reviewed
from .again import replay_here
from .baseline import describe, facts_of, fidelity_of
from .blind_source import source_around
from .candidate import Candidate, CandidateLoader
from .changes import agreed_of
from .class_judge import ClassJudge
from .evidence import evidence_of
from .exploration import JudgedExploration, is_accepted, judge_exploration
from .exploring import make_explorer, targets_of_change
from .options import RunOptions, RunProject
from .parts import LoadedFacts, Part, join, part_of
from .places import Place, Places, places_of
from .plan import Group, Plan, Planner, groups_of
from .result import RunResult, oracle_facts, reached_of

if TYPE_CHECKING:
    from ..explore.analyze.targets import Target
    from ..explore.explorer import Explorer


class CannotExplore(RuntimeBaselineError):
    """Exploring was required, and there is no base to ask."""


class RunFindings:
    """What was found so far, here and in other processes of the run; a class or target that is found again counts
    once."""

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, str], ClassVerdict] = {}
        self._explored: dict[str, Explored] = {}
        self.reach = Reach()

    def add_verdict(self, verdict: ClassVerdict) -> None:
        """Take in the verdict of a path class."""
        self._verdicts[verdict.entry, verdict.path] = verdict

    def add_explored(self, explored: Explored) -> None:
        """Take in what exploring a target showed."""
        self._explored[explored.target] = explored

    @property
    def verdicts(self) -> list[ClassVerdict]:
        """By entry and path."""
        return [self._verdicts[key] for key in sorted(self._verdicts)]

    @property
    def explored(self) -> list[Explored]:
        """By target."""
        return [self._explored[target] for target in sorted(self._explored)]


class Run:
    """Judges the working tree of a project on its baseline."""

    def __init__(
        self,
        project: RunProject,
        options: RunOptions = RunOptions(),  # noqa: B008 - immutable
        *,
        say: Say = say_nothing,
        progress: Say = say_nothing,
    ) -> None:
        """`say` shows, in a line, what takes long and what went wrong; `progress` how far it is."""
        self.project = project
        self.options = options
        self._say = say
        self._progress = progress
        self._stack = ExitStack()
        self._stack.callback(project.reader.close)
        self.found = RunFindings()
        self._candidate = CandidateLoader(self._stack, progress)
        self.replaying = Progress("replaying", 0, progress)
        """How far it is; it expects what whoever asks for verdicts will ask for."""
        self._joined = LoadedFacts()

    # --- what to do ---

    def prepare(self) -> Oracle:
        """Find base and its seal, and what the change can have reached; done once.

        Raises `BaseError`, `BaseUnavailable`, and `CannotExplore` where exploring is required and there is no base.
        """
        return self.oracle

    @cached_property
    def oracle(self) -> Oracle:
        """What the candidate is compared with; raises as `prepare` does."""
        return _found_oracle(self.project, self.options, self._say, self._progress)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Every path class of the baseline, in a fixed order."""
        return groups_of(self.project.reader)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(self.groups, self.oracle, self.options)

    def plan(self) -> Plan:
        """What is judged and explored for this change."""
        explores = self.options.explore is not None and self.oracle.differs and not self.options.trace
        targets = targets_of_change(self.oracle, self.project.reader) if explores else ()
        return Plan(self._planner.groups, self._planner.targets(targets))

    def wanted(self, group: Group) -> list[TraceId]:
        """The traces of a class that are to be replayed in this run, or in this shard of it."""
        return self._planner.wanted(group)

    @property
    def has_work(self) -> bool:
        """Whether something may have to be replayed."""
        return self.oracle.differs or self.options.everything or bool(self.options.trace)

    @cached_property
    def places(self) -> Places:
        """Where functions of the working tree stand."""
        setup = self.project.setup
        return places_of(setup.root, self.oracle.versions.new, setup.homes)

    def place_of(self, function: FunctionName) -> Place:
        """File and line of a function."""
        return self.places.of_function(function)

    def place_of_group(self, group: Group) -> Place:
        """File and line of the application that a path class is about."""
        entry = self.project.reader.entries()[group.stored.entry]
        return self.places.of_class(entry, group.stored.description)

    # --- doing it ---

    def load(self) -> Candidate:
        """Import the candidate, in its process; done once. Raises `CannotReplay` when a package is missing."""
        all_lines, classes = self.options.all_lines, self._planner.classes
        return self._candidate.load(self.project, self.oracle, self.found.reach, all_lines=all_lines, classes=classes)

    def lend(self) -> str:
        """Where other processes of this run get copies of the candidate, once `load` loaded it; raises `OSError`."""
        return self._candidate.lend()

    def borrow(self, address: str) -> None:
        """Replay on copies of a candidate that another process of this run loads; to be said before `load`."""
        self.project = self.project._replace(setup=self.project.setup._replace(lender=address))

    @cached_property
    def _class_judge(self) -> ClassJudge:
        return ClassJudge(
            self.project,
            self.options,
            self.oracle,
            self.load(),
            self.found.reach,
            accepts=self.accepts,
            progress=self.replaying,
        )

    def judge(self, group: Group) -> ClassVerdict:
        """Replay the wanted traces of a path class and judge each; acceptances are for `reviewed`."""
        verdict = self._class_judge.judge(group)
        self.found.add_verdict(verdict)
        return verdict

    def judge_all(self) -> list[ClassVerdict]:
        """Judge every path class that the change can have reached; raises as `prepare` and `load` do."""
        self.prepare()
        if self.has_work:
            self.load()
        groups = self._planner.groups
        self.replaying.expect(sum(len(self.wanted(group)) for group in groups))
        return [self.judge(group) for group in groups]

    def explore(self, target: Target) -> Explored:
        """Try inputs next to the recorded ones on a target; raises `CannotReplay`, `BaseError`."""
        explored = self._explorer.explore(target)
        self.found.add_explored(explored)
        return explored

    @cached_property
    def _explorer(self) -> Explorer:
        assert self.options.explore is not None
        return make_explorer(
            self.project,
            self.oracle,
            self.load().locating,
            examples=self.options.explore.examples,
            accepts=self.accepts,
            at_end=self._stack.callback,
            progress=self._progress,
        )

    def replay_again(self, trace: TraceId) -> Observed | None:
        """Replay one kept trace in this very process, for a debugger."""
        return replay_here(self.project, trace)

    # --- what it means ---

    def accepts(self, entry: str, path: str, differences: tuple[FieldDifference, ...]) -> bool:
        """Whether somebody reviewed that an entry, on a path, differs so."""
        return is_accepted(entry, path, differences, self.project.acceptances)

    def reviewed(self, verdict: ClassVerdict) -> ClassVerdict:
        """A verdict with what was accepted, or is being accepted, taken into account."""
        known = [*self.project.acceptances, *proposals(self.options, [verdict], [])]
        return apply([verdict], known).verdicts[0]

    def reviewed_exploration(self, explored: Explored) -> JudgedExploration:
        """The findings of a target with what was accepted, or is being accepted, taken into account."""
        return self._judged_exploration(explored, [*self.project.acceptances, *proposals(self.options, [], [explored])])

    def _judged_exploration(self, explored: Explored, known: Iterable[Acceptance]) -> JudgedExploration:
        strict = self.options.explore is not None and self.options.explore.strict
        return judge_exploration(explored, known, strict=strict)

    def result(self, *, accepts: bool = True) -> RunResult:
        """Everything that was found so far, and what it means; without `accepts`, nothing is proposed as intended."""
        project, oracle, reach = self.project, self.oracle, self.found.reach
        options = self.options if accepts else self.options._replace(accept=None)
        verdicts, explored = self.found.verdicts, self.found.explored
        verdicts_then, acceptances = reviewed(project, options, self.groups, oracle.base, verdicts, explored)
        candidate = self._candidate.found
        facts = self._joined if candidate is None else LoadedFacts.of(candidate.loaded)
        return RunResult(
            root=Path(project.setup.root),
            trace=options.trace,
            baseline=facts_of(project.setup.baseline, project.reader, len(self.groups)),
            oracle=oracle_facts(oracle),
            verdicts=verdicts_then,
            acceptances=acceptances,
            explored=tuple(self._judged_exploration(target, acceptances.all) for target in explored),
            reached=reached_of(reach, options.require_reached, source_around(reach, project.setup, oracle.versions)),
            agreed=agreed_of(project, oracle, verdicts_then, reach),
            fidelity=fidelity_of(oracle.seal, project.reader),
            import_faults=facts.import_faults,
            wall=facts.wall,
            faults=facts.faults,
            evidence=evidence_of(project, oracle.versions, verdicts_then),
            shard=options.shard,
            part=part_of(self, facts) if options.shard is not None else None,
        )

    def join(self, parts: Sequence[Part]) -> None:
        """Take what the shards of this run found for found; nothing is replayed. Raises `PartsMismatch`, and as
        `prepare` does."""
        self._joined = join(self, parts)

    def describe(self) -> str:
        """The baseline in a line."""
        return describe(self.project.setup.baseline, self.project.reader)

    def stop(self) -> None:
        """End all processes, and close the baseline."""
        self._stack.close()


def _found_oracle(project: RunProject, options: RunOptions, say: Say, progress: Say) -> Oracle:
    always = options.everything or bool(options.trace)
    for line in lacking(project.reader, loaded()):
        say(line)
    oracle = find_oracle(project.setup, project.reader, say, always=always, renew=options.renew_seal, progress=progress)
    if options.explore is not None and oracle.base is None:
        why = f"exploring needs base, to ask it about inputs that are not recorded: {oracle.reason}"
        if options.explore.is_required:
            raise CannotExplore(why)
        say(f"nothing is explored: {why}")
    return oracle
