"""Examination: inputs that differ to the byte, looked at closely, and what is found by that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from .campaign import Campaign
from .differential import Form, Pair
from .evaluate import Divergence, fault_of
from .findings import Findings, Kind
from .generate.mutations import Mutations
from .generate.seeds import Mutant
from .minimize import Minimizer

AT_ONCE = 12
"""Inputs that differ to the byte and are examined together: a bound for the observations that are held at a time."""


class Tried(NamedTuple):
    """An input, and how it was tried."""

    mutant: Mutant
    form: Form


class Examined(NamedTuple):
    """What examining some inputs adds."""

    counts: Counter[str]
    """By the names of `TrialCounts`."""
    fault: str
    """Why the last input that could not be tried could not, or empty."""


class Examiner:
    """Examines inputs of one campaign."""

    def __init__(self, campaign: Campaign, mutations: Mutations) -> None:
        self._campaign = campaign
        self._mutations = mutations
        self.findings = Findings()
        self.minimal: list[Mutant] = []
        """The smallest inputs of the findings."""

    def examine(self, differing: Sequence[Tried], *, near: bool) -> Examined:
        """Look closely, and keep what is found; all of the inputs are near, or far."""
        runner = self._campaign.runner
        counts: Counter[str] = Counter()
        fault = ""
        for start in range(0, len(differing), AT_ONCE):
            part = differing[start : start + AT_ONCE]
            pairs = runner.both([runner.trial(*tried) for tried in part], observed=True)
            for tried, pair in zip(part, pairs, strict=True):
                fault = fault_of(pair) or fault
                counts.update(self._examined(tried, pair, near=near))
        return Examined(counts, fault)

    def _examined(self, tried: Tried, pair: Pair, *, near: bool) -> list[str]:
        """Look at one; the counts that it adds to: none where it is a finding, or is like one."""
        campaign, mutant = self._campaign, tried.mutant
        divergence = campaign.evaluator.divergence(mutant, pair)
        if divergence is None:
            evaluation = campaign.evaluator.evaluate(pair)
            return ["same" if evaluation == "differs" else evaluation]
        is_accepted = campaign.is_accepted(mutant, divergence.differences, ())
        if not self.findings.wants(self._kind(divergence, near=near, is_accepted=is_accepted)):
            return []
        confirmed = campaign.confirmation.simplest(mutant, tried.form)
        if confirmed is None:
            return ["same"]
        propagated = campaign.propagation.of(mutant)
        if propagated.result != "propagates":
            return [propagated.result]
        first, form = confirmed
        minimal = Minimizer(campaign, self._mutations, form, near=near).minimal(first, propagated.differences)
        smallest = minimal.divergence.mutant
        self.minimal.append(smallest)
        is_near = near or self._mutations.is_near(smallest.tree)
        finding = campaign.explainer.finding(minimal.divergence, form, minimal.shown, near=is_near)
        kind = self._kind(divergence, near=near, is_accepted=minimal.is_accepted)
        self.findings.add(finding, kind, is_accepted=minimal.is_accepted)
        return []

    def _kind(self, divergence: Divergence, *, near: bool, is_accepted: bool) -> Kind:
        fields = frozenset(difference.field for difference in divergence.differences)
        path = self._campaign.runner.source_of(divergence.mutant).stored.path
        return Kind(near, fields or frozenset({divergence.candidate.ended}), path if is_accepted else "")
