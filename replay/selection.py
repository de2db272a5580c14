"""This file is about selection: which traces a change can have reached.

A trace is selected when its run on base executed a function that differs, or code of a module whose statements, or the
statements of a module that it imports, differ; when it read a file that changed; or when a distribution changed that
its modules import. Comments, docstrings, formatting and type hints are no difference.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..recorders.trace import TraceId
from ..recorders.tracing.branches import FunctionName
from .seal import Seal
from .versions import Versions


class Changed(NamedTuple):
    """What differs between base and candidate, beside functions and statements."""

    files: frozenset[str]
    """Files of the project that are no included modules; relative to its root."""
    distributions: frozenset[str]
    """Top-level modules of installed distributions that are other versions than when base was sealed."""
    settings: bool
    """Whether the configuration of pytest-runtime differs."""


class Selection:
    """Answers which traces a change can have reached, and why."""

    def __init__(self, versions: Versions, changed: Changed, seal: Seal) -> None:
        self._versions = versions
        self._changed = changed
        self._seal = seal
        self._modules = dependents(versions.new, _with_other_statements(versions), versions.old)
        self._importing = _importers(versions.new, changed.distributions)

    @property
    def everything(self) -> str:
        """Why every trace is selected, or empty."""
        if self._changed.settings:
            return "the configuration of pytest-runtime changed"
        read = sorted(self._changed.files & set(self._seal.read_by_all))
        return f"{read[0]} changed, which is read when the code is loaded" if read else ""

    def why(self, trace: TraceId) -> str:
        """Why a trace is selected, in words; empty when nothing that changed can have reached it."""
        if self.everything:
            return self.everything
        functions = self._seal.functions_of(trace)
        if not functions:
            return "it is not known what it ran" if self._anything() else ""
        for function in functions:
            if self._versions.differs(function):
                return f"it ran {function}, which changed"
            module = function.partition(":")[0]
            if module in self._modules:
                return f"it ran {function}, and statements of {self._modules[module]} changed"
            if module in self._importing:
                return f"it ran {function}, and {self._importing[module]} is another version"
        read = sorted(self._changed.files & set(self._seal.read.get(trace, [])))
        return f"it read {read[0]}, which changed" if read else ""

    def _anything(self) -> bool:
        return bool(self._versions.changed_functions or self._modules or self._changed.files or self._importing)


def _with_other_statements(versions: Versions) -> set[str]:
    gone = {module for module in versions.old if module not in versions.new}
    return gone | {module for module, change in versions.changes.items() if change.statements}


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


def functions_that_differ(versions: Versions) -> list[FunctionName]:
    """New, changed and removed functions, in a fixed order."""
    return sorted(versions.changed_functions)
