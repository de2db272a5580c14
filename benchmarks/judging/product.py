"""The product: it is called by its command line and answers with its report, and nothing else.

Everything that depends on how it is called stands here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from judging.subject import BENCHMARKS, EXAMPLE, ROOT, Place, SubjectFailed

BASELINE = "usage"
REPORT = "report.json"
SECONDS = 180.0
HELP_SECONDS = 60.0


@dataclass(frozen=True)
class Location:
    """Where the product says that a divergence begins."""

    file: str
    line: int
    function: str
    """Qualified name without the module."""
    condition: str
    how: str


Evidence = tuple[str, str, str, str]
"""Trace, field, and both values of one divergence."""


@dataclass(frozen=True)
class Judgement:
    """What the product said of one version."""

    verdict: str
    """`same`, `diverged`, `error`, `not judged`, or `no end`."""
    counts: Mapping[str, int]
    location: Location | None = None
    """The one that explains the most traces."""
    fields: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    evidence: frozenset[Evidence] = frozenset()
    seconds: float = 0.0

    @property
    def flagged(self) -> bool:
        return self.verdict in ("diverged", "error")


@dataclass(frozen=True)
class Exploration:
    """What exploring found of one version."""

    near: bool
    far: bool
    told: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Product:
    """How it is called: the environment of the service, and whether it takes the base version."""

    environ: Mapping[str, str]
    takes_base: bool

    def record(self, place: Place) -> None:
        """Record a library's traffic."""
        self._run("record", "--baseline", BASELINE, "--", sys.executable, "traffic.py", folder=place.folder)

    def judge(
        self,
        candidate: Place,
        base: Place,
        *,
        everything: bool = False,
        noise: frozenset[Evidence] = frozenset(),
        hash_seed: str = "0",
    ) -> Judgement:
        """Replay the baseline on `candidate`: what the change reaches, or everything.

        Divergences in `noise`, which unchanged code shows, are no evidence.
        """
        report = candidate.folder / REPORT
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-p", "pytest_runtime.plugin", "-p", "no:cacheprovider", "--tb=no"]
        command += [f"--runtime-baseline={BASELINE}", "--runtime-only", f"--runtime-json={REPORT}"]
        # In one word: pytest takes a path that follows an option it does not know yet for the folder to test.
        command += [f"--runtime-base={base.folder}"] if self.takes_base else []
        # A few path classes are enough to say whether a change is flagged, and where.
        command += ["--runtime-all"] if self.takes_base and everything else ["--maxfail=4"]
        environ = {**self.environ, "PYTHONHASHSEED": hash_seed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        before = time.monotonic()
        status, output = limited(command, candidate.folder, environ)
        return read(report, status, output, noise, time.monotonic() - before)

    def explore(self, candidate: Place, base: Place) -> Exploration:
        """Explore what changed in `candidate`."""
        report = candidate.folder / REPORT
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-p", "pytest_runtime.plugin", "-p", "no:cacheprovider", "--tb=no"]
        command += [f"--runtime-baseline={BASELINE}", "--runtime-only", f"--runtime-json={REPORT}"]
        command += [f"--runtime-base={base.folder}", "--runtime-explore=200"]
        environ = {**self.environ, "PYTHONHASHSEED": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        before = time.monotonic()
        limited(command, candidate.folder, environ)
        shutil.rmtree(candidate.folder / ".runtime" / "explored", ignore_errors=True)  # the next mutant's own
        if not report.exists():
            return Exploration(False, False, (), time.monotonic() - before)
        rows = [one for row in json.loads(report.read_text())["explored"] for one in row["findings"]]
        told = tuple(f"{row['call']}: base {row['base']}, candidate {row['candidate']}" for row in rows)
        near, far = any(row["near"] for row in rows), any(not row["near"] for row in rows)
        return Exploration(near, far, told, time.monotonic() - before)

    def _run(self, *arguments: str, folder: Path) -> None:
        command = [sys.executable, "-m", "pytest_runtime", *arguments]
        done = subprocess.run(command, cwd=folder, env=self.environ, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SubjectFailed(f"{' '.join(arguments)} in {folder}: {(done.stdout + done.stderr)[-3000:]}")


def limited(command: list[str], folder: Path, environ: Mapping[str, str]) -> tuple[int | None, str]:
    """Exit status and output; no status when it had to be ended."""
    try:
        done = subprocess.run(
            command, cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def product(extra: Mapping[str, str] | None = None) -> Product:
    """The product of this checkout."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environ = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(extra or {})}
    command = [sys.executable, "-m", "pytest", "--help"]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, timeout=HELP_SECONDS, check=False, cwd=BENCHMARKS
    )
    if "--runtime-baseline" not in done.stdout:
        raise SubjectFailed(f"the product cannot be started: {done.stderr[-2000:]}")
    return Product(environ, takes_base="--runtime-all" in done.stdout)


def recorded_example(place: Place) -> Product:
    """Record the example as its own demo does; the product for its replays knows the service's settings."""
    spec = importlib.util.spec_from_file_location("demo", EXAMPLE / "demo.py")
    assert spec is not None
    assert spec.loader is not None
    demo: Any = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = demo
    spec.loader.exec_module(demo)
    demo.BASELINE = BASELINE
    demo.say = lambda _text: None
    found = product()

    class Scratch(demo.Scratch):  # type: ignore[misc]  # loaded from a file, so of type Any
        service = place.folder

    scratch = Scratch(place.folder.parent / "trading-run")
    scratch.database.parent.mkdir(parents=True)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = found.environ["PYTHONPATH"]
    try:
        environ = demo.record(scratch)
    except demo.DemoFailed as failed:
        raise SubjectFailed(f"{failed}: {scratch.log.read_text()[-2000:]}") from failed
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return Product({**found.environ, **environ}, found.takes_base)


def read(file: Path, status: int | None, output: str, noise: frozenset[Evidence], seconds: float) -> Judgement:
    """What a report says."""
    if status is None:
        return Judgement("no end", {}, seconds=seconds)
    if not file.exists():
        return Judgement("error", {}, reasons=(f"pytest ended with {status}: {output[-600:]}",), seconds=seconds)
    report: dict[str, Any] = json.loads(file.read_text())
    rows = [row for row in report["divergences"] if not evidence([row]) <= noise]
    reasons = dict.fromkeys(row["reason"] for row in [*report["errors"], *report["not_judged"]])
    return Judgement(
        verdict_of(report, rows),
        report["counts"],
        most_frequent(rows),
        tuple(dict.fromkeys(row["field"] for row in rows))[:6],
        tuple(reasons)[:6],
        evidence(rows),
        seconds,
    )


def evidence(rows: list[dict[str, Any]]) -> frozenset[Evidence]:
    return frozenset(
        (trace, str(row["field"]), json.dumps(row["example"]["base"]), json.dumps(row["example"]["candidate"]))
        for row in rows
        for trace in row["trace_ids"]
    )


def verdict_of(report: Mapping[str, Any], rows: list[dict[str, Any]]) -> str:
    """A replay that does not end, or that takes the process along, is as much of an alarm as an error."""
    counts: Mapping[str, int] = report["counts"]
    if rows:
        return "diverged"
    if any(counts.get(name) for name in ("error", "hung", "crashed")):
        return "error"
    return "same" if counts.get("same") or report["passed"] else "not judged"


def most_frequent(rows: list[dict[str, Any]]) -> Location | None:
    """The location that explains the most traces."""
    traces: dict[Location, set[str]] = {}
    for row in rows:
        found = row.get("location")
        if found:
            function = found["function"].partition(":")[2]
            location = Location(found["file"], found["line"], function, found["condition"] or "", found["how"])
            traces.setdefault(location, set()).update(row["trace_ids"])
    weight = Counter({location: len(names) for location, names in traces.items()})
    return max(weight, key=lambda one: (weight[one], one.file, -one.line), default=None)
