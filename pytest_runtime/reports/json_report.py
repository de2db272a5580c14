"""The JSON report; its format is described in `docs/report.md`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ..recorders.errors import RuntimeBaselineError
from ..replay.judge.acceptance import Acceptance
from ..replay.judge.gate import UnjudgedChange
from ..replay.judge.seal import Fidelity
from ..replay.judge.unjudged import UnjudgedGroup
from ..replay.model.finding import Finding
from ..replay.model.verdict import VERDICTS, ClassVerdict, FieldDifference, Location, TraceVerdict
from ..replay.run.causes import Cause, Sort, causes_of, place_key, replay_command, sorts_of
from ..replay.run.exploration import JudgedExploration
from ..replay.run.result import RunResult
from ..replay.run.result_codec import decode_result, encode_result
from .owners import Owners

FORMAT = 6
"""Version of the report.

1: the first.
2: divergences by field pattern; causes, oracle, fidelity, selection, acceptances, rules, arms of blind spots.
3: what was explored.
4: causes of what was not judged, changes that no trace judged, agreed blindness.
5: counts of exploring are `rejected`, `precondition_violations`, `not_propagated`, `inconclusive`.
6: path classes with their verdicts; owners, sides, effects and evidence of causes; `result`, which other reports are
   made of.
"""


def report_of(result: RunResult) -> dict[str, Any]:
    """The report as plain data; the order of the keys is fixed."""
    whole = {"result": encode_result(result)}
    return {**_run(result), **_judged(result), **_reviewed(result), **_reached(result), **whole}


def read_report(data: bytes, root: Path) -> RunResult:
    """The result that a report was made of, for a project in a folder; raises `ReportError`."""
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.format != FORMAT:
            raise ReportError(
                f"it has format {head.format}, and this version of pytest-runtime reads format {FORMAT}: "
                "make it again with this version"
            )
        return decode_result(head.result, root)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ReportError(f"it is no JSON report of pytest-runtime: {error}") from error


class ReportError(RuntimeBaselineError):
    """A report cannot be read."""


class _Head(msgspec.Struct):
    """What of a report is read back."""

    format: int
    result: msgspec.Raw = msgspec.Raw(b"null")


def _run(result: RunResult) -> dict[str, Any]:
    """What was compared with what, and how it ended."""
    baseline, oracle = result.baseline, result.oracle
    return {
        "format": FORMAT,
        "baseline": {"name": baseline.name, "location": baseline.location, "counters": dict(baseline.counters)},
        "oracle": {"kind": oracle.kind, "label": oracle.label, "reason": oracle.reason},
        "differs": oracle.differs,
        "selection": {"classes": baseline.classes, "selected": len(result.verdicts), "trace": result.trace},
        "counts": {verdict.replace(" ", "_"): count for verdict, count in result.counts().items()},
        "asserted": result.asserted(),
        "passed": result.passed(),
        "reason": result.no_pass(),
    }


def _judged(result: RunResult) -> dict[str, Any]:
    """What differs and where, and what was not judged."""
    owners = Owners(result.root)
    return {
        "classes": [_counted(verdict) for verdict in result.verdicts],
        "causes": [_cause(cause, result, owners) for cause in causes_of(result.verdicts)],
        "divergences": [row for verdict in result.verdicts for row in _divergences(verdict)],
        "hung": _reasons(result, "hung"),
        "crashed": _reasons(result, "crashed"),
        "errors": _reasons(result, "error"),
        "not_judged": _reasons(result, "not judged"),
        "not_judged_causes": [_group(group) for group in result.unjudged()],
        "unjudged_changes": [_change(change) for change in result.agreed.left],
        "wall": result.wall,
        "faults": list(result.faults),
        "not_sampled": dict(result.baseline.unsampled),
    }


def _group(group: UnjudgedGroup) -> dict[str, Any]:
    return {
        "cause": group.cause,
        "cure": group.cure,
        "recorded": group.traffic,
        "trace_ids": [trace.trace for trace in group.traces],
    }


def _change(change: UnjudgedChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "name": change.name,
        "entries": list(change.entries),
        "traces": change.traces,
        "reasons": [{"reason": reason, "traces": count} for reason, count in change.reasons],
    }


def _reviewed(result: RunResult) -> dict[str, Any]:
    """What people agreed on, and what their rules did."""
    agreed, acceptances = result.agreed, result.acceptances
    return {
        "blind": [
            {**msgspec.to_builtins(statement), "over": statement in agreed.over}
            for statement in (*agreed.holding, *agreed.over)
        ],
        "acceptances": {
            "used": [_acceptance(acceptance) for acceptance in acceptances.used],
            "unmatched": [_acceptance(acceptance) for acceptance in acceptances.unmatched],
            "settled": [_acceptance(acceptance) for acceptance in acceptances.settled],
        },
        "rules": [msgspec.to_builtins(rule) for rule in result.rules()],
    }


def _reached(result: RunResult) -> dict[str, Any]:
    """How faithful base is, what was explored, and what nothing reached."""
    reached = result.reached
    lines = {"reached": reached.lines, "all": reached.all_lines, "required_percent": reached.required}
    return {
        "fidelity": {entry: _fidelity(found) for entry, found in result.fidelity.items()},
        "explored": [_explored(judged) for judged in result.explored],
        "changed_lines": lines,
        "blind_spots": [msgspec.to_builtins(spot) for spot in reached.blind_spots],
        "blind_spots_unavailable": reached.unavailable,
        "import_faults": dict(result.import_faults),
    }


def _fidelity(fidelity: Fidelity) -> dict[str, Any]:
    return {
        "traces": fidelity.traces,
        "faithful": fidelity.faithful,
        "fallbacks": fidelity.fallbacks,
        "reasons": dict(fidelity.reasons),
    }


def write_report(path: Path, result: RunResult) -> None:
    """Write the report; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report_of(result)), indent=2) + b"\n")


def _explored(judged: JudgedExploration) -> dict[str, Any]:
    """What was tried on one function or entry, and its findings, accepted ones too."""
    accepted = {finding.call for finding, _reason in judged.accepted}
    explored = judged.explored
    plain = msgspec.structs.asdict(explored)
    plain.pop("seconds")  # the same every time, the report is
    plain.update(msgspec.structs.asdict(plain.pop("counts")))
    return {
        **plain,
        "findings": [_finding(found_input, found_input.call in accepted) for found_input in explored.findings],
    }


def _finding(finding: Finding, accepted: bool) -> dict[str, Any]:
    plain = msgspec.structs.asdict(finding)
    return {
        **plain,
        "accepted": accepted,
        "location": _location(finding.location),
        "differences": [{"kind": difference.kind.part, **_values(difference)} for difference in finding.differences],
    }


def _cause(cause: Cause, result: RunResult, owners: Owners) -> dict[str, Any]:
    evidence = result.evidence_at(cause.location)
    return {
        "location": _location(cause.location),
        "owners": list(owners.of(cause.location.file)) if cause.location is not None else [],
        "traces": len(cause.traces),
        "replayed": cause.replayed,
        "classes": [_class(verdict) for verdict in cause.classes],
        "fields": [{**_sort(sort), "traces": len(sort.traces)} for sort in cause.sorts],
        "sides": [side._asdict() for side in cause.sides],
        "effects": [msgspec.to_builtins(effect) for effect in cause.effects],
        "evidence": {
            "base": msgspec.to_builtins(evidence.base),
            "candidate": msgspec.to_builtins(evidence.candidate),
            "variables": msgspec.to_builtins(evidence.variables),
        },
        "replay": replay_command(result.baseline.name, cause.traces[0]),
        "trace_ids": list(cause.traces),
    }


def _counted(verdict: ClassVerdict) -> dict[str, Any]:
    counts = {name.replace(" ", "_"): verdict.count(name) for name in VERDICTS}
    return {**_class(verdict), "recorded": verdict.recorded, "counts": counts}


def _class(verdict: ClassVerdict) -> dict[str, Any]:
    return {"entry": verdict.entry, "path": verdict.path, "conditions": verdict.words, "item": verdict.item}


def _divergences(verdict: ClassVerdict) -> Iterator[dict[str, Any]]:
    """One row for each place, kind and field pattern, with the traces that show it, accepted ones too."""
    places: dict[object, list[TraceVerdict]] = {}
    for trace in verdict.traces:
        if trace.differences:
            places.setdefault((place_key(trace.location), trace.verdict), []).append(trace)
    for traces in places.values():
        for sort in sorts_of(traces):
            yield {
                **_class(verdict),
                **_sort(sort),
                "accepted": traces[0].verdict == "accepted",
                "trace_ids": list(sort.traces),
                "location": _location(traces[0].location),
            }


def _sort(sort: Sort) -> dict[str, Any]:
    return {
        "kind": sort.kind,
        "field": sort.pattern,
        "differences": sort.differences,
        "example": {"trace": sort.traces[0], **_values(sort.example)},
    }


def _values(difference: FieldDifference) -> dict[str, Any]:
    return {"field": difference.field, "base": difference.base, "candidate": difference.candidate}


def _location(location: Location | None) -> dict[str, Any] | None:
    return msgspec.to_builtins(location) if location is not None else None


def _acceptance(acceptance: Acceptance) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(acceptance)
    return found


def _reasons(result: RunResult, verdict: str) -> list[dict[str, Any]]:
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for judged in result.verdicts:
        for trace in judged.traces:
            if trace.verdict == verdict:
                rows.setdefault((judged.entry, judged.words, judged.item, trace.reason), []).append(trace.trace)
    return [
        {"entry": entry, "conditions": words, "item": item, "reason": reason, "trace_ids": names}
        for (entry, words, item, reason), names in rows.items()
    ]
