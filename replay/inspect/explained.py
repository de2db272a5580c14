"""One kept trace, explained: what came in, which path it took, what it asked of the world, what came out, and whether
base is evidence for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from ...recorders.boundaries.http import parse_body
from ...recorders.boundaries.protocol import operation_of
from ...recorders.errors import UnknownTrace
from ...recorders.model.branches import Arm
from ...recorders.model.inputs import CallInput, HttpInput, Input
from ...recorders.model.trace import Exchange, Trace
from ...recorders.model.value_tree import DictNode, Tree
from ...recorders.store.protocol import BaselineReader, StoredClass, StoredTrace
from ..judge.path_names import name_classes
from ..judge.seal import SealedTrace
from ..judge.setup import Setup
from ..model.outbound_requests import described, label
from ..model.render import short
from .examples import entry_of, input_text, outcome_text
from .overview import moment_text
from .replayed import Replayed, replayed
from .seals import newest_seal

WIDTH = 240
"""Characters of a value: whoever explains one trace wants to see more of it than a report shows."""

ITEMS_SHOWN = 3
"""Rows of an answer that are shown."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Something with a name, in words."""

    name: str
    text: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of the recorded run, at its first occurrence."""

    function: str
    line: int
    """Where it stood when it was recorded."""
    condition: str
    """`total > 100 is true`"""


class ExchangeView(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange with the world, in words."""

    boundary: str
    label: str
    """`POST fraud/validate`, `INSERT trades`"""
    effect: str
    """`read`, `write` or `session`."""
    request: str
    answer: str
    items: tuple[str, ...]
    """The first rows or pieces that were read."""
    item_count: int
    error: str
    place: str
    """`shop.orders:place:41`; empty where it is not known."""
    thread: int
    """The thread of the trace, in order of start."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What sealing found of a trace."""

    base: str
    judged: bool
    """Whether base replays it as it was recorded."""
    reason: str
    """Why it is not judged; empty where it is."""
    cure: str
    """What to do about it."""
    volatile: tuple[str, ...]
    """Fields that change from one replay of base to the next, and are compared by shape."""
    values_compared: int


class KeptTrace(msgspec.Struct, frozen=True, kw_only=True):
    """Which trace it is, and where it comes from."""

    baseline: str
    id: str
    entry: str
    path: str
    """Digest of the path class."""
    words: str
    """What distinguishes its path from its siblings."""
    recorded: int
    """Traces that took the path."""
    started: str
    """ISO 8601 in UTC; empty where it cannot be read."""
    commit: str
    python: str
    fault: str
    """Why it cannot be read; then there is nothing else."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """The input."""

    text: str = ""
    """In a line, as a person would write it."""
    parts: tuple[Part, ...] = ()
    """Piece by piece."""
    producers: tuple[str, ...] = ()
    """Traces that made what it was given."""


class PathTaken(msgspec.Struct, frozen=True, kw_only=True):
    """What ran."""

    decisions: tuple[Decision, ...] = ()
    """In order of first occurrence."""
    truncated: bool = False
    """Whether the recorder stopped looking before the trace ended."""
    calls: tuple[Part, ...] = ()
    """Inner calls that returned a scalar, with what they returned."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome."""

    text: str = ""
    changed_arguments: str = ""
    """Receiver and arguments as they were afterwards; empty where they did not change."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One kept trace, in words."""

    trace: KeptTrace
    input: Given = Given()
    path: PathTaken = PathTaken()
    exchanges: tuple[ExchangeView, ...] = ()
    """In order."""
    readings: tuple[Part, ...] = ()
    """What functions read of clock and random numbers."""
    variables: tuple[Part, ...] = ()
    """Environment variables that it read."""
    outcome: Shown = Shown()
    redacted: int = 0
    """How many values of it are pseudonyms."""
    gaps: tuple[str, ...] = ()
    """What the recorder knows that it could not record."""
    evidence: Evidence | None = None
    """`None` where the baseline, as it is, was not sealed in this project."""
    replayed: Replayed | None = None
    """The replay that shows the values at each decision; `None` where none was asked for."""


def find_trace(reader: BaselineReader, wanted: str) -> list[StoredTrace]:
    """The kept traces whose name begins so; the one of exactly this name alone where there is one."""
    names = {name for stored in reader.classes() for name in stored.kept.values() if name.startswith(wanted)}
    if not names:
        return []
    found = {stored.id: stored for stored in reader.traces() if stored.id in names}
    return [found[wanted]] if wanted in found else [found[name] for name in sorted(found)]


def the_trace(name: str, reader: BaselineReader, wanted: str) -> StoredTrace:
    """The kept trace whose name is, or begins with, `wanted`; raises `UnknownTrace`, `StoreError`."""
    found = find_trace(reader, wanted)
    if len(found) != 1:
        raise UnknownTrace(wanted, looked_in=[name], matching=[stored.id for stored in found])
    return found[0]


def explain(name: str, reader: BaselineReader, root: Path, wanted: str, *, setup: Setup | None = None) -> Explanation:
    """The kept trace whose name is, or begins with, `wanted`; with a setup, replayed as well.

    Raises `UnknownTrace`, `StoreError`; where it is replayed `BaseError`, `CannotReplay`.
    """
    stored = the_trace(name, reader, wanted)
    explanation = explanation_of(name, reader, root, stored)
    if setup is None or stored.trace is None:
        return explanation
    ids = [trace_id for found in reader.classes() for trace_id in found.kept.values()]
    seal = newest_seal(root, name, ids)
    sealed = seal.trace(stored.id) if seal is not None else None
    shown = replayed(setup, reader, stored, restore=sealed is not None and sealed.restore)
    return msgspec.structs.replace(explanation, replayed=shown)


def explanation_of(name: str, reader: BaselineReader, root: Path, stored: StoredTrace) -> Explanation:
    """A kept trace of a baseline, in words."""
    classes = reader.classes()
    known = next(found for found in classes if (found.entry, found.path) == (stored.entry, stored.path))
    revision = reader.revisions().get(stored.revision)
    words = name_classes(classes)[stored.entry, stored.path].words
    trace = stored.trace
    kept = KeptTrace(
        baseline=name,
        id=stored.id,
        entry=stored.entry,
        path=stored.path,
        words=words,
        recorded=known.count,
        started=moment_text(trace.started) if trace is not None else "",
        commit=revision.commit if revision is not None else "",
        python=revision.python if revision is not None else "",
        fault=stored.fault,
    )
    if trace is None:
        return Explanation(trace=kept)
    ids = [trace_id for found in classes for trace_id in found.kept.values()]
    text = input_text(entry_of(reader, stored), trace.input)
    arguments = trace.outcome.arguments
    return Explanation(
        trace=kept,
        input=Given(text=text, parts=tuple(_input_parts(trace.input)), producers=tuple(trace.producers)),
        path=PathTaken(
            decisions=tuple(_decisions(trace, known)),
            truncated=known.description.truncated,
            calls=tuple(Part(name=call.function, text=short(call.result)) for call in trace.calls),
        ),
        exchanges=tuple(map(_exchange, trace.exchanges)),
        readings=tuple(_readings(trace)),
        variables=tuple(
            Part(name=variable, text="not set" if value is None else repr(value))
            for variable, value in trace.variables.items()
        ),
        outcome=Shown(
            text=outcome_text(trace),
            changed_arguments=short(arguments, WIDTH) if arguments is not None else "",
        ),
        redacted=trace.redacted,
        gaps=tuple(trace.gaps),
        evidence=_evidence(root, name, ids, stored.id),
    )


def _input_parts(given: Input) -> Iterator[Part]:
    match given:
        case CallInput():
            if (receiver := given.part(0)) is not None:
                yield Part(name="receiver", text=short(receiver, WIDTH))
            names = [*given.parameters, *(f"*{at}" for at in range(len(given.positional)))]
            for name, value in zip(names, given.positional, strict=False):
                yield Part(name=name, text=short(value, WIDTH))
            yield from _pairs(given.part(2))
        case HttpInput():
            yield from _request_parts(given)
        case _:
            yield Part(name="data", text=short(given.tree(), WIDTH))


def _request_parts(given: HttpInput) -> Iterator[Part]:
    """The headers, as a client wrote them, and the body."""
    content_type = ""
    for key, value in zip(given.environ.keys, given.environ.values, strict=True):
        name = str(key)
        if name == "CONTENT_TYPE":
            content_type = str(value)
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "REMOTE_ADDR"):
            yield Part(name=name.removeprefix("HTTP_").replace("_", "-").lower(), text=short(value, WIDTH))
    if given.body:
        form, document = parse_body(content_type, given.body)
        whole = "" if given.read_all else ", as far as it was read"
        yield Part(name=f"body ({form}{whole})", text=short(document, WIDTH))


def _pairs(tree: Tree) -> Iterator[Part]:
    if isinstance(tree, DictNode):
        for key, value in zip(tree.keys, tree.values, strict=True):
            yield Part(name=str(key), text=short(value, WIDTH))


def arms_in_order(trace: Trace, stored: StoredClass) -> list[Arm]:
    """The arms of a trace by their first occurrence."""
    arms = stored.description.arms
    return [arms[position] for position in trace.order if 0 <= position < len(arms)] if trace.order else arms


def _decisions(trace: Trace, stored: StoredClass) -> Iterator[Decision]:
    for arm in arms_in_order(trace, stored):
        yield Decision(function=arm.branch.function, line=arm.branch.line, condition=arm.words())


def _exchange(exchange: Exchange) -> ExchangeView:
    operation = operation_of(exchange)
    site = exchange.site
    return ExchangeView(
        boundary=exchange.boundary,
        label=label(operation, exchange.request),
        effect=exchange.effect,
        request=short(described(operation, exchange.request), WIDTH),
        answer=short(exchange.answer, WIDTH) if exchange.answer is not None else "",
        items=tuple(short(item, WIDTH) for item in exchange.items[:ITEMS_SHOWN]),
        item_count=len(exchange.items),
        error=short(exchange.error, WIDTH) if exchange.error is not None else "",
        place=f"{site.function}:{site.line}" if site is not None else "",
        thread=exchange.lane,
    )


def _readings(trace: Trace) -> Iterator[Part]:
    for reading in trace.readings:
        shown = ", ".join(short(value) for value in reading.values[:ITEMS_SHOWN])
        more = f" (+{len(reading.values) - ITEMS_SHOWN})" if len(reading.values) > ITEMS_SHOWN else ""
        yield Part(name=f"{reading.source} in {reading.reader}", text=shown + more)


def _evidence(root: Path, name: str, ids: Sequence[str], trace_id: str) -> Evidence | None:
    seal = newest_seal(root, name, ids)
    sealed: SealedTrace | None = seal.trace(trace_id) if seal is not None else None
    if seal is None or sealed is None:
        return None
    return Evidence(
        base=seal.base,
        judged=not sealed.why,
        reason=sealed.why.sentence,
        cure=sealed.why.cure,
        volatile=tuple(mask.field for mask in sealed.masks if mask.changes == "always"),
        values_compared=sealed.leaves,
    )
