"""Calls: the names that each function of the code under test calls, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import module_part
from ..change.qualified_names import definitions_in


class CalledNames:
    """Answers, of a function, the last names of what it calls: `uuid4` for `uuid.uuid4()`."""

    def __init__(self, modules: Mapping[str, str], sources: Mapping[str, str]) -> None:
        """`modules` maps files to module names, `sources` files to their text; both may grow."""
        self._modules = modules
        self._sources = sources
        self._known: dict[str, dict[FunctionName, frozenset[str]]] = {}

    def __call__(self, function: FunctionName) -> frozenset[str] | None:
        """What a function calls, functions inside it included; `None` when there is no such function."""
        module = module_part(function)
        if module not in self._known:
            text = next((self._sources.get(file, "") for file, name in self._modules.items() if name == module), "")
            self._known[module] = _read(module, text)
        return self._known[module].get(function)


def _read(module: str, source: str) -> dict[FunctionName, frozenset[str]]:
    named = definitions_in(source)
    return {f"{module}:{name}": _called(node) for name, node in named if not isinstance(node, ast.ClassDef)}


def _called(node: ast.AST) -> frozenset[str]:
    functions = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    names = {one.id for one in functions if isinstance(one, ast.Name)}
    return frozenset(names | {one.attr for one in functions if isinstance(one, ast.Attribute)})
