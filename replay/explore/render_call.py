"""This file is about telling inputs: a call as a person would write it, and what came of it in words."""

from __future__ import annotations

from collections.abc import Sequence

from ...recorders.model.value_tree import BytesNode, DictNode, ObjectNode, Tree, TupleNode, field
from ..model.difference import Difference
from ..model.observation import Observation, comparable
from ..model.render import literal, short
from ..model.trial import Step, Tried
from .analyze.targets import Target

WIDTH = 160
"""Characters of a value."""

PAGE_WIDTH = 60
"""Of a body that is no JSON."""


def steps_text(steps: Sequence[Step], target: Target) -> str:
    """One call after the other; those that follow on the same object are told without it."""
    first, *more = steps
    told = [call_text(first, target.names)]
    for step in more:
        names = target.names if step.target == target.name else ()
        alone = step.kind in ("method", "property")
        told.append(call_text(step, names, alone=alone))
    return ", then ".join(told)


def call_text(step: Step, names: Sequence[str], *, alone: bool = False) -> str:
    """`quote(items=[], coupon=None)`, `Cart(lines=[]).total()`, `Cart(lines=[])`; `alone` leaves the object out."""
    qualname = step.target.partition(":")[2]
    owner, _, name = qualname.rpartition(".")
    receiver, given = _given(step.arguments, names)
    if step.kind == "constructor":
        return f"{owner}({given})"
    if step.kind == "property":
        return f"{'' if alone else short(receiver, WIDTH)}.{name}"
    if step.kind == "method":
        return f"{'' if alone else short(receiver, WIDTH)}.{name}({given})"
    return f"{qualname}({given})"


def _given(arguments: Tree, names: Sequence[str]) -> tuple[Tree, str]:
    if not (isinstance(arguments, TupleNode) and len(arguments.items) == 3):
        return None, "…"
    receiver, args, kwargs = arguments.items
    positional = args.items if isinstance(args, TupleNode) else []
    parts = [
        f"{names[at]}={short(value, WIDTH)}" if at < len(names) else short(value, WIDTH)
        for at, value in enumerate(positional)
    ]
    if isinstance(kwargs, DictNode):
        parts += [f"{key}={short(value, WIDTH)}" for key, value in zip(kwargs.keys, kwargs.values, strict=True)]
    return receiver, ", ".join(parts)


def outcome_text(tried: Tried, at: int, differences: Sequence[Difference], *, is_base: bool) -> str:
    """What a side did: `returned Decimal('0')`, `raised ValueError('…')`, `answered 400 …`, `did not end`."""
    if tried.ended == "hung":
        return f"did not end: {tried.reason}"
    if tried.ended != "outcome":
        return tried.reason or tried.ended
    observation = tried.observations[at]
    if differences and all(one.kind == "mutation" for one in differences):
        one = differences[0]
        return f"left {one.field} as {short(one.base if is_base else one.candidate, WIDTH)}"
    if differences and all(one.kind.is_outbound for one in differences):
        one = differences[0]
        return f"{one.field}: {short(one.base if is_base else one.candidate, WIDTH)}"
    return value_text(observation)


def value_text(observation: Observation) -> str:
    """What an observation's outcome is, in words."""
    if observation.kind == "return":
        return f"returned {short(observation.value, WIDTH)}"
    if observation.kind == "exception":
        value = observation.value
        if isinstance(value, ObjectNode):
            name = value.cls.rpartition(":")[2]
            inside = value.content.items if isinstance(value.content, TupleNode) else []
            return f"raised {name}({', '.join(literal(one) for one in inside)})"[:WIDTH]
        return f"raised {short(value, WIDTH)}"
    shown = comparable(observation)
    body = next(
        (field(shown, name) for name in ("json", "text", "form", "body") if field(shown, name) is not None), None
    )
    width = WIDTH if field(shown, "json") is not None else PAGE_WIDTH
    text = "" if body is None or body == BytesNode(b"") else f" {short(body, width)}"
    return f"answered {field(shown, 'status')}{text}"
