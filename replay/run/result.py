"""The result: everything that one run found and what it means, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..judge.acceptance import Acceptance
from ..judge.blind_spots import BlindSpot, Reach
from ..judge.blindness import Agreed
from ..judge.oracle import Oracle
from ..judge.seal import Fidelity
from ..judge.unjudged import Unjudged, UnjudgedGroup, grouped
from ..model.verdict import BAD, VERDICTS, ClassVerdict, Location, Verdict
from .baseline import BaselineFacts
from .causes import place_key
from .evidence import Evidence
from .excerpts import Excerpt
from .exploration import JudgedExploration
from .parts import Part
from .shards import Shard


class OracleFacts(NamedTuple):
    """What the candidate was compared with."""

    kind: str
    """`revision`, `directory`, or `recording` where the recorded outcomes represent base."""
    label: str
    reason: str
    differs: bool
    """Whether anything differs between base and candidate."""
    changed_existing: bool
    """Whether something that base has is another, or gone."""
    unread: tuple[str, ...] = ()
    """Files that differ and that no trace loads or reads."""


class Acceptances(NamedTuple):
    """What reviewers accepted, and what of it this run met."""

    all: tuple[Acceptance, ...]
    """The proposed ones among them."""
    proposed: tuple[Acceptance, ...]
    """Those that this run adds, where it was asked to."""
    used: tuple[Acceptance, ...]
    """Those that something matched."""
    unmatched: tuple[Acceptance, ...]
    """Those that nothing matched, although it was looked at."""
    settled: tuple[Acceptance, ...]
    """Those of them that base itself holds: it may do already what they accept."""


class ReachedChange(NamedTuple):
    """What replays reached of the change."""

    blind_spots: tuple[BlindSpot, ...]
    lines: int
    """Changed lines that ran, of those that hold code of functions."""
    all_lines: int
    unavailable: str
    """Why nothing could be watched, or empty."""
    required: float | None
    """Percent of the changed lines that replays must reach."""
    around: tuple[Excerpt, ...] = ()
    """The source around the blind spots, or most of them."""

    @property
    def percent(self) -> float:
        """Share of the changed lines that ran."""
        return 100.0 * self.lines / self.all_lines if self.all_lines else 100.0


class AppliedRule(msgspec.Struct, frozen=True):
    """What a rule of comparison did in a run."""

    rule: str
    reason: str
    traces: int
    """Traces in which it did something."""
    differences: int
    """Differences that it tolerated."""
    ignored: int
    """Values that were not compared because of it."""


class RunResult(NamedTuple):
    """What a run found."""

    root: Path
    """Folder of the project."""
    trace: str
    """The trace id that the run was narrowed to, or empty."""
    baseline: BaselineFacts
    oracle: OracleFacts
    verdicts: tuple[ClassVerdict, ...]
    acceptances: Acceptances
    explored: tuple[JudgedExploration, ...]
    """What was explored, by target."""
    reached: ReachedChange
    agreed: Agreed
    """Changed things that recorded traffic ran and nobody judged, and what was agreed about such."""
    fidelity: Mapping[str, Fidelity]
    """How faithful base is to the recording, by entry; empty without a seal."""
    import_faults: Mapping[str, str]
    wall: str
    """What the operating system does not close off where code under test runs; empty where the wall is whole."""
    faults: tuple[str, ...] = ()
    """Boundaries that could not be put in place in the candidate, and why."""
    evidence: tuple[Evidence, ...] = ()
    """What is to be seen of each cause."""
    shard: Shard | None = None
    """The part of the run that this is; `None` for a whole one."""
    part: Part | None = None
    """Of a shard, what it found as the other shards' results are merged with it."""

    def counts(self) -> dict[Verdict, int]:
        """Traces per verdict."""
        return {verdict: sum(judged.count(verdict) for judged in self.verdicts) for verdict in VERDICTS}

    def asserted(self) -> int:
        """Values that were compared."""
        return sum(trace.asserted for judged in self.verdicts for trace in judged.traces)

    def unjudged(self) -> list[UnjudgedGroup]:
        """Why traces were not judged, by cause."""
        return grouped(
            Unjudged(judged.entry, trace.trace, trace.why, judged.recorded / len(judged.traces))
            for judged in self.verdicts
            for trace in judged.traces
            if trace.verdict == "not judged"
        )

    def rules(self) -> list[AppliedRule]:
        """What the rules of comparison did, in order of their words."""
        found: dict[tuple[str, str], AppliedRule] = {}
        for rule in (rule for judged in self.verdicts for trace in judged.traces for rule in trace.tolerated):
            before = found.get((rule.rule, rule.reason), AppliedRule(rule.rule, rule.reason, 0, 0, 0))
            found[rule.rule, rule.reason] = AppliedRule(
                rule.rule,
                rule.reason,
                before.traces + 1,
                before.differences + rule.differences,
                before.ignored + rule.ignored,
            )
        return [found[key] for key in sorted(found)]

    def evidence_at(self, location: Location | None) -> Evidence:
        """What is to be seen of the cause at a place; empty where none was gathered."""
        place = place_key(location)
        return next((evidence for evidence in self.evidence if evidence.place == place), Evidence(place))

    # --- what it means ---

    @property
    def exit_status(self) -> int:
        """0 for a pass, else 1."""
        return 0 if self.passed() else 1

    def passed(self) -> bool:
        """Whether the run is a pass."""
        return not self._has_failed() and not self.no_pass()

    def differs_explored(self) -> bool:
        """Whether an input was found that fails its item."""
        return any(judged.failing for judged in self.explored)

    def _has_failed(self) -> bool:
        counts = self.counts()
        return any(counts[verdict] for verdict in BAD) or self.differs_explored()

    def no_pass(self) -> str:
        """Why this run is no pass although nothing diverged; empty when it is one (or something did diverge).

        A shard knows nothing of what others judged, reached and matched: who merges their results decides on the whole.
        """
        if self._has_failed():
            return ""
        if self.shard is not None:
            return self._empty_baseline()
        return self._unmatched() or self._nothing_judged() or self._unjudged_change() or self._unreached()

    def _unmatched(self) -> str:
        unmatched = self.acceptances.unmatched
        if not unmatched:
            return ""
        many = "an acceptance matches" if len(unmatched) == 1 else f"{len(unmatched)} acceptances match"
        return (
            f"{many} nothing any more: {unmatched[0].describe()}. Remove what is settled with: "
            f"pytest-runtime prune {self.baseline.name}"
        )

    def _nothing_judged(self) -> str:
        counts = self.counts()
        if not sum(counts.values()):
            return self._nothing_replayed()
        if counts["same"] or counts["accepted"]:
            compared = self.asserted() or self.rules()
            return "" if compared else "of what was replayed, no value was compared; this is not a pass"
        most = self.unjudged()[0]
        count = counts["not judged"]
        if count == 1:
            return f"the one trace could not be judged; this is not a pass: {most.cause}"
        return f"none of the {count} traces could be judged; this is not a pass. Most often: {most.cause}"

    def _nothing_replayed(self) -> str:
        if any(judged.explored.counts.examples for judged in self.explored):
            return ""  # the run was narrowed to what is explored
        if self.trace:
            return f"no kept trace has an id that begins with {self.trace!r}; this is not a pass"
        if not self.baseline.classes:
            return self._empty_baseline()
        if self.oracle.differs and self.oracle.changed_existing and self.reached.required is None:
            return (
                "code changed that no recorded trace reaches, so nothing was judged; this is not a pass. "
                "Record traffic that reaches it, or say that it need not be reached: --runtime-require-reached=0"
            )
        return ""

    def _empty_baseline(self) -> str:
        if self.baseline.classes:
            return ""
        why = self.baseline.why_empty and f": {self.baseline.why_empty}"
        return f"baseline {self.baseline.name!r} holds no trace{why}; this is not a pass"

    def _unjudged_change(self) -> str:
        left = self.agreed.left
        if not left or self.trace:
            return ""
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        return (
            f"changed, run by recorded traffic, and judged by no trace: {left[0].name}{more}; this is not a pass. "
            "What may stay unjudged is agreed on in runtime-accepted.toml, under [[blind]]"
        )

    def _unreached(self) -> str:
        reached = self.reached
        if reached.required is None or reached.unavailable or reached.percent >= reached.required:
            return ""
        return (
            f"replays reach {reached.lines} of {reached.all_lines} changed lines ({reached.percent:.0f} %), "
            f"and --runtime-require-reached asks for {reached.required:g} %"
        )


def oracle_facts(oracle: Oracle) -> OracleFacts:
    """What is said of an oracle."""
    return OracleFacts(
        kind=oracle.base.kind if oracle.base is not None else "recording",
        label=oracle.label,
        reason=oracle.reason,
        differs=oracle.differs,
        changed_existing=oracle.versions.changed_existing,
        unread=oracle.unread,
    )


def reached_of(reach: Reach, required: float | None, around: tuple[Excerpt, ...]) -> ReachedChange:
    """What is said of what replays reached."""
    lines, every = reach.changed_lines()
    return ReachedChange(tuple(reach.blind_spots()), lines, every, reach.unavailable, required, around)
