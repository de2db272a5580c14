"""All benchmarks in one table: `python benchmarks/run.py [--python PYTHON]...`.

Ends with 1 when a bar is missed on Python 3.12 or newer; Python 3.11 is shown beside.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import figures
from figures import Figure
from processes import BENCHMARKS, BenchmarkFailed

ROOT = BENCHMARKS.parent
SCRIPTS = ("overhead.py", "starting.py", "disk.py", "replay.py", "verdict.py")
HELD_FROM = (3, 12)

Measured = dict[str, Figure]
"""By name."""


def version(python: str) -> str:
    code = "import platform; print(platform.python_version())"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def measure(python: str, script: str) -> Measured:
    """The figures of one benchmark on one interpreter."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [python, str(BENCHMARKS / script), "--json"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkFailed(f"{script} ended with {done.returncode} on {python}")
    return {figure.name: figure for figure in figures.read(done.stdout)}


def rows(found: Mapping[str, Mapping[str, Measured]]) -> list[list[str]]:
    """One row per figure: what, bar, a column per interpreter, the command. `found` is by script and version."""
    versions = list(next(iter(found.values())))
    head = ["what", "bar", *(f"CPython {one}" for one in versions), "command"]
    return [head, *(row for script in found for row in rows_of(script, found[script]))]


def rows_of(script: str, by_version: Mapping[str, Measured]) -> list[list[str]]:
    first = next(iter(by_version.values()))
    command = f"python benchmarks/{script}"
    return [
        [name, figure.bar_text, *(shown(one, measured[name]) for one, measured in by_version.items()), command]
        for name, figure in first.items()
    ]


def is_held(version_text: str) -> bool:
    """Whether the bars are held on this version."""
    return tuple(map(int, version_text.split(".")[:2])) >= HELD_FROM


def shown(version_text: str, figure: Figure) -> str:
    return figure.judged_text if is_held(version_text) else figure.value_text


def missed(found: Mapping[str, Mapping[str, Measured]]) -> list[str]:
    """Bars that are missed where they are held."""
    return [
        f"{figure.name} on CPython {one}: {figure.value_text}, the bar is {figure.bar_text}"
        for by_version in found.values()
        for one, measured in by_version.items()
        for figure in measured.values()
        if not figure.met and is_held(one)
    ]


def load() -> str:
    """How busy the machine was: beyond its cores, CPU times grow by a share that is not the recorder's."""
    averages = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    return f"load average {averages} on {os.cpu_count()} cores"


def run(pythons: Sequence[str]) -> int:
    versions = {version(python): python for python in pythons}
    found: dict[str, dict[str, Measured]] = {}
    before = load()
    for script in SCRIPTS:
        for one, python in versions.items():
            print(f"{script} on CPython {one}", file=sys.stderr)
            found.setdefault(script, {})[one] = measure(python, script)
    print(figures.table(rows(found)))
    print(f"\nbefore: {before}; after: {load()}")
    failures = missed(found)
    print("\n".join(["", *failures] if failures else ["", "every bar is met"]))
    return 1 if failures else 0


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run all benchmarks and print one table.")
    parser.add_argument(
        "--python", action="append", default=[], metavar="PYTHON", help="an interpreter; may be given again"
    )
    options = parser.parse_args(argv)
    try:
        return run(options.python or [sys.executable])
    except BenchmarkFailed as error:
        print(f"run: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
