"""What of one version of the included modules stands for what of the other: functions, statements, branches.

Functions are matched by name, then, where one is gone and another is new, by how alike their statements are. In
matched functions statements are matched in order: equal ones first (names that only one version binds do not count),
then what was put in their place. What is left of a function is looked for in functions that were extracted from it or
put into it. Branches follow their statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.full_names import last_part
from .function_match import FEW, matched_functions
from .statement_match import SCORES, Effort, Line, aligned, by_text, paired, plain_condition
from .statements import HEAD, Function
from .version_side import VersionSide

EXTRACTED = 300
"""Pairs of a function and a caller of it between which statements are looked for, in all."""

Position: TypeAlias = tuple[FunctionName, int]
"""A statement: its function, and its place in the order of its statements."""


class VersionMatch:
    """The pairs that two versions have; complete once it is made."""

    def __init__(self, old: VersionSide, new: VersionSide) -> None:
        self.old, self.new = old, new
        self.functions = matched_functions(old.functions, new.functions)
        """Function of base → that of the code under test."""
        self.statements: dict[Position, Position] = {}
        """Statement of base → that of the code under test."""
        self.equal: set[Position] = set()
        """Statements of the code under test that are as in base."""
        self.branches: dict[tuple[FunctionName, str, int], Branch] = {}
        """Identity of a branch of base → the branch of the code under test."""
        self._effort = Effort(SCORES)
        self._renamed = frozenset(
            part
            for one, other in self.functions.items()
            if last_part(one) != last_part(other)
            for part in (last_part(one), last_part(other))
        )
        for name, other in self.functions.items():
            before, after = old.functions[name], new.functions[other]
            if before.source == after.source:
                self._unchanged(before, after)
            else:
                self._pair(before, after)
        self._extracted()

    def instead(self, old: Function, position: int) -> Position | None:
        """In place of a statement of base that is gone: the one that follows what stands for the one before.

        `None` when the function is gone.
        """
        home = self.functions.get(old.name)
        if home is None:
            return None
        last = len(self.new.functions[home].statements) - 1
        for at in range(position - 1, -1, -1):
            target = self.statements.get((old.name, at))
            if target is not None and target[0] == home:
                return home, min(target[1] + 1, last)
        return home, 0

    def both(self, function: FunctionName) -> tuple[Function, Function] | None:
        """A function of the code under test, behind that of base; `None` when it is new."""
        for old, new in self.functions.items():
            if new == function:
                return self.old.functions[old], self.new.functions[new]
        return None

    def removed(self) -> Iterator[tuple[Function, int]]:
        """The statements of base that have none that stands for them: function and position."""
        for old in self.old.functions.values():
            yield from ((old, at) for at in range(len(old.statements)) if (old.name, at) not in self.statements)

    def _unchanged(self, old: Function, new: Function) -> None:
        for at in range(len(old.statements)):
            self.statements[old.name, at] = (new.name, at)
            self.equal.add((new.name, at))
        self._note(zip(self.old.branches(old.name), self.new.branches(new.name), strict=True))

    def _pair(self, old: Function, new: Function, *, loose: bool = False) -> None:
        """Match what is not yet matched; `loose` where no local name has to agree."""
        unnamed = (old.locals | new.locals) if loose else (old.locals ^ new.locals)
        taken = {key for key in self.statements.values() if key[0] == new.name}
        left = [at for at in range(len(old.statements)) if (old.name, at) not in self.statements]
        right = [at for at in range(len(new.statements)) if (new.name, at) not in taken]
        if loose:
            left = [at for at in left if old.statements[at].kind != HEAD]
            right = [at for at in right if new.statements[at].kind != HEAD]
        before = [Line(old.statements[at], unnamed, self._renamed) for at in left]
        after = [Line(new.statements[at], unnamed, self._renamed) for at in right]
        for i, k in paired(before, after, self._effort):
            source, target = (old.name, left[i]), (new.name, right[k])
            self.statements[source] = target
            if before[i].text == after[k].text:
                self.equal.add(target)
            self._pair_branches(self.old.at(*source), self.new.at(*target), unnamed)
        rest_old = [one for one in self.old.branches(old.name) if one.identity not in self.branches]
        known = {branch.identity for branch in self.branches.values()}
        rest_new = [one for one in self.new.branches(new.name) if one.identity not in known]
        self._note(aligned(rest_old, rest_new, unnamed))

    def _pair_branches(self, old: list[Branch], new: list[Branch], unnamed: frozenset[str]) -> None:
        if len(old) == len(new):
            exact = sorted(plain_condition(one.condition, unnamed) for one in old)
            in_order = exact != sorted(plain_condition(one.condition, unnamed) for one in new)
            self._note(zip(old, new, strict=True) if in_order else by_text(old, new, unnamed))
        else:
            self._note(aligned(old, new, unnamed))

    def _note(self, pairs: Iterable[tuple[Branch, Branch]]) -> None:
        for old, new in pairs:
            self.branches[old.identity] = new

    def _extracted(self) -> None:
        """What moved between a function and one that is new or gone on the other side and that it calls."""
        kept = {new: old for old, new in self.functions.items()}
        added = (new for new in self.new.functions.values() if new.name not in kept)
        for new, caller in islice(self._with_callers(added, self.new.functions, kept), EXTRACTED):
            self._pair(self.old.functions[kept[caller.name]], new, loose=True)
        removed = (old for old in self.old.functions.values() if old.name not in self.functions)
        for old, caller in islice(self._with_callers(removed, self.old.functions, self.functions), EXTRACTED):
            self._pair(old, self.new.functions[self.functions[caller.name]], loose=True)

    def _with_callers(
        self, some: Iterable[Function], functions: Mapping[FunctionName, Function], kept: Mapping[FunctionName, object]
    ) -> Iterator[tuple[Function, Function]]:
        """(one of some functions, a function that calls it and that both versions have); none of those whose name
        everybody mentions."""
        for function in some:
            callers = [caller for caller in self._callers(function, functions) if caller.name in kept]
            yield from ((function, caller) for caller in callers if len(callers) <= FEW)

    @staticmethod
    def _callers(one: Function, functions: Mapping[FunctionName, Function]) -> list[Function]:
        name = last_part(one.name)
        return [other for other in functions.values() if name in other.mentions and other is not one]
