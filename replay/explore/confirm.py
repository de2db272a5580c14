"""Confirmation: a difference is seen once more in fresh processes, by one call alone where that shows it."""

from __future__ import annotations

from ..compare.observations import compare
from ..compare.tolerance import Tolerance, any_of
from ..compare.volatile import Volatile, masks_of
from .differential import DifferentialRunner, Form
from .evaluate import Divergence, Evaluator
from .generate.seeds import Mutant
from .trials.trial import Trial, TrialResult
from .trials.trial_runner import NO_READINGS


class Confirmation:
    """Confirms differences of one target."""

    def __init__(self, runner: DifferentialRunner, evaluator: Evaluator) -> None:
        self._runner = runner
        self._evaluator = evaluator

    def simplest(self, mutant: Mutant, form: Form) -> tuple[Divergence, Form] | None:
        """The difference in the simplest form that shows it: one call alone before any other; `None` where none
        does."""
        for wanted in dict.fromkeys(("alone", form)):
            confirmed = self.confirm(mutant, wanted)
            if confirmed is not None:
                return confirmed, wanted
        return None

    def confirm(self, mutant: Mutant, form: Form) -> Divergence | None:
        """The difference, in processes of its own; where clock or entropy is read, what is volatile on base is
        masked."""
        trial = self._runner.trial(mutant, form)
        [pair] = self._runner.both([trial], observed=True, fresh=True)
        base, candidate = pair
        divergence = self._evaluator.divergence(mutant, pair)
        reads_nothing = base.readings == NO_READINGS == candidate.readings
        if divergence is None or candidate.ended != "outcome" or reads_nothing:
            return divergence
        masked = self._masks(trial, base)
        if masked is None:
            return divergence
        rules = self._evaluator.rules(mutant)
        return self._evaluator.divergence(mutant, pair, any_of(masked, rules))

    def _masks(self, trial: Trial, base: TrialResult) -> Tolerance | None:
        """Tolerates what base shows differently when it is perturbed; `None` where it then has no outcome."""
        perturbed = self._runner.perturbed_base(trial)
        if perturbed.ended != "outcome":
            return None
        return Volatile(
            mask
            for old, new in zip(base.observations, perturbed.observations, strict=False)
            for mask in masks_of(compare(old, new), "always")
        )
