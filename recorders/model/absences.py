"""Absences: what a baseline does not hold, and why, as values that are stored and sentences that are shown.

`why_empty` is the one place that says why there is no trace: the recorder's last line, `status` and the replay use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

AbsenceKind: TypeAlias = Literal[
    "other process",
    "ignores environment",
    "forked",
    "started",
    "not imported",
    "not entered",
    "not sampled",
    "not recorded",
]
"""What kept traces out, in the order in which it explains that there are none."""

_SENTENCES: Mapping[str, str] = {
    "other process": (
        "the included code ran in a child of the recorded command, in {}: record the Python process itself"
    ),
    "ignores environment": (
        "the recorder did not start in {}: with -I, -E or -S Python ignores what starts it; leave the option out"
    ),
    "forked": (
        "included code ran in a process that was forked from the recorded one and is not recorded, {}: "
        "serve with threads in one process"
    ),
    "started": (
        "the recorded process started {}, which is not recorded: a reloader or worker runs the code there; "
        "switch it off (--noreload, --no-reload), or serve with threads in one process"
    ),
    "not entered": (
        "the included packages were imported ({}), and no function of them was called from outside, "
        "nor a request answered"
    ),
    "not imported": "no module of the included packages was imported ({}): look at `include`",
}
SHOWN = 3
"""Processes or entries that a sentence names."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Something that is not in the baseline."""

    kind: str
    """An `AbsenceKind`, or one of a later version."""
    subject: str
    """Of `not sampled` the entry, of `not recorded` a sentence, of processes id and program, of modules their names."""
    count: int


AbsenceKey: TypeAlias = tuple[AbsenceKind, str]


def why_empty(absences: Iterable[Absence]) -> str:
    """Why no trace was recorded, as far as it is known; empty where nothing is."""
    by_kind: dict[str, list[str]] = {}
    for absence in absences:
        by_kind.setdefault(absence.kind, []).append(absence.subject)
    found = next((kind for kind in _SENTENCES if kind in by_kind), None)
    return _SENTENCES[found].format(_few(by_kind[found])) if found is not None else ""


def unsampled(absences: Iterable[Absence]) -> dict[str, int]:
    """Entry → how many runs of it were not recorded because of the budget; the most frequent first."""
    found = {absence.subject: absence.count for absence in absences if absence.kind == "not sampled"}
    return dict(sorted(found.items(), key=lambda row: (-row[1], row[0])))


def describe_unsampled(counts: Mapping[str, int]) -> str:
    """Which entries were not recorded whole, and how to have them; empty when all were."""
    if not counts:
        return ""
    named = _few([f"{entry}: {count}" for entry, count in counts.items()])
    # Calls of code that lost its events for a while are seen by no one.
    return f"{sum(counts.values())} or more not sampled ({named}; --sample all records every one)"


def unrecorded(absences: Iterable[Absence]) -> list[str]:
    """What the service asked past every boundary, each as a sentence."""
    return [absence.subject for absence in absences if absence.kind == "not recorded"]


def _few(subjects: list[str]) -> str:
    more = f" and {len(subjects) - SHOWN} more" if len(subjects) > SHOWN else ""
    return ", ".join(subjects[:SHOWN]) + more
