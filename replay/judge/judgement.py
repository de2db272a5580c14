"""Judgements: what was found of one trace, before anyone looked where it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.trace import Trace, TraceId
from ..compare.remaining import left_by
from ..compare.summarise import reported
from ..compare.tolerance import Rules
from ..model.difference import Difference
from ..model.digests import new_names
from ..model.job import Job, Observed
from ..model.observation import Observation
from ..model.reason import NO_REASON, Reason, ReasonCode, joined
from ..model.verdict import Tolerated, Verdict
from .seal import SealedTrace

ALL_IGNORED = "every field of it is ignored by the project's rules of comparison: nothing is left to compare"
ALL_VOLATILE = "every field of it changes between replays of base: nothing is left to compare"
SEEN_INSIDE = "seen at {entry}: what calls it, {outer}, could not be replayed"
UNSTABLE_PATH = "its path is unstable between replays of base: compared on what is stable"

NAMES_SHOWN = 8
"""New public names that are listed of one trace: a line holds no more."""


class Case(NamedTuple):
    """One trace to judge."""

    job: Job
    trace: Trace
    sealed: SealedTrace


class Judgement(NamedTuple):
    """What was found of one trace."""

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
    """Differences that are not reported; see `summarise.reported`."""
    unseen: bool = False
    after: tuple[Job, ...] = ()
    """Of one that diverges only after other calls in its process: jobs after which it does."""


def first_job(case: Case, *, traced: bool = False) -> Job:
    """How a case is replayed first."""
    sealed = case.sealed
    return msgspec.structs.replace(
        case.job,
        fresh=sealed.fresh,
        expected=sealed.fingerprint,
        restore=sealed.restore,
        state=sealed.state,
        traced=traced,
    )


def diverged(case: Case, found: Sequence[Difference], candidate: Observation | None, why: Reason) -> Judgement:
    """Of a case in which something differs."""
    shown = reported(found)
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


def same(case: Case, rules: Rules) -> Judgement:
    """Of a case in which nothing differs: the same, where there was something to compare and all of it is known."""
    sealed = case.sealed
    if not sealed.leaves and sealed.masks:
        return not_judged(case, Reason(ReasonCode.VOLATILE, ALL_VOLATILE))
    for unknown in sealed.unknown:
        if rules.ignores(unknown.field) is None:
            return not_judged(case, Reason(ReasonCode.UNKNOWN, str(unknown)))
    return Judgement(case.job.trace, "same", note_of(case), (), sealed.observation, None, sealed.leaves)


def not_judged(case: Case, why: Reason) -> Judgement:
    """Of a case of which nothing can be said."""
    return Judgement(case.job.trace, "not judged", why, (), case.sealed.observation, None, 0)


def failed(case: Case, observed: Observed) -> Judgement | None:
    """Of a replay that came to no end of its own; `None` where it did."""
    if observed.ended not in ("hung", "crashed", "error"):
        return None
    why = Reason(ReasonCode.FAILED, observed.reason)
    return Judgement(case.job.trace, observed.ended, why, (), case.sealed.observation, None, 0)


def errored(case: Case, message: str) -> Judgement:
    """Of a case that cannot be compared."""
    why = Reason(ReasonCode.FAILED, message)
    return Judgement(case.job.trace, "error", why, (), case.sealed.observation, None, 0)


def note_of(case: Case) -> Reason:
    """What is to be said of a case, whatever its verdict."""
    notes = [Reason(ReasonCode.UNSTABLE_PATH, UNSTABLE_PATH)] if case.sealed.unstable else []
    if case.trace.inside is not None:
        said = SEEN_INSIDE.format(entry=case.trace.entry, outer=case.trace.inside.entry)
        notes.append(Reason(ReasonCode.SEEN_INSIDE, said))
    return joined(notes)


def news_of(base: Observation, candidate: Observation) -> Reason:
    """The public names that are new with the candidate, where there are any."""
    names = new_names(base.value, candidate.value)
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    said = f"new public names, which only the candidate has: {', '.join(names[:NAMES_SHOWN])}{more}"
    return Reason(ReasonCode.NEW_NAMES, said) if names else NO_REASON


def with_rules(case: Case, judgement: Judgement, rules: Rules) -> Judgement:
    """A judgement with what the project's own rules did; where they leave nothing to compare, nothing was judged."""
    base = case.sealed.observation
    if judgement.verdict not in ("same", "diverged") or base is None:
        return judgement
    if not rules.ignoring:
        return judgement._replace(tolerated=rules.tolerated(Counter()))
    masked = {(mask.field, mask.position) for mask in case.sealed.masks if mask.changes == "always"}
    left = left_by(rules, base, masked)
    tolerated = rules.tolerated(left.ignored)
    if judgement.verdict == "same" and left.ignored and not left.values:
        return not_judged(case, Reason(ReasonCode.IGNORED, ALL_IGNORED))._replace(tolerated=tolerated)
    return judgement._replace(asserted=left.values, tolerated=tolerated)
