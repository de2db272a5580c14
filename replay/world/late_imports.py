"""Late imports: modules that the code under test imports inside its functions, when one of them first runs.

A recorded value may be of a class of such a module, and the replay builds it before any function ran. Then the import
statements of the code under test are carried out that name a module of that package, and no other: what a baseline says
decides when, never what.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from ...recorders.capture.raw import namespace_of_module

_INDENTED = re.compile(r"(?m)^[ \t]+(?:import|from)[ \t]")
"""Whether a source may import anything inside a function; parsing takes a hundred times as long."""


class LateImports:
    """The import statements inside functions of the included packages."""

    def __init__(self, covers: Callable[[str], bool]) -> None:
        """`covers` says of a module whether it belongs to an included package."""
        self._covers = covers
        self._named: dict[str, list[str]] | None = None
        self._done: set[str] = set()

    def read(self) -> None:
        """Read the sources of the included modules that are loaded; once, where the code is loaded."""
        self._named = {}
        for name, module in list(sys.modules.items()):
            if self._covers(name):
                file = namespace_of_module(module).get("__file__")
                for imported in _imported(file) if isinstance(file, str) else ():
                    if not self._covers(imported):
                        self._named.setdefault(imported.partition(".")[0], []).append(imported)

    def carry_out(self, module: str) -> bool:
        """Import what functions of the code under test import of a module's package; whether there was anything."""
        root = module.partition(".")[0]
        if module in sys.modules or root in self._done:
            return False
        if self._named is None:
            self.read()
        self._done.add(root)
        wanted = (self._named or {}).get(root, [])
        for name in dict.fromkeys(wanted):
            with contextlib.suppress(Exception):  # the code under test may be prepared for it; nothing is built then
                importlib.import_module(name)
        return bool(wanted)


def _imported(file: str) -> Iterator[str]:
    """The modules that functions in a source file import."""
    try:
        source = Path(file).read_text(encoding="utf-8")
        tree = ast.parse(source) if _INDENTED.search(source) else None
    except (OSError, ValueError, SyntaxError):
        return
    for function in ast.walk(tree) if tree is not None else ():
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    yield node.module
