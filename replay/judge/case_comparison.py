"""The comparison of one case: what the candidate shows against what base showed, with everything that is tolerated."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ...recorders.model.trace import Trace
from ..compare.exchanges import outbound_differences
from ..compare.observations import compare
from ..compare.tolerance import Rules, Tolerance, any_of
from ..compare.unknown import why_unknown
from ..compare.volatile import Volatile
from ..execute.printed import as_recorded, written_by
from ..model.difference import Difference, DifferenceKind
from ..model.job import Job, Observed
from ..model.observation import Observation
from ..model.perturbation import FROZEN_CLOCK
from ..model.reason import Reason, ReasonCode, StopCode, because, joined
from .judgement import Case, Judgement, failed, news_of, not_judged, same


class Doubts(NamedTuple):
    """What the change between base and candidate says about a trace."""

    rereads: bool
    """Whether a function that reads clock or entropy in it changed."""
    changed_classes: frozenset[str]
    """Included classes with a changed layout."""


class Compared(NamedTuple):
    """What differs in a case, and the project's rules that were asked, with what they counted."""

    found: list[Difference]
    rules: Rules


WRITTEN = "it writes {file}, and without base nobody knows what was written before"


class CaseComparison:
    """Compares cases; a comparison of one leaves nothing behind for the next."""

    def __init__(
        self,
        once: Callable[[Job], Observed],
        rules_for: Callable[[str], Rules],
        doubts: Callable[[Trace], Doubts],
        *,
        against_recording: bool,
    ) -> None:
        """`once` replays a job on the candidate; `rules_for` makes the project's own rules for an entry."""
        self._once = once
        self._rules_for = rules_for
        self._doubts = doubts
        self._against_recording = against_recording

    def rules_of(self, case: Case) -> Rules:
        """The project's rules for a case, before they counted anything."""
        return self._rules_for(case.job.entry.name)

    def first(self, case: Case, observed: Observed) -> Compared:
        """What differs in a replay with an outcome, before anybody doubts it; raises `RuleFailed`."""
        base, candidate = _both(case, observed)
        rules = self.rules_of(case)
        shown = as_recorded(candidate) if self._against_recording else candidate
        return Compared(compare(base, shown, _tolerance(case, rules, reread=False)), rules)

    def differences(self, case: Case, observed: Observed, early: Compared | None = None) -> Compared | Judgement:
        """What differs, or the judgement on a replay without an outcome; `early` is what `first` found of it."""
        if (judgement := failed(case, observed)) is not None:
            return judgement
        if observed.ended == "stopped":
            return self._stopped(case, observed)
        compared = early or self.first(case, observed)
        written = written_by(observed.observation) if self._against_recording and not compared.found else ""
        if written:
            return not_judged(case, Reason(ReasonCode.STOPPED, WRITTEN.format(file=written)))
        if compared.found and self._rereads(case, observed):
            return self._reread(case, observed)
        return compared

    def _stopped(self, case: Case, observed: Observed) -> Compared | Judgement:
        if observed.stop == StopCode.GAP:
            return self._silenced(case, observed.reason)
        if observed.stop == StopCode.INPUT:
            return not_judged(case, Reason(ReasonCode.REBUILD, observed.reason))
        # It stopped because it asked for something new: what it did not reach is not missing.
        (base, candidate), rules = _both(case, observed), self.rules_of(case)
        found = outbound_differences(base.outbound, candidate.outbound, _tolerance(case, rules, reread=False))
        found = [difference for difference in found if difference.kind is not DifferenceKind.CALL_MISSING]
        if not found and observed.stop == StopCode.REFUSED and not self._against_recording:
            sides = "it stayed inside", observed.reason
            found = [Difference(DifferenceKind.CALL_REFUSED, "left the process", *sides)]
        return Compared(found, rules) if found else self._silenced(case, observed.reason)

    def _rereads(self, case: Case, observed: Observed) -> bool:
        """Whether the candidate may read clock or entropy differently than base did."""
        follows = any(mask.changes != "always" for mask in case.sealed.masks)
        return follows and (observed.readings != case.sealed.readings or self._doubts(case.trace).rereads)

    def _reread(self, case: Case, observed: Observed) -> Compared:
        """Compared again, with what follows from random values by shape, and the clock frozen on both sides."""
        (base, candidate), rules = _both(case, observed), self.rules_of(case)
        tolerance = _tolerance(case, rules, reread=True)
        found = compare(base, candidate, tolerance)
        if not found or case.sealed.frozen is None:
            return Compared(found, rules)
        frozen = self._once(msgspec.structs.replace(case.job, fresh=case.sealed.fresh, perturbation=FROZEN_CLOCK))
        if frozen.ended != "outcome" or frozen.observation is None:
            return Compared(found, rules)
        return Compared(compare(case.sealed.frozen, frozen.observation, tolerance), rules)

    def _silenced(self, case: Case, reason: str) -> Judgement:
        """What is not judged although base replays as it was recorded: the change alone keeps it from being judged."""
        if self._against_recording:
            return not_judged(case, Reason(ReasonCode.STOPPED, reason))
        return not_judged(case, because(ReasonCode.CANDIDATE, reason))

    def alike(self, case: Case, observed: Observed, rules: Rules) -> Judgement:
        """The judgement on a case in which nothing differs."""
        base, candidate = case.sealed.observation, observed.observation
        if base is None or candidate is None:
            return same(case, rules)
        unknown = why_unknown(base, candidate, case.trace, lambda field: rules.ignores(field) is not None)
        if unknown and not case.sealed.unknown:
            return self._silenced(case, unknown)
        judgement = not_judged(case, Reason(ReasonCode.UNKNOWN, unknown)) if unknown else same(case, rules)
        if judgement.verdict != "same" or self._against_recording:
            return judgement
        return judgement._replace(why=joined((judgement.why, news_of(base, candidate))))


def _both(case: Case, observed: Observed) -> tuple[Observation, Observation]:
    base, candidate = case.sealed.observation, observed.observation
    assert base is not None
    assert candidate is not None
    return base, candidate


def _tolerance(case: Case, rules: Rules, *, reread: bool) -> Tolerance:
    """What counts as no difference: what always changes, what the project says, and, where the candidate draws random
    values differently, what follows from them."""
    changes = ("always", "with entropy") if reread else ("always",)
    return any_of(Volatile(mask for mask in case.sealed.masks if mask.changes in changes), rules)
