"""This file is about judging: comparing what the candidate shows with what base showed, trace by trace.

A trace is the same when its observation is base's, byte for byte; else when nothing that a caller or a system behind
the service could see differs, volatile fields by shape. Where the candidate reads clock or entropy in another way
than base, what follows from them is compared in a replay with the clock standing, or by shape. What still differs is
confirmed in a fresh process; see `Confirmed`.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.trace import Trace, TraceId
from ..compare.exchanges import outbound_differences
from ..compare.observations import compare
from ..compare.remaining import left_by
from ..compare.summarise import told
from ..compare.tolerance import NO_RULES, RuleFailed, Rules, Tolerance, any_of
from ..compare.unknown import why_unknown
from ..compare.volatile import Volatile
from ..execute.printed import without_printed
from ..model.difference import Difference, DifferenceKind
from ..model.digests import new_names
from ..model.job import Job, Observed
from ..model.observation import Observation
from ..model.perturbation import STANDING
from ..model.progress import Progress, say_nothing
from ..model.reason import NO_REASON, Reason, ReasonCode, StopCode, because, joined
from ..model.verdict import Tolerated, Verdict
from .kept_state import KEPT_STATE, KeptState
from .seal import SealedTrace
from .sealing import Runner

ALL_IGNORED = "every field of it is ignored by the project's rules of comparison: nothing is left to compare"

ALL_VOLATILE = "every field of it moves between replays of base: nothing is left to compare"
UNSTABLE_PATH = "its path moves between replays of base: compared on what is stable"
RESTORED = "rebuilt from state: recorded state was put into {names}, which changed"

CONFIRMATIONS = 5
"""Divergences in the same fields of a path class that are confirmed in processes of their own."""

NAMES_SHOWN = 8
"""New public names that are told of one trace."""

_TOGETHER = sys.version_info >= (3, 12)
"""Whether arms and lines can be watched in one replay: on 3.11 there is one trace function for both."""


class Case(NamedTuple):
    """One trace to judge."""

    job: Job
    trace: Trace
    sealed: SealedTrace


class Judgement(NamedTuple):
    """What was found of one trace, before anyone looked where it begins."""

    trace: TraceId
    verdict: Verdict
    why: Reason
    """Why it is not judged, what failed, or what is to be said of it."""
    differences: tuple[Difference, ...]
    base: Observation | None
    candidate: Observation | None
    asserted: int
    """Values that were compared."""
    tolerated: tuple[Tolerated, ...] = ()
    left_out: int = 0
    """Differences that are not told; see `differences.told`."""
    unseen: bool = False
    after: tuple[Job, ...] = ()
    """Of one that diverges only after other calls in its process: jobs after which it does."""


class Doubts(NamedTuple):
    """What the change between base and candidate says about a trace."""

    rereads: bool
    """Whether a function that reads clock or entropy in it changed."""
    changed_classes: frozenset[str]
    """Included classes whose state is laid out in another way."""


class _Early(NamedTuple):
    """What differs between base and what the candidate showed first, and the rules that were asked."""

    observed: Observed
    found: list[Difference]
    own: Rules


class Confirmed:
    """The divergences of one path class that came out the same in processes of their own.

    Where enough traces differ in exactly these fields alone as they do after others, the rest that do are not run
    again: a class does not diverge less for them. One that came out otherwise is reason to run every other one again.
    """

    def __init__(self) -> None:
        self._alike: Counter[frozenset[str]] = Counter()
        self._otherwise = False

    def suffice(self, found: Sequence[Difference]) -> bool:
        """Whether such a divergence needs no process of its own."""
        return not self._otherwise and self._alike[_fields(found)] >= CONFIRMATIONS

    def count(self, found: Sequence[Difference], is_alike: bool) -> None:
        """One was run in a process of its own."""
        self._alike[_fields(found)] += is_alike
        self._otherwise = self._otherwise or not is_alike


def _fields(found: Sequence[Difference]) -> frozenset[str]:
    return frozenset(one.field for one in found)


class Judge:
    """Judges traces with one candidate."""

    def __init__(
        self,
        candidate: Runner,
        *,
        doubts: Callable[[Trace], Doubts],
        rules: Callable[[str], Rules] = lambda entry: NO_RULES,
        traced: bool = False,
        against_recording: bool = False,
        ask_base: Callable[[Job], Observed | None] = lambda job: None,
        seen: Callable[[Observed], None] = lambda observed: None,
    ) -> None:
        """`doubts` tells of a trace what the change may do to how it is compared; `rules` makes the project's
        own rules for an entry, anew for each comparison; `traced` says whether the arms that the candidate takes are
        wanted. With `against_recording` nobody replayed base: what the recorder could not see may be what base did
        too. `ask_base` replays a job on base; it answers `None` where there is no base to ask. `seen` is given every
        observation of the candidate."""
        self._traced = traced
        self._against_recording = against_recording
        self._candidate = candidate
        self._doubts = doubts
        self._rules_for = rules
        self._own: Rules = NO_RULES
        self._kept_state = KeptState(self._once, ask_base)
        self._confirmed = Confirmed()
        self._early: dict[TraceId, _Early] = {}
        self._seen = seen
        self._progress = Progress("", 0, say_nothing)

    def judge(self, cases: Sequence[Case], progress: Progress | None = None) -> list[Judgement]:
        """A judgement for each case, in order; the cases of one call are of one path class."""
        self._confirmed = Confirmed()
        self._progress = progress or Progress("", len(cases), say_nothing)
        open_cases = [case for case in cases if not case.sealed.why]
        jobs = [_first_job(case, traced=self._traced and _TOGETHER) for case in open_cases]
        observed: dict[TraceId, Observed] = {}
        self._early = {}
        for case, one in zip(open_cases, self._run(jobs), strict=True):
            observed[case.job.trace] = one
            self._compare_early(case, one)
        if self._traced and not _TOGETHER:
            for _again in self._run([_first_job(case, traced=True) for case in open_cases]):
                pass
        return [
            self._judged(case, observed[case.job.trace])
            if case.job.trace in observed
            else _not_judged(case, case.sealed.why)
            for case in cases
        ]

    def _run(self, jobs: Iterable[Job]) -> Iterable[Observed]:
        asked = list(jobs)
        for job, observed in zip(asked, self._candidate.run(asked), strict=True):
            self._seen(observed)
            self._progress.count()
            self._kept_state.saw(job, observed)
            yield observed

    def _once(self, job: Job) -> Observed:
        return next(iter(self._run([job])))

    def _judged(self, case: Case, observed: Observed) -> Judgement:
        self._own = self._rules_for(case.job.entry.name)
        try:
            return self._with_rules(case, self._compared(case, observed))
        except RuleFailed as failure:
            return Judgement(
                case.job.trace, "error", Reason(ReasonCode.FAILED, str(failure)), (), case.sealed.observation, None, 0
            )

    def _with_rules(self, case: Case, judgement: Judgement) -> Judgement:
        """What the project's own rules did; where they leave nothing to compare, nothing was judged."""
        own, base = self._own, case.sealed.observation
        if judgement.verdict not in ("same", "diverged") or base is None:
            return judgement
        if not own.ignoring:
            return judgement._replace(tolerated=own.tolerated(Counter()))
        masked = {(mask.field, mask.position) for mask in case.sealed.masks if mask.moves == "always"}
        left = left_by(own, base, masked)
        tolerated = own.tolerated(left.ignored)
        if judgement.verdict == "same" and left.ignored and not left.values:
            return _not_judged(case, Reason(ReasonCode.IGNORED, ALL_IGNORED))._replace(tolerated=tolerated)
        return judgement._replace(asserted=left.values, tolerated=tolerated)

    def _compared(self, case: Case, observed: Observed) -> Judgement:
        if observed.matched:
            return _same(case, self._own)
        found = self._differences(case, observed)
        if isinstance(found, Judgement):
            return found
        if found and not case.sealed.fresh and not self._confirmed.suffice(found):
            together, warm = found, observed
            observed = self._once(msgspec.structs.replace(_first_job(case), fresh=True))
            self._confirmed.count(together, observed.observation == warm.observation)
            found = [] if observed.matched else self._differences(case, observed)
            if isinstance(found, Judgement):
                return found
            if not found and (kept := self._kept(case, together)) is not None:
                return kept
            if observed.matched:
                return _same(case, self._own)
        if not found:
            return self._alike(case, observed)
        doubts = self._doubts(case.trace)
        restored = sorted(set(observed.restored) & doubts.changed_classes)
        if restored:
            names = ", ".join(name.replace(":", ".") for name in restored)
            return _not_judged(case, Reason(ReasonCode.RESTORED, RESTORED.format(names=names)))
        return _diverged(case, found, observed.observation, _note(case))

    def _kept(self, case: Case, together: Sequence[Difference]) -> Judgement | None:
        """The divergence of a trace that differs only after others, where the candidate is what keeps state."""

        def differs(observed: Observed) -> bool:
            if observed.matched or observed.ended != "outcome":
                return False
            found = self._differences(case, observed)
            return not isinstance(found, Judgement) and bool(_fields(found) & _fields(together))

        shown = self._kept_state.after(_first_job(case), differs)
        if shown is None:
            return None
        found = self._differences(case, shown.observed)
        if isinstance(found, Judgement):
            return None
        alone = f"trace {shown.jobs[0].trace}" if len(shown.jobs) == 1 else f"{len(shown.jobs)} other traces"
        reason = Reason(ReasonCode.KEPT_STATE, KEPT_STATE.format(after=alone))
        return _diverged(case, found, shown.observed.observation, reason)._replace(after=shown.jobs)

    def _differences(self, case: Case, observed: Observed) -> list[Difference] | Judgement:
        """What differs, or the judgement that a replay without an outcome comes to."""
        if observed.ended in ("hung", "crashed", "error"):
            return Judgement(case.job.trace, observed.ended, _failed(observed), (), case.sealed.observation, None, 0)
        base, candidate = case.sealed.observation, observed.observation
        assert base is not None
        assert candidate is not None
        if observed.ended == "stopped":
            return self._stopped(case, observed, self._rules(case, reread=False))
        found = self._found(case, observed)
        if found and self._rereads(case, observed):
            found = self._reread(case, observed, candidate)
        return found

    def _compare_early(self, case: Case, observed: Observed) -> None:
        """Compare while the candidate replays the next one."""
        if observed.ended == "outcome" and observed.observation is not None:
            try:
                found = self._found(case, observed)
            except RuleFailed:
                return  # it fails again when this trace is judged
            self._early[case.job.trace] = _Early(observed, found, self._own)

    def _found(self, case: Case, observed: Observed) -> list[Difference]:
        known = self._early.get(case.job.trace)
        if known is not None and known.observed is observed:
            self._own = known.own
            return known.found
        base, candidate = case.sealed.observation, observed.observation
        assert base is not None
        assert candidate is not None
        if self._against_recording:
            candidate = without_printed(candidate)
        return compare(base, candidate, self._rules(case, reread=False))

    def _stopped(self, case: Case, observed: Observed, tolerance: Tolerance) -> list[Difference] | Judgement:
        base, candidate = case.sealed.observation, observed.observation
        assert base is not None
        assert candidate is not None
        if observed.stop == StopCode.GAP:
            return self._silenced(case, observed.reason)
        if observed.stop == StopCode.INPUT:
            return _not_judged(case, Reason(ReasonCode.REBUILD, observed.reason))
        # It stopped because it asked for something new: what it did not come to is not missing.
        found = outbound_differences(base.outbound, candidate.outbound, tolerance)
        found = [difference for difference in found if difference.kind is not DifferenceKind.CALL_MISSING]
        if not found and observed.stop == StopCode.REFUSED and not self._against_recording:
            return [Difference(DifferenceKind.CALL_REFUSED, "left the process", "it stayed inside", observed.reason)]
        return found or self._silenced(case, observed.reason)

    def _rules(self, case: Case, *, reread: bool) -> Tolerance:
        """What counts as no difference: what always moves, what the project says, and, where the candidate draws
        random values in another way, what follows from them."""
        moves = ("always", "with entropy") if reread else ("always",)
        masked = Volatile(mask for mask in case.sealed.masks if mask.moves in moves)
        own = self._own = self._rules_for(case.job.entry.name)
        return any_of(masked, own)

    def _rereads(self, case: Case, observed: Observed) -> bool:
        """Whether the candidate may read clock or entropy in another way than base did."""
        follows = any(mask.moves != "always" for mask in case.sealed.masks)
        return follows and (observed.readings != case.sealed.readings or self._doubts(case.trace).rereads)

    def _reread(self, case: Case, observed: Observed, candidate: Observation) -> list[Difference]:
        """Compared again, with what follows from random values by shape, and the clock standing on both sides."""
        tolerance = self._rules(case, reread=True)
        base = case.sealed.observation
        assert base is not None
        found = compare(base, candidate, tolerance)
        if not found or case.sealed.standing is None:
            return found
        standing = self._once(msgspec.structs.replace(case.job, fresh=case.sealed.fresh, perturbation=STANDING))
        if standing.ended != "outcome" or standing.observation is None:
            return found
        return compare(case.sealed.standing, standing.observation, tolerance)

    def _silenced(self, case: Case, reason: str) -> Judgement:
        """What is not judged although base replays as it was recorded: the change alone keeps it from being judged."""
        if self._against_recording:
            return _not_judged(case, Reason(ReasonCode.STOPPED, reason))
        return _not_judged(case, because(ReasonCode.CANDIDATE, reason))

    def _alike(self, case: Case, observed: Observed) -> Judgement:
        base, candidate = case.sealed.observation, observed.observation
        if base is None or candidate is None:
            return _same(case, self._own)
        own = self._own
        unknown = why_unknown(base, candidate, case.trace, lambda field: own.ignores(field) is not None)
        if unknown and not case.sealed.unknown:
            return self._silenced(case, unknown)
        judgement = _not_judged(case, Reason(ReasonCode.UNKNOWN, unknown)) if unknown else _same(case, own)
        if judgement.verdict != "same" or self._against_recording:
            return judgement
        return judgement._replace(why=joined((judgement.why, _news(base, candidate))))


def _diverged(case: Case, found: Sequence[Difference], candidate: Observation | None, why: Reason) -> Judgement:
    shown = told(found)
    return Judgement(
        case.job.trace,
        "diverged",
        why,
        shown.differences,
        case.sealed.observation,
        candidate,
        case.sealed.leaves,
        left_out=shown.left_out,
        unseen=shown.unseen,
    )


def _first_job(case: Case, *, traced: bool = False) -> Job:
    sealed = case.sealed
    return msgspec.structs.replace(
        case.job, fresh=sealed.fresh, expected=sealed.fingerprint, restore=sealed.restore, traced=traced
    )


def _failed(observed: Observed) -> Reason:
    return Reason(ReasonCode.FAILED, observed.reason)


def _note(case: Case) -> Reason:
    return Reason(ReasonCode.UNSTABLE_PATH, UNSTABLE_PATH) if case.sealed.moved else NO_REASON


def _news(base: Observation, candidate: Observation) -> Reason:
    """The public names that are new with the candidate, where there are any."""
    names = new_names(base.value, candidate.value)
    shown = ", ".join(names[:NAMES_SHOWN]) + (
        "" if len(names) <= NAMES_SHOWN else f" and {len(names) - NAMES_SHOWN} more"
    )
    said = f"new public names, which only the candidate has: {shown}"
    return Reason(ReasonCode.NEW_NAMES, said) if names else NO_REASON


def _same(case: Case, rules: Rules) -> Judgement:
    sealed = case.sealed
    if not sealed.leaves and sealed.masks:
        return _not_judged(case, Reason(ReasonCode.VOLATILE, ALL_VOLATILE))
    for unknown in sealed.unknown:
        if rules.ignores(unknown.field) is None:
            return _not_judged(case, Reason(ReasonCode.UNKNOWN, str(unknown)))
    return Judgement(case.job.trace, "same", _note(case), (), sealed.observation, None, sealed.leaves)


def _not_judged(case: Case, why: Reason) -> Judgement:
    return Judgement(case.job.trace, "not judged", why, (), case.sealed.observation, None, 0)
