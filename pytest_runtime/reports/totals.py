"""This file is about totals: everything that one run found, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..acceptance import Acceptance
from ..blindness import Agreed
from ..exploration import Judged
from ..replay.judge.blind_spots import BlindSpot
from ..replay.judge.seal import Fidelity
from ..replay.model.verdict import BAD, VERDICTS, ClassVerdict, Verdict
from .unjudged import Group, Unjudged, grouped


class AppliedRule(msgspec.Struct, frozen=True):
    """What a rule of comparison did in a run."""

    rule: str
    reason: str
    traces: int
    """Traces in which it did something."""
    differences: int
    """Differences that it took for none."""
    ignored: int
    """Values that were not compared because of it."""


class Totals(NamedTuple):
    """What a run found."""

    root: Path
    """Folder of the project."""
    baseline: str
    location: str
    counters: Mapping[str, int]
    """What the recorder counted."""
    oracle: str
    """What the candidate is compared with."""
    oracle_reason: str
    oracle_kind: str
    """`revision`, `directory`, or `recording` where the recorded outcomes stand for base."""
    differs: bool
    """Whether anything differs between base and candidate."""
    verdicts: tuple[ClassVerdict, ...]
    used: tuple[Acceptance, ...]
    """Acceptances that something matched."""
    unmatched: tuple[Acceptance, ...]
    """Acceptances that nothing matched, although it was looked at."""
    settled: tuple[Acceptance, ...]
    """Those of them that base itself holds: it may do already what they accept."""
    fidelity: Mapping[str, Fidelity]
    """How faithful base is to the recording, by entry; empty without a seal."""
    classes: int
    """Path classes of the baseline."""
    blind_spots: tuple[BlindSpot, ...]
    changed_lines: tuple[int, int]
    """(reached, all) changed lines that hold code of functions."""
    changed_existing: bool
    """Whether something that base has is another, or gone."""
    required: float | None
    """Percent of the changed lines that replays must reach."""
    reach_unavailable: str
    import_faults: Mapping[str, str]
    explored: tuple[Judged, ...]
    """What was explored, by target."""
    agreed: Agreed
    """Changed things that recorded traffic ran and nobody judged, and what was agreed about such."""
    wall: str
    """What the operating system does not close off where code under test runs; empty where the wall is whole."""
    unsampled: Mapping[str, int]
    """Entry → calls of it that were not recorded."""
    unread: tuple[str, ...]
    """Files that differ and that no trace loads or reads."""
    selection: str
    """The trace id that the run was narrowed to, or empty."""
    why_empty: str = ""
    """Why the baseline holds no trace, where it holds none and that is known."""

    def counts(self) -> dict[Verdict, int]:
        """Traces per verdict."""
        return {verdict: sum(one.count(verdict) for one in self.verdicts) for verdict in VERDICTS}

    def asserted(self) -> int:
        """Values that were compared."""
        return sum(trace.asserted for one in self.verdicts for trace in one.traces)

    def unjudged(self) -> list[Group]:
        """Why traces were not judged, by cause."""
        return grouped(
            Unjudged(one.entry, trace.trace, trace.reason, trace.why, one.recorded / len(one.traces))
            for one in self.verdicts
            for trace in one.traces
            if trace.verdict == "not judged"
        )

    def rules(self) -> list[AppliedRule]:
        """What the rules of comparison did, in order of their words."""
        found: dict[tuple[str, str], AppliedRule] = {}
        for one in (one for verdict in self.verdicts for trace in verdict.traces for one in trace.settled):
            before = found.get((one.rule, one.reason), AppliedRule(one.rule, one.reason, 0, 0, 0))
            found[one.rule, one.reason] = AppliedRule(
                one.rule,
                one.reason,
                before.traces + 1,
                before.differences + one.differences,
                before.ignored + one.ignored,
            )
        return [found[key] for key in sorted(found)]

    def reached_percent(self) -> float:
        """Share of the changed lines that replays reached."""
        reached, every = self.changed_lines
        return 100.0 * reached / every if every else 100.0

    def passed(self) -> bool:
        """Whether the run is a pass."""
        counts = self.counts()
        return not any(counts[verdict] for verdict in BAD) and not self.differs_explored() and not self.no_pass()

    def differs_explored(self) -> bool:
        """Whether an input was found that fails its item."""
        return any(one.failing for one in self.explored)

    def no_pass(self) -> str:
        """Why this run is no pass although nothing diverged; empty when it is one (or something did diverge)."""
        counts = self.counts()
        if any(counts[verdict] for verdict in BAD) or self.differs_explored():
            return ""
        return self._unmatched() or self._nothing_judged(counts) or self._unjudged_change() or self._unreached()

    def _unmatched(self) -> str:
        if not self.unmatched:
            return ""
        many = "an acceptance matches" if len(self.unmatched) == 1 else f"{len(self.unmatched)} acceptances match"
        return (
            f"{many} nothing any more: {self.unmatched[0].describe()}. Remove what is settled with: "
            f"pytest-runtime prune {self.baseline}"
        )

    def _nothing_judged(self, counts: Mapping[Verdict, int]) -> str:
        if not sum(counts.values()) and any(one.explored.counts.examples for one in self.explored):
            return ""  # the run was narrowed to what is explored
        if not sum(counts.values()):
            if self.selection:
                return f"no kept trace has an id that begins with {self.selection!r}; this is not a pass"
            if not self.classes:
                why = self.why_empty and f": {self.why_empty}"
                return f"baseline {self.baseline!r} holds no trace{why}; this is not a pass"
            if self.differs and self.changed_existing and self.required is None:
                return (
                    "code changed that no recorded trace reaches, so nothing was judged; this is not a pass. "
                    "Record traffic that reaches it, or say that it need not be reached: --runtime-require-reached=0"
                )
            return ""
        if counts["same"] or counts["accepted"]:
            compared = self.asserted() or self.rules()
            return "" if compared else "of what was replayed, no value was compared; this is not a pass"
        most = self.unjudged()[0]
        return (
            f"none of the {counts['not judged']} traces could be judged; this is not a pass. Most often: {most.cause}"
        )

    def _unjudged_change(self) -> str:
        left = self.agreed.left
        if not left or self.selection:
            return ""
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        return (
            f"changed, run by recorded traffic, and judged by no trace: {left[0].name}{more}; this is not a pass. "
            "What may stay unjudged is agreed on in runtime-accepted.toml, under [[blind]]"
        )

    def _unreached(self) -> str:
        if self.required is None or self.reach_unavailable or self.reached_percent() >= self.required:
            return ""
        reached, every = self.changed_lines
        return (
            f"replays reach {reached} of {every} changed lines ({self.reached_percent():.0f} %), "
            f"and --runtime-require-reached asks for {self.required:g} %"
        )
