"""A campaign: one target, its recorded inputs, and everything that is needed to try others on both sides; frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

import msgspec

from ...recorders.model.trace import TraceId
from ...recorders.model.value_tree import ClassName
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..compare.summarise import field_of
from ..compare.tolerance import Rules, Tolerance, any_of
from ..compare.volatile import Volatile
from ..judge.judge import Case, Judgement
from ..judge.oracle import Oracle
from ..judge.setup import Setup
from ..model.difference import Difference
from ..model.job import Job
from ..model.progress import Say
from ..model.verdict import FieldDifference, Location
from .analyze.targets import Target
from .confirm import Confirmation
from .differential import DifferentialRunner, Pair, RecordedSet, Sides, limit_of
from .evaluate import PRECONDITION_VIOLATIONS, Evaluator
from .example_database import InputDatabase
from .explain import Explainer
from .frontier import KnownArms
from .generate.seeds import Mutant
from .propagation import Propagation
from .recorded_inputs import InputCollector
from .trials.trial import Trial

Accepts: TypeAlias = Callable[[str, str, tuple[FieldDifference, ...]], bool]
"""Whether differences of an entry and path class are accepted."""


class Explorable(Protocol):
    """A run that is prepared and loaded, as far as exploring asks it."""

    @property
    def setup(self) -> Setup:
        """What it replays, and with what."""

    @property
    def reader(self) -> BaselineReader:
        """Its baseline."""

    @property
    def oracle(self) -> Oracle:
        """What the candidate is compared with."""

    def rules(self, entry: str) -> Rules:
        """The project's rules of comparison for an entry."""

    def locate(self, case: Case, judgement: Judgement) -> Location | None:
        """Where a difference begins."""

    def path_words(self) -> Mapping[tuple[str, str], str]:
        """(entry, path) → the path class in words."""

    @property
    def progress(self) -> Say:
        """Shows how far it is."""

    def at_end(self, callback: Callable[[], None], /) -> object:
        """Call something when the run ends."""


class Shared(NamedTuple):
    """What all campaigns of a run have in common."""

    run: Explorable
    sides: Sides
    stored: Callable[[TraceId], StoredTrace | None]
    """A kept trace that can be read and has no gaps."""
    arms: KnownArms
    words: Mapping[tuple[str, str], str]
    database: InputDatabase
    examples: int
    """Inputs to try on each target."""
    is_accepted: Accepts

    def rules_of(self, stored: StoredTrace) -> Tolerance:
        """The project's rules of comparison for a trace."""
        return self.run.rules(self.run.reader.entries()[stored.entry].name)

    def prepared(self, job: Job) -> Job:
        """The job with the state that base needed, as it was recorded."""
        seal = self.run.oracle.seal
        sealed = seal.trace(job.trace) if seal is not None else None
        state = sealed.state.as_recorded if sealed is not None and sealed.state is not None else None
        return msgspec.structs.replace(job, state=state)

    def sealed_rules_of(self, stored: StoredTrace) -> Tolerance:
        """The same, with the volatile fields of its seal."""
        rules, seal = self.rules_of(stored), self.run.oracle.seal
        sealed = seal.trace(stored.id) if seal is not None else None
        masked = Volatile(sealed.masks if sealed is not None else [])
        return any_of(masked, rules)


class Campaign(NamedTuple):
    """What is tried on one target, and with what."""

    shared: Shared
    target: Target
    recorded: RecordedSet
    pairs: Sequence[Pair]
    """The results of the recorded inputs."""
    runner: DifferentialRunner
    evaluator: Evaluator
    confirmation: Confirmation
    propagation: Propagation
    explainer: Explainer

    def is_accepted(self, mutant: Mutant, differences: Sequence[Difference], shown: Sequence[Difference]) -> bool:
        """Whether what an input shows is accepted; `shown` is what the entry of an inner call shows. Before that is
        known, an inner difference is not."""
        source = self.runner.source_of(mutant)
        if not differences or (source.is_inner and not shown):
            return False
        fields = tuple(map(field_of, shown or differences))
        return self.shared.is_accepted(source.stored.entry, source.stored.path, fields)


class Unexplorable(NamedTuple):
    """A target that cannot be explored."""

    reason: str


def begin(shared: Shared, target: Target) -> Campaign | Unexplorable:
    """The campaign of a target: its recorded inputs, those that base answers."""
    run, sides, versions = shared.run, shared.sides, shared.run.oracle.versions
    collector = InputCollector(target, run.reader, shared.stored, sides.base, versions)
    found = collector.collect()
    if not found.inputs:
        return Unexplorable(found.reason)
    jobs = [shared.prepared(collector.job(recorded.stored)) for recorded in found.inputs]
    every = RecordedSet(found.inputs, jobs, _names_of(target), found.by_producers)
    trials = [Trial(position, [recorded.invocation]) for position, recorded in enumerate(found.inputs)]
    pairs = DifferentialRunner(sides, every).both(trials, traced=True)
    usable = [position for position, (base, _candidate) in enumerate(pairs) if base.ended == "outcome"]
    if not usable:
        return Unexplorable(f"base does not answer its recorded inputs by themselves: {pairs[0][0].reason}")
    raised = [pairs[position][0].raised for position in usable]
    if not target.is_entry and all(map(PRECONDITION_VIOLATIONS.intersection, raised)):
        return Unexplorable(f"called by itself it raises {raised[0][0].rpartition(':')[2]} on every recorded input")
    following = collector.other_methods()
    runner = DifferentialRunner(sides, every.only(usable), following=following, limit=limit_of(pairs))
    evaluator = _evaluator(shared, runner, {name for names in raised for name in names})
    return Campaign(
        shared,
        target,
        runner.recorded,
        [pairs[position] for position in usable],
        runner,
        evaluator,
        Confirmation(runner, evaluator),
        Propagation(
            sides,
            runner,
            found.elsewhere,
            job=lambda stored: shared.prepared(collector.job(stored)),
            rules=shared.sealed_rules_of,
        ),
        _explainer(shared, target, runner),
    )


def _names_of(target: Target) -> tuple[str, ...]:
    """The positional parameters; never empty for a call, so that its arguments are known as such."""
    return target.names or ("",) if target.is_call else ()


def _evaluator(shared: Shared, runner: DifferentialRunner, raised: set[ClassName]) -> Evaluator:
    return Evaluator(lambda mutant: shared.rules_of(runner.source_of(mutant).stored), raised)


def _explainer(shared: Shared, target: Target, runner: DifferentialRunner) -> Explainer:
    setup = shared.run.setup
    return Explainer(
        target,
        runner,
        app=setup.app,
        old=shared.run.oracle.versions.old,
        keys=setup.keys,
        words=shared.words,
        locate=shared.run.locate,
    )
