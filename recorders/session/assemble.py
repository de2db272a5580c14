"""Assembling: a live trace, thawed, redacted and named, as the stored trace it becomes.

It runs in the collector, for traces that are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from ..boundaries.live_world import RawExchange
from ..capture.thaw import capture, thaw
from ..included import Included
from ..installed import loaded
from ..model.branches import Arm, FunctionName
from ..model.full_names import last_part
from ..model.inputs import CallInput, Visit
from ..model.trace import Call, Exchange, Inside, Outcome, PathClass, Reading, Site, StateRead, Trace, TraceId
from ..model.value_tree import DictNode, ListNode, Tree, TupleNode, record, without_origins
from ..privacy.redact import Redactor
from ..tracing.branch_table import BranchTable
from ..tracing.function_names import function_name

if TYPE_CHECKING:
    from .live_trace import LiveTrace, RawOutcome
    from .module_state import Found


class Paths:
    """Arms of live traces, by the branch tables of the included files."""

    def __init__(self, included: Included) -> None:
        self._included = included
        self._tables: dict[str, BranchTable | None] = {}
        self._arms: dict[tuple[int, int, int], Arm | None] = {}

    def arms(self, jumps: dict[tuple[int, int, int], CodeType]) -> list[Arm]:
        """The arms of a path in the order of first occurrence, each once."""
        found: dict[Arm, None] = {}
        for key, code in jumps.items():
            if key not in self._arms:
                self._arms[key] = self._find(code, key[1], key[2])
            arm = self._arms[key]
            if arm is not None:
                found[arm] = None
        return list(found)

    def _find(self, code: CodeType, offset: int, destination: int) -> Arm | None:
        table = self._table(code.co_filename)
        return table.arm(code, offset, destination) if table is not None else None

    def _table(self, file: str) -> BranchTable | None:
        if file not in self._tables:
            try:
                self._tables[file] = BranchTable(self._included.modules[file], self._included.sources[file])
            except (SyntaxError, KeyError):
                self._tables[file] = None
        return self._tables[file]


def _thaw_exchange(raw: RawExchange, modules: dict[str, str]) -> Exchange:
    items = [thaw(item) for item in raw.items]
    operation = raw.operation
    site = None if raw.site is None else Site(function_name(raw.site[0], modules), raw.site[1])
    return Exchange(
        boundary=operation.boundary,
        operation=operation.name,
        resource=operation.resource,
        effect=operation.effect,
        request=thaw(raw.request),
        answer=thaw(raw.answer),
        items=loaded().codec(operation.boundary).join(items),
        ended=raw.ended,
        error=thaw(raw.error),
        site=site,
        lane=raw.lane,
    )


def _state(found: Found, positions: Mapping[LiveTrace, int]) -> StateRead:
    makers = [positions[maker] for maker in found.makers if maker in positions]
    return StateRead(found.kept.name, thaw(found.value), makers, found.whole)


def _row(row: tuple[Any, ...]) -> TupleNode:
    return TupleNode([thaw(cell) for cell in row])


def _readings(trace: LiveTrace, modules: dict[str, str]) -> list[Reading]:
    streams: dict[tuple[str, FunctionName, FunctionName], list[Tree]] = {}
    names: dict[int, str] = {}

    def name(code: CodeType) -> str:
        if id(code) not in names:
            names[id(code)] = function_name(code, modules)
        return names[id(code)]

    for source, reader, caller, value in trace.scope.world.readings:
        key = (source, name(reader), name(caller) if caller is not None else "")
        streams.setdefault(key, []).append(_row(value) if type(value) is tuple else capture(value))
    return [Reading(*key, values) for key, values in streams.items()]


def _inside(trace: LiveTrace, modules: dict[str, str]) -> Inside | None:
    if trace.scope.inside is None:
        return None
    opening, caller = trace.scope.inside
    return Inside(opening.entry, function_name(caller, modules) if caller is not None else "")


def assemble(
    trace: LiveTrace,
    arms: list[Arm],
    path: PathClass,
    included: Included,
    redactor: Redactor | None,
    producers: Sequence[TraceId] = (),
    positions: Mapping[LiveTrace, int] = MappingProxyType({}),
) -> Trace:
    """The stored form of a live trace; `path` is its class, `arms` its own arms in its own order, `producers` the
    traces that made what it was given, `positions` where among these the ones stand that made its state."""
    modules = included.modules
    world, raw = trace.scope.world, trace.raw_outcome
    exchanges = [_thaw_exchange(raw, modules) for raw in world.exchanges]
    over = [f"{raw.operation.boundary}: {raw.over}" for raw in world.exchanges if raw.over]
    unkept = [f"{count} exchanges {why}" for why, count in world.unkept.items()]
    stored = Trace(
        entry=trace.recorder.name(trace, redactor),
        kind=trace.recorder.kind,
        started=trace.started,
        input=trace.recorder.encode(trace),
        outcome=Outcome(raw.kind, _outcome(raw), without_origins(thaw(raw.arguments))),
        exchanges=exchanges,
        readings=_readings(trace, modules),
        variables=dict(world.variables),
        variable_names=list(world.variable_names) if world.variable_names is not None else None,
        order=_order(arms, path),
        functions=[function_name(code, modules) for code in trace.scope.path.codes.values()],
        calls=[Call(function_name(code, modules), capture(value)) for code, value in trace.scope.path.returns],
        gaps=[*trace.gaps, *over, *unkept],
        producers=list(producers),
        state=[_state(found, positions) for found in trace.lineage.state.needed()],
        inside=_inside(trace, modules),
    )
    return redacted(stored, redactor) if redactor is not None else stored


def _order(arms: Sequence[Arm], path: PathClass) -> list[int]:
    """The arms of a trace as positions in those of its class, which may have been recorded when they stood at other
    lines; empty for the same order."""
    own, known = [arm.identity for arm in arms], [arm.identity for arm in path.arms]
    if own == known:
        return []
    places = {identity: position for position, identity in enumerate(known)}
    return [places[identity] for identity in own]


def _outcome(raw: RawOutcome) -> Tree:
    tree = thaw(raw.value)
    if raw.items is not None and raw.kind == "return":
        return record(items=ListNode([thaw(item) for item in raw.items]), returned=tree, ended=raw.ended)
    if raw.kind == "response" and isinstance(tree, TupleNode):
        status, headers, body = tree.items
        return record(status=status, headers=headers, body=body)
    return tree


# --- redaction ---------------------------------------------------------------------------------------------------


class _Sheet:
    """Collects the trees of a trace under their names, and hands the redacted ones out in the same order."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, Tree]] = []

    def add(self, name: str, tree: Tree) -> Tree:
        self.pairs.append((name, tree))
        return tree


def redacted(trace: Trace, redactor: Redactor) -> Trace:
    """The trace without its secrets, as it is written."""
    trees, replaced = redactor.redact(named_trees(trace))
    if not replaced:
        return trace
    written = msgspec.structs.replace(with_named_trees(trace, trees), redacted=replaced)
    return written if redactor.locker is None else redactor.locker.locked(trace, written)


def named_trees(trace: Trace) -> list[tuple[str, Tree]]:
    """All trees of a trace, each with the name that it stands under; empty where it has none."""
    sheet = _Sheet()
    _visit(trace, sheet.add)
    return sheet.pairs


def with_named_trees(trace: Trace, trees: Sequence[Tree]) -> Trace:
    """The trace with other trees, as many and in the order of `named_trees`."""
    given = iter(trees)
    return _visit(trace, lambda _name, _tree: next(given))


def _visit(trace: Trace, see: Visit) -> Trace:
    """Show every tree of a trace to `see(name, tree)`, and build the trace of what it returns."""
    variables = see("", DictNode(list(trace.variables), list(trace.variables.values())))
    outcome = trace.outcome
    is_call = isinstance(trace.input, CallInput)
    name = last_part(trace.entry) if is_call else ""
    shown = msgspec.structs.replace(
        trace,
        input=trace.input.visit(see),
        outcome=Outcome(outcome.kind, _visit_outcome(outcome, name, see), _visit_left(trace, see)),
        exchanges=_visit_exchanges(trace.exchanges, see),
        readings=[
            Reading(reading.source, reading.reader, reading.caller, [see("", value) for value in reading.values])
            for reading in trace.readings
        ],
        calls=[Call(call.function, see(call.function.rpartition(".")[2], call.result)) for call in trace.calls],
        state=[msgspec.structs.replace(read, value=see(last_part(read.place), read.value)) for read in trace.state],
    )
    read: Any = dict(zip(variables.keys, variables.values, strict=True)) if isinstance(variables, DictNode) else {}
    return msgspec.structs.replace(shown, variables=read)


def _visit_left(trace: Trace, see: Visit) -> Tree:
    """Arguments as they were afterwards."""
    if isinstance(trace.input, CallInput):
        return trace.input.visit_arguments(trace.outcome.arguments, see)
    return see("", trace.outcome.arguments)


def _visit_outcome(outcome: Outcome, name: str, see: Visit) -> Tree:
    value = outcome.value
    if outcome.kind != "response" or not isinstance(value, DictNode):
        return see(name, value)
    status, headers, body = value.values
    if isinstance(headers, TupleNode):
        headers = TupleNode([_visit_header(pair, see) for pair in headers.items])
    return record(status=status, headers=headers, body=see("", body))


def _visit_header(pair: Tree, see: Visit) -> Tree:
    if isinstance(pair, TupleNode) and len(pair.items) == 2:
        return TupleNode([pair.items[0], see(str(pair.items[0]), pair.items[1])])
    return see("", pair)


def _visit_exchanges(exchanges: Sequence[Exchange], see: Visit) -> list[Exchange]:
    """Every exchange, as its codec names the parts of it."""
    plugins = loaded()
    codecs = [plugins.codec(exchange.boundary) for exchange in exchanges]
    names = {key: codec.names(exchanges) for key, codec in {id(codec): codec for codec in codecs}.items()}
    return [codec.visit(one, names[id(codec)], see) for one, codec in zip(exchanges, codecs, strict=True)]
