"""Selection: which traces a change can have reached, and which changed things recorded traffic ran at all.

By what was recorded, not by what base's replay came to: a trace counts with every function that it, or a producer of
it, ran when it was recorded, and with what base ran and read. Statements that run when the code is loaded count as
`impact` says, for everything that was loaded. Comments, docstrings, formatting and type hints are no difference.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import module_part
from ...recorders.model.trace import TraceId
from ..change.impact import impact_of
from ..change.versions import Versions
from .seal import Seal


class Changed(NamedTuple):
    """What differs between base and candidate, beside functions and statements."""

    files: frozenset[str]
    """Files of the project that are no included modules; relative to its root."""
    distributions: frozenset[str]
    """Top-level modules of installed distributions that are other versions than when base was sealed."""
    settings: bool
    """Whether the configuration of pytest-runtime differs."""


TouchedKind: TypeAlias = Literal["function", "line", "statement", "file", "dependency", "settings"]


class Touched(NamedTuple):
    """A changed thing that recorded traffic ran or read, and the traces that did."""

    kind: TouchedKind
    name: str
    """For people: `shop.web:fee`, `shop/web.py:8 fields = (…)`, `rates.json`."""
    traces: tuple[TraceId, ...]


class Selection:
    """Answers which traces a change can have reached, and why."""

    def __init__(self, versions: Versions, changed: Changed, seal: Seal) -> None:
        self._versions = versions
        self._changed = changed
        self._seal = seal
        self.impact = impact_of(versions.old, versions.new)
        self._importing = _importers(versions.new, changed.distributions)
        self._read_by_all = _read_among(changed.files, seal.read_by_all)
        self._read = {trace: found for trace, read in seal.read.items() if (found := _read_among(changed.files, read))}

    @property
    def read(self) -> frozenset[str]:
        """Changed files, other than included modules, that were read or loaded."""
        return frozenset(self._read_by_all).union(*self._read.values())

    @property
    def everything(self) -> str:
        """Why every trace is selected, or empty."""
        if self._changed.settings:
            return "the configuration of pytest-runtime changed"
        if self._read_by_all:
            return f"{self._read_by_all[0]} changed, which is read when the code is loaded"
        return self.impact.everything

    def why(self, trace: TraceId) -> str:
        """Why a trace is selected, in words; empty when nothing that changed can have reached it.

        A trace that ran no included code is selected only where every one is, or where it read a changed file.
        """
        if self.everything:
            return self.everything
        for function in self._functions(trace):
            if reason := self._reason(function):
                return f"it ran {function}: {reason}"
        read = self._read.get(trace)
        return f"it read {read[0]}, which changed" if read else ""

    def _functions(self, trace: TraceId) -> Iterable[FunctionName]:
        """Everything that a trace ran: recorded, by its producers, and on base."""
        return dict.fromkeys((*self._seal.recorded_functions_of(trace), *self._seal.functions_of(trace)))

    def _reason(self, function: FunctionName) -> str:
        if self._versions.differs(function):
            return "it changed"
        outer = function.partition(".<locals>.")[0]
        if outer in self.impact.functions:
            return self.impact.functions[outer]
        module = module_part(function)
        return f"{self._importing[module]} is another version" if module in self._importing else ""

    # --- what has to be judged ---

    def touched(self) -> list[Touched]:
        """Every changed thing that recorded traffic ran or read, in a fixed order.

        A change is judged where, of each, at least one of the traces was replayed faithfully and compared.
        """
        found = [*self._touched_functions(), *self._touched_statements(), *self._touched_files()]
        if self._changed.settings:
            found.append(Touched("settings", "the configuration of pytest-runtime", self._all_running))
        for name in sorted(self._changed.distributions):
            modules = {module for module, cause in self._importing.items() if cause == name}
            found.append(Touched("dependency", f"the version of {name}", self._running_modules(modules)))
        return [thing for thing in found if thing.traces]

    @cached_property
    def _by_function(self) -> dict[FunctionName, list[TraceId]]:
        """Included function → the traces that ran it when they were recorded."""
        found: dict[FunctionName, list[TraceId]] = {}
        for trace in self._seal.recorded:
            for function in self._seal.recorded_functions_of(trace):
                found.setdefault(function, []).append(trace)
        return found

    @property
    def _all_running(self) -> tuple[TraceId, ...]:
        return tuple(trace for trace, functions in self._seal.recorded.items() if functions)

    def _running_modules(self, modules: Collection[str]) -> tuple[TraceId, ...]:
        functions = (function for function in self._by_function if module_part(function) in modules)
        return tuple(dict.fromkeys(trace for function in functions for trace in self._by_function[function]))

    def _touched_functions(self) -> Iterator[Touched]:
        for name in sorted({*self._versions.changed_functions, *self.impact.functions}):
            yield Touched("function", name, tuple(self._by_function.get(name, ())))

    def _touched_statements(self) -> Iterator[Touched]:
        for statement in self.impact.statements:
            home = f"{statement.module}:{statement.owner}." if statement.owner else f"{statement.module}:"
            functions = (function for function in self._by_function if function.startswith(home))
            traces = tuple(dict.fromkeys(trace for function in functions for trace in self._by_function[function]))
            if not traces and self.impact.everything:
                traces = self._all_running
            yield Touched("statement", f"{statement.module}:{statement.line}  {statement.text}", traces)

    def _touched_files(self) -> Iterator[Touched]:
        for file in self._read_by_all:
            yield Touched("file", file, self._all_running)
        for file in sorted({file for files in self._read.values() for file in files} - {*self._read_by_all}):
            yield Touched("file", file, tuple(trace for trace, files in self._read.items() if file in files))


def touched_functions(changed: Iterable[FunctionName], ran: Mapping[TraceId, Iterable[FunctionName]]) -> list[Touched]:
    """The changed functions that traces ran, with those traces; `ran` maps traces to what they ran."""
    by_function: dict[FunctionName, list[TraceId]] = {}
    for trace, functions in ran.items():
        for function in functions:
            by_function.setdefault(function, []).append(trace)
    return [Touched("function", name, tuple(by_function[name])) for name in sorted(changed) if name in by_function]


def _read_among(changed: Collection[str], read: Iterable[str]) -> list[str]:
    """The changed files among those that were read; one that is new or gone in a folder that was listed is too."""
    seen = set(read)
    return sorted(file for file in changed if file in seen or f"{posixpath.dirname(file)}/" in seen)


def dependents(sources: Mapping[str, str], changed: Iterable[str], old: Mapping[str, str]) -> dict[str, str]:
    """Module → the changed module that it is or that it imports, directly or not; both versions' imports count."""
    importers: dict[str, set[str]] = {}
    for version in (old, sources):
        for module, text in version.items():
            for name in imported(module, text):
                importers.setdefault(name, set()).add(module)
    found: dict[str, str] = {}
    pending = [(module, module) for module in sorted(changed)]
    while pending:
        module, cause = pending.pop(0)
        if module not in found:
            found[module] = cause
            pending += [(importer, cause) for importer in sorted(importers.get(module, ()))]
    return found


def _importers(sources: Mapping[str, str], tops: frozenset[str]) -> dict[str, str]:
    """Module → the outside package that it imports, for those of some top-level names; through included modules too."""
    direct: dict[str, str] = {}
    if tops:
        for module, text in sources.items():
            for name in imported(module, text):
                if name.partition(".")[0] in tops:
                    direct[module] = name.partition(".")[0]
    reached = dependents(sources, direct, {})
    return {module: direct[cause] for module, cause in reached.items()}


def imported(module: str, text: str) -> set[str]:
    """Every name that the imports of a module may load: modules, and what may be one in them."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names.update(_with_parents(alias.name))
        elif isinstance(node, ast.ImportFrom):
            for home in _homes(module, node):
                names.update(_with_parents(home))
                names.update(f"{home}.{alias.name}" for alias in node.names)
    return names


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: count + 1]) for count in range(len(parts))]


def _homes(module: str, node: ast.ImportFrom) -> list[str]:
    """The absolute name of what is imported from; of a relative import both readings, as module and as package."""
    if not node.level:
        return [node.module or ""]
    parts = module.split(".")
    found = []
    for package in (parts[:-1], parts):  # a plain module, and the `__init__` of a package
        base = package[: len(package) - node.level + 1]
        found.append(".".join([*base, *([node.module] if node.module else [])]))
    return [name for name in found if name]
