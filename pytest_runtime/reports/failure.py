"""This file is about the failure text of an item: what diverged, where it begins, and how to replay it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..replay.verdict import ClassVerdict, FieldDifference, Location, TraceVerdict

FIELDS_SHOWN = 12


def one_line(verdict: ClassVerdict) -> str:
    """The verdict in a line."""
    diverged, failed = verdict.count("diverged"), verdict.count("error")
    parts = [f"{diverged} of {len(verdict.traces)} traces diverged"] if diverged else []
    parts += [f"{failed} could not be replayed"] if failed else []
    return printable(f"{verdict.entry} · {verdict.words}: {', '.join(parts)}")


def failure_text(verdict: ClassVerdict, baseline: str, root: Path) -> str:
    """Everything about a diverged class, for a person."""
    lines = [f"{verdict.entry} · {verdict.words} · {verdict.recorded} traces recorded, {len(verdict.traces)} replayed"]
    for location, traces in _by_location(verdict):
        lines.append("")
        lines += _group(location, traces, len(verdict.traces), baseline, root)
    failed = Counter(trace.reason for trace in verdict.traces if trace.verdict == "error")
    for reason, count in failed.items():
        lines += ["", f"error in {count} of {len(verdict.traces)}: {reason}"]
    return printable("\n".join(lines))


def printable(text: str) -> str:
    """A text without control characters but line ends: names in a baseline may hold terminal escapes."""
    return "".join(char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _by_location(verdict: ClassVerdict) -> list[tuple[Location | None, list[TraceVerdict]]]:
    groups: dict[tuple[str, int, str], tuple[Location | None, list[TraceVerdict]]] = {}
    for trace in verdict.traces:
        if trace.verdict == "diverged":
            place = trace.location
            key = (place.file, place.line, place.function) if place is not None else ("", 0, "")
            groups.setdefault(key, (place, []))[1].append(trace)
    return sorted(groups.values(), key=lambda group: -len(group[1]))


def _group(
    location: Location | None, traces: list[TraceVerdict], replayed: int, baseline: str, root: Path
) -> Iterator[str]:
    many = f"{len(traces)} of {replayed}"
    if location is None:
        yield f"no place found    {many}"
    else:
        yield f"{location.file}:{location.line}  {_source_line(root / location.file, location.line)}"
        yield f"    {location.how}    {many}"
    yield from _fields(traces)
    names = [trace.trace for trace in traces]
    shown = " ".join(names[:2]) + (f" (+{len(names) - 2})" if len(names) > 2 else "")
    yield f"traces {shown}"
    yield f"replay one: pytest --runtime-baseline={baseline} --runtime-trace {names[0]} --pdb"


def _source_line(path: Path, number: int) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _fields(traces: list[TraceVerdict]) -> Iterator[str]:
    """Field patterns with the values of the first trace that shows them, and how many do."""
    first: dict[str, FieldDifference] = {}
    counts: Counter[str] = Counter()
    for trace in traces:
        patterns = {pattern(one.field): one for one in reversed(trace.differences)}
        counts.update(list(patterns))
        for name, difference in reversed(list(patterns.items())):
            first.setdefault(name, difference)
    width = min(max((len(name) for name in first), default=0), 60)
    for name, difference in list(first.items())[:FIELDS_SHOWN]:
        share = f"    in {counts[name]} of {len(traces)}" if counts[name] < len(traces) else ""
        yield f"{name:<{width}}  {difference.base_text} → {difference.candidate_text}{share}"
    if len(first) > FIELDS_SHOWN:
        yield f"… and {len(first) - FIELDS_SHOWN} more fields"


def pattern(field: str) -> str:
    """A field path with positions in lists left out: the same field of many items is one."""
    return re.sub(r"\[\d+\]", "[*]", field)
