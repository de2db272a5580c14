"""This file is about the JSON report; its format is described in `docs/report.md`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from ..replay.verdict import ClassVerdict, FieldDifference, Location, TraceVerdict
from .totals import Totals

FORMAT = 1
"""Version of the report.

1: the first.
"""


def report_of(totals: Totals) -> dict[str, Any]:
    """The report as plain data."""
    counts = {verdict.replace(" ", "_"): count for verdict, count in totals.counts().items()}
    return {
        "format": FORMAT,
        "baseline": {"name": totals.baseline, "location": totals.location, "counters": dict(totals.counters)},
        "counts": counts,
        "passed": not (counts["diverged"] or counts["error"]) and not totals.no_pass(),
        "reason": totals.no_pass(),
        "divergences": [row for verdict in totals.verdicts for row in _divergences(verdict)],
        "errors": _reasons(totals, "error"),
        "not_judged": _reasons(totals, "not judged"),
        "blind_spots": [{"file": spot.file, "line": spot.line, "source": spot.source} for spot in totals.blind_spots],
        "blind_spots_unavailable": totals.reach_unavailable,
    }


def write_report(path: Path, totals: Totals) -> None:
    """Write the report; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report_of(totals)), indent=2) + b"\n")


def _divergences(verdict: ClassVerdict) -> list[dict[str, Any]]:
    """One row per differing field, location and pair of values, with the traces that show it."""
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for trace in verdict.traces:
        for difference in trace.differences:
            key = (
                difference.kind,
                difference.field,
                bytes(difference.base),
                bytes(difference.candidate),
                trace.location,
            )
            row = rows.setdefault(key, _row(verdict, trace, difference))
            row["trace_ids"].append(trace.trace)
    return list(rows.values())


def _row(verdict: ClassVerdict, trace: TraceVerdict, difference: FieldDifference) -> dict[str, Any]:
    return {
        "entry": verdict.entry,
        "path": verdict.path,
        "conditions": verdict.words,
        "item": verdict.item,
        "trace_ids": [],
        "kind": difference.kind,
        "field": difference.field,
        "base": difference.base,
        "candidate": difference.candidate,
        "location": _location(trace.location),
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    return msgspec.to_builtins(location) if location is not None else None


def _reasons(totals: Totals, verdict: str) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str, str], list[str]] = {}
    for one in totals.verdicts:
        for trace in one.traces:
            if trace.verdict == verdict:
                rows.setdefault((one.entry, one.words, trace.reason), []).append(trace.trace)
    return [
        {"entry": entry, "conditions": words, "reason": reason, "trace_ids": names}
        for (entry, words, reason), names in rows.items()
    ]
