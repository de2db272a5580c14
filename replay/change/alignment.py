"""Alignment: which function, statement and branch of the code under test stands for which of base.

Modules that are the same are not looked at; `version_match` says how the others are matched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.full_names import module_part
from .statements import Function, Statement, decorators_of, mentioned_in
from .version_match import Position, VersionMatch
from .version_side import VersionSide, changed_names


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
        self._match = VersionMatch(VersionSide(left), VersionSide(right))
        self._sources = new
        self._kept: dict[str, VersionSide] = {}
        """Of modules that are the same, as they are asked for."""
        self._changed_names = changed_names(self._match.old, self._match.new)
        self._uses: dict[int, frozenset[str]] = {}
        """Address of a statement's own part, which is kept → changed names in it."""
        self._follow: dict[Position, Gone] = {}
        """Statement of the code under test → the first one that was removed there: it counts as changed."""
        for function, at in self._match.removed():
            instead = self._match.instead(function, at)
            if instead is not None:
                self._follow.setdefault(instead, self.gone(function.name, function.statements[at].first))

    def branch(self, recorded: Branch) -> Branch | None:
        """The branch that stands for one of base, or `None` when it is gone."""
        if module_part(recorded.function) in self._same:
            return recorded
        return self._match.branches.get(recorded.identity)

    def function(self, name: FunctionName) -> FunctionName | None:
        """The function that stands for one of base, or `None` when it is gone."""
        return name if module_part(name) in self._same else self._match.functions.get(name)

    def place(self, function: FunctionName, line: int) -> Place:
        """The statement on a line of the code under test; where the module is as in base, the line alone."""
        found = self._match.new.enclosing(function)
        if found is None:
            return self._as_before(function, line)
        return self._place(found, found.at(line))

    def stands_for(self, function: FunctionName, line: int) -> Place | None:
        """The statement of the code under test that stands for the one on a line of base."""
        found = self._match.old.enclosing(function)
        if found is None:
            return self._as_before(function, line) if module_part(function) in self._same else None
        target = self._match.statements.get((found.name, found.at(line)))
        return None if target is None else self._place(self._match.new.functions[target[0]], target[1])

    def nearest(self, function: FunctionName, line: int) -> Place | None:
        """Like `stands_for`; of a statement that is gone, the one where it stood."""
        found = self._match.old.enclosing(function)
        if found is None:
            return self._as_before(function, line) if module_part(function) in self._same else None
        at = found.at(line)
        target = self._match.statements.get((found.name, at)) or self._match.instead(found, at)
        return None if target is None else self._place(self._match.new.functions[target[0]], target[1])

    def is_gone(self, function: FunctionName, line: int) -> bool:
        """Whether the statement on a line of base has none that stands for it."""
        return module_part(function) not in self._same and self.stands_for(function, line) is None

    def is_redecorated(self, function: FunctionName) -> bool:
        """Whether a function of the code under test has other decorators than in base."""
        both = self._match.both(function)
        return both is not None and decorators_of(both[0].statements[0]) != decorators_of(both[1].statements[0])

    def in_both(self, function: FunctionName, name: str) -> bool:
        """Whether base and the code under test use a name in a function (as it is called in the code under test)."""
        both = self._match.both(function)
        return both is not None and all(name in version.mentions for version in both)

    def head(self, function: FunctionName) -> Place:
        """The head of a function of the code under test."""
        found = self._match.new.enclosing(function)
        return Place(function, 1, 1, False) if found is None else self._place(found, 0)

    def first_change(self, function: FunctionName) -> Place | None:
        """The first changed statement of a function of the code under test."""
        found = self._match.new.functions.get(function)
        places = (self._place(found, at) for at in range(len(found.statements))) if found is not None else ()
        return next((place for place in places if place.changed), None)

    def _as_before(self, function: FunctionName, line: int) -> Place:
        """A statement of a module that is as in base; only what it uses can have changed."""
        module = module_part(function)
        if not self._changed_names or module not in self._same:
            return Place(function, line, line, False)
        if module not in self._kept:
            self._kept[module] = VersionSide({module: self._sources[module]})
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
        if key not in self._match.equal:
            return Place(function.name, one.first, one.last, True)
        uses, follows = self._used(one), self._follow.get(key)
        return Place(function.name, one.first, one.last, bool(uses) or follows is not None, uses, follows)

    def gone(self, function: FunctionName, line: int) -> Gone:
        """The statement on a line of base, which has none that stands for it."""
        found = self._match.old.enclosing(function)
        if found is None:
            return Gone(function, line, False)
        at = found.at(line)
        instead = self._match.instead(found, at)
        before = (self._match.statements.get((found.name, earlier)) for earlier in range(at - 1, -1, -1))
        is_last = instead is not None and next((one for one in before if one is not None), None) == instead
        return Gone(found.name, found.statements[at].first, is_last)
