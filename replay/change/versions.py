"""Versions: the base text and the candidate text of the included modules, and how they relate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.full_names import module_part, qualname_part, split_name
from ...recorders.model.value_tree import ClassName
from .alignment import Alignment
from .annotations import changed_annotations
from .class_layout import changed_layouts
from .loaded_statements import LoadedChange, loaded_changes
from .source_diff import ModuleChange, compare_sources, function_names, innermost_function


class Versions:
    """The recorded and the present text of the included modules, and what follows from comparing them."""

    def __init__(self, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        """module → source text, each."""
        self._old = self.old = old
        self._new = self.new = new
        self._alignments: dict[str, Alignment] = {}
        self.changes: dict[str, ModuleChange] = {
            module: compare_sources(module, old.get(module, ""), text) for module, text in new.items()
        }

    def branch(self, recorded: Branch) -> Branch | None:
        """The branch of the code under test that stands for a recorded one."""
        module = module_part(recorded.function)
        if module not in self._alignments:
            self._alignments[module] = Alignment(module, self._old.get(module, ""), self._new.get(module, ""))
        return self._alignments[module].branch(recorded)

    def changed_line(self, function: FunctionName) -> int | None:
        """The first changed line of a function, or `None` when it did not change."""
        module, name = split_name(function)
        change = self.changes.get(module)
        if change is None:
            return None
        while name:
            line = change.functions.get(f"{module}:{name}")
            if line is not None:
                return line
            name = name.rpartition(".<locals>.")[0]
        return None

    def function_at(self, module: str, line: int) -> FunctionName:
        """The innermost function around a line of the code under test, or empty."""
        name = innermost_function(self._new.get(module, ""), line)
        return f"{module}:{name}" if name else ""

    @property
    def changed_functions(self) -> set[FunctionName]:
        """New, changed and removed functions."""
        return {name for change in self.changes.values() for name in (*change.functions, *change.removed)}

    @cached_property
    def changed_layout(self) -> frozenset[ClassName]:
        """Classes whose instances may hold something else."""
        return changed_layouts(self.old, self.new)

    @property
    def anything(self) -> bool:
        """Whether the versions differ in anything that has a meaning."""
        return self.old.keys() != self.new.keys() or any(
            change.functions or change.removed or change.statements or self._hints_differ(module)
            for module, change in self.changes.items()
        )

    def _hints_differ(self, module: str) -> bool:
        """Whether annotations changed that code may read when it is loaded."""
        before, after = self.old.get(module), self.new.get(module)
        if before is None or after is None or before == after:
            return False
        try:
            return any(True for _hint in changed_annotations(before, after))
        except SyntaxError:
            return True

    @property
    def changed_existing(self) -> bool:
        """Whether something that base has is another, or gone; new functions and modules alone are not that."""
        if any(module not in self.new for module in self.old):
            return True
        before = {module: function_names(text) for module, text in self.old.items() if module in self.changes}
        return any(
            change.removed
            or (change.statements and module in self.old)
            or any(qualname_part(name) in before.get(module, ()) for name in change.functions)
            for module, change in self.changes.items()
        )

    def differs(self, function: FunctionName) -> bool:
        """Whether a function of the old version is another now, or gone."""
        module, name = split_name(function)
        change = self.changes.get(module)
        if change is None:
            return module in self.old
        while name:
            if f"{module}:{name}" in change.functions or f"{module}:{name}" in change.removed:
                return True
            name = name.rpartition(".<locals>.")[0]
        return False

    def may_have_reached(self, functions: Sequence[FunctionName]) -> bool:
        """Whether a change can have reached a run of these recorded functions."""
        # A `__main__` is never imported for a replay: it would run the service.
        gone = {module for module in self._old if module not in self._new and not module.endswith("__main__")}
        if gone or any(change.statements for change in self.changes.values()):
            return True
        return any(self.changed_line(function) is not None for function in functions) or not functions

    def line(self, module: str, number: int) -> str:
        """A line of the code under test."""
        return _line(self._new.get(module, ""), number)

    def old_line(self, module: str, number: int) -> str:
        """A line of base."""
        return _line(self._old.get(module, ""), number)

    @cached_property
    def loaded(self) -> tuple[LoadedChange, ...]:
        """Changed statements outside functions."""
        return loaded_changes(self._old, self._new)


def _line(source: str, number: int) -> str:
    lines = source.splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""
