"""Alignment: which function, statement and branch of the code under test stands for which of base.

Functions are matched by name, then, where one is gone and another is new, by how alike their statements are. In
matched functions statements are matched in order: equal ones first (names that only one version binds do not count),
then what was put in their place. What is left of a function is looked for in functions that were extracted from it or
put into it. Branches follow their statements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.tracing.branch_table import BranchTable
from .sequence_diff import opcodes, ratio, sequence_ratio
from .statements import HEAD, Function, Statement, decorators_of, functions_of, mentioned_in, text_of

SIMILAR = 0.6
"""How alike two conditions or functions must be to stand for each other when both changed."""

REPLACED = 0.45
"""How alike two statements of one kind must be when one was put in the other's place."""

SAME_NAME = 0.25
"""What the same last name adds to how alike two functions are; a similar one, in proportion."""


MANY_FUNCTIONS = 2_500
"""Pairs of a function that is gone and one that is new, each compared with each: about a millisecond for one."""

FEW = 8
"""Functions that may share a statement for it to say which of them belong together; callers that code moves between."""

EXTRACTED = 300
"""Pairs of a function and a caller of it between which statements are looked for, in all."""

SCORES = 80_000
"""Pairs of statements, one put in the other's place, that are compared by their text, in all; see `_cost`."""


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
        self._old, self._new = _Side(left), _Side(right)
        self._sources = new
        self._effort = _Effort(SCORES)
        self._kept: dict[str, _Side] = {}
        self._functions = _matched_functions(self._old.functions, self._new.functions)
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
            if _last(one) != _last(other)
            for part in (_last(one), _last(other))
        )
        for name, other in self._functions.items():
            before, after = self._old.functions[name], self._new.functions[other]
            if before.source == after.source:
                self._unchanged(before, after)
            else:
                self._pair(before, after)
        self._extracted()
        self._mark_removed()
        self._changed_names = _changed_names(self._old, self._new)

    # --- what is asked ------------------------------------------------------------------------------------------

    def branch(self, recorded: Branch) -> Branch | None:
        """The branch that stands for one of base, or `None` when it is gone."""
        if _module(recorded.function) in self._same:
            return recorded
        return self._branches.get(recorded.identity)

    def function(self, name: FunctionName) -> FunctionName | None:
        """The function that stands for one of base, or `None` when it is gone."""
        return name if _module(name) in self._same else self._functions.get(name)

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
            return self._as_before(function, line) if _module(function) in self._same else None
        target = self._statements.get((found.name, found.at(line)))
        return None if target is None else self._place(self._new.functions[target[0]], target[1])

    def nearest(self, function: FunctionName, line: int) -> Place | None:
        """Like `stands_for`; of a statement that is gone, the one where it stood."""
        found = self._old.enclosing(function)
        if found is None:
            return self._as_before(function, line) if _module(function) in self._same else None
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
        return _module(function) not in self._same and self.stands_for(function, line) is None

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
        module = _module(function)
        if not self._changed_names or module not in self._same:
            return Place(function, line, line, False)
        if module not in self._kept:
            self._kept[module] = _Side({module: self._sources[module]})
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
        before = [_Line(old.statements[at], unnamed, self._renamed) for at in left]
        after = [_Line(new.statements[at], unnamed, self._renamed) for at in right]
        for i, k in _paired(before, after, self._effort):
            source, target = (old.name, left[i]), (new.name, right[k])
            self._statements[source] = target
            if before[i].text == after[k].text:
                self._equal.add(target)
            self._pair_branches(self._old.at(*source), self._new.at(*target), unnamed)
        rest_old = [one for one in self._old.branches(old.name) if one.identity not in self._branches]
        known = {branch.identity for branch in self._branches.values()}
        rest_new = [one for one in self._new.branches(new.name) if one.identity not in known]
        self._note(_aligned(rest_old, rest_new, unnamed))

    def _pair_branches(self, old: list[Branch], new: list[Branch], unnamed: frozenset[str]) -> None:
        if len(old) == len(new):
            exact = sorted(_plain(one.condition, unnamed) for one in old)
            in_order = exact != sorted(_plain(one.condition, unnamed) for one in new)
            self._note(zip(old, new, strict=True) if in_order else _by_text(old, new, unnamed))
        else:
            self._note(_aligned(old, new, unnamed))

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
        name = _last(one.name)
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


class _Side:
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
            module, _, qualified = name.partition(":")
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


class _Line:
    """A statement in the form that is compared."""

    def __init__(self, statement: Statement, unnamed: frozenset[str], renamed: frozenset[str]) -> None:
        self.kind = statement.kind
        self.text = text_of(statement, unnamed, renamed)
        self.targets = statement.targets


def _module(function: FunctionName) -> str:
    return function.partition(":")[0]


def _last(function: FunctionName) -> str:
    return function.rpartition(":")[2].rpartition(".")[2]


def _matched_functions(
    old: Mapping[FunctionName, Function], new: Mapping[FunctionName, Function]
) -> dict[FunctionName, FunctionName]:
    """Functions by name; then the gone and the new ones that are most alike."""
    found = {name: name for name in old if name in new}
    gone = {name: _texts(old[name]) for name in old if name not in found}
    fresh = {name: _texts(new[name]) for name in new if name not in found}
    scores = sorted(
        (
            (_likeness(gone[one], fresh[other]) + SAME_NAME * ratio(_last(one), _last(other)), one, other)
            for one, other in _worth_comparing(gone, fresh)
        ),
        key=lambda row: (-row[0], row[1], row[2]),
    )
    taken: set[FunctionName] = set()
    for score, one, other in scores:
        if score >= SIMILAR and one not in found and other not in taken:
            found[one] = other
            taken.add(other)
    return found


def _worth_comparing(
    gone: Mapping[FunctionName, list[str]], fresh: Mapping[FunctionName, list[str]]
) -> Iterable[tuple[FunctionName, FunctionName]]:
    """Every pair; where these are too many, those that share a last name or a statement that few functions have."""
    if len(gone) * len(fresh) <= MANY_FUNCTIONS:
        return [(one, other) for one in gone for other in fresh]
    having: dict[str, list[FunctionName]] = {}
    for other, texts in fresh.items():
        for text in {f"def {_last(other)}", *texts}:
            having.setdefault(text, []).append(other)
    pairs: dict[tuple[FunctionName, FunctionName], None] = {}
    for one, texts in gone.items():
        for text in (f"def {_last(one)}", *texts):
            others = having.get(text, [])
            pairs |= dict.fromkeys((one, other) for other in others if len(others) <= FEW)
    return list(pairs)[:MANY_FUNCTIONS]


def _texts(function: Function) -> list[str]:
    """The statements of a function without its local names."""
    return [text_of(statement, function.locals) for statement in function.statements]


def _likeness(left: list[str], right: list[str]) -> float:
    """Of 0 to 1: equal statements count whole, others by their text."""
    if not left or not right:
        return 0.0
    quick = sequence_ratio(left, right)
    if quick >= SIMILAR or min(len(left), len(right)) / max(len(left), len(right)) < 0.5:
        return quick
    return ratio("\n".join(left), "\n".join(right)) - 0.25


class _Effort:
    """How much may still be compared."""

    def __init__(self, left: int) -> None:
        self._left = left

    def spend(self, count: int) -> bool:
        """Whether so much is left; then it is spent."""
        is_left = count <= self._left
        self._left -= count if is_left else 0
        return is_left


def _paired(old: Sequence[_Line], new: Sequence[_Line], effort: _Effort) -> list[tuple[int, int]]:
    """Positions that stand for each other, in order."""
    pairs: list[tuple[int, int]] = []
    texts = [one.text for one in old], [one.text for one in new]
    for tag, i, k, first, last in opcodes(*texts):
        if tag == "equal":
            pairs += zip(range(i, k), range(first, last), strict=True)
        elif tag == "replace":
            pairs += ((i + a, first + b) for a, b in _replaced(old[i:k], new[first:last], effort))
    return pairs


_MANY = 60


def _replaced(old: Sequence[_Line], new: Sequence[_Line], effort: _Effort) -> list[tuple[int, int]]:
    """The pairs of a replaced block, in order, that are most alike together (a longest common subsequence)."""
    if len(old) > _MANY or len(new) > _MANY or not effort.spend(_cost(old, new)):
        return [(at, at) for at in range(min(len(old), len(new))) if _score(old[at], new[at])]
    best: list[list[tuple[float, list[tuple[int, int]]]]] = [[(0.0, [])] * (len(new) + 1)]
    for i, one in enumerate(old):
        row: list[tuple[float, list[tuple[int, int]]]] = [(0.0, [])]
        for k, other in enumerate(new):
            options = [best[i][k + 1], row[k]]
            score = _score(one, other)
            if score:
                options.append((best[i][k][0] + score, [*best[i][k][1], (i, k)]))
            row.append(max(options, key=lambda option: option[0]))
        best.append(row)
    return best[-1][-1][1]


def _cost(old: Sequence[_Line], new: Sequence[_Line]) -> int:
    """Of comparing each with each: one, and one more for every hundred characters."""
    length, other = sum(len(one.text) for one in old), sum(len(one.text) for one in new)
    return len(old) * len(new) + (length * len(new) + other * len(old)) // 100


def _score(old: _Line, new: _Line) -> float:
    """How well one statement stands for another; 0 for not at all."""
    if old.kind == new.kind in ("Return", HEAD) or (old.targets and old.targets == new.targets):
        return 0.5 + ratio(old.text, new.text) / 2
    if old.kind != new.kind:
        return 0.0
    likeness = ratio(old.text, new.text)
    return likeness if likeness >= REPLACED else 0.0


_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")


def _plain(condition: str, unnamed: frozenset[str]) -> str:
    return _WORD.sub(lambda found: "_" if found[0] in unnamed else found[0], condition) if unnamed else condition


def _by_text(old: list[Branch], new: list[Branch], unnamed: frozenset[str]) -> list[tuple[Branch, Branch]]:
    """Branches of two statements with the same conditions, each with its like."""
    free = list(new)
    pairs: list[tuple[Branch, Branch]] = []
    for one in old:
        text = _plain(one.condition, unnamed)
        other = next(other for other in free if _plain(other.condition, unnamed) == text)
        free.remove(other)
        pairs.append((one, other))
    return pairs


def _aligned(old: list[Branch], new: list[Branch], unnamed: frozenset[str]) -> list[tuple[Branch, Branch]]:
    """Pairs of branches in source order: equal conditions first, then what was put in their place."""
    left = [_plain(one.condition, unnamed) for one in old]
    right = [_plain(one.condition, unnamed) for one in new]
    pairs: list[tuple[Branch, Branch]] = []
    for tag, i, k, first, last in opcodes(left, right):
        if tag == "equal":
            pairs += zip(old[i:k], new[first:last], strict=True)
        elif tag == "replace":
            for one, other in zip(range(i, k), range(first, last), strict=False):
                if ratio(left[one], right[other]) >= SIMILAR:
                    pairs.append((old[one], new[other]))
    return pairs


def _changed_names(old: _Side, new: _Side) -> frozenset[str]:
    """Names that module-level and class-level statements set to something else."""
    before, after = _assigned(old), _assigned(new)
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


def _assigned(side: _Side) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for function in side.functions.values():
        if function.name.endswith(":"):
            for statement in function.statements:
                for name in statement.targets if statement.kind not in ("class", "inner function") else ():
                    found.setdefault(name, []).append(text_of(statement, frozenset()))
    return found
