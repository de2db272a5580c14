"""The cause: the place in the code under test where a divergence begins.

Steps of base and candidate are matched, by what they represent, in order. Where they differ are the suspects: a
decision whose arm differs, an exception on one side, a call with another result, another value, an outbound call. A
suspect in code that did not change is an effect: those on changed statements come first, then those in changed
functions, then a changed function that ran, then any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import module_part
from ..change.alignment import Alignment
from ..change.versions import Versions
from ..model.difference import Difference
from ..model.observation import Observation
from ..model.steps import Detail, Event, named
from ..model.verdict import CauseKind, Location
from .loaded_causes import LoadedCauses
from .place_text import changed_line, located
from .step_differences import StepDifferences, outbound_suspects
from .suspect import Suspect


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
    alignment = _alignment(evidence.versions)
    base, candidate = _events(evidence.base_detail), _events(evidence.candidate_detail)
    suspects = [
        *StepDifferences(base, candidate, alignment).suspects(),
        *outbound_suspects(evidence.differences, evidence.base, evidence.candidate, alignment),
    ]
    loaded = LoadedCauses(evidence.versions, _ran(base, candidate, alignment), evidence.differences)
    best = _Choice(evidence.versions, alignment, loaded, candidate).best(suspects)
    return located(loaded.behind(best), evidence.versions, evidence.modules, evidence.root) if best else None


_RANKS: dict[CauseKind, int] = {"decision": 0, "raise": 1, "call": 2, "value": 3, "outbound": 4, "change": 5}


_CHANGED_RANKS = {**_RANKS, "value": _RANKS["call"]}
"""On changed statements the first of results and values counts: a later one follows from it."""


@lru_cache(maxsize=1)
def _alignment(versions: Versions) -> Alignment:
    """Traces are located sequentially, of the same versions."""
    return Alignment.of_modules(versions.old, versions.new)


def _events(detail: Detail | None) -> Sequence[Event]:
    return detail.events if detail is not None else []


def _ran(base: Sequence[Event], candidate: Sequence[Event], alignment: Alignment) -> dict[FunctionName, None]:
    """Included functions that ran, in words of the candidate."""
    ran = dict.fromkeys(named(event.function) for event in candidate)
    names = (alignment.function(named(event.function)) for event in base)
    return ran | dict.fromkeys(name for name in names if name is not None)


class _Choice:
    """Chooses among suspects."""

    def __init__(
        self, versions: Versions, alignment: Alignment, loaded: LoadedCauses, candidate: Sequence[Event]
    ) -> None:
        self._versions = versions
        self._alignment = alignment
        self._loaded = loaded
        self._candidate = candidate

    def best(self, suspects: Sequence[Suspect]) -> Suspect | None:
        """The one where the divergence begins; without any, a change that can have led to it."""
        ranked = sorted(suspects, key=lambda suspect: _RANKS[suspect.kind])
        changed = [suspect for suspect in suspects if suspect.place.changed]
        changed.sort(key=lambda suspect: _CHANGED_RANKS[suspect.kind])
        return (
            next((suspect for suspect in changed if suspect.kind != "change" or self._sets_a_field(suspect)), None)
            or self._changed_function(self._alignment.is_redecorated)
            or next(iter(changed), None)
            or next((self._at_change(suspect) for suspect in ranked if self._is_effect_inside(suspect)), None)
            or (None if self._loaded.ran else self._loaded.likeliest(ranked))
            or self._changed_function(self._is_changed)
            or self._loaded.likeliest(ranked)
            or next(iter(ranked), None)
            or self._entry()
        )

    def _sets_a_field(self, suspect: Suspect) -> bool:
        """Whether a statement of one side names a field that differs."""
        return any(name in suspect.base + suspect.candidate for name in self._loaded.field_names())

    def _is_effect_inside(self, suspect: Suspect) -> bool:
        return suspect.kind != "change" and self._is_changed(suspect.function)

    def _at_change(self, suspect: Suspect) -> Suspect:
        """Of a function that returns something else: its changed line rather than that of the `return`."""
        place = self._alignment.first_change(named(suspect.function))
        if not suspect.returns or place is None:
            return suspect
        return suspect._replace(place=place, line=place.first)

    def _is_changed(self, function: FunctionName) -> bool:
        return self._alignment.first_change(named(function)) is not None

    def _changed_function(self, is_wanted: Callable[[FunctionName], bool]) -> Suspect | None:
        """The first function that ran of those wanted, at its first changed line."""
        ran = dict(self._loaded.ran)
        if not any(event.kind == "enter" for event in self._candidate):  # as a recording has it: not all that ran
            ran |= dict.fromkeys(name for change in self._versions.changes.values() for name in change.functions)
        for function in filter(is_wanted, ran):
            place = self._alignment.first_change(function) or self._alignment.head(function)
            suspect = Suspect("change", function, place.first, place, "", "")
            text = self._versions.line(module_part(function), changed_line(suspect, self._versions))
            return suspect._replace(candidate=f"changed: {text}")
        return None

    def _entry(self) -> Suspect | None:
        for event in self._candidate:
            place = self._alignment.head(event.function)
            how = "no step shows where: the entry's first function"
            return Suspect("change", event.function, event.line, place, "", how)
        return None
