"""What recording adds to the start of a process: CPU until the service's first line runs, and of a whole short program.

    python benchmarks/starting.py [--rounds 15]

The same program is started bare and under the recorder in turn, with the environment that `pytest-runtime record` gives
it; CPU is that of the whole process, all its threads included. A process that goes on says in the baseline, after two
seconds or with its first trace, that it records: what writes is loaded then, in the recorder's own thread. *A whole
program* is the life of a process whose program calls one included function: start, one trace, and the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Figure, arguments, over_rounds, report
from processes import BenchmarkFailed

PROGRAM = """import sys, time
time.sleep({"idle": 0.5, "known": 4.0}.get(sys.argv[1], 0.0))
if sys.argv[1] == "short":
    import shop
    shop.fee(120)
print(time.process_time())
"""
SHOP = "def fee(total):\n    return 10 if total > 100 else 0\n"
BAR = 60.0

NAMES = {
    "first": ("CPU until the first line of the service, added", BAR),
    "idle": ("… once it has waited for half a second", BAR),
    "known": ("… for four seconds, when the recorder has said in the baseline that it is there", None),
    "short": ("… of a whole program that makes one trace, its end included", None),
}


def make_program(folder: Path) -> None:
    (folder / "program.py").write_text(PROGRAM)
    (folder / "shop.py").write_text(SHOP)
    (folder / "pyproject.toml").write_text('[tool.pytest-runtime]\ninclude = ["shop"]\n')


def recorded_environment(folder: Path, baseline: str) -> dict[str, str]:
    """The environment that `pytest-runtime record` starts a command with."""
    record = [sys.executable, "-m", "pytest_runtime", "record", "--baseline", baseline, "--", "env", "-0"]
    done = subprocess.run(record, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.split("\0") if line)


def cpu_of(folder: Path, environment: dict[str, str], what: str) -> float:
    """Milliseconds of CPU; raises `BenchmarkFailed` where the program fails."""
    process = subprocess.Popen(
        [sys.executable, "program.py", what],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        printed, said = process.stdout.read(), process.stderr.read()
        _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode or "not recording" in said:
        raise BenchmarkFailed(f"{what} ended with {process.returncode}: {said[-2000:]}")
    return 1000 * (used.ru_utime + used.ru_stime if what == "short" else float(printed))


def measure(rounds: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-bench-") as name:
        folder = Path(name)
        make_program(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody compiles at each start
        bare = dict(os.environ)
        recorded = recorded_environment(folder, "bench")
        figures = []
        for what, (title, bar) in NAMES.items():
            cpu_of(folder, recorded, what)  # so that all bytecode is there
            pairs = [(cpu_of(folder, bare, what), cpu_of(folder, recorded, what)) for _ in range(rounds)]
            added = [after - before for before, after in pairs]
            figures.append(over_rounds(title, added, "ms", bar=bar))
        return figures


def main(argv: list[str] | None = None) -> int:
    parser = arguments("What recording adds to the start of a process.")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args(argv)
    try:
        return report(measure(options.rounds), as_json=options.json)
    except BenchmarkFailed as error:
        print(f"starting: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
