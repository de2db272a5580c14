"""What the demos of the examples share: a service is recorded, each change of it replayed, and one table shown.

An example has a package, a script for its traffic, and changes: diffs whose first lines say what their authors meant
and, of those that break something, where. How it is recorded, its own `demo.py` says.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

BASELINE = "staging"
REPORT = "report.json"
REPLAYS_AT_A_TIME = 2
START_SECONDS = 60
STOP_SECONDS = 120
REPLAY_SECONDS = 600
LOG_LINES = 30
QUICK_STEP = 4
FAITHFUL_SHARE = 0.95
"""Of the traces, on the unchanged code: what replays otherwise than it was recorded says nothing about a change."""

SAME = "same"
DIVERGED = "diverged"
NOT_JUDGED = "not judged"
ERROR = "error"
VERDICT_EXPECTED = {"harmless": SAME, "breaking": DIVERGED}


class DemoFailed(Exception):
    """A step before the replays did not come about; the message says which."""


@dataclass(frozen=True)
class Location:
    """A place in the source, as the report gives it."""

    file: str
    function: str
    line: int | None = None
    condition: str = ""

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{line} {self.function} {self.condition}".rstrip()

    def is_within(self, other: Location) -> bool:
        """Whether this is in the function that `other` names, with or without its class."""
        return self.file.endswith(other.file) and self.function.split(".")[-1] == other.function.split(".")[-1]


@dataclass(frozen=True)
class Change:
    """A pull request in `changes/`, or, without a file, none."""

    name: str
    expected: str
    intent: str = ""
    cause: Location | None = None
    file: Path | None = None


@dataclass(frozen=True)
class Result:
    """What a replay found; `detail` explains a verdict that is neither same nor diverged."""

    verdict: str
    location: Location | None = None
    detail: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    change: Change
    result: Result

    @property
    def as_expected(self) -> bool:
        if self.result.verdict != self.change.expected:
            return False
        if self.change.cause is None:
            return True
        return self.result.location is not None and self.result.location.is_within(self.change.cause)

    @property
    def where(self) -> str:
        found = str(self.result.location or "")
        if self.change.cause is not None and self.result.location is not None and not self.as_expected:
            return f"{found} (expected: {self.change.cause})"
        return found


UNCHANGED = Change(name="unchanged", expected=SAME)


def read_change(file: Path) -> Change:
    """A diff whose first lines say what its author meant and, when it breaks something, where."""
    headers = {}
    for line in file.read_text().splitlines():
        if not line.startswith("# "):
            break
        key, _, text = line.removeprefix("# ").partition(": ")
        headers[key] = text
    kind = next(iter(headers), "")
    if kind not in VERDICT_EXPECTED:
        raise DemoFailed(f"{file.name} does not begin with '# breaking: ...' or '# harmless: ...'")
    cause = None
    if "where" in headers:
        path, _, function = headers["where"].partition(" ")
        cause = Location(path, function)
    return Change(file.stem, VERDICT_EXPECTED[kind], headers[kind], cause, file)


def read_changes(folder: Path, names: Sequence[str]) -> list[Change]:
    """The unchanged code and all changes of an example, or those among them whose names contain one of `names`."""
    changes = [UNCHANGED, *(read_change(file) for file in sorted((folder / "changes").glob("*.diff")))]
    return [change for change in changes if not names or any(name in change.name for name in names)]


@dataclass(frozen=True)
class Example:
    """One of the folders beside this module."""

    folder: Path
    copied: tuple[str, ...]
    """What a repository of the service would hold."""
    record: Callable[[Scratch], object]
    """Record its traffic; raises `DemoFailed`."""
    goals: str = "Record the service, then replay every change."


@dataclass(frozen=True)
class Scratch:
    """The temporary directory and what lies where in it."""

    root: Path
    example: Example

    @property
    def service(self) -> Path:
        return self.root / "service"

    @property
    def data(self) -> Path:
        """For databases; it is gone when the replays begin."""
        return self.root / "data"

    @property
    def baseline(self) -> Path:
        return self.service / ".runtime" / f"{BASELINE}.baseline"

    @property
    def log(self) -> Path:
        """What the recorder and the service print; the traffic makes the service log a few tracebacks."""
        return self.root / "service.log"

    def copy_example(self) -> None:
        """The service as it stands in its repository, with one commit, so that a change has a base to differ from."""
        self.service.mkdir()
        self.data.mkdir()
        for name in self.example.copied:
            source = self.example.folder / name
            if source.is_dir():
                shutil.copytree(source, self.service / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, self.service / name)

    def commit(self) -> None:
        (self.service / ".gitignore").write_text(f".runtime/\n__pycache__/\n{REPORT}\n")
        git(self.service, "init", "--quiet")
        git(self.service, "add", "--all")
        author = ("-c", "user.name=demo", "-c", "user.email=demo@example.invalid", "-c", "commit.gpgsign=false")
        git(self.service, *author, "commit", "--quiet", "--message", "The service as it was recorded")

    def copy_service(self, name: str) -> Path:
        """A copy with the baseline, for one replay."""
        copy = self.root / name
        shutil.copytree(self.service, copy, ignore=shutil.ignore_patterns("__pycache__"))
        return copy


def git(folder: Path, *arguments: str) -> None:
    """Run git for `folder` alone: not for a repository around it, nor for the one whose hook started this."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ["GIT_CEILING_DIRECTORIES"] = str(folder.parent)
    done = subprocess.run(["git", *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoFailed(f"git {' '.join(arguments)}: {done.stderr.strip()}")


def say(text: str) -> None:
    print(text, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def stop(process: subprocess.Popen[Any]) -> int:
    """End `process` in order, or by force when it does not end in time; returns its exit code."""
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@contextmanager
def helper_service(script: str, scratch: Scratch) -> Iterator[str]:
    """The address of a service of another team, for as long as it runs: the last word of the line that it prints."""
    command = [sys.executable, script, "--port", "0"]
    with subprocess.Popen(command, cwd=scratch.service, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            listening = process.stdout.readline().split()
            if not listening:
                raise DemoFailed(f"{script} did not start")
            yield listening[-1]
        finally:
            stop(process)


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoFailed(f"the service ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise DemoFailed(f"the service did not answer within {START_SECONDS} s")


def recorded(command: Sequence[str]) -> list[str]:
    """The command line that records another one, which begins with the arguments of Python."""
    return [sys.executable, "-m", "pytest_runtime", "record", "--baseline", BASELINE, "--", sys.executable, *command]


@contextmanager
def recorded_service(
    scratch: Scratch, environ: Mapping[str, str], command: Sequence[str], port: int, asked: str = "/health"
) -> Iterator[str]:
    """The address of the service, which runs under the recorder, once it answers what is `asked`; it is stopped in
    order and must end with 0."""
    with scratch.log.open("ab") as log:
        process = subprocess.Popen(recorded(command), cwd=scratch.service, env=environ, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(url + asked, process)
        yield url
    finally:
        exit_code = stop(process)
    if exit_code:
        raise DemoFailed(f"the recorded service ended with {exit_code}")


def run_script(scratch: Scratch, environ: Mapping[str, str], *command: str) -> None:
    """Run Python with these arguments beside the service; raises `DemoFailed` where it does not end with 0."""
    if subprocess.run([sys.executable, *command], cwd=scratch.service, env=environ, check=False).returncode:
        raise DemoFailed(f"{' '.join(command)} did not do what it should")


def forget_data(scratch: Scratch) -> None:
    """Nothing of what the service stood on is there when its traffic is replayed."""
    if not scratch.baseline.exists():
        raise DemoFailed(f"there is no {scratch.baseline}")
    shutil.rmtree(scratch.data)
    say(f"recorded {scratch.baseline.stat().st_size // 1024} KiB; databases and other services are gone from here on")


def seal(scratch: Scratch) -> None:
    """Replay the baseline on the service as it was recorded, once for all changes; pytest would do so by itself."""
    say("sealing: replaying the baseline on the recorded commit")
    command = [sys.executable, "-m", "pytest_runtime", "seal", BASELINE]
    done = subprocess.run(command, cwd=scratch.service, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoFailed(f"the baseline could not be sealed: {done.stderr.strip()}")
    say(done.stdout.rstrip())


def replay(change: Change, scratch: Scratch) -> Row:
    """Replay the baseline on a copy of the service with `change` applied."""
    copy = scratch.copy_service(change.name)
    if change.file is not None:
        git(copy, "apply", "-p1", str(change.file))
    command = [sys.executable, "-m", "pytest", f"--runtime-baseline={BASELINE}", f"--runtime-json={REPORT}"]
    if change.file is None:
        command.append("--runtime-all")  # nothing differs, so nothing would be replayed
    try:
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, timeout=REPLAY_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Row(change, Result(ERROR, detail=f"no end after {REPLAY_SECONDS} s"))
    (copy / "pytest.log").write_text(done.stdout + done.stderr)
    result = read_result(copy / REPORT, done.returncode)
    say(f"  {change.name}: {result.verdict}")
    return Row(change, result if change.file is not None else check_faithful(result, copy / REPORT))


def check_faithful(result: Result, file: Path) -> Result:
    """The result on the unchanged code, which is good enough only where nearly all traces replay as recorded."""
    if result.verdict != SAME:
        return result
    entries = json.loads(file.read_text())["fidelity"].values()
    traces, faithful = (sum(entry[part] for entry in entries) for part in ("traces", "faithful"))
    say(f"  {faithful} of {traces} traces replay as they were recorded")
    if faithful < FAITHFUL_SHARE * traces:
        return Result(NOT_JUDGED, detail=f"only {faithful} of {traces} traces replay as they were recorded")
    return result


def read_result(file: Path, exit_code: int) -> Result:
    """The verdict of a report; one that pytest's exit code contradicts is an error."""
    if not file.exists():
        return Result(ERROR, detail=f"pytest ended with {exit_code} and wrote no report")
    report: dict[str, Any] = json.loads(file.read_text())
    verdict = verdict_of(report["counts"])
    if (verdict == SAME) != (exit_code == 0):
        return Result(ERROR, detail=f"pytest ended with {exit_code}, but the report says {verdict}")
    if verdict in (SAME, DIVERGED):
        return Result(verdict, location=most_frequent_location(report["divergences"]))
    return Result(verdict, detail=json.dumps({"counts": report["counts"], "not_judged": report["not_judged"]})[:2000])


def verdict_of(counts: Mapping[str, int]) -> str:
    if counts["diverged"]:
        return DIVERGED
    if any(counts.get(name) for name in ("error", "hung", "crashed")):
        return ERROR
    if counts["not_judged"] or not counts["same"]:
        return NOT_JUDGED
    return SAME


def most_frequent_location(divergences: Sequence[Mapping[str, Any]]) -> Location | None:
    """The location that explains the most traces."""
    traces: Counter[Location] = Counter()
    for divergence in divergences:
        found = divergence.get("location")
        if found:
            function = found["function"].partition(":")[2]
            location = Location(found["file"], function, found.get("line"), found.get("condition") or "")
            traces[location] += len(divergence["trace_ids"])
    return max(traces, key=lambda location: (traces[location], str(location)), default=None)


def table(rows: Sequence[Row]) -> str:
    cells = [("", "change", "expected", "verdict", "where")]
    cells += [
        ("" if row.as_expected else "!", row.change.name, row.change.expected, row.result.verdict, row.where)
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def run(scratch: Scratch, changes: Sequence[Change]) -> list[Row]:
    say("copying the service")
    scratch.copy_example()
    scratch.commit()
    scratch.example.record(scratch)
    seal(scratch)
    say(f"replaying on {len(changes)} versions, {REPLAYS_AT_A_TIME} at a time")
    with ThreadPoolExecutor(REPLAYS_AT_A_TIME) as pool:
        return list(pool.map(partial(replay, scratch=scratch), changes))


def report(rows: Sequence[Row], seconds: float) -> int:
    say("")
    say(table(rows))
    for row in rows:
        if row.result.detail:
            say(f"\n{row.change.name}: {row.result.detail}")
    unexpected = sum(not row.as_expected for row in rows)
    say(f"\n{len(rows) - unexpected} of {len(rows)} as expected, {seconds:.0f} s")
    return 1 if unexpected or not rows else 0


def print_end(log: Path) -> None:
    if log.exists():
        lines = log.read_text(errors="replace").splitlines()
        print("\n".join(["the end of the service's log:", *lines[-LOG_LINES:]]), file=sys.stderr)


def main(example: Example, argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=example.goals)
    parser.add_argument(
        "--only", action="append", default=[], metavar="TEXT", help="only changes with TEXT in the name"
    )
    parser.add_argument("--quick", action="store_true", help="the unchanged code, and every fourth change")
    parser.add_argument("--keep", action="store_true", help="keep the temporary directory and say where it is")
    options = parser.parse_args(argv)
    started = time.monotonic()
    scratch = Scratch(Path(tempfile.mkdtemp(prefix=f"{example.folder.name}-demo-")), example)
    try:
        rows = run(scratch, read_changes(example.folder, options.only)[:: QUICK_STEP if options.quick else 1])
    except DemoFailed as error:
        print(f"demo: {error}", file=sys.stderr)
        print_end(scratch.log)
        return 2
    finally:
        if options.keep:
            say(f"kept: {scratch.root}")
        else:
            shutil.rmtree(scratch.root)
    return report(rows, time.monotonic() - started)
