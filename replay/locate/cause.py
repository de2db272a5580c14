"""This file is about the cause: the place in the code under test where a divergence begins.

Steps of base and candidate are matched, by what they stand for, in order. Where they differ are the places in
question: a decision whose arm differs, an exception on one side, a call with another result, another value, an
outbound call. A place in code that did not change is an effect: those on changed statements come first, then those in
changed functions, then a changed function that ran, then any.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...recorders.model.branches import Branch, FunctionName
from ...recorders.model.value_tree import Tree, encode
from ..change.alignment import Alignment, Gone, Place
from ..change.loaded_statements import LoadedChange, names_reached
from ..change.versions import Versions
from ..compare.tree_diff import tree_differences
from ..model.addresses import differ_in_addresses
from ..model.difference import Difference, DifferenceKind
from ..model.observation import Observation
from ..model.render import both_cut, both_short, short
from ..model.steps import Detail, Event
from ..model.verdict import CauseKind, Location
from .render_cause import ABSENT, both_taken, condition_text, decided, happened, raised, taken
from .sequence import matched


class Evidence(NamedTuple):
    """Everything that is known of a diverged trace."""

    versions: Versions
    """Base and candidate."""
    base_detail: Detail | None
    candidate_detail: Detail | None
    base: Observation
    candidate: Observation
    differences: Sequence[Difference]
    modules: Mapping[str, str]
    """Files of the candidate's included modules → their names."""
    root: str


def find_cause(evidence: Evidence) -> Location | None:
    """Where the divergence begins; `None` when nothing at all points anywhere."""
    return _Search(evidence).location()


_RANKS: dict[CauseKind, int] = {"decision": 0, "raise": 1, "call": 2, "value": 3, "outbound": 4, "change": 5}


_CHANGED_RANKS = {**_RANKS, "value": _RANKS["call"]}
"""On changed statements the first of results and values counts: a later one follows from it."""


COMPARED = 4_000_000
"""Bytes of large values that differ and are compared part by part: a microsecond or two for each."""

SMALL = 4_000
"""Bytes of two values up to which they are compared at every step."""


class _Found(NamedTuple):
    """A place in question."""

    kind: CauseKind
    function: FunctionName
    line: int
    place: Place
    base: str
    candidate: str
    condition: str | None = None
    paths: tuple[str, ...] = ()
    """Of a value: which of its parts differ."""
    returns: bool = False
    """Whether it is the result of a function."""
    gone: Gone | None = None
    """The step of base that the candidate does not have, where its statement is gone."""


@lru_cache(maxsize=1)
def _alignment(versions: Versions) -> Alignment:
    """Traces are located one after another, of the same versions."""
    return Alignment.of_modules(versions.old, versions.new)


class _Search:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._versions = evidence.versions
        self._alignment = _alignment(evidence.versions)
        self._base = evidence.base_detail.events if evidence.base_detail is not None else []
        self._candidate = evidence.candidate_detail.events if evidence.candidate_detail is not None else []
        self._left = COMPARED
        self._leaves: dict[tuple[FunctionName, int], tuple[Event, Event]] = {}
        """Statement → its last decision on both sides."""
        self._operands_of = dict([*_operands(self._base), *_operands(self._candidate)])
        self._pairs = matched(self._tokens_of_base(), self._tokens_of_candidate())

    def location(self) -> Location | None:
        """The best of the places in question."""
        best = self._best([*self._differing(), *self._outbound()])
        return self._located(self._through_statement(best)) if best is not None else None

    def _best(self, found: Sequence[_Found]) -> _Found | None:
        ranked = sorted(found, key=lambda one: _RANKS[one.kind])
        changed = sorted((one for one in found if one.place.changed), key=lambda one: _CHANGED_RANKS[one.kind])
        return (
            next((one for one in changed if one.kind != "change" or self._sets_a_field(one)), None)
            or self._changed_function(self._alignment.is_redecorated)
            or next(iter(changed), None)
            or next((self._at_change(one) for one in ranked if self._is_effect_inside(one)), None)
            or (None if self._ran() else self._statement(ranked))
            or self._changed_function(self._is_changed)
            or self._statement(ranked)
            or next(iter(ranked), None)
            or self._entry()
        )

    # --- statements outside functions -------------------------------------------------------------------------------

    def _through_statement(self, found: _Found) -> _Found:
        """Of a step whose own statement is as in base, the changed statement that sets what it uses. A decision that
        went another way shows more than that: both of its sides have the values of what changed."""
        if found.kind == "decision" or not found.place.uses:
            return found
        module = found.function.partition(":")[0]
        setting = [change for change in self._versions.loaded if change.names & found.place.uses]
        owners = names_reached(self._ran(), self._versions.new, [module])
        fields = self._field_names()
        setting.sort(
            key=lambda change: (
                change.either.owner.rpartition(".")[2] not in owners,
                not change.is_about(fields),
                change.module != module,
            )
        )
        return self._at_statement(setting[0], found) if setting else found

    def _field_names(self) -> set[str]:
        return {_last_part(difference.field) for difference in self._evidence.differences} - {""}

    def _statement(self, effects: Sequence[_Found]) -> _Found | None:
        """Of a divergence that no changed code of a function shows: the statement outside that it is reached through.

        Without an effect that could be shown in its place, the likeliest is told; else only one that what ran can see.
        """
        ran = self._ran()
        modules = {change.module for change in self._versions.loaded}
        names = names_reached(ran, self._versions.new, {*modules, *(name.partition(":")[0] for name in ran)})
        linked = [change for change in self._versions.loaded if change.is_linked(names)]
        fields = self._field_names()
        known = sorted(
            linked if effects else self._versions.loaded,
            key=lambda change: (not change.is_about(fields), change not in linked, change.old is None),
        )
        return self._at_statement(known[0], next(iter(effects), None)) if known else None

    def _at_statement(self, change: LoadedChange, effect: _Found | None) -> _Found:
        old, new = (ABSENT if side is None else side.text for side in (change.old, change.new))
        base, candidate = both_cut(old, new, 60)
        if effect is not None and effect.base and effect.candidate:
            name = _named(effect.function).rpartition(":")[2]
            base, candidate = f"{base}; {name}: {effect.base}", f"{candidate}; {name}: {effect.candidate}"
        function = f"{change.module}:{change.either.owner}"
        last = change.line if change.new is None else change.new.last
        place = Place(function, change.line, last, True)
        gone = Gone(function, change.old.first, False) if change.new is None and change.old is not None else None
        paths = effect.paths if effect is not None else ()
        paths = paths or tuple(difference.field for difference in self._evidence.differences)
        return _Found("change", function, change.line, place, base, candidate, None, paths, gone=gone)

    def _ran(self) -> dict[FunctionName, None]:
        """Included functions that ran, in words of the candidate."""
        ran = dict.fromkeys(_named(event.function) for event in self._candidate)
        names = (self._alignment.function(_named(event.function)) for event in self._base)
        return ran | dict.fromkeys(name for name in names if name is not None)

    # --- the place --------------------------------------------------------------------------------------------------

    def _sets_a_field(self, found: _Found) -> bool:
        """Whether a statement of one side names a field that differs."""
        return any(name in found.base + found.candidate for name in self._field_names())

    def _is_effect_inside(self, found: _Found) -> bool:
        return found.kind != "change" and self._is_changed(found.function)

    def _at_change(self, found: _Found) -> _Found:
        """Of a function that returns something else: its changed line rather than that of the `return`."""
        place = self._alignment.first_change(_named(found.function))
        return found if not found.returns or place is None else found._replace(place=place, line=place.first)

    def _is_changed(self, function: FunctionName) -> bool:
        return self._alignment.first_change(_named(function)) is not None

    def _located(self, found: _Found) -> Location:
        module = found.function.partition(":")[0]
        files = {name: file for file, name in self._evidence.modules.items()}
        file = files.get(module, module)
        inside = file.startswith(self._evidence.root + os.sep)
        gone = found.gone or found.place.follows
        how = happened(found.kind, found.base, found.candidate)
        deleted = "" if gone is None else self._versions.old_line(gone.function.partition(":")[0], gone.line)
        return Location(
            file=os.path.relpath(file, self._evidence.root) if inside else file,
            line=self._changed_line(found),
            function=_named(found.function),
            condition=found.condition,
            how=f"deleted: {deleted}   {how}" if deleted else how,
            kind=found.kind,
            base=found.base,
            candidate=found.candidate,
            deleted=deleted,
            between=("", "") if gone is None else self._around(module, found.place, gone),
        )

    def _around(self, module: str, place: Place, gone: Gone) -> tuple[str, str]:
        """The lines of the candidate between which a statement is gone."""
        if gone.is_last:
            return self._versions.line(module, place.first), ""
        before = (self._versions.line(module, line) for line in range(place.first - 1, 0, -1))
        return next((text for text in before if text and not text.startswith("#")), ""), self._versions.line(
            module, place.first
        )

    def _changed_line(self, found: _Found) -> int:
        """Within a statement of several lines the one that changed, the one with the differing part if it can be
        told; else the line of the step."""
        module = found.function.partition(":")[0]
        change = self._versions.changes.get(module)
        if change is None or found.line in change.lines:
            return found.line
        lines = [line for line in sorted(change.lines) if found.place.first <= line <= found.place.last]
        names = [_last_part(path) for path in found.paths]
        for line in lines:
            text = self._versions.line(module, line)
            if any(name and name in text for name in names):
                return line
        return next(iter(lines), found.line)

    # --- steps as tokens ----------------------------------------------------------------------------------------

    def _tokens_of_candidate(self) -> list[object]:
        place = _remembered(self._alignment.place)
        return [
            _token(event, event.function, place(event.function, event.line), _identity(event))
            for event in self._candidate
        ]

    def _tokens_of_base(self) -> list[object]:
        """In words of the candidate; what has no counterpart there has a token of its own."""
        stands_for = _remembered(self._alignment.stands_for)
        tokens: list[object] = []
        for position, event in enumerate(self._base):
            function = self._alignment.function(_named(event.function))
            branch = self._alignment.branch(_branch(event)) if event.kind == "decision" else None
            identity = branch.identity if branch is not None else None
            token = _token(event, function, stands_for(event.function, event.line), identity)
            tokens.append(("only base", position) if token is None else token)
        return tokens

    # --- what differs -------------------------------------------------------------------------------------------

    def _differing(self) -> Iterator[_Found]:
        """The places where steps differ, in order."""
        last = len(self._candidate) - 1
        for one, other in self._pairs:
            if one is not None and other is not None:
                found = self._both(self._base[one], self._candidate[other], is_last=other == last)
            elif other is not None:
                found = self._only_candidate(self._candidate[other])
            else:
                assert one is not None
                following = self._base[one + 1] if one + 1 < len(self._base) else None
                found = self._only_base(self._base[one], following)
            if found is not None:
                yield found

    def _both(self, base: Event, candidate: Event, *, is_last: bool) -> _Found | None:
        place = self._alignment.place(candidate.function, candidate.line)
        if candidate.kind == "decision":
            self._leaves[place.function, place.first] = base, candidate
            if base.arm != candidate.arm:
                return self._decision(base, candidate, place)
            return self._operands(base, candidate, place) if place.changed else None
        if candidate.kind == "enter" or not (base.values and candidate.values):
            return None
        differences = self._compared(base.values[0][1], candidate.values[0][1])
        if not differences:
            return None
        if candidate.kind == "value" and candidate.values[0][0]:  # a test put together from decisions
            return self._decision(base, candidate, place)
        if candidate.kind == "raise":
            return _Found("raise", candidate.function, candidate.line, place, raised(base), raised(candidate))
        paths = tuple(path for path, _, _ in differences)
        left, right = both_taken(candidate.key, base.values[0][1], candidate.values[0][1], differences)
        if candidate.kind == "return":
            return self._returned(base, candidate, place, (left, right), paths, is_last=is_last)
        return _Found("value", candidate.function, candidate.line, place, left, right, None, paths)

    def _compared(self, base: Tree, candidate: Tree) -> list[tuple[str, Tree, Tree]]:
        """What differs but addresses. Large values that differ at every step are not compared at each of them."""
        left, right = encode(base), encode(candidate)
        if left == right:
            return []
        size = len(left) + len(right)
        if size > SMALL:
            self._left -= size
        return tree_differences(base, candidate, differ_in_addresses) if size <= SMALL or self._left > 0 else []

    def _decision(self, base: Event, candidate: Event, place: Place) -> _Found:
        left = decided(base, self._operands_of.get(id(base), ()))
        right = decided(candidate, self._operands_of.get(id(candidate), ()))
        return _Found("decision", candidate.function, candidate.line, place, left, right, condition_text(candidate))

    def _operands(self, base: Event, candidate: Event, place: Place) -> _Found | None:
        """A decision with one arm and other operands."""
        if len(base.values) == len(candidate.values):
            for (_, one), (text, other) in zip(base.values, candidate.values, strict=True):
                if differences := self._compared(one, other):
                    left, right = both_taken(text, one, other, differences)
                    return _Found("value", candidate.function, candidate.line, place, left, right)
        return None

    def _whole(self, base: Event | None, candidate: Event | None, place: Place | None) -> _Found | None:
        """A test that only one side puts together, against the decision that it is on the other."""
        known = self._leaves.get((place.function, place.first)) if place is not None and place.changed else None
        if known is None or place is None:
            return None
        base, candidate = base or known[0], candidate or known[1]
        return self._decision(base, candidate, place) if _truth(base) != _truth(candidate) else None

    def _returned(
        self,
        base: Event,
        candidate: Event,
        place: Place,
        texts: tuple[str, str],
        paths: tuple[str, ...],
        *,
        is_last: bool,
    ) -> _Found:
        line = candidate.line
        if not place.changed and self._alignment.is_gone(base.function, base.line):
            nearest = self._alignment.nearest(base.function, base.line)
            if nearest is not None and nearest.function == candidate.function:
                place, line = nearest, nearest.first
        kind: CauseKind = "value" if is_last else "call"
        return _Found(kind, candidate.function, line, place, *texts, None, paths, returns=True)

    def _only_candidate(self, event: Event) -> _Found | None:
        place = self._alignment.place(event.function, event.line)
        match event.kind:
            case "raise":
                return _Found("raise", event.function, event.line, place, "no exception", raised(event))
            case "decision" if event.key.startswith("except ") and event.arm == "true" and place.changed:
                text = decided(event)
                return _Found("decision", event.function, event.line, place, ABSENT, text, event.key)
            case "value" if event.values[0][0]:
                return self._whole(None, event, place)
            case "value" if place.changed and self._counts(event, place):
                text = taken(event.key, "", short(event.values[0][1], 60))
                return _Found("change", event.function, event.line, place, ABSENT, text)
            case _:
                return None

    def _only_base(self, event: Event, following: Event | None) -> _Found | None:
        place = self._alignment.nearest(event.function, event.line)
        if place is None:
            return None
        line = place.first
        match event.kind:
            case "raise":
                return _Found("raise", place.function, line, place, raised(event), "no exception")
            case "decision" if following is not None and self._led_to(event, following):
                return _Found("change", place.function, line, place, decided(event), ABSENT, event.key)
            case "value" if event.values[0][0]:
                return self._whole(event, None, place)
            case "value" if self._alignment.is_gone(event.function, event.line) and self._counts(event, place):
                text = taken(event.key, "", short(event.values[0][1], 60))
                return _Found("change", place.function, line, place, text, ABSENT)
            case _:
                return None

    def _led_to(self, event: Event, following: Event) -> bool:
        """Whether a decision of base that is gone led to something that is gone with it; one that let everything pass
        by is not missed."""
        steps = (event, following)
        gone = all(self._alignment.is_gone(one.function, one.line) for one in steps)
        return gone and event.function == following.function and event.line <= following.line

    def _counts(self, event: Event, place: Place) -> bool:
        """Whether a value of one side can matter: not of a name that only this side has, and not of a log line."""
        called, is_call, _argument = event.key.partition("() ")
        if is_call:
            return called not in _LOGGING
        name = _NAME.search(event.key)
        return name is None or self._alignment.in_both(place.function, name[1])

    def _outbound(self) -> Iterator[_Found]:
        """The calls that differ for systems behind the service."""
        for difference in self._evidence.differences:
            if not difference.kind.is_outbound or difference.position is None:
                continue
            missing = difference.kind is DifferenceKind.CALL_MISSING
            calls = (self._evidence.base if missing else self._evidence.candidate).outbound
            site = calls[difference.position].site if difference.position < len(calls) else None
            if site is None:
                continue
            locate = self._alignment.nearest if missing else self._alignment.place
            place = locate(site.function, site.line)
            if place is not None:
                line = place.first if missing else site.line
                left, right = both_short(difference.base, difference.candidate, 60)
                text = f"{difference.field}: "
                yield _Found("outbound", place.function, line, place, text + left, text + right)

    # --- where no step differs ----------------------------------------------------------------------------------

    def _changed_function(self, is_wanted: Callable[[FunctionName], bool]) -> _Found | None:
        """The first function that ran of those wanted, at its first changed line."""
        ran = self._ran()
        if not any(event.kind == "enter" for event in self._candidate):  # as a recording has it: not all that ran
            ran |= dict.fromkeys(name for change in self._versions.changes.values() for name in change.functions)
        for function in filter(is_wanted, ran):
            place = self._alignment.first_change(function) or self._alignment.head(function)
            found = _Found("change", function, place.first, place, "", "")
            text = self._versions.line(function.partition(":")[0], self._changed_line(found))
            return found._replace(candidate=f"changed: {text}")
        return None

    def _entry(self) -> _Found | None:
        for event in self._candidate:
            place = self._alignment.head(event.function)
            return _Found("change", event.function, event.line, place, "", "the entry's first function")
        return None


def _last_part(path: str) -> str:
    """The name at the end of the path of a field."""
    return path.rpartition(".")[2].partition("[")[0].strip("'\"")


def _named(function: FunctionName) -> FunctionName:
    """A lambda goes with the function around it."""
    return function.partition(".<locals>.<lambda>")[0]


def _branch(event: Event) -> Branch:
    return Branch(event.function, event.key, event.ordinal, event.line)


def _identity(event: Event) -> object:
    return (event.function, event.key, event.ordinal)


def _token(event: Event, function: FunctionName | None, place: Place | None, identity: object) -> object:
    """What a step stands for; `None` where it stands for nothing in the code under test."""
    match event.kind:
        case "decision":
            return None if identity is None else ("decision", identity)
        case "value":
            return None if place is None else ("value", place.function, place.first, _role(event.key))
        case _:
            return None if function is None else (event.kind, _named(function))


def _role(key: str) -> str:
    """What takes a value, without the names in it."""
    _call, is_call, argument = key.partition("() ")
    if is_call:
        return argument
    return key if key in _ROLES else "="


_NAME = re.compile(r"^(?:\w+\.)*(\w+)")
"""The last name of what takes a value: `total` of `total`, `_depth` of `self._depth`, `rows` of `self.rows[0]`."""
_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log", "print"})

_ROLES = frozenset({"if", "while", "assert", "if else", "case if", "yield", "yield from", "with", "lambda"})


def _remembered(
    find: Callable[[FunctionName, int], Place | None],
) -> Callable[[FunctionName, int], Place | None]:
    known: dict[tuple[FunctionName, int], Place | None] = {}

    def remembering(function: FunctionName, line: int) -> Place | None:
        key = (function, line)
        if key not in known:
            known[key] = find(function, line)
        return known[key]

    return remembering


def _truth(event: Event) -> bool:
    """Of a decision or a whole test."""
    return event.arm == "true" if event.kind == "decision" else event.values[0][1] is True


def _operands(events: Sequence[Event]) -> Iterator[tuple[int, list[tuple[str, Tree]]]]:
    """Of each test that is put together: the operands of its decisions, which come just before it."""
    known: list[tuple[str, Tree]] = []
    for event in events:
        if event.kind == "decision":
            known += event.values
        elif event.kind == "value" and event.values[0][0]:
            yield id(event), known
        else:
            known = []
