"""Inputs and outcomes in words: a call as a person would write it, and what it came to."""

from __future__ import annotations

from collections.abc import Sequence

from ...recorders.model.full_names import qualname_part
from ...recorders.model.value_tree import BytesNode, DictNode, ObjectNode, Tree, TupleNode, field
from .invocation import Invocation
from .observation import Observation, comparable
from .render import literal, short

WIDTH = 160
"""Characters of a value: a call with two such values fits into two lines of a wide terminal."""

PAGE_WIDTH = 60
"""Characters of a body that is no JSON: a page says little by its beginning."""


def call_text(step: Invocation, names: Sequence[str], *, is_on_same: bool = False) -> str:
    """`quote(items=[], coupon=None)`, `Cart(lines=[]).total()`, `Cart(lines=[])`; a call on the object of the one
    before it leaves the object out."""
    qualname = qualname_part(step.target)
    owner, _, name = qualname.rpartition(".")
    receiver, given = _given(step.arguments, names)
    if step.kind == "constructor":
        return f"{owner}({given})"
    if step.kind == "property":
        return f"{'' if is_on_same else short(receiver, WIDTH)}.{name}"
    if step.kind == "method":
        return f"{'' if is_on_same else short(receiver, WIDTH)}.{name}({given})"
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


def value_text(observation: Observation) -> str:
    """What an observation's outcome is, in words."""
    if observation.kind == "return":
        return f"returned {short(observation.value, WIDTH)}"
    if observation.kind == "exception":
        value = observation.value
        if isinstance(value, ObjectNode):
            name = qualname_part(value.cls)
            arguments = value.content.items if isinstance(value.content, TupleNode) else []
            return f"raised {name}({', '.join(map(literal, arguments))})"[:WIDTH]
        return f"raised {short(value, WIDTH)}"
    shown = comparable(observation)
    body = next(
        (field(shown, name) for name in ("json", "text", "form", "body") if field(shown, name) is not None), None
    )
    width = WIDTH if field(shown, "json") is not None else PAGE_WIDTH
    text = "" if body is None or body == BytesNode(b"") else f" {short(body, width)}"
    return f"answered {field(shown, 'status')}{text}"
