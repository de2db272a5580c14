"""This file is about the summary at the end of a run."""

from __future__ import annotations

from typing import Any

from ..replay.verdict import BAD
from .failure import printable
from .totals import Totals

SPOTS_SHOWN = 20
REASONS_SHOWN = 8


def print_summary(reporter: Any, totals: Totals, reason: str) -> None:
    """Counts of all verdicts, reasons, acceptances, blind spots."""
    if not totals.differs and not totals.verdicts and not reason:
        line = f"runtime: nothing that could change behaviour differs from {totals.oracle}; nothing to replay"
        reporter.line(line, green=True)
        return
    counts = totals.counts()
    reporter.section(f"runtime: baseline {totals.baseline}, compared with {totals.oracle}", sep="=")
    for why, count in totals.reasons().most_common(REASONS_SHOWN):
        reporter.line(printable(f"not judged, {count} traces: {why}"))
    for module, fault in totals.import_faults.items():
        reporter.line(f"cannot be imported: {module}: {fault}", red=True)
    for one in totals.used:
        reporter.line(printable(f"accepted: {one.describe()}"), yellow=True)
    for one in totals.unmatched:
        reporter.line(printable(f"accepted, but not seen any more: {one.describe()}"), red=True)
    _print_blind_spots(reporter, totals)
    bad = bool(any(counts[verdict] for verdict in BAD) or reason)
    shown = {verdict: count for verdict, count in counts.items() if count or verdict in _ALWAYS}
    line = ", ".join(f"{count} {verdict}" for verdict, count in shown.items())
    many = sum(counts.values())
    selected = f" ({len(totals.verdicts)} of {totals.classes} path classes)" if totals.classes else ""
    judged = bool(counts["same"] or counts["accepted"])
    reporter.line(
        f"runtime: {many} traces replayed{selected}: {line}; {totals.asserted()} values compared",
        green=judged and not bad,
        red=bad,
    )
    if reason:
        reporter.line(printable(f"runtime: {reason}"), red=True)


_ALWAYS = ("same", "diverged", "not judged", "error")


def _print_blind_spots(reporter: Any, totals: Totals) -> None:
    if totals.reach_unavailable:
        reporter.line(f"blind spots are unknown: {totals.reach_unavailable}", yellow=True)
        return
    if not totals.blind_spots or totals.selection:
        return
    lines = [spot for spot in totals.blind_spots if not spot.arm]
    arms = [spot for spot in totals.blind_spots if spot.arm]
    parts = [f"{len(lines)} changed line{'s' if len(lines) > 1 else ''}"] if lines else []
    parts += [f"{len(arms)} way{'s' if len(arms) > 1 else ''} out of changed decisions"] if arms else []
    reporter.line(f"{' and '.join(parts)} that no trace reaches (blind spots):", yellow=True)
    for spot in totals.blind_spots[:SPOTS_SHOWN]:
        never = f"    never: {spot.arm}" if spot.arm else ""
        reporter.line(printable(f"  {spot.file}:{spot.line}  {spot.source}{never}"))
    if len(totals.blind_spots) > SPOTS_SHOWN:
        reporter.line(f"  … and {len(totals.blind_spots) - SPOTS_SHOWN} more")
