"""This file is about totals: everything that one run found, as one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from ..replay.engine import BlindSpot
from ..replay.verdict import VERDICTS, ClassVerdict, Verdict


class Totals(NamedTuple):
    """What a run found."""

    baseline: str
    location: str
    counters: Mapping[str, int]
    """What the recorder counted."""
    verdicts: tuple[ClassVerdict, ...]
    blind_spots: tuple[BlindSpot, ...]
    reach_unavailable: str
    import_faults: Mapping[str, str]
    selection: str
    """The trace id that the run was narrowed to, or empty."""

    def counts(self) -> dict[Verdict, int]:
        """Traces per verdict."""
        return {verdict: sum(one.count(verdict) for one in self.verdicts) for verdict in VERDICTS}

    def reasons(self) -> Counter[str]:
        """Why traces were not judged."""
        return Counter(trace.reason for one in self.verdicts for trace in one.traces if trace.verdict == "not judged")

    def no_pass(self) -> str:
        """Why this run is no pass although nothing diverged; empty when it is one (or something did diverge)."""
        counts = self.counts()
        if counts["diverged"] or counts["error"]:
            return ""
        if not sum(counts.values()):
            if self.selection:
                return f"no kept trace has an id that begins with {self.selection!r}; this is not a pass"
            return f"no trace of baseline {self.baseline!r} was replayed; this is not a pass"
        if not counts["same"]:
            reason, _count = self.reasons().most_common(1)[0]
            return (
                f"none of the {counts['not judged']} traces could be judged; this is not a pass. Most often: {reason}"
            )
        return ""
