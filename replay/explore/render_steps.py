"""Sequences of calls in words, and what a side did on them."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.difference import Difference
from ..model.invocation import Invocation
from ..model.render import short
from ..model.render_call import WIDTH, call_text, value_text
from .analyze.targets import Target
from .trials.trial import TrialResult


def steps_text(steps: Sequence[Invocation], target: Target) -> str:
    """Calls in sequence; those that follow on the same object are written without it."""
    first, *more = steps
    texts = [call_text(first, target.names)]
    for step in more:
        names = target.names if step.target == target.name else ()
        is_on_same = step.kind in ("method", "property")
        texts.append(call_text(step, names, is_on_same=is_on_same))
    return ", then ".join(texts)


def outcome_text(result: TrialResult, step: int, differences: Sequence[Difference], *, is_base: bool) -> str:
    """What a side did: `returned Decimal('0')`, `raised ValueError('…')`, `answered 400 …`, `did not end`."""
    if result.ended == "hung":
        return f"did not end: {result.reason}"
    if result.ended != "outcome":
        return result.reason or result.ended
    observation = result.observations[step]
    if differences and all(difference.kind == "mutation" for difference in differences):
        first = differences[0]
        return f"left {first.field} as {short(first.base if is_base else first.candidate, WIDTH)}"
    if differences and all(difference.kind == "outbound" for difference in differences):
        first = differences[0]
        return f"{first.field}: {short(first.base if is_base else first.candidate, WIDTH)}"
    return value_text(observation)
