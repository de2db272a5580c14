"""Judging: comparing what the candidate shows with what base showed, trace by trace.

A trace is the same when its observation is base's, byte for byte; else when nothing that a caller or a system behind
the service could see differs, volatile fields by shape. Where the candidate reads clock or entropy differently than
base, what follows from them is compared in a replay with the clock frozen, or by shape. What still differs is
confirmed in a fresh process; see `Confirmed`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import msgspec

from ...recorders.model.trace import Trace, TraceId
from ..compare.tolerance import NO_RULES, RuleFailed, Rules
from ..model.difference import Difference
from ..model.job import Job, Observed
from ..model.progress import Progress, say_nothing
from ..model.reason import Reason, ReasonCode
from .case_comparison import CaseComparison, Compared, Doubts
from .confirmed import Confirmed, fields_of
from .judgement import Case, Judgement, diverged, errored, first_job, not_judged, note_of, same, with_rules
from .kept_state import KEPT_STATE, KeptState
from .sealing import Runner

__all__ = ["Case", "Doubts", "Judge", "Judgement"]

RESTORED = "rebuilt from state: recorded state was put into {names}, which changed"

_TOGETHER = sys.version_info >= (3, 12)
"""Whether arms and lines can be watched in one replay: on 3.11 there is one trace function for both."""

Ruled: TypeAlias = tuple[Judgement, Rules]
"""A judgement, and the project's rules with what they counted for it."""


class _Replayed(NamedTuple):
    """What the candidate showed of a case first, and, of one with an outcome, what differs in it."""

    observed: Observed
    compared: Compared | None


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
        inner: Callable[[Case, Judgement], Judgement] = lambda case, judgement: judgement,
        ask_base: Callable[[Job], Observed | None] = lambda job: None,
        seen: Callable[[Observed], None] = lambda observed: None,
    ) -> None:
        """`doubts` says of a trace what the change may do to how it is compared; `rules` makes the project's own rules
        for an entry, anew for each comparison; `traced` says whether the arms that the candidate takes are wanted. With
        `against_recording` nobody replayed base: what the recorder could not see may be what base did too. `inner` says
        what a divergence of a call inside of another one comes to. `ask_base` replays a job on base; it answers `None`
        where there is no base to ask. `seen` is given every observation of the candidate."""
        self._candidate = candidate
        self._doubts = doubts
        self._traced = traced
        self._seen = seen
        self._inner = inner
        self._comparison = CaseComparison(self._once, rules, doubts, against_recording=against_recording)
        self._kept_state = KeptState(self._once, ask_base)

    def judge(self, cases: Sequence[Case], progress: Progress | None = None) -> list[Judgement]:
        """A judgement for each case, in order; the cases of one call are of one path class."""
        open_cases = [case for case in cases if not case.sealed.why]
        replayed = dict(self._replayed(open_cases, progress or Progress("", len(open_cases), say_nothing)))
        if self._traced and not _TOGETHER:
            for _again in self._run([first_job(case, traced=True) for case in open_cases]):
                pass
        confirmed = Confirmed()
        return [self._judged(case, replayed, confirmed) for case in cases]

    def _replayed(self, cases: Sequence[Case], progress: Progress) -> Iterator[tuple[TraceId, _Replayed]]:
        """Replay all, and compare each while the candidate replays the next one."""
        jobs = [first_job(case, traced=self._traced and _TOGETHER) for case in cases]
        for case, observed in zip(cases, progress.counted(self._run(jobs)), strict=True):
            yield case.job.trace, _Replayed(observed, self._compared_early(case, observed))

    def _compared_early(self, case: Case, observed: Observed) -> Compared | None:
        if observed.ended != "outcome" or observed.observation is None:
            return None
        try:
            return self._comparison.first(case, observed)
        except RuleFailed:
            return None  # it fails again when this trace is judged

    def _run(self, jobs: Iterable[Job]) -> Iterable[Observed]:
        asked = list(jobs)
        for job, observed in zip(asked, self._candidate.run(asked), strict=True):
            self._seen(observed)
            self._kept_state.saw(job, observed)
            yield observed

    def _once(self, job: Job) -> Observed:
        return next(iter(self._run([job])))

    def _judged(self, case: Case, replayed: Mapping[TraceId, _Replayed], confirmed: Confirmed) -> Judgement:
        shown = replayed.get(case.job.trace)
        if shown is None:
            return not_judged(case, case.sealed.why)
        try:
            judgement, rules = self._compared(case, shown, confirmed)
            return self._inner(case, with_rules(case, judgement, rules))
        except RuleFailed as failure:
            return errored(case, str(failure))

    def _compared(self, case: Case, shown: _Replayed, confirmed: Confirmed) -> Ruled:
        if shown.observed.matched:
            rules = self._comparison.rules_of(case)
            return same(case, rules), rules
        compared = self._comparison.differences(case, shown.observed, shown.compared)
        if isinstance(compared, Judgement):
            return compared, NO_RULES
        if compared.found and not case.sealed.fresh and not confirmed.suffice(compared.found):
            return self._confirm(case, shown.observed, compared, confirmed)
        return self._concluded(case, shown.observed, compared)

    def _confirm(self, case: Case, warm: Observed, together: Compared, confirmed: Confirmed) -> Ruled:
        """Run once more, in a process of its own, what differs in the warm one."""
        observed = self._once(msgspec.structs.replace(first_job(case), fresh=True))
        confirmed.count(together.found, observed.observation == warm.observation)
        if observed.matched:
            return self._kept(case, together.found) or (same(case, together.rules), together.rules)
        compared = self._comparison.differences(case, observed)
        if isinstance(compared, Judgement):
            return compared, NO_RULES
        kept = None if compared.found else self._kept(case, together.found)
        return kept or self._concluded(case, observed, compared)

    def _concluded(self, case: Case, observed: Observed, compared: Compared) -> Ruled:
        if not compared.found:
            return self._comparison.alike(case, observed, compared.rules), compared.rules
        restored = sorted(set(observed.restored) & self._doubts(case.trace).changed_classes)
        if restored:
            names = ", ".join(name.replace(":", ".") for name in restored)
            return not_judged(case, Reason(ReasonCode.RESTORED, RESTORED.format(names=names))), NO_RULES
        return diverged(case, compared.found, observed.observation, note_of(case)), compared.rules

    def _kept(self, case: Case, together: Sequence[Difference]) -> Ruled | None:
        """The divergence of a trace that differs only after others, where the candidate is what keeps state."""

        def differs(observed: Observed) -> bool:
            if observed.matched or observed.ended != "outcome":
                return False
            compared = self._comparison.differences(case, observed)
            return not isinstance(compared, Judgement) and bool(fields_of(compared.found) & fields_of(together))

        shown = self._kept_state.after(first_job(case), differs)
        if shown is None:
            return None
        compared = self._comparison.differences(case, shown.observed)
        if isinstance(compared, Judgement):
            return None
        others = f"trace {shown.jobs[0].trace}" if len(shown.jobs) == 1 else f"{len(shown.jobs)} other traces"
        why = Reason(ReasonCode.KEPT_STATE, KEPT_STATE.format(after=others))
        judgement = diverged(case, compared.found, shown.observed.observation, why)
        return judgement._replace(after=shown.jobs), compared.rules
