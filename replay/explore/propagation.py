"""Propagation: whether a difference inside shows at the entry, when one call of a recorded trace gets that input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ...recorders.model.value_tree import Tree
from ...recorders.store.protocol import StoredTrace
from ..compare.observations import compare
from ..compare.tolerance import Tolerance
from ..model.difference import Difference
from ..model.job import Job
from .differential import DifferentialRunner, Sides
from .generate.seeds import Mutant
from .recorded_inputs import RecordedInput
from .trials.inner_calls import CallProbe, Substitution, decode_probed, encode

SUBSTITUTIONS_LIMIT = 40
"""Substitutions for one target; each is a replay on both sides, two where it propagates. Measured on the pairs of
`benchmarks/explore.py`: two of 158 targets come to it, nine in ten need two at most."""

PropagationResult: TypeAlias = Literal["propagates", "not_propagated", "inconclusive"]
"""`inconclusive`: base does not make the call, or a replay did not come to an outcome. The last two are names of
counts."""


class Propagated(NamedTuple):
    """Whether a difference inside is seen outside."""

    result: PropagationResult
    differences: Sequence[Difference] = ()
    """What the entry shows."""


class Propagation:
    """Substitutes inputs of one target into recorded traces, at most `SUBSTITUTIONS_LIMIT` times."""

    def __init__(
        self,
        sides: Sides,
        runner: DifferentialRunner,
        elsewhere: Sequence[RecordedInput],
        *,
        job: Callable[[StoredTrace], Job],
        rules: Callable[[StoredTrace], Tolerance],
    ) -> None:
        """`elsewhere` are recorded calls of other traces, where what the function returns weighs more; `rules` are
        those of comparison for a trace, volatile fields included."""
        self._sides = sides
        self._runner = runner
        self._elsewhere = elsewhere
        self._job = job
        self._rules = rules
        self._left = SUBSTITUTIONS_LIMIT

    def of(self, mutant: Mutant) -> Propagated:
        """Whether an entry shows the difference; the input of an entry itself does."""
        own = self._runner.source_of(mutant)
        if not own.is_inner:
            return Propagated("propagates")
        results: set[PropagationResult] = set()
        for source in [own, *(other for other in self._elsewhere if other is not own)]:
            if not self._left:
                break
            self._left -= 1
            shown = self._substituted(source, mutant.tree, fresh=False)
            if shown.result == "propagates":
                again = self._substituted(source, mutant.tree, fresh=True)
                if again.result == "propagates":
                    return Propagated("propagates", again.differences or shown.differences)
            results.add(shown.result)
        return Propagated("not_propagated" if "not_propagated" in results else "inconclusive")

    def _substituted(self, source: RecordedInput, tree: Tree, *, fresh: bool) -> Propagated:
        """Replay a recorded trace on both sides, one of its calls with another input."""
        call = source.invocation
        substitution = Substitution(call.target, source.number, call.arguments, tree)
        probe = encode(CallProbe(substitution=substitution))
        job = msgspec.structs.replace(self._job(source.stored), probe=probe, fresh=fresh)
        [base], [candidate] = (list(side.run([job])) for side in self._sides)
        if not decode_probed(base.probed).substituted or base.ended != "outcome" or base.observation is None:
            return Propagated("inconclusive")
        if candidate.ended in ("stopped", "error"):
            return Propagated("inconclusive")
        if candidate.ended != "outcome":
            return Propagated("propagates")
        if not decode_probed(candidate.probed).substituted:  # the candidate does not make this call
            return Propagated("inconclusive")
        if candidate.observation is None:
            return Propagated("propagates")
        found = compare(base.observation, candidate.observation, self._rules(source.stored))
        return Propagated("propagates", found) if found else Propagated("not_propagated")
