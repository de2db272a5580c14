"""Unknown parts of observations: what nobody can compare, on whichever side it stands.

A value with an unknown part is never the same, also where both sides hold the same mark. What counts:

- of a returned value everything that a caller can reach by public names: a generator in a row, an array, a partial;
- of an exception what its arguments hold directly: its type and its text are compared, not what hangs on it;
- of an outbound call everything;
- of arguments what was not there before the call. A connection or a lock in the receiver is not what this function
  did, and what it keeps there shows in later calls, which are traces of their own.

Private attributes are internals: what is opaque below them does not count, and neither does what only a property gives.
An object without any public name is unknown where its private state is another on the other side, or cannot be compared
because it lies in a library. What a constructor keeps privately is treated as what any method keeps in its receiver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from ...recorders.model.full_names import qualname_part
from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Trace
from ...recorders.model.value_tree import (
    DictNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    Tree,
    TupleNode,
    children,
    contains_opaque,
)
from ..model.digests import is_closed, readings
from ..model.field_path import Field, key_path
from ..model.made_functions import is_made_by_name, made_function
from ..model.observation import Observation, comparable
from ..model.outbound_requests import described, label
from .exchanges import paired
from .tree_diff import unknown_part

UNKNOWN_LIMIT = 20
"""Unknown parts that are kept of one observation: one decides, and rules may ignore the first few."""

MADE_INSIDE = "a function that was made by a call is known by its name alone"

CODE_CHANGED = "a function that was made by a call is known by its code and what it closes over, and its code changed"

Ignores: TypeAlias = Callable[[Field], bool]
"""Whether the project's rules take a field out of the comparison."""


def _ignores_nothing(field: Field) -> bool:
    return False


class Unknown(msgspec.Struct, frozen=True, array_like=True):
    """A part that was not captured."""

    field: Field
    position: int | None
    """Of an outbound call: its position in base's calls."""
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


def given_to(trace: Trace) -> Tree:
    """What a trace was given, as its arguments are compared; `None` for a request."""
    return trace.input.arguments if isinstance(trace.input, CallInput) else None


def is_constructor(trace: Trace) -> bool:
    """Whether the trace makes the object that it returns."""
    return isinstance(trace.input, CallInput) and trace.input.kind == "constructor"


def unknown_parts(observation: Observation, trace: Trace) -> list[Unknown]:
    """The parts of an observation of a trace that make it unknown; empty for most."""
    found = [Unknown(where, None, _words(mark)) for where, mark in _in_outcome(observation)]
    if contains_opaque(observation.arguments) is not None:
        before = {where for where, _mark in _parts("arguments", given_to(trace))}
        after = _parts("arguments", observation.arguments)
        found += [Unknown(where, None, _words(mark)) for where, mark in after if where not in before]
    for position, call in enumerate(observation.outbound):
        if call.operation.effect != "session" and contains_opaque(call.request) is not None:
            name = label(call.operation, call.request)
            inside = _parts("", described(call.operation, call.request))
            found += [Unknown(f"{name} {where.lstrip('.')}", position, _words(mark)) for where, mark in inside]
    return found[:UNKNOWN_LIMIT]


def _in_outcome(observation: Observation) -> Iterator[tuple[Field, OpaqueNode]]:
    value = observation.value
    if isinstance(value, GlobalNode) and is_made_by_name(value):
        yield observation.kind, OpaqueNode(value.name, MADE_INSIDE)
    if contains_opaque(value) is None:
        return
    if observation.kind == "exception" and isinstance(value, ObjectNode):
        arguments = value.content.items if isinstance(value.content, TupleNode) else []
        yield from (
            (f"exception[{at}]", argument) for at, argument in enumerate(arguments) if isinstance(argument, OpaqueNode)
        )
        return
    yield from _parts(observation.kind, comparable(observation), closed=True)


def _parts(path: str, tree: Tree, *, closed: bool = False) -> Iterator[tuple[Field, OpaqueNode]]:
    """(path, mark) of the opaque parts that a caller can reach; `closed` adds objects of libraries that cannot be
    compared at all. Each part is met where it is held first."""
    stack: list[tuple[str, Tree]] = [(path, tree)]
    while stack:
        where, part = stack.pop()
        match part:
            case OpaqueNode():
                yield where, part
            case ListNode(items=items) | TupleNode(items=items):
                stack.extend((f"{where}[{at}]", item) for at, item in reversed(list(enumerate(items))))
            case DictNode(keys=keys, values=values):
                stack.extend((where + key_path(key), value) for key, value in zip(keys, values, strict=False))
                stack.extend((f"{where}[*]", key) for key in keys)
            case ObjectNode():
                if closed and is_closed(part) and not part.read and contains_opaque(part) is not None:
                    yield where, OpaqueNode(part.cls, "it has no public name to read, and holds what was not captured")
                stack.append((where, part.content))
                shown = readings(part).items()
                stack.extend((f"{where}.{name}", value) for name, (how, value) in shown if how == "a")
            case _ if made_function(part) is not None:
                continue  # what a function closes over is an internal
            case _:
                stack.extend((where, inside) for inside in children(part))


def _words(mark: OpaqueNode) -> str:
    name = qualname_part(mark.cls) if mark.cls.startswith("builtins:") else mark.cls.replace(":", ".")
    return f"a {name} was not captured: {mark.reason}"


def why_unknown(base: Observation, candidate: Observation, trace: Trace, ignores: Ignores = _ignores_nothing) -> str:
    """Why two observations in which nothing differs are not known to be the same, or empty.

    `base` may be a recording. What the project's rules ignore need not be known.
    """
    for unknown in (*unknown_parts(base, trace), *unknown_parts(candidate, trace)):
        if not ignores(unknown.field):
            return str(unknown)
    made = _made_otherwise(base, candidate)
    if made and not ignores(base.kind):
        return made
    closed = base.kind == "return" and not is_constructor(trace)
    trees = [
        (base.kind, base.value, candidate.value, closed),
        ("arguments", base.arguments, candidate.arguments, False),
    ]
    for position, partner in paired(base.outbound, candidate.outbound).items():
        old, new = base.outbound[partner], candidate.outbound[position]
        asked = described(old.operation, old.request), described(new.operation, new.request)
        trees.append((f"{label(new.operation, new.request)} ", *asked, False))
    for prefix, left, right, is_closing in trees:
        found = unknown_part(left, right, _tolerated(prefix, ignores), closed=is_closing)
        if found is not None:
            where, mark = found
            return f"{prefix}{where.lstrip('.') if prefix.endswith(' ') else where}: {_reason(mark)}"
    return ""


def _made_otherwise(base: Observation, candidate: Observation) -> str:
    """Why two functions that a call made and returned are not known to be the same: their code is another."""
    left, right = made_function(base.value), made_function(candidate.value)
    if left is None or right is None or left.code == right.code:
        return ""
    return f"{base.kind}: {_reason(OpaqueNode(left.name, CODE_CHANGED))}"


def _reason(mark: OpaqueNode) -> str:
    return f"{mark.cls.replace(':', '.')}: {mark.reason}"


def _tolerated(prefix: str, ignores: Ignores) -> Callable[[str, Tree, Tree], bool]:
    return lambda path, base, candidate: ignores(prefix + path)
