"""The SARIF report, version 2.1.0 (OASIS standard), for code scanning.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from importlib import metadata
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote

import msgspec

from ..replay.model.finding import Finding
from ..replay.run.causes import Cause, causes_of, replay_command
from ..replay.run.result import RunResult
from .headline import against
from .owners import Owners
from .printing import in_line, many, printable

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

Level: TypeAlias = Literal["error", "warning", "note"]

RULES: dict[str, tuple[Level, str, str]] = {
    "divergence": ("error", "Callers see a change", "A recorded execution shows another outcome or other effects."),
    "explored-difference": (
        "error",
        "Inputs near the traffic behave differently",
        "An input close to the recorded ones gives another result.",
    ),
    "replay-failed": ("error", "A replay failed", "A recorded execution hangs, crashes or cannot be compared."),
    "unjudged-change": (
        "error",
        "A change that no trace judged",
        "Recorded traffic runs this change, and no recorded execution of it could be judged.",
    ),
    "blind-spot": ("note", "A changed line that no trace reaches", "No recorded execution runs this changed line."),
}
"""Rule id → (level, name, what it means)."""


class _Found(NamedTuple):
    """What one result says."""

    rule: str
    text: str
    file: str
    """Relative to the project; empty where no place is known."""
    line: int
    identity: tuple[str, ...]
    """What stays the same from one run to the next while the same thing is found: no line numbers."""


def sarif_of(result: RunResult) -> dict[str, Any]:
    """The report as plain data; the order of the keys is fixed."""
    rules = [
        {
            "id": rule,
            "name": "".join(part.title() for part in rule.split("-")),
            "shortDescription": {"text": name},
            "fullDescription": {"text": meaning},
            "defaultConfiguration": {"level": level},
        }
        for rule, (level, name, meaning) in RULES.items()
    ]
    owners = Owners(result.root)
    driver = {
        "name": "pytest-runtime",
        "semanticVersion": metadata.version("pytest-runtime"),
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "exitCode": result.exit_status}],
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder of the project."}}},
        "columnKind": "unicodeCodePoints",
        "properties": {"against": against(result)},
        "results": [_result(found, owners) for found in _found(result)],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def sarif_bytes(result: RunResult) -> bytes:
    """The same as JSON."""
    return msgspec.json.format(msgspec.json.encode(sarif_of(result)), indent=2) + b"\n"


def _found(result: RunResult) -> Iterator[_Found]:
    for cause in causes_of(result.verdicts):
        yield _cause(cause, result)
    for judged in result.explored:
        yield from (_finding(finding) for finding in judged.failing)
    failed = ("hung", "crashed", "error")
    rows = {
        (verdict.entry, trace.verdict, trace.reason): trace.trace
        for verdict in result.verdicts
        for trace in verdict.traces
        if trace.verdict in failed
    }
    for (entry, verdict, reason), trace in rows.items():
        text = f"{entry} {verdict}: {reason}\nReplay it: {replay_command(result.baseline.name, trace)}"
        yield _Found("replay-failed", text, "", 0, (entry, verdict, reason))
    for change in result.agreed.left:
        file, _colon, rest = change.name.partition(":")
        line = int(rest.split(" ")[0]) if change.kind == "line" and rest.split(" ")[0].isdigit() else 0
        yield _Found("unjudged-change", change.describe(), file if line else "", line, (change.kind, change.name))
    for spot in result.reached.blind_spots:
        never = f"never: {spot.arm}" if spot.arm else "no trace reaches this changed line"
        text = f"{never}: {spot.source}"
        yield _Found("blind-spot", text, spot.file, spot.line, (spot.file, spot.source, spot.arm))


def _cause(cause: Cause, result: RunResult) -> _Found:
    traces, place = cause.traces, cause.location
    lines = [f"{many(len(traces), 'divergence')} of {many(cause.replayed, 'trace')} begin here."]
    lines += [f"base: {side.base}; candidate: {side.candidate}" for side in cause.sides[:3]]
    if place is not None and not cause.sides:
        lines.append(place.how)
    for sort in cause.sorts[:8]:
        lines.append(f"{sort.shown}: {sort.example.base_text} → {sort.example.candidate_text}")
    lines.append(f"Replay one: {replay_command(result.baseline.name, traces[0])}")
    file, line = (place.file, place.line) if place is not None else ("", 0)
    identity = (place.file, place.function, place.condition or "", place.kind) if place is not None else ("nowhere",)
    patterns = tuple(sort.pattern for sort in cause.sorts)
    return _Found("divergence", "\n".join(lines), file, line, (*identity, *patterns))


def _finding(finding: Finding) -> _Found:
    text = f"{finding.call}\nbase: {finding.base}\ncandidate: {finding.candidate}"
    place = finding.location
    file, line = (place.file, place.line) if place is not None else ("", 0)
    return _Found("explored-difference", text, file, line, (finding.entry, finding.call))


def _result(found: _Found, owners: Owners) -> dict[str, Any]:
    """Who owns the place stands in the message, for readers, and in a property, for programs."""
    parts = (found.rule, *found.identity)
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    names = [in_line(name) for name in owners.of(found.file)] if found.file else []
    text = f"{found.text}\nOwned by {', '.join(names)}" if names else found.text
    return {
        "ruleId": found.rule,
        "ruleIndex": list(RULES).index(found.rule),
        "level": RULES[found.rule][0],
        "message": {"text": printable(text)},
        "locations": [_location(found.file, found.line)] if found.file and not found.file.startswith("/") else [],
        "partialFingerprints": {"pytestRuntime/v1": digest},
        **({"properties": {"owners": names}} if names else {}),
    }


def _location(file: str, line: int) -> dict[str, Any]:
    uri = quote(in_line(file).encode("utf-8", "replace"))
    region = {"region": {"startLine": line}} if line > 0 else {}
    return {"physicalLocation": {"artifactLocation": {"uri": uri, "uriBaseId": "SRCROOT"}, **region}}
