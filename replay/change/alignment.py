"""Alignment: which function, statement and branch of the code under test stands for which of base.

Functions are matched by name, then, where one is gone and another is new, by how alike their statements are. In
matched functions statements are matched in order: equal ones first (names that only one version binds do not count),
then what was put in their place. What is left of a function is looked for in functions that were extracted from it or
put into it. Branches follow their statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.full_names import last_part, module_part
from .function_match import FEW, matched_functions
from .statement_match import SCORES, Effort, Line, aligned, by_text, paired, plain_condition
from .statements import HEAD, Function, Statement, decorators_of, mentioned_in
from .version_side import Side, changed_names

EXTRACTED = 300
"""Pairs of a function and a caller of it between which statements are looked for, in all."""


class Gone(NamedTuple):
    """A statement of base that is gone."""

    function: FunctionName
    line: int
    is_last: bool
    """Whether it stood behind all that is left of its function; else before the statement that is said to follow."""


class Place(NamedTuple):
    """A statement of the code under test, and what became of it."""

    function: FunctionName
    first: int
    last: int
    changed: bool
    """Whether it is new or another than in base, follows a removed one, or uses a module-level name that changed."""
    uses: frozenset[str] = frozenset()
    """Of a statement that is as in base: module-level names that it uses and that changed."""
    follows: Gone | None = None
    """Of a statement that is as in base: the first one of base that is gone beside it."""


class Alignment:
    """Maps functions, statements and branches of base to those of the code under test."""

    def __init__(self, module: str, old: str, new: str) -> None:
        """Of one module; versions that do not parse have no branches."""
        self._align({module: old}, {module: new})

    @classmethod
    def of_modules(cls, old: Mapping[str, str], new: Mapping[str, str]) -> Alignment:
        """Of several modules (module → source): functions may have moved between them."""
        made = cls.__new__(cls)
        made._align(old, new)
        return made

    def _align(self, old: Mapping[str, str], new: Mapping[str, str]) -> None:
        self._same = frozenset(module for module in old if old[module] == new.get(module))
        left = {module: text for module, text in old.items() if module not in self._same}
        right = {module: text for module, text in new.items() if module not in self._same}
        self._old, self._new = Side(left), Side(right)
        self._sources = new
        self._effort = Effort(SCORES)
        self._kept: dict[str, Side] = {}
        self._functions = matched_functions(self._old.functions, self._new.functions)
        self._statements: dict[tuple[FunctionName, int], tuple[FunctionName, int]] = {}
        self._equal: set[tuple[FunctionName, int]] = set()
        """Statements of the code under test that are as in base."""
        self._branches: dict[tuple[FunctionName, str, int], Branch] = {}
        self._follow: dict[tuple[FunctionName, int], Gone] = {}
        """Statement of the code under test → the first one that was removed there."""
        self._uses: dict[int, frozenset[str]] = {}
        """Address of a statement's own part, which is kept → changed names in it."""
        self._renamed = frozenset(
            part
            for one, other in self._functions.items()
            if last_part(one) != last_part(other)
            for part in (last_part(one), last_part(other))
        )
        for name, other in self._functions.items():
            before, after = self._old.functions[name], self._new.functions[other]
            if before.source == after.source:
                self._unchanged(before, after)
            else:
                self._pair(before, after)
        self._extracted()
        self._mark_removed()
        self._changed_names = changed_names(self._old, self._new)

    # --- what is asked ------------------------------------------------------------------------------------------

    def branch(self, recorded: Branch) -> Branch | None:
        """The branch that stands for one of base, or `None` when it is gone."""
        if module_part(recorded.function) in self._same:
            return recorded
        return self._branches.get(recorded.identity)

    def function(self, name: FunctionName) -> FunctionName | None:
        """The function that stands for one of base, or `None` when it is gone."""
        return name if module_part(name) in self._same else self._functions.get(name)

    def place(self, function: FunctionName, line: int) -> Place:
        """The statement on a line of the code under test; where the module is as in base, the line alone."""
        found = self._new.enclosing(function)
        if found is None:
            return self._as_before(function, line)
        return self._place(found, found.at(line))

    def stands_for(self, function: FunctionName, line: int) -> Place | None:
        """The statement of the code under test that stands for the one on a line of base."""
        found = self._old.enclosing(function)
        if found is None:
            return self._as_before(function, line) if module_part(function) in self._same else None
        target = self._statements.get((found.name, found.at(line)))
        return None if target is None else self._place(self._new.functions[target[0]], target[1])

    def nearest(self, function: FunctionName, line: int) -> Place | None:
        """Like `stands_for`; of a statement that is gone, the one where it stood."""
        found = self._old.enclosing(function)
        if found is None:
            return self._as_before(function, line) if module_part(function) in self._same else None
        at = found.at(line)
        target = self._statements.get((found.name, at)) or self._instead(found, at)
        return None if target is None else self._place(self._new.functions[target[0]], target[1])

    def _instead(self, old: Function, position: int) -> tuple[FunctionName, int] | None:
        """The statement that follows what stands for the one before; `None` when the function is gone."""
        home = self._functions.get(old.name)
        if home is None:
            return None
        last = len(self._new.functions[home].statements) - 1
        for at in range(position - 1, -1, -1):
            target = self._statements.get((old.name, at))
            if target is not None and target[0] == home:
                return home, min(target[1] + 1, last)
        return home, 0

    def is_gone(self, function: FunctionName, line: int) -> bool:
        """Whether the statement on a line of base has none that stands for it."""
        return module_part(function) not in self._same and self.stands_for(function, line) is None

    def is_redecorated(self, function: FunctionName) -> bool:
        """Whether a function of the code under test has other decorators than in base."""
        for old, new in self._functions.items():
            if new == function:
                before, after = self._old.functions[old].statements[0], self._new.functions[new].statements[0]
                return decorators_of(before) != decorators_of(after)
        return False

    def in_both(self, function: FunctionName, name: str) -> bool:
        """Whether base and the code under test use a name in a function (as it is called in the code under test)."""
        return any(
            name in self._old.functions[old].mentions and name in self._new.functions[new].mentions
            for old, new in self._functions.items()
            if new == function
        )

    def head(self, function: FunctionName) -> Place:
        """The head of a function of the code under test."""
        found = self._new.enclosing(function)
        return Place(function, 1, 1, False) if found is None else self._place(found, 0)

    def first_change(self, function: FunctionName) -> Place | None:
        """The first changed statement of a function of the code under test."""
        found = self._new.functions.get(function)
        places = (self._place(found, at) for at in range(len(found.statements))) if found is not None else ()
        return next((place for place in places if place.changed), None)

    def _as_before(self, function: FunctionName, line: int) -> Place:
        """A statement of a module that is as in base; only what it uses can have changed."""
        module = module_part(function)
        if not self._changed_names or module not in self._same:
            return Place(function, line, line, False)
        if module not in self._kept:
            self._kept[module] = Side({module: self._sources[module]})
        found = self._kept[module].enclosing(function)
        if found is None:
            return Place(function, line, line, False)
        one = found.statements[found.at(line)]
        uses = self._used(one)
        return Place(found.name, one.first, one.last, bool(uses), uses)

    def _used(self, statement: Statement) -> frozenset[str]:
        """Changed names that a statement uses; of a large one, and for each step, it is found once."""
        key = id(statement.part)
        if key not in self._uses:
            self._uses[key] = mentioned_in(statement) & self._changed_names
        return self._uses[key]

    def _place(self, function: Function, position: int) -> Place:
        position %= len(function.statements)
        one = function.statements[position]
        key = (function.name, position)
        if key not in self._equal:
            return Place(function.name, one.first, one.last, True)
        uses, follows = self._used(one), self._follow.get(key)
        return Place(function.name, one.first, one.last, bool(uses) or follows is not None, uses, follows)

    # --- how it is found ----------------------------------------------------------------------------------------

    def _unchanged(self, old: Function, new: Function) -> None:
        for at in range(len(old.statements)):
            self._statements[old.name, at] = (new.name, at)
            self._equal.add((new.name, at))
        self._note(zip(self._old.branches(old.name), self._new.branches(new.name), strict=True))

    def _pair(self, old: Function, new: Function, *, loose: bool = False) -> None:
        """Match what is not yet matched; `loose` where no local name has to agree."""
        unnamed = (old.locals | new.locals) if loose else (old.locals ^ new.locals)
        taken = {key for key in self._statements.values() if key[0] == new.name}
        left = [at for at in range(len(old.statements)) if (old.name, at) not in self._statements]
        right = [at for at in range(len(new.statements)) if (new.name, at) not in taken]
        if loose:
            left = [at for at in left if old.statements[at].kind != HEAD]
            right = [at for at in right if new.statements[at].kind != HEAD]
        before = [Line(old.statements[at], unnamed, self._renamed) for at in left]
        after = [Line(new.statements[at], unnamed, self._renamed) for at in right]
        for i, k in paired(before, after, self._effort):
            source, target = (old.name, left[i]), (new.name, right[k])
            self._statements[source] = target
            if before[i].text == after[k].text:
                self._equal.add(target)
            self._pair_branches(self._old.at(*source), self._new.at(*target), unnamed)
        rest_old = [one for one in self._old.branches(old.name) if one.identity not in self._branches]
        known = {branch.identity for branch in self._branches.values()}
        rest_new = [one for one in self._new.branches(new.name) if one.identity not in known]
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
            self._branches[old.identity] = new

    def _extracted(self) -> None:
        """What moved between a function and one that is new or gone on the other side and that it calls."""
        kept = {new: old for old, new in self._functions.items()}
        added = (new for new in self._new.functions.values() if new.name not in kept)
        for new, caller in islice(self._with_callers(added, self._new.functions, kept), EXTRACTED):
            self._pair(self._old.functions[kept[caller.name]], new, loose=True)
        removed = (old for old in self._old.functions.values() if old.name not in self._functions)
        for old, caller in islice(self._with_callers(removed, self._old.functions, self._functions), EXTRACTED):
            self._pair(old, self._new.functions[self._functions[caller.name]], loose=True)

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

    def _mark_removed(self) -> None:
        """What stands where a statement was removed counts as changed."""
        for old in self._old.functions.values():
            for at in range(len(old.statements)):
                if (old.name, at) not in self._statements:
                    instead = self._instead(old, at)
                    if instead is not None:
                        self._follow.setdefault(instead, self.gone(old.name, old.statements[at].first))

    def gone(self, function: FunctionName, line: int) -> Gone:
        """The statement on a line of base, which has none that stands for it."""
        found = self._old.enclosing(function)
        if found is None:
            return Gone(function, line, False)
        at = found.at(line)
        instead = self._instead(found, at)
        before = (self._statements.get((found.name, earlier)) for earlier in range(at - 1, -1, -1))
        is_last = instead is not None and next((one for one in before if one is not None), None) == instead
        return Gone(found.name, found.statements[at].first, is_last)
