"""What recording costs programs that do nothing but call functions: CPU time recorded over CPU time plain.

    python benchmarks/calls.py [--rounds 5]

`burst`: 200,000 small calls from outside, each of them an entry. `inside`: two million small calls within one entry.
`richards`: the program of that name from pyperformance, which is fetched from the package index, one entry of many
million calls. Each round runs every program plainly, with a recorder that takes no functions for entries (`off`), and
as `pytest-runtime record` does by default; figures are ratios of the CPU time of the work alone, over the plain one of
the same round. `first` is the work from the start of the process; `steady` the same work once more, afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

RICHARDS: Final = "benchmarks/bm_richards/run_benchmark.py"
MODES: Final = ("plain", "off", "default")

WORK: Final = """
def small(number):
    if number > 10:
        return number + 1
    return number


def inside(times):
    total = 0
    for number in range(times):
        total += small(number)
    return total
"""

RUN: Final = """
import json, sys, time
sys.path.insert(0, {folder!r})
from program import work


def burst():
    small = work.small
    for number in range(200_000):
        small(number)


def inside():
    work.inside(2_000_000)


def richards():
    from program import richards
    richards.Richards().run(10)


found = []
for _ in range(2):
    before = time.process_time()
    {name}()
    found.append(time.process_time() - before)
print(json.dumps(found))
"""


def program(folder: Path) -> None:
    """The package that is recorded."""
    package = folder / "program"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "work.py").write_text(WORK)
    (folder / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["program"]\n')
    fetch = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder), "pyperformance"]
    subprocess.run(fetch, check=True, stderr=subprocess.DEVNULL)
    [wheel] = folder.glob("pyperformance*.whl")
    with zipfile.ZipFile(wheel) as archive:
        name = next(one for one in archive.namelist() if one.endswith(RICHARDS))
        source = archive.read(name).decode()
    (package / "richards.py").write_text(source.replace("import pyperf\n", ""))


def run(folder: Path, name: str, mode: str) -> list[float]:
    """CPU seconds of the work, first and once more."""
    script = folder / f"{name}.py"
    script.write_text(RUN.format(folder=str(folder), name=name))
    command = [sys.executable, str(script)]
    configuration = '[tool.pytest-runtime]\ninclude = ["program"]\n'
    if mode != "plain":
        command = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", "calls", "--", *command]
    if mode == "off":
        configuration += 'entries = ["wsgi"]\n'
    (folder / "pyproject.toml").write_text(configuration)
    for old in (folder / ".runtime").glob("*.baseline*"):
        old.unlink()
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    found: list[float] = json.loads(done.stdout.splitlines()[0])
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="What recording costs programs that do nothing but call functions.")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="times that each program is run")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-calls-") as name:
        folder = Path(name)
        program(folder)
        print("| program | plain s | off, first | off, steady | default, first | default, steady |")
        print("|---|---|---|---|---|---|")
        for work in ("burst", "inside", "richards"):
            rounds = [{mode: run(folder, work, mode) for mode in MODES} for _ in range(options.rounds)]
            plain = statistics.median(one["plain"][0] for one in rounds)
            ratios = [
                statistics.median(one[mode][time] / one["plain"][time] for one in rounds)
                for mode in ("off", "default")
                for time in (0, 1)
            ]
            print(f"| {work} | {plain:.2f} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
