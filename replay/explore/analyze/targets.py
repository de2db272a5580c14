"""Targets: what is explored for a change, and with which recorded inputs.

Targets are the functions that differ and that some trace ran, and the entries through which their results leave. What
cannot be called by itself is listed with the reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ....recorders.model.branches import FunctionName
from ....recorders.model.full_names import split_name
from ....recorders.model.inputs import CALL_KINDS
from ....recorders.model.trace import TraceId
from ....recorders.model.value_tree import Tree
from ....recorders.store.protocol import BaselineReader
from ...change.source_diff import function_names
from ...change.versions import Versions
from ...entries.catalogue import replayer_of
from ...judge.oracle import Oracle
from ...judge.seal import Seal
from ..trials.call_probes import how_called
from .syntax_trees import parsed


class Target(NamedTuple):
    """One function or HTTP entry to explore."""

    name: str
    """`module:qualname`, or the name of an entry."""
    kind: str
    """How the function is called, or the kind of the entry."""
    traces: tuple[TraceId, ...]
    """Recorded traces that ran it, those of different path classes first."""
    is_entry: bool
    """Whether its caller is outside: what differs is seen."""
    functions: tuple[FunctionName, ...]
    """Functions whose constants count."""
    names: tuple[str, ...] = ()
    """Positional parameters."""
    optional: tuple[tuple[str, Tree], ...] = ()
    """Parameters that may be left out, with their defaults where these are plain."""
    unavailable: str = ""
    """Why it cannot be explored by itself, or empty."""

    @property
    def is_call(self) -> bool:
        """Whether it is a function; else an entry of another kind."""
        return self.kind in CALL_KINDS

    @property
    def item(self) -> str:
        """The name of its pytest item: letters, digits, `_ . : -`."""
        plain = "".join(char if char.isalnum() or char in "_.-" else "-" for char in self.name.replace(":", "."))
        return f"explore.{plain}"


def targets_of(oracle: Oracle, reader: BaselineReader) -> list[Target]:
    """What to explore for a change, in a fixed order: changed functions, then entries above them. Nothing without base,
    or where nothing differs."""
    if oracle.base is None or oracle.seal is None:
        return []
    ran, versions = _Ran(oracle.seal, reader), oracle.versions
    changed = sorted({_outermost(name) for name in versions.changed_functions})
    existing = [name for name in changed if _is_in(versions.old, name) and _is_in(versions.new, name)]
    found = [_function(name, versions, ran) for name in existing]
    return found + list(_entries_above(existing, versions, ran))


def _outermost(function: FunctionName) -> FunctionName:
    return function.partition(".<locals>.")[0]


def _is_in(sources: Mapping[str, str], function: FunctionName) -> bool:
    module, name = split_name(function)
    return name in function_names(sources.get(module, ""))


class _Ran:
    """Which traces ran what."""

    def __init__(self, seal: Seal, reader: BaselineReader) -> None:
        self.entries = reader.entries()
        self._traces: dict[FunctionName, list[TraceId]] = {}
        classes = reader.classes()
        rows = [list(path_class.kept.values()) for path_class in classes]
        self._entry = {name: path_class.entry for path_class in classes for name in path_class.kept.values()}
        most = max(map(len, rows), default=0)
        for rank in range(most):  # one of each class, then another of each
            for row in rows:
                if rank < len(row) and _is_evidence(seal, row[rank]):
                    for function in set(map(_outermost, seal.functions_of(row[rank]))):
                        self._traces.setdefault(function, []).append(row[rank])

    def traces(self, function: FunctionName) -> list[TraceId]:
        return self._traces.get(function, [])

    def of_entry(self, entry: str, among: Iterable[TraceId]) -> list[TraceId]:
        return [name for name in among if self._entry[name] == entry]

    def entry_of(self, trace: TraceId) -> str:
        return self._entry[trace]


def _is_evidence(seal: Seal, trace: TraceId) -> bool:
    """Whether base replays a trace as it was recorded: what another one does says nothing about real inputs."""
    sealed = seal.trace(trace)
    return sealed is not None and not sealed.why


def _function(name: FunctionName, versions: Versions, ran: _Ran) -> Target:
    module, qualname = split_name(name)
    how = _how(versions.old[module], qualname)
    unavailable = how.unavailable
    if not unavailable and how.kind != _how(versions.new[module], qualname).kind:
        unavailable = "it is called differently now than at base"
    traces = tuple(ran.traces(name))
    if not traces:
        unavailable = "no recorded trace that base can replay runs it"
    return Target(name, how.kind, traces, name in ran.entries, (name,), how.names, how.optional, unavailable)


def _entries_above(changed: Sequence[FunctionName], versions: Versions, ran: _Ran) -> Iterator[Target]:
    reached: dict[str, dict[FunctionName, None]] = {}
    for function in changed:
        for trace in ran.traces(function):
            reached.setdefault(ran.entry_of(trace), {})[function] = None
    for entry in sorted(reached):
        if entry in changed:
            continue
        known = ran.entries[entry]
        functions = tuple(reached[entry])
        traces = dict.fromkeys(name for function in functions for name in ran.traces(function))
        own = tuple(ran.of_entry(entry, traces))
        if not replayer_of(known.kind).is_call:
            yield Target(entry, known.kind, own, True, functions)
        else:
            module, qualname = split_name(known.target)
            if module in versions.old and module in versions.new and _is_in(versions.new, known.target):
                how = _how(versions.old[module], qualname)
                reached_here = (known.target, *functions)
                yield Target(entry, how.kind, own, True, reached_here, how.names, how.optional, how.unavailable)


class _How(NamedTuple):
    kind: str
    names: tuple[str, ...]
    optional: tuple[tuple[str, Tree], ...]
    unavailable: str


def _how(source: str, qualname: str) -> _How:
    """How a function is called, or why it cannot be called by itself."""
    node, inside = _find(source, qualname)
    if node is None:
        return _How("", (), (), "base does not define it as a function")
    kind, bound = how_called(node, inside_class=inside)
    if isinstance(node, ast.AsyncFunctionDef):
        return _How(kind, (), (), "it is a coroutine function")
    if _yields(node):
        return _How(kind, (), (), "it is a generator function")
    if not kind:
        return _How(kind, (), (), "it cannot be called by its name")
    positional = [parameter.arg for parameter in (*node.args.posonlyargs, *node.args.args)][1 if bound else 0 :]
    return _How(kind, tuple(positional), tuple(_optional(node.args)), "")


def _optional(given: ast.arguments) -> Iterator[tuple[str, Tree]]:
    pairs = [*zip(reversed(given.args), reversed(given.defaults), strict=False)][::-1]
    by_name = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    pairs += [(parameter, default) for parameter, default in by_name if default]
    for parameter, default in pairs:
        value = default.value if isinstance(default, ast.Constant) else None
        is_plain = isinstance(value, (bool, float, str)) or (isinstance(value, int) and abs(value) < 2**63)
        yield parameter.arg, value if is_plain else None  # type: ignore[misc]  # one of these


def _find(source: str, qualname: str) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, bool]:
    tree = parsed(source)
    if tree is None:
        return None, False
    body: Sequence[ast.stmt] = tree.body
    *classes, name = qualname.split(".")
    for part in classes:
        found = next((node for node in body if isinstance(node, ast.ClassDef) and node.name == part), None)
        if found is None:
            return None, False
        body = found.body
    for node in reversed(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            return node, bool(classes)
    return None, False


def _yields(node: ast.FunctionDef) -> bool:
    pending: list[ast.AST] = list(node.body)
    while pending:
        part = pending.pop()
        if isinstance(part, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(part))
    return False
