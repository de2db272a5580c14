"""Facts of a trace: everything that was recorded of it under the names by which people ask for it.

`request` or `args` came in, `environment` and `state` were found, `exchanges` went out by their labels, `returned`
holds what inner functions gave, and `response`, `result` or `exception` is what the caller saw.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...recorders.boundaries.http import parse_body
from ...recorders.boundaries.protocol import operation_of
from ...recorders.model.branches import Arm
from ...recorders.model.full_names import last_part
from ...recorders.model.inputs import CallInput, HttpInput
from ...recorders.model.trace import Exchange, Trace, TraceId
from ...recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    ListNode,
    ObjectNode,
    Tree,
    TupleNode,
    field,
    record,
)
from ...recorders.store.protocol import Revision, StoredClass, StoredTrace
from ..entries.catalogue import replayer_of
from ..entries.protocol import EntryUnavailable
from ..model.leaves import leaves
from ..model.observation import comparable, recorded_observation
from ..model.outbound_requests import described, label

GIVEN = ("request", "args", "self", "input", "environment", "state", "commit", "python", "baseline", "release")
"""Names of what a trace was given; what it got from other systems stands under `exchanges`."""

SHOWN = ("response", "result", "exception", "outcome")
"""Names of what its caller saw: these follow from the others."""

LEAVES = 300
"""Values of one trace that become columns."""

CALLS = 3
"""Calls with one label whose parts are looked at; all are counted."""


class Facts(NamedTuple):
    """One trace, to be asked."""

    id: TraceId
    entry: str
    baseline: str
    trace: Trace
    tree: DictNode
    """Name → value."""
    arms: tuple[Arm, ...]
    """The arms that it took."""
    weight: float = 1.0
    """Recorded traces that it represents."""

    def given(self) -> Tree:
        """What came in, whoever sent it: the arguments, or the request without its headers."""
        request = field(self.tree, "request")
        if isinstance(request, DictNode):
            named = ("method", "path", "query", "json", "form", "size")
            return record(**{name: field(request, name) for name in named if field(request, name) is not None})
        return record(**{name: field(self.tree, name) for name in ("self", "args", "input") if name in self.tree.keys})

    def shown(self) -> Tree:
        """What the caller saw, without the headers of a response."""
        response = field(self.tree, "response")
        if isinstance(response, DictNode):
            pairs = zip(map(str, response.keys), response.values, strict=True)
            return record(**{name: value for name, value in pairs if name != "headers"})
        return next((field(self.tree, name) for name in ("exception", "result") if name in self.tree.keys), None)

    def columns(self) -> dict[str, Tree]:
        """Path → value, of everything plain; lengths of lists and texts stand under `len(path)`."""
        found: dict[str, Tree] = {}
        for name, tree in zip(self.tree.keys, self.tree.values, strict=True):
            if name in ("trace", "entry", "path", "started"):
                continue
            for path, value in _columns(str(name), tree):
                if len(found) >= LEAVES:
                    return found
                found.setdefault(path, value)
        return found


def facts_of(
    baseline: str, stored: StoredTrace, known: StoredClass, revision: Revision | None, *, weight: float = 1.0
) -> Facts | None:
    """The facts of a kept trace of a path class; `None` where it cannot be read."""
    trace = stored.trace
    if trace is None:
        return None
    fields: dict[str, Tree] = {
        "trace": stored.id,
        "entry": stored.entry,
        "baseline": baseline,
        "path": stored.path,
        "outcome": known.description.outcome,
        "started": moment(trace.started),
        "commit": revision.commit[:12] if revision is not None else "",
        "python": revision.python if revision is not None else "",
        **_input(trace),
        "environment": DictNode(list(trace.variables), list(trace.variables.values())),
        "state": DictNode([read.place for read in trace.state], [read.value for read in trace.state]),
        "exchanges": _exchanges(trace.exchanges),
        "returned": DictNode(*_last_results(trace)),
        **_outcome(trace),
    }
    return Facts(stored.id, stored.entry, baseline, trace, record(**fields), tuple(_arms(trace, known)), weight)


def _arms(trace: Trace, known: StoredClass) -> list[Arm]:
    """The arms of a trace by their first occurrence, as far as it says so."""
    arms = known.description.arms
    return [arms[position] for position in trace.order if 0 <= position < len(arms)] if trace.order else arms


def moment(seconds: float) -> str:
    """A moment in UTC, as it is compared and shown."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds") if seconds else ""


def _columns(path: str, tree: Tree) -> Iterator[tuple[str, Tree]]:
    if path == "exchanges" and isinstance(tree, DictNode):
        for name, call in zip(tree.keys, tree.values, strict=True):
            yield from _exchange_columns(f"exchanges[{name!r}]", call)
        return
    yield from leaves(_listless(tree), path)
    yield from _lengths(path, tree, 0)


def _exchange_columns(path: str, call: Tree) -> Iterator[tuple[str, Tree]]:
    if isinstance(call, DictNode):
        for name, value in zip(call.keys, call.values, strict=True):
            if name != "calls":
                yield from _columns(f"{path}.{name}", value)


def _listless(tree: Tree) -> Tree:
    """A value with the first items of its lists: what the hundredth row holds separates nothing."""
    match tree:
        case ListNode(items=items) if len(items) > CALLS:
            return ListNode([_listless(item) for item in items[:CALLS]])
        case ListNode(items=items):
            return ListNode([_listless(item) for item in items])
        case DictNode(keys=keys, values=values):
            return DictNode(keys, [_listless(value) for value in values])
        case AnchorNode(value=value):
            return _listless(value)
        case _:
            return tree


def _lengths(path: str, tree: Tree, depth: int) -> Iterator[tuple[str, Tree]]:
    """How many items lists and texts have: a page that is cut off is seen in its length."""
    match tree:
        case AnchorNode(value=value):
            yield from _lengths(path, value, depth)
        case ListNode(items=items) | TupleNode(items=items):
            yield f"len({path})", len(items)
        case BytesNode(data=data):
            yield f"len({path})", len(data)
        case str() if len(tree) > 40:
            yield f"len({path})", len(tree)
        case DictNode(keys=keys, values=values) if depth < 3:
            for key, value in zip(keys, values, strict=True):
                yield from _lengths(f"{path}.{key}", value, depth + 1)
        case ObjectNode(names=names, values=values) if depth < 3:
            for name, value in zip(names, values, strict=True):
                yield from _lengths(f"{path}.{name}", value, depth + 1)
        case _:
            return


# --- what came in ----------------------------------------------------------------------------------------------------


def _input(trace: Trace) -> dict[str, Tree]:
    match trace.input:
        case CallInput() as given:
            parts: dict[str, Tree] = {"args": _arguments(given)}
            return {"self": given.part(0), **parts} if given.part(0) is not None else parts
        case HttpInput() as given:
            return {"request": _request(trace, given)}
        case other:
            return {"input": other.tree()}


def _arguments(given: CallInput) -> Tree:
    """Arguments by the names of their parameters."""
    names = [*given.parameters, *(f"args[{position}]" for position in range(len(given.positional)))]
    found: dict[str, Tree] = dict(zip(names, given.positional, strict=False))
    named = given.part(2)
    if isinstance(named, DictNode):
        found.update({str(key): value for key, value in zip(named.keys, named.values, strict=True)})
    return DictNode(list(found), list(found.values()))


def _request(trace: Trace, given: HttpInput) -> Tree:
    environ = dict(zip(map(str, given.environ.keys), given.environ.values, strict=True))
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    fields: dict[str, Tree] = {
        "method": environ.get("REQUEST_METHOD", ""),
        "path": environ.get("PATH_INFO", ""),
        "client": environ.get("REMOTE_ADDR"),
        "headers": DictNode(list(headers), list(headers.values())),
        "size": len(given.body),
    }
    try:
        parts = replayer_of(trace.kind).parts(given)
    except (EntryUnavailable, ValueError):  # of a plugin that is not here
        parts = None
    for name in ("query", "json", "form"):
        if isinstance(parts, DictNode) and name in parts.keys:
            fields[name] = field(parts, name)
    return record(**fields)


# --- what went out ---------------------------------------------------------------------------------------------------


def _exchanges(exchanges: Sequence[Exchange]) -> Tree:
    """Label → what was asked and answered: how many calls and rows, the first error, the parts of a call."""
    found: dict[str, list[Tree]] = {}
    rows: dict[str, int] = {}
    for exchange in exchanges:
        if exchange.effect == "session":
            continue
        operation = operation_of(exchange)
        name = label(operation, exchange.request)
        found.setdefault(name, []).append(_exchange(exchange, described(operation, exchange.request)))
        rows[name] = rows.get(name, 0) + (len(exchange.items) if exchange.boundary != "http" else 0)
    summaries: list[Tree] = [_summary(calls, rows[name]) for name, calls in found.items()]
    return DictNode(list(found), summaries)


def _summary(calls: Sequence[Tree], rows: int) -> Tree:
    errors = [field(call, "error") for call in calls if field(call, "error") is not None]
    first, last = calls[0], calls[-1]
    fields: dict[str, Tree] = {
        "count": len(calls),
        "rows": rows,
        "error": errors[0] if errors else None,
        "errors": len(errors),
        "request": field(first, "request"),
        "answer": field(last, "answer"),
        "calls": ListNode([*calls[:CALLS]]),
    }
    return record(**fields)


def _exchange(exchange: Exchange, request: Tree) -> Tree:
    return record(request=request, answer=_answer(exchange), error=_error(exchange.error))


def _error(error: Tree) -> Tree:
    """An exception as its class and message."""
    match error:
        case ObjectNode(cls=cls, content=content):
            return f"{last_part(cls)}: {_message(content)}"
        case _:
            return error


def _message(content: Tree) -> str:
    items = content.items if isinstance(content, TupleNode) else []
    return " ".join(str(item) for item in items if isinstance(item, str | int | float))


def _answer(exchange: Exchange) -> Tree:
    if exchange.boundary == "http" and exchange.items and isinstance(exchange.items[0], BytesNode):
        return _http_answer(exchange.items[0].data)
    return exchange.answer if not exchange.items else exchange.items[0]


def _http_answer(data: bytes) -> Tree:
    """Status, headers and document of an answer as it came over the wire (RFC 9112)."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _colon, value in pairs}
    code = first.split(" ")[1] if first.startswith("HTTP/") and " " in first else ""
    if not code.isdigit():
        return BytesNode(data)
    form, document = parse_body(headers.get("content-type", ""), body)
    return record(status=int(code), **{form: document})


def _last_results(trace: Trace) -> tuple[list[Tree], list[Tree]]:
    """Functions that returned plain values, and what each returned last."""
    found: Mapping[str, Tree] = {call.function: call.result for call in trace.calls}
    return list(found), list(found.values())


# --- what was seen ---------------------------------------------------------------------------------------------------


def _outcome(trace: Trace) -> dict[str, Tree]:
    outcome = trace.outcome
    match outcome.kind:
        case "response":
            return {"response": comparable(recorded_observation(trace))}
        case "exception" if isinstance(outcome.value, ObjectNode):
            parts: dict[str, Tree] = {
                "type": last_part(outcome.value.cls),
                "cls": outcome.value.cls,
                "message": _message(outcome.value.content),
            }
            return {"exception": record(**parts)}
        case "exception":
            return {"exception": outcome.value}
        case _:
            return {"result": outcome.value}
