"""Places: the files and lines in which functions and modules of the working tree are defined."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import Entry, PathClass
from ..change.packages import Home
from ..change.qualified_names import definitions_in, first_line

Place: TypeAlias = tuple[str, int]
"""File and line."""


class Places(NamedTuple):
    """Where the functions of a version stand."""

    root: str
    by_name: Mapping[str, Place]
    """Function (`module:qualname`) or module → its place."""

    def of_function(self, function: FunctionName) -> Place:
        """File and line of a function; the project's root where it is unknown."""
        return self.by_name.get(function, (self.root, 1))

    def of_class(self, entry: Entry, described: PathClass) -> Place:
        """File and line that a path class is about: its entry, else the first known function on its path."""
        functions = [arm.branch.function for arm in described.arms]
        names = (entry.target, *functions, entry.module)
        return next((self.by_name[name] for name in names if name in self.by_name), (self.root, 1))


def places_of(root: str, sources: Mapping[str, str], homes: Sequence[Home]) -> Places:
    """The places of everything that some modules define."""
    found: dict[str, Place] = {}
    for module, text in sources.items():
        file = file_of(root, module, homes)
        found[module] = (file, 1)
        for function, line in _definitions(module, text):
            found.setdefault(function, (file, line))
    return Places(root, found)


def _definitions(module: str, text: str) -> Iterator[tuple[FunctionName, int]]:
    """Functions and classes of a module with their first lines, decorators included; none where it is no Python."""
    return ((f"{module}:{name}", first_line(node)) for name, node in definitions_in(text))


def modules_by_file(root: str, modules: Iterable[str], homes: Sequence[Home]) -> dict[str, str]:
    """Some modules by their files, as these are named to people: relative to the project's root."""
    return {os.path.relpath(file_of(root, module, homes), root): module for module in modules}


def file_of(root: str, module: str, homes: Sequence[Home]) -> str:
    """The file of a module below the project's root; the root where there is none."""
    place = re.sub(r"\.", "/", module)
    for home in homes:
        for ending in ("/__init__.py", ".py"):
            path = os.path.join(root, f"{home}{place}{ending}")
            if os.path.exists(path):
                return path
    return root
