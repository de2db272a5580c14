"""Suspects among paired steps: decisions with another arm, exceptions, results, values, and outbound calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...recorders.model.branches import FunctionName
from ...recorders.model.value_tree import Tree, encode
from ..change.alignment import Alignment, Place
from ..compare.tree_diff import tree_differences
from ..model.addresses import differ_in_addresses
from ..model.difference import Difference, DifferenceKind
from ..model.observation import Observation
from ..model.render import both_short, short
from ..model.steps import Event
from ..model.verdict import CauseKind
from .render_cause import ABSENT, both_taken, condition_text, decided, raised, taken
from .step_pairs import paired_steps
from .suspect import Suspect

COMPARED = 4_000_000
"""Bytes of large values that differ and are compared part by part: a microsecond or two for each."""

SMALL = 4_000
"""Bytes of two values up to which they are compared at every step: for them that takes microseconds."""

_NAME = re.compile(r"^(?:\w+\.)*(\w+)")
"""The last name of what takes a value: `total` of `total`, `_depth` of `self._depth`, `rows` of `self.rows[0]`."""
_LOGGING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log", "print"})


class StepDifferences:
    """Walks the steps of a trace on both sides, and yields the places where they differ."""

    def __init__(self, base: Sequence[Event], candidate: Sequence[Event], alignment: Alignment) -> None:
        self._base = base
        self._candidate = candidate
        self._alignment = alignment
        self._left = COMPARED
        self._decided: dict[tuple[FunctionName, int], tuple[Event, Event]] = {}
        """Statement → its last decision on both sides."""
        self._operands_of = dict([*_operands(base), *_operands(candidate)])

    def suspects(self) -> Iterator[Suspect]:
        """The places where steps differ, in order."""
        last = len(self._candidate) - 1
        for at, other in paired_steps(self._base, self._candidate, self._alignment):
            if at is not None and other is not None:
                found = self._both(self._base[at], self._candidate[other], is_last=other == last)
            elif other is not None:
                found = self._only_candidate(self._candidate[other])
            else:
                assert at is not None
                following = self._base[at + 1] if at + 1 < len(self._base) else None
                found = self._only_base(self._base[at], following)
            if found is not None:
                yield found

    def _both(self, base: Event, candidate: Event, *, is_last: bool) -> Suspect | None:
        place = self._alignment.place(candidate.function, candidate.line)
        if candidate.kind == "decision":
            self._decided[place.function, place.first] = base, candidate
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
            return Suspect("raise", candidate.function, candidate.line, place, raised(base), raised(candidate))
        paths = tuple(path for path, _, _ in differences)
        left, right = both_taken(candidate.key, base.values[0][1], candidate.values[0][1], differences)
        if candidate.kind == "return":
            return self._returned(base, candidate, place, (left, right), paths, is_last=is_last)
        return Suspect("value", candidate.function, candidate.line, place, left, right, None, paths)

    def _compared(self, base: Tree, candidate: Tree) -> list[tuple[str, Tree, Tree]]:
        """What differs but addresses. Large values that differ at every step are not compared at each of them."""
        left, right = encode(base), encode(candidate)
        if left == right:
            return []
        size = len(left) + len(right)
        if size > SMALL:
            self._left -= size
        return tree_differences(base, candidate, differ_in_addresses) if size <= SMALL or self._left > 0 else []

    def _decision(self, base: Event, candidate: Event, place: Place) -> Suspect:
        left = decided(base, self._operands_of.get(id(base), ()))
        right = decided(candidate, self._operands_of.get(id(candidate), ()))
        return Suspect("decision", candidate.function, candidate.line, place, left, right, condition_text(candidate))

    def _operands(self, base: Event, candidate: Event, place: Place) -> Suspect | None:
        """A decision with one arm and other operands."""
        if len(base.values) == len(candidate.values):
            for (_, value), (text, other) in zip(base.values, candidate.values, strict=True):
                if differences := self._compared(value, other):
                    left, right = both_taken(text, value, other, differences)
                    return Suspect("value", candidate.function, candidate.line, place, left, right)
        return None

    def _whole(self, base: Event | None, candidate: Event | None, place: Place | None) -> Suspect | None:
        """A test that only one side puts together, against the decision that it is on the other."""
        known = self._decided.get((place.function, place.first)) if place is not None and place.changed else None
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
    ) -> Suspect:
        line = candidate.line
        if not place.changed and self._alignment.is_gone(base.function, base.line):
            nearest = self._alignment.nearest(base.function, base.line)
            if nearest is not None and nearest.function == candidate.function:
                place, line = nearest, nearest.first
        kind: CauseKind = "value" if is_last else "call"
        return Suspect(kind, candidate.function, line, place, *texts, None, paths, returns=True)

    def _only_candidate(self, event: Event) -> Suspect | None:
        place = self._alignment.place(event.function, event.line)
        match event.kind:
            case "raise":
                return Suspect("raise", event.function, event.line, place, "no exception", raised(event))
            case "decision" if event.key.startswith("except ") and event.arm == "true" and place.changed:
                text = decided(event)
                return Suspect("decision", event.function, event.line, place, ABSENT, text, event.key)
            case "value" if event.values[0][0]:
                return self._whole(None, event, place)
            case "value" if place.changed and self._counts(event, place):
                text = taken(event.key, "", short(event.values[0][1], 60))
                return Suspect("change", event.function, event.line, place, ABSENT, text)
            case _:
                return None

    def _only_base(self, event: Event, following: Event | None) -> Suspect | None:
        place = self._alignment.nearest(event.function, event.line)
        if place is None:
            return None
        line = place.first
        match event.kind:
            case "raise":
                return Suspect("raise", place.function, line, place, raised(event), "no exception")
            case "decision" if following is not None and self._led_to(event, following):
                return Suspect("change", place.function, line, place, decided(event), ABSENT, event.key)
            case "value" if event.values[0][0]:
                return self._whole(event, None, place)
            case "value" if self._alignment.is_gone(event.function, event.line) and self._counts(event, place):
                text = taken(event.key, "", short(event.values[0][1], 60))
                return Suspect("change", place.function, line, place, text, ABSENT)
            case _:
                return None

    def _led_to(self, event: Event, following: Event) -> bool:
        """Whether a decision of base that is gone led to something that is gone with it; one that let everything pass
        by is not missed."""
        steps = (event, following)
        gone = all(self._alignment.is_gone(step.function, step.line) for step in steps)
        return gone and event.function == following.function and event.line <= following.line

    def _counts(self, event: Event, place: Place) -> bool:
        """Whether a value of one side can matter: not of a name that only this side has, and not of a log line."""
        called, is_call, _argument = event.key.partition("() ")
        if is_call:
            return called not in _LOGGING
        name = _NAME.search(event.key)
        return name is None or self._alignment.in_both(place.function, name[1])


def outbound_suspects(
    differences: Sequence[Difference], base: Observation, candidate: Observation, alignment: Alignment
) -> Iterator[Suspect]:
    """The calls that differ for systems behind the service."""
    for difference in differences:
        if not difference.kind.is_outbound or difference.position is None:
            continue
        missing = difference.kind is DifferenceKind.CALL_MISSING
        calls = (base if missing else candidate).outbound
        site = calls[difference.position].site if difference.position < len(calls) else None
        if site is None:
            continue
        locate = alignment.nearest if missing else alignment.place
        place = locate(site.function, site.line)
        if place is not None:
            line = place.first if missing else site.line
            left, right = both_short(difference.base, difference.candidate, 60)
            text = f"{difference.field}: "
            yield Suspect("outbound", place.function, line, place, text + left, text + right)


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
