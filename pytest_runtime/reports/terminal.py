"""This file is about the summary at the end of a run."""

from __future__ import annotations

from typing import Any

from .failure import printable
from .totals import Totals

SPOTS_SHOWN = 20
REASONS_SHOWN = 8


def print_summary(reporter: Any, totals: Totals, reason: str) -> None:
    """Counts of all four verdicts, reasons, blind spots."""
    counts = totals.counts()
    if not totals.verdicts and not reason:
        return
    reporter.section(f"runtime: baseline {totals.baseline}", sep="=")
    for why, count in totals.reasons().most_common(REASONS_SHOWN):
        reporter.line(printable(f"not judged, {count} traces: {why}"))
    for module, fault in totals.import_faults.items():
        reporter.line(f"cannot be imported: {module}: {fault}", red=True)
    _print_blind_spots(reporter, totals)
    bad = bool(counts["diverged"] or counts["error"] or reason)
    line = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    reporter.line(f"runtime: {sum(counts.values())} traces replayed: {line}", green=not bad, red=bad)
    if reason:
        reporter.line(f"runtime: {reason}", red=True)


def _print_blind_spots(reporter: Any, totals: Totals) -> None:
    if totals.reach_unavailable:
        reporter.line(f"blind spots are unknown: {totals.reach_unavailable}", yellow=True)
        return
    if not totals.blind_spots or totals.selection:
        return
    count = len(totals.blind_spots)
    reporter.line(f"{count} changed line{'s' if count > 1 else ''} that no trace reaches (blind spots):", yellow=True)
    for spot in totals.blind_spots[:SPOTS_SHOWN]:
        reporter.line(f"  {spot.file}:{spot.line}  {spot.source}")
    if count > SPOTS_SHOWN:
        reporter.line(f"  … and {count - SPOTS_SHOWN} more")
