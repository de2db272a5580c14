"""Minimizing: a confirmed difference shown by the smallest input that is found for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...recorders.model.value_tree import Tree
from ..model.difference import Difference
from .campaign import Campaign
from .differential import Form, both_ended
from .evaluate import Divergence
from .generate.mutations import Mutations
from .generate.seeds import Mutant
from .shrink import shrunk


class Minimal(NamedTuple):
    """A difference, and how it is seen."""

    divergence: Divergence
    shown: Sequence[Difference]
    """What the entry of an inner call shows."""
    is_accepted: bool


class Minimizer:
    """Minimizes one difference. What is not accepted does not become so by shrinking, nor the reverse."""

    def __init__(self, campaign: Campaign, mutations: Mutations, form: Form, *, near: bool) -> None:
        """`near` asks for inputs near the recorded ones only."""
        self._campaign = campaign
        self._mutations = mutations
        self._form = form
        self._near = near

    def minimal(self, first: Divergence, shown: Sequence[Difference]) -> Minimal:
        """The smallest difference that is confirmed and propagates; the first one where no smaller does."""
        campaign = self._campaign
        was_accepted = campaign.is_accepted(first.mutant, first.differences, shown)
        smallest = self._shrunk(first.mutant, shown, was_accepted=was_accepted)
        confirmed = campaign.confirmation.confirm(smallest, self._form)
        if confirmed is not None:
            propagated = campaign.propagation.of(smallest)
            now = campaign.is_accepted(smallest, confirmed.differences, propagated.differences)
            if propagated.result == "propagates" and now == was_accepted:
                return Minimal(confirmed, propagated.differences, was_accepted)
        return Minimal(first, shown, was_accepted)

    def _shrunk(self, mutant: Mutant, shown: Sequence[Difference], *, was_accepted: bool) -> Mutant:
        runner, is_near = self._campaign.runner, self._mutations.is_near
        if not both_ended(runner.both([runner.trial(mutant, self._form)])[0]):
            return mutant

        def differ(trees: list[Tree]) -> list[bool]:
            wanted = [not self._near or is_near(tree) for tree in trees]
            tried = [mutant._replace(tree=tree) for tree, is_wanted in zip(trees, wanted, strict=True) if is_wanted]
            found = iter(self._still_differ(tried, shown, was_accepted=was_accepted))
            return [is_wanted and next(found) for is_wanted in wanted]

        return mutant._replace(tree=shrunk(mutant.tree, runner.recorded.names, differ))

    def _still_differ(self, mutants: list[Mutant], shown: Sequence[Difference], *, was_accepted: bool) -> list[bool]:
        campaign = self._campaign
        trials = [campaign.runner.trial(mutant, self._form) for mutant in mutants]
        pairs = campaign.runner.both(trials, observed=True)
        found = [campaign.evaluator.divergence(mutant, pair) for mutant, pair in zip(mutants, pairs, strict=True)]
        return [
            divergence is not None
            and (
                campaign.runner.source_of(divergence.mutant).is_inner
                or was_accepted == campaign.is_accepted(divergence.mutant, divergence.differences, shown)
            )
            for divergence in found
        ]
