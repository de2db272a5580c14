"""What exploring means for a run: which findings fail an item, which are accepted, which are only listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..judge.acceptance import Acceptance, apply
from ..model.finding import Explored, Finding
from ..model.verdict import ClassVerdict, FieldDifference, TraceVerdict

ACCEPTED = "accepted"


class JudgedExploration(NamedTuple):
    """What exploring one target showed, with the acceptances taken into account."""

    explored: Explored
    failing: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, str], ...]
    """With the reasons."""
    listed: tuple[Finding, ...]
    """Far ones, which fail nothing."""


def as_class(finding: Finding) -> ClassVerdict:
    """A finding in the form in which divergences of replays are accepted: by entry, path and field."""
    trace = TraceVerdict(
        finding.call, "diverged", differences=finding.differences, location=finding.location, asserted=1
    )
    return ClassVerdict(finding.entry, finding.path, "", finding.words, 0, (trace,))


def is_accepted(
    entry: str, path: str, differences: tuple[FieldDifference, ...], acceptances: Iterable[Acceptance]
) -> bool:
    """Whether an input that shows these differences would be accepted."""
    trace = TraceVerdict("", "diverged", differences=differences, asserted=1)
    [applied] = apply([ClassVerdict(entry, path, "", "", 0, (trace,))], tuple(acceptances)).verdicts
    return applied.traces[0].verdict == ACCEPTED


def judge_exploration(explored: Explored, acceptances: Iterable[Acceptance], *, strict: bool) -> JudgedExploration:
    """Near findings fail the item, far ones too where that is wanted; what is accepted fails nothing."""
    known = tuple(acceptances)
    failing, accepted, listed = [], [], []
    for finding in explored.findings:
        [applied] = apply([as_class(finding)], known).verdicts
        trace = applied.traces[0]
        if trace.verdict == ACCEPTED:
            accepted.append((finding, trace.reason))
        elif finding.near or strict:
            failing.append(finding)
        else:
            listed.append(finding)
    return JudgedExploration(explored, tuple(failing), tuple(accepted), tuple(listed))


def to_accept(explored: Sequence[Explored], *, strict: bool) -> list[ClassVerdict]:
    """The findings that are proposed as intended where that is asked for: those that fail an item."""
    return [as_class(finding) for target in explored for finding in target.findings if finding.near or strict]
