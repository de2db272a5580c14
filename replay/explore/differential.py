"""This file is about asking: inputs as trials, put to base and candidate at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import msgspec

from ...recorders.model.value_tree import Tree
from ..execute.process import ReplayerProcess
from ..model.job import Job
from ..model.perturbation import Perturbation
from ..model.trial import Step, Trial, Trials, Tried, raw
from .generate.http_fields import with_fields
from .generate.mutations import Input, in_capitals
from .recorded_inputs import RecordedInput

LIMIT = 0.3
"""Seconds for one input, or fifty times the slowest recorded one."""

Form: TypeAlias = Literal["alone", "before", "after", "capitals"]
"""By itself; before the recorded call that it was made from, or after it; before itself in capitals."""


Pair: TypeAlias = tuple[Tried, Tried]
"""What came of one trial on base, and on the candidate."""


class Asking:
    """Asks both sides about inputs that are made from the recorded ones of a target."""

    def __init__(
        self,
        sides: tuple[ReplayerProcess, ReplayerProcess],
        recorded: Sequence[RecordedInput],
        jobs: Sequence[Job],
        names: tuple[str, ...],
        *,
        made: bool,
    ) -> None:
        """`jobs` are those of the recorded inputs, `names` the positional parameters; for `made` see `Trials`."""
        self._base, self._candidate = sides
        self.recorded = recorded
        self.jobs = jobs
        self._names = names
        self._made = made
        self.following: Sequence[Step] = ()
        """What is called on the same object afterwards."""
        self.limit = LIMIT
        self.closely = False
        """Whether digests are made of what a value is, not of how it lies in memory: that takes longer, and pays where
        much that is equal lies otherwise."""

    def trial(self, made: Input, form: Form) -> Trial:
        """The steps of an input, and then other methods of the same object."""
        known = self.recorded[made.call]
        step = self.step(known, made.tree)
        steps = {
            "alone": lambda: [step],
            "before": lambda: [step, known.step],
            "after": lambda: [known.step, step],
            "capitals": lambda: [step, self.step(known, in_capitals(made, self._names))],
        }[form]()
        return Trial(made.call, [*steps, *self.following])

    def step(self, known: RecordedInput, tree: Tree) -> Step:
        """One call with another input."""
        arguments = with_fields(known.step.arguments, tree) if known.step.kind == "wsgi" else tree
        return Step(known.step.target, known.step.kind, arguments)

    def base(self, trials: list[Trial], **options: Any) -> list[Tried]:
        """What comes of them on base."""
        self._base.ask(self._question(trials, **options))
        return self._base.tried()

    def _question(self, trials: list[Trial], *, perturbed: bool = False, **options: Any) -> Trials:
        """With the jobs that these trials need, and no others."""
        used = sorted({one.job for one in trials})
        places = {job: at for at, job in enumerate(used)}
        jobs = [raw(_perturbed(self.jobs[one]) if perturbed else self.jobs[one]) for one in used]
        placed = [raw(Trial(places[one.job], one.steps)) for one in trials]
        return Trials(jobs, placed, limit=self.limit, made=self._made, **options)

    def both(self, trials: list[Trial], **options: Any) -> list[Pair]:
        """Base and candidate, at the same time."""
        question = self._question(trials, closely=self.closely, **options)
        self._base.ask(question)
        self._candidate.ask(question)
        return list(zip(self._base.tried(), self._candidate.tried(), strict=True))


def ended_well(pair: Pair) -> bool:
    """Whether both sides came to an outcome: what hangs is not made smaller, each try would cost the whole limit."""
    return all(one.ended == "outcome" for one in pair)


def _perturbed(job: Job) -> Job:
    return msgspec.structs.replace(job, perturbation=Perturbation(entropy=1, unrecorded=1))
