"""Evaluation: what the results of one trial on base and candidate are worth, and what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal, NamedTuple, TypeAlias

from ...recorders.model.value_tree import ClassName, ObjectNode, field
from ..compare.observations import compare
from ..compare.tolerance import Tolerance
from ..model.difference import Difference
from ..model.observation import Observation
from .differential import Pair
from .generate.seeds import Mutant
from .trials.trial import TrialResult

PRECONDITION_VIOLATIONS = frozenset(
    f"builtins:{name}"
    for name in (
        *("TypeError", "AttributeError", "NameError", "UnboundLocalError", "RecursionError", "MemoryError"),
        *("AssertionError", "NotImplementedError", "SystemError"),
    )
)
"""What code raises on input that it was never meant for. Base that raises one of these is no oracle, unless it did so
when it was recorded."""

Evaluation: TypeAlias = Literal["same", "rejected", "precondition_violations", "differs"]
"""`rejected`: a side came to something unrecorded. `precondition_violations`: base fails as code does on input that it
was never meant for. `differs`: not the same to the byte, a closer look is due. The others are names of counts."""


class Divergence(NamedTuple):
    """An input on which the sides differ for a caller."""

    mutant: Mutant
    base: TrialResult
    candidate: TrialResult
    step: int
    """The first step that differs."""
    differences: Sequence[Difference]
    """Empty where the candidate did not come to an outcome."""


class Evaluator:
    """Evaluates what both sides did on inputs of one target."""

    def __init__(self, rules: Callable[[Mutant], Tolerance], raised: Collection[ClassName]) -> None:
        """`rules` are the project's rules of comparison for an input; `raised` the classes of exceptions that base
        raised on recorded inputs."""
        self.rules = rules
        self._raised = frozenset(raised)

    def evaluate(self, pair: Pair) -> Evaluation:
        """What a trial is good for."""
        base, candidate = pair
        if base.ended == "stopped" or candidate.ended in ("stopped", "error", "untried"):
            return "rejected"
        if base.ended != "outcome" or not PRECONDITION_VIOLATIONS.intersection(base.raised) <= self._raised:
            return "precondition_violations"
        return "same" if base.digest == candidate.digest else "differs"

    def divergence(self, mutant: Mutant, pair: Pair, rules: Tolerance | None = None) -> Divergence | None:
        """What differs for a caller; `None` where nothing does. `rules` in the place of the project's."""
        base, candidate = pair
        if self.evaluate(pair) != "differs":
            return None
        if candidate.ended != "outcome":
            return Divergence(mutant, base, candidate, 0, ())
        tolerance = rules or self.rules(mutant)
        for step, (old, new) in enumerate(zip(base.observations, candidate.observations, strict=False)):
            found = compare(old, new, tolerance)
            if found and not _both_refuse(pair, step, found, self._raised):
                return Divergence(mutant, base, candidate, step, found)
        return None


def fault_of(pair: Pair) -> str:
    """Why an input could not be tried, or empty."""
    return next((result.reason for result in pair if result.ended in ("error", "untried")), "")


def _both_refuse(pair: Pair, step: int, found: Sequence[Difference], recorded: Collection[ClassName]) -> bool:
    """Whether both sides refuse an input at a step, and nothing else differs: in which words does not count, and not
    by which exception either, unless base's is one that it was recorded to raise."""
    base, candidate = pair
    left, right = base.observations[step].value, candidate.observations[step].value
    if step in base.refused and step in candidate.refused:
        is_same_class = isinstance(left, ObjectNode) and isinstance(right, ObjectNode) and left.cls == right.cls
        is_recorded = isinstance(left, ObjectNode) and left.cls in recorded
        return (is_same_class or not is_recorded) and all(difference.kind == "exception" for difference in found)
    old, new = _refusing_status(base.observations[step]), _refusing_status(candidate.observations[step])
    return old != "" and old == new and all(difference.kind == "response" for difference in found)


def _refusing_status(observation: Observation) -> str:
    """The status code of a response that refuses its request (RFC 9110, 15.5), else empty."""
    status = str(field(observation.value, "status")) if observation.kind == "response" else ""
    return status[:3] if status.startswith("4") else ""
