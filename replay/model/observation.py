"""Observations: what a run showed to its caller and to the systems behind it, in comparable form."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from ...recorders.boundaries.http import parse_body
from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Exchange, Outcome, Site, Trace
from ...recorders.model.value_tree import BytesNode, DictNode, ListNode, Tree, TupleNode, field, record
from ...recorders.model.world import Operation
from .asked import Asked
from .outbound_requests import effect_of

OutcomeKind: TypeAlias = Literal["response", "return", "exception"]

ENTRY_GONE = "pytest_runtime:EntryGone"
"""The class of the exception that is observed where the code does not define the entry."""


class Outbound(NamedTuple):
    """An outbound call as both sides can be asked about it."""

    operation: Operation
    request: Tree
    matched: int | None
    """Of a candidate's call: position of the base's call that it stands for."""
    exact: bool
    site: Site | None
    lane: int


class Observation(NamedTuple):
    """What one run showed."""

    kind: OutcomeKind
    value: Tree
    """The response as it was captured; the returned value; the exception. See `comparable`."""
    arguments: Tree
    """Receiver and arguments afterwards; `None` for an HTTP request."""
    outbound: list[Outbound]


def recorded_observation(trace: Trace) -> Observation:
    """What the recorded run showed."""
    outbound = [
        Outbound(operation_of(one), one.request, position, True, one.site, one.lane)
        for position, one in enumerate(trace.exchanges)
    ]
    return Observation(trace.outcome.kind, trace.outcome.value, _arguments(trace), outbound)


def operation_of(exchange: Exchange) -> Operation:
    """What a recorded exchange asked for."""
    recorded = Operation(exchange.boundary, exchange.operation, exchange.resource, exchange.effect)
    return recorded._replace(effect=effect_of(recorded, exchange.request))


def parameters_of(trace: Trace) -> tuple[str, ...]:
    """Names of a function's positional parameters, without the receiver; none where it is no function."""
    return tuple(trace.input.parameters) if isinstance(trace.input, CallInput) else ()


def _arguments(trace: Trace) -> Tree:
    if not isinstance(trace.input, CallInput):
        return None
    return trace.outcome.arguments if trace.outcome.arguments is not None else trace.input.arguments


def replayed_observation(outcome: Outcome, asked: list[Asked]) -> Observation:
    """What a replay showed."""
    return Observation(outcome.kind, outcome.value, outcome.arguments, outbound_of(asked))


def outbound_of(asked: list[Asked]) -> list[Outbound]:
    """The exchanges that a replay asked for."""
    return [Outbound(one.operation, one.request, one.matched, one.exact, one.site, one.lane) for one in asked]


def comparable(observation: Observation) -> Tree:
    """The outcome in the form that is compared: a response by status code, headers by name, body by content type.

    Only needed where two outcomes are not the same byte for byte.
    """
    value = observation.value
    if observation.kind != "response" or not isinstance(value, DictNode):
        return value
    status, headers, body = (field(value, name) for name in ("status", "headers", "body"))
    by_name = _headers(headers)
    content_type = by_name.get("content-type", [""])[0]
    data = body.data if isinstance(body, BytesNode) else b""
    form, document = parse_body(str(content_type), data)
    if not data:
        form, document = "body", BytesNode(b"")
    shown = DictNode(list(by_name), [one[0] if len(one) == 1 else ListNode(list(one)) for one in by_name.values()])
    code = str(status).partition(" ")[0]
    return record(
        status=int(code) if code.isascii() and code.isdigit() else str(status), headers=shown, **{form: document}
    )


def _headers(headers: Tree) -> dict[str, list[Any]]:
    """Values by lower-case name, in order of name; values of one name keep their order."""
    found: dict[str, list[Any]] = {}
    for pair in headers.items if isinstance(headers, TupleNode) else []:
        if isinstance(pair, TupleNode) and len(pair.items) == 2:
            found.setdefault(str(pair.items[0]).lower(), []).append(pair.items[1])
    return dict(sorted(found.items()))
