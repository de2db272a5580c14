"""The project's rules of comparison at work: those of the configuration, and its hooks.

A rule tolerates differences in one field; it never tolerates that there was an exception, nor of which type. Rules that
compare (a tolerance, any order, a normalised text, a hook) count as comparing; what `ignore` takes away does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pytest

from ..recorders.capture.thaw import capture
from ..recorders.model.value_tree import (
    GlobalNode,
    ListNode,
    OpaqueNode,
    Tree,
    TupleNode,
    contains_opaque,
    has_all_anchors,
)
from ..replay.compare.observations import below
from ..replay.compare.tolerance import FieldAt, RuleFailed
from ..replay.compare.tree_diff import tree_differences
from ..replay.model.digests import Digests
from ..replay.model.field_path import Field, fits, without_positions
from ..replay.model.reason import Reason, ReasonCode
from ..replay.model.verdict import Tolerated
from .compare_rule import CompareRule
from .plain import NotPlain, plain
from .scalars import close, normalised

PAIRED = 60
"""Items of a list without order that are compared each with each, after equal ones are put aside: 3,600
comparisons at most."""

BY_HOOK = Reason(ReasonCode.RULE, "a hook of the project takes them for equal")

NORMALISE = "pytest_runtime_normalise"
COMPARE = "pytest_runtime_compare"


class CompareHooks(NamedTuple):
    """The hooks that somebody implements; `None` where nobody does."""

    normalise: Callable[..., Any] | None = None
    compare: Callable[..., Any] | None = None


def hooks_of(config: pytest.Config) -> CompareHooks:
    """The hooks of a run, which conftest files may have added to."""
    normalise, compare = config.hook.pytest_runtime_normalise, config.hook.pytest_runtime_compare
    return CompareHooks(
        normalise if normalise.get_hookimpls() else None,
        compare if compare.get_hookimpls() else None,
    )


class ProjectRules:
    """Makes the rules for an entry."""

    def __init__(self, rules: Sequence[CompareRule], hooks: Callable[[], CompareHooks] = CompareHooks) -> None:
        """`hooks` is asked at each comparison: plugins come and go."""
        self._rules = tuple(rules)
        self._hooks = hooks
        self._by_entry: dict[str, tuple[CompareRule, ...]] = {}

    def __call__(self, entry: str) -> EntryRules:
        """The rules for one comparison of a trace of an entry."""
        if entry not in self._by_entry:
            self._by_entry[entry] = tuple(rule for rule in self._rules if fnmatchcase(entry, rule.entry))
        return EntryRules(entry, self._by_entry[entry], self._hooks())


class EntryRules:
    """The rules for one comparison of one trace; see `replay.compare.tolerance.Rules`."""

    def __init__(self, entry: str, rules: Sequence[CompareRule], hooks: CompareHooks) -> None:
        self._entry = entry
        self._rules = rules
        self._hooks = hooks
        self._different: list[Field] = []
        self._tolerated: Counter[int] = Counter()
        self._by_hooks: Counter[str] = Counter()

    # --- what judging asks ---

    @property
    def ignoring(self) -> bool:
        """Whether some fields are never compared."""
        return any(rule.ignore for rule in self._rules)

    def ignores(self, field: Field) -> int | None:
        """The number of the rule by which a field is never compared; `None` when it is."""
        if field.rstrip() == "exception":
            return None
        numbers = (number for number, rule in enumerate(self._rules) if rule.ignore and fits(rule.field, field))
        return next(numbers, None)

    def tolerated(self, ignored: Counter[int]) -> tuple[Tolerated, ...]:
        """What each rule did; those that did nothing are left out."""
        found = [
            Tolerated(rule.words, rule.reason, self._tolerated[number], ignored[number])
            for number, rule in enumerate(self._rules)
            if self._tolerated[number] or ignored[number]
        ]
        return (*found, *(Tolerated(words, "", count) for words, count in sorted(self._by_hooks.items())))

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """Why a difference counts as none; raises `RuleFailed`."""
        field = at.field.rstrip()
        if field == "exception":
            return None
        answer = self._asked_of_hooks(field, base, candidate)
        if answer is False:
            self._different.append(field)
        if answer is not None:
            return BY_HOOK if answer else None
        if any(field == other or field.startswith((f"{other}.", f"{other}[")) for other in self._different):
            return None
        for number, rule in enumerate(self._rules):
            if fits(rule.field, field) and self._fits(rule, field, base, candidate):
                self._tolerated[number] += 1
                return Reason(ReasonCode.RULE, f"{rule.words}: {rule.reason}")
        return None

    # --- rules of the configuration ---

    def _fits(self, rule: CompareRule, field: Field, base: Tree, candidate: Tree) -> bool:
        if rule.ignore:
            return True
        if not (_is_there(base) and _is_there(candidate)):
            return False
        if rule.unordered:
            return self._same_items(field, base, candidate)
        if rule.normalise is not None:
            left = normalised(base, rule.normalise)
            return left is not None and left == normalised(candidate, rule.normalise)
        return close(base, candidate, absolute=rule.tolerance, relative=rule.relative)

    def _same_items(self, field: Field, base: Tree, candidate: Tree) -> bool:
        """Whether two sequences of one type hold the same items, in whatever order."""
        if type(base) is not type(candidate) or not isinstance(base, (ListNode, TupleNode)):
            return False
        assert isinstance(candidate, (ListNode, TupleNode))
        if len(base.items) != len(candidate.items) or not (has_all_anchors(base) and has_all_anchors(candidate)):
            return False
        left, right = _unequal(base, candidate)
        if not left:
            return True
        if len(left) > PAIRED or any(contains_opaque(item) or not has_all_anchors(item) for item in (*left, *right)):
            return False
        partners = [
            [number for number, other in enumerate(right) if self._alike(f"{field}[{position}]", one, other)]
            for position, one in enumerate(left)
        ]
        return _can_pair(partners)

    def _alike(self, field: Field, one: Tree, other: Tree) -> bool:
        trial = EntryRules(self._entry, self._rules, self._hooks)
        return not tree_differences(one, other, below(field, trial))

    # --- hooks ---

    def _asked_of_hooks(self, field: Field, base: Tree, candidate: Tree) -> bool | None:
        if self._hooks == (None, None) or not (_is_there(base) and _is_there(candidate)):
            return None
        try:
            left, right = plain(base), plain(candidate)
        except NotPlain:
            return None
        answer = self._compared(field, left, right)
        if answer is not None:
            return answer
        return True if self._normalised(field, left, right, base, candidate) else None

    def _compared(self, field: Field, left: Any, right: Any) -> bool | None:
        if self._hooks.compare is None:
            return None
        answer = _asked(self._hooks.compare, COMPARE, field, entry=self._entry, field=field, base=left, candidate=right)
        if answer is not None and not isinstance(answer, bool):
            raise RuleFailed(f"{COMPARE} returned {type(answer).__name__} for {field}; it returns True, False or None")
        if answer:
            self._by_hooks[f"{COMPARE}: {without_positions(field)}"] += 1
        return answer

    def _normalised(self, field: Field, left: Any, right: Any, base: Tree, candidate: Tree) -> bool:
        if self._hooks.normalise is None:
            return False
        before = self._replaced(field, left, base)
        after = self._replaced(field, right, candidate)
        if (before is base and after is candidate) or tree_differences(before, after):
            return False
        self._by_hooks[f"{NORMALISE}: {without_positions(field)}"] += 1
        return True

    def _replaced(self, field: Field, value: Any, tree: Tree) -> Tree:
        assert self._hooks.normalise is not None
        found = _asked(self._hooks.normalise, NORMALISE, field, entry=self._entry, field=field, value=value)
        if found is None:
            return tree
        taken = capture(found)
        mark = contains_opaque(taken)
        if mark is not None:
            raise RuleFailed(f"{NORMALISE} returned a {mark.cls.replace(':', '.')} for {field}: {mark.reason}")
        return taken


def _asked(hook: Callable[..., Any], name: str, at: Field, **given: Any) -> Any:
    try:
        return hook(**given)
    except (Exception, pytest.skip.Exception, pytest.fail.Exception, pytest.exit.Exception) as error:
        raise RuleFailed(f"{name} failed at {at}: {type(error).__name__}: {error}") from error


def _is_there(tree: Tree) -> bool:
    return not isinstance(tree, OpaqueNode) and tree != GlobalNode("absent")


def _unequal(base: ListNode | TupleNode, candidate: ListNode | TupleNode) -> tuple[list[Tree], list[Tree]]:
    """The items of each side that have no equal one on the other."""
    left, right = Digests(base), Digests(candidate)
    theirs = Counter(right.of(item) for item in candidate.items)
    ours = Counter(left.of(item) for item in base.items)
    return _beyond(left, base.items, theirs), _beyond(right, candidate.items, ours)


def _beyond(digests: Digests, items: Sequence[Tree], others: Counter[bytes]) -> list[Tree]:
    found = []
    for item in items:
        digest = digests.of(item)
        if others[digest]:
            others[digest] -= 1
        else:
            found.append(item)
    return found


def _can_pair(partners: Sequence[Sequence[int]]) -> bool:
    """Whether each can have a partner of its own (augmenting paths, Kuhn 1955)."""
    taken: dict[int, int] = {}

    def find(one: int, tried: set[int]) -> bool:
        for other in partners[one]:
            if other not in tried:
                tried.add(other)
                if other not in taken or find(taken[other], tried):
                    taken[other] = one
                    return True
        return False

    return all(find(left, set()) for left in range(len(partners)))
