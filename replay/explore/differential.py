"""The differential runner: inputs as trials, run on base and candidate at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ...recorders.model.value_tree import Tree
from ..entries.catalogue import replayer_of
from ..execute.process import QuestionLost, ReplayerProcess
from ..model.invocation import Invocation
from ..model.job import Job
from ..model.perturbation import Perturbation
from .generate.seeds import Mutant, in_capitals
from .recorded_inputs import RecordedInput
from .trials.extension import TRIALS
from .trials.trial import Trial, TrialBatch, TrialResult, decode_results, encode, raw

SHORTEST_LIMIT = 0.3
"""Seconds for one input, where fifty times the slowest recorded one is less: what hangs costs it each time, and what an
interpreter does on the side (a collection, a first import) stays far below it."""

SLOWER = 50
"""Times the slowest recorded input that one may take before it counts as hanging."""

Form: TypeAlias = Literal["alone", "before", "after", "capitals"]
"""By itself; before the recorded call that it was made from, or after it; before itself in capitals."""

Pair: TypeAlias = tuple[TrialResult, TrialResult]
"""The results of one trial on base, and on the candidate."""


class Sides(NamedTuple):
    """Both versions, loaded."""

    base: ReplayerProcess
    candidate: ReplayerProcess


class RecordedSet(NamedTuple):
    """The recorded inputs of a target, and how they are called."""

    inputs: Sequence[RecordedInput]
    jobs: Sequence[Job]
    """The replays of their traces, in whose worlds trials run."""
    names: tuple[str, ...]
    """Positional parameters; empty for a request."""
    by_producers: bool
    """Whether objects are made again by what made them."""

    def only(self, positions: Sequence[int]) -> RecordedSet:
        """Those at some positions."""
        inputs = [self.inputs[position] for position in positions]
        return self._replace(inputs=inputs, jobs=[self.jobs[position] for position in positions])


class DifferentialRunner:
    """Runs inputs that are made from the recorded ones of a target on both sides."""

    def __init__(
        self,
        sides: Sides,
        recorded: RecordedSet,
        *,
        following: Sequence[Invocation] = (),
        limit: float = SHORTEST_LIMIT,
    ) -> None:
        """`following` is called on the same object after each input; `limit` is the time of one, in seconds."""
        self._sides = sides
        self.recorded = recorded
        self.following = following
        self._limit = limit

    def source_of(self, mutant: Mutant) -> RecordedInput:
        """The recorded input that one was made from."""
        return self.recorded.inputs[mutant.seed]

    def trial(self, mutant: Mutant, form: Form) -> Trial:
        """The steps of an input, and then other methods of the same object."""
        source = self.source_of(mutant)
        step = invocation(source, mutant.tree)
        steps = {
            "alone": lambda: [step],
            "before": lambda: [step, source.invocation],
            "after": lambda: [source.invocation, step],
            "capitals": lambda: [step, invocation(source, in_capitals(mutant, self.recorded.names))],
        }[form]()
        return Trial(mutant.seed, [*steps, *self.following])

    def both(
        self,
        trials: Sequence[Trial],
        *,
        observed: bool = False,
        traced: bool = False,
        fresh: bool = False,
        canonical: bool = False,
    ) -> list[Pair]:
        """Base and candidate, at the same time; for the options see `TrialBatch`."""
        batch = self._batch(trials, self.recorded.jobs)
        question = encode(
            msgspec.structs.replace(batch, observed=observed, traced=traced, fresh=fresh, canonical=canonical)
        )
        for side in self._sides:
            side.ask(TRIALS, question)
        base, candidate = (_results(side, len(trials)) for side in self._sides)
        return list(zip(base, candidate, strict=True))

    def perturbed_base(self, trial: Trial) -> TrialResult:
        """What base shows in a fresh process where everything that may vary does."""
        perturbed = Perturbation(entropy=1, unrecorded=1)
        jobs = [msgspec.structs.replace(job, perturbation=perturbed) for job in self.recorded.jobs]
        batch = msgspec.structs.replace(self._batch([trial], jobs), observed=True, fresh=True)
        self._sides.base.ask(TRIALS, encode(batch))
        [result] = _results(self._sides.base, 1)
        return result

    def _batch(self, trials: Sequence[Trial], jobs: Sequence[Job]) -> TrialBatch:
        """With the jobs that these trials need, and no others."""
        used = sorted({trial.job for trial in trials})
        positions = {job: position for position, job in enumerate(used)}
        return TrialBatch(
            [raw(jobs[job]) for job in used],
            [raw(Trial(positions[trial.job], trial.steps)) for trial in trials],
            limit=self._limit,
            by_producers=self.recorded.by_producers,
        )


def _results(side: ReplayerProcess, count: int) -> list[TrialResult]:
    """The answer to a batch; an error for each trial where one of them ended the process. Raises `CannotReplay`."""
    try:
        results = decode_results(side.answer())
    except QuestionLost as lost:
        return [TrialResult("error", f"one of the inputs ended the process that explores: {lost}")] * count
    return [_in_working_tree(result, side) if result.reason else result for result in results]


def _in_working_tree(result: TrialResult, side: ReplayerProcess) -> TrialResult:
    return msgspec.structs.replace(result, reason=side.in_working_tree(result.reason))


def invocation(source: RecordedInput, tree: Tree) -> Invocation:
    """A recorded call with another input."""
    call = source.invocation
    if call.is_call:
        return Invocation(call.target, call.kind, tree)
    replayer = replayer_of(call.kind)
    given = replayer.with_parts(replayer.read(call.arguments), tree)
    return Invocation(call.target, call.kind, given.tree())


def limit_of(pairs: Sequence[Pair]) -> float:
    """The time limit for what is made from recorded inputs, by the time that base takes for these."""
    return max(SHORTEST_LIMIT, SLOWER * max(base.seconds for base, _candidate in pairs))


def both_ended(pair: Pair) -> bool:
    """Whether both sides came to an outcome: what hangs is not shrunk, each try would cost the whole limit."""
    return all(result.ended == "outcome" for result in pair)
