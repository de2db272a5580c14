"""The oracle: what a subject's callers see, found without the product, in plain processes.

It decides alone whether a change is observable. What moves between two runs of one version is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from judging.subject import Place, Subject, SubjectFailed

DRIVER = Path(__file__).with_name("driver.py")
HUNG = 99
FIRST_SECONDS = 300.0
LEAST_SECONDS = 10.0

Seen = tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """The first thing that is seen differently."""

    base: str
    candidate: str

    def __str__(self) -> str:
        return f"base:      {self.base[:400]}\ncandidate: {self.candidate[:400]}"


def difference(base: Seen, candidate: Seen) -> Difference | None:
    """`None` when nothing differs."""
    for left, right in zip(base, candidate, strict=False):
        if left != right:
            return Difference(*_around(left, right))
    if len(base) == len(candidate):
        return None
    longer = base if len(base) > len(candidate) else candidate
    rest = longer[min(len(base), len(candidate))]
    return Difference(rest, "(nothing more)") if longer is base else Difference("(nothing more)", rest)


def _around(left: str, right: str) -> tuple[str, str]:
    """Both texts from shortly before they part."""
    pairs = zip(left, right, strict=False)
    common = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(left), len(right)))
    begin = max(0, common - 80)
    lead = left[:60] + " … " if begin > 60 else ""
    begin = begin if lead else 0
    return lead + left[begin:], lead + right[begin:]


class Oracle:
    """One warm process; versions are observed sequentially. A context manager."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._seconds = FIRST_SECONDS
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        kind = "SERVICE" if self._subject.is_service else "LIBRARY"
        environ = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        environ.pop("PYTHONPATH", None)
        command = [sys.executable, str(DRIVER), kind]
        return subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Oracle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def calibrate(self, place: Place) -> None:
        """Set the time limit from how long `place` takes, and refuse a subject that is not seen the same twice."""
        before = time.monotonic()
        first = self.observe(place)
        self._seconds = max(LEAST_SECONDS, 5 * (time.monotonic() - before))
        found = difference(first, self.observe(place))
        if found is not None:
            raise SubjectFailed(f"{place.subject.name} is not seen the same twice:\n{found}")

    def observe(self, place: Place) -> Seen:
        """What is seen of the version in `place`."""
        status, found = self._order(place, lines=False)
        if status == HUNG:
            return ("it does not end",)
        return tuple(found) if found else (f"the process ends with {status}",)

    def lines(self, place: Place) -> dict[str, set[int]]:
        """The lines of functions that the traffic runs, by file."""
        status, found = self._order(place, lines=True)
        if status:
            raise SubjectFailed(f"{place.subject.name}: the traffic ends with {status}: {found}")
        return {file: set(lines) for file, lines in found.items()}

    def _order(self, place: Place, *, lines: bool) -> tuple[int, Any]:
        with tempfile.TemporaryDirectory(prefix="oracle-") as scratch:
            out = Path(scratch) / "seen.json"
            order = {
                "folder": str(place.folder),
                "package": place.subject.package,
                "out": str(out),
                "seconds": FIRST_SECONDS if lines else self._seconds,
                "lines": lines,
            }
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
            if not answer:
                raise SubjectFailed("the oracle's process has ended")
            status: int = json.loads(answer)["status"]
            return status, json.loads(out.read_text()) if out.exists() else None
