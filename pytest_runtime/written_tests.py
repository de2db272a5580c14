"""Written tests: differences as plain pytest tests that assert what base does, for a team to keep or
to invert.

They need neither this plugin nor a baseline. What can be no such test is named in a comment, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from .replay.model.finding import Explored
from .replay.model.verdict import ClassVerdict
from .reports.printing import printable

NAME_LIMIT = 60
"""Characters of a test's name: with its file it fits in a line of pytest's summary."""


class Written(NamedTuple):
    """One difference, as a test."""

    name: str
    says: str
    """What differs, in a line."""
    body: str
    reason: str
    """Why there is no body."""


def tests_of(verdicts: Iterable[ClassVerdict], explored: Iterable[Explored]) -> list[Written]:
    """The tests of a run, in a fixed order: of replays, then of exploring."""
    found = []
    for verdict in verdicts:
        for trace in verdict.traces:
            if trace.test or trace.no_test:
                first = trace.differences[0] if trace.differences else None
                what = f"{first.field} {first.base_text} -> {first.candidate_text}" if first else "it differs"
                says = f"{verdict.entry} · {verdict.words}: {what}"
                found.append(Written(verdict.entry, says, trace.test, trace.no_test))
    for target in explored:
        for finding in target.findings:
            says = f"{finding.call}: base {finding.base}, candidate {finding.candidate}"
            far = "" if finding.near else " (far from what was recorded)"
            found.append(Written(target.target, says + far, finding.test, finding.no_test))
    return found


def source_of(tests: Sequence[Written]) -> str:
    """A test module: one function for each difference. Each imports for itself: two modules of the service may define
    one name, and a name that begins as a test's does would be taken for one."""
    parts = ['"""What base does where the change does something else. Keep a test, or invert it."""']
    names: dict[str, int] = {}
    for test in tests:
        if not test.body:
            parts.append(f"# No plain test: {_line(test.says)}\n# {_line(test.reason)}")
            continue
        lines = "\n".join(f"    {line}" if line else "" for line in test.body.splitlines())
        parts.append(f"def {_name(test.name, names)}():\n    # {_line(test.says)}\n{lines}")
    return "\n\n\n".join(parts) + "\n"


def write_tests(path: Path, tests: Sequence[Written]) -> None:
    """Write the module; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source_of(tests), encoding="utf-8")


def _line(text: str) -> str:
    """One line that ends nothing: no line end, and nothing that Python takes for one."""
    return printable(" ".join(text.split()))[:300]


def _name(text: str, names: dict[str, int]) -> str:
    plain = re.sub(r"[^0-9a-zA-Z]+", "_", text.rpartition(":")[2] or text).strip("_").lower()[:NAME_LIMIT]
    name = f"test_{plain or 'difference'}"
    names[name] = names.get(name, 0) + 1
    return name if names[name] == 1 else f"{name}_{names[name]}"
