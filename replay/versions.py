"""This file is about versions: the base text and the candidate text of the included modules, and how they relate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..recorders.tracing.branches import Branch, FunctionName
from .alignment import Alignment
from .change import ModuleChange, compare_sources


class Versions:
    """The recorded and the present text of the included modules, and what follows from comparing them."""

    def __init__(self, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """module → source text, each."""
        self._old = old
        self._new = new
        self._alignments: dict[str, Alignment] = {}
        self.changes: dict[str, ModuleChange] = {
            module: compare_sources(module, old.get(module, ""), text) for module, text in new.items()
        }

    def branch(self, recorded: Branch) -> Branch | None:
        """The branch of the code under test that stands for a recorded one."""
        module = recorded.function.partition(":")[0]
        if module not in self._alignments:
            self._alignments[module] = Alignment(module, self._old.get(module, ""), self._new.get(module, ""))
        return self._alignments[module].branch(recorded)

    def changed_line(self, function: FunctionName) -> int | None:
        """The first changed line of a function, or `None` when it did not change."""
        module, _, name = function.partition(":")
        change = self.changes.get(module)
        if change is None:
            return None
        while name:
            line = change.functions.get(f"{module}:{name}")
            if line is not None:
                return line
            name = name.rpartition(".<locals>.")[0]
        return None

    def may_have_reached(self, functions: Sequence[FunctionName]) -> bool:
        """Whether a change can have reached a run of these recorded functions."""
        # A `__main__` is never imported for a replay: it would run the service.
        gone = {module for module in self._old if module not in self._new and not module.endswith("__main__")}
        if gone or any(change.statements for change in self.changes.values()):
            return True
        return any(self.changed_line(function) is not None for function in functions) or not functions

    def line(self, module: str, number: int) -> str:
        """A line of the code under test."""
        lines = self._new.get(module, "").splitlines()
        return lines[number - 1].strip() if 0 < number <= len(lines) else ""
