"""One version of the included modules: its functions, and the branches of their statements."""

from __future__ import annotations

from collections.abc import Mapping

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.full_names import split_name
from ...recorders.tracing.branch_table import BranchTable
from .statements import Function, functions_of, text_of


class VersionSide:
    """One version: its functions and branches."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self.functions: dict[FunctionName, Function] = {}
        self._branches: dict[FunctionName, list[Branch]] = {}
        self._at: dict[tuple[FunctionName, int], list[Branch]] = {}
        for module, source in sources.items():
            found = functions_of(module, source)
            self.functions.update(found)
            if found:
                self._place(BranchTable(module, source).by_function)

    def _place(self, branches: Mapping[FunctionName, list[Branch]]) -> None:
        for name, found in branches.items():
            home = self.enclosing(name)
            for branch in found if home is not None else []:
                assert home is not None
                self._branches.setdefault(home.name, []).append(branch)
                self._at.setdefault((home.name, home.at(branch.line)), []).append(branch)

    def enclosing(self, name: FunctionName) -> Function | None:
        """A function by name; of a lambda or class, the function around it."""
        while name:
            found = self.functions.get(name)
            if found is not None:
                return found
            module, qualified = split_name(name)
            if not qualified:
                return None
            name = f"{module}:{qualified.rpartition('.')[0]}"
        return None

    def branches(self, function: FunctionName) -> list[Branch]:
        """The branches of a function, in source order."""
        return self._branches.get(function, [])

    def at(self, function: FunctionName, position: int) -> list[Branch]:
        """The branches of one of its statements."""
        return self._at.get((function, position), [])


def changed_names(old: VersionSide, new: VersionSide) -> frozenset[str]:
    """Names that module-level and class-level statements set to something else."""
    before, after = _assigned(old), _assigned(new)
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


def _assigned(side: VersionSide) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for function in side.functions.values():
        if function.name.endswith(":"):
            for statement in function.statements:
                for name in statement.targets if statement.kind not in ("class", "inner function") else ():
                    found.setdefault(name, []).append(text_of(statement, frozenset()))
    return found
