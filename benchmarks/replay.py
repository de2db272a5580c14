"""What replaying costs, and whether unchanged code replays to what was recorded, on the trading example."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from figures import Figure, arguments, over_rounds, report
from processes import BENCHMARKS, BenchmarkFailed

EXAMPLE = BENCHMARKS.parent / "examples" / "trading" / "demo.py"
PYTEST_RUNS = 3
BAR_PER_SECOND = 500.0
BAR_SAME = 100.0


def load_demo() -> ModuleType:
    """The example's own script: it knows how to record its traffic."""
    spec = importlib.util.spec_from_file_location("demo", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    demo = importlib.util.module_from_spec(spec)
    sys.modules["demo"] = demo
    spec.loader.exec_module(demo)
    return demo


def run(command: list[str], folder: Path, environ: Mapping[str, str]) -> str:
    """What a process that ends with 0 prints."""
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkFailed(f"{command} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def speed(found: Mapping[str, Any]) -> Figure:
    rates = [found["traces"] / seconds for seconds in found["seconds"]]
    note = f"{found['traces']} traces a round; {found['traces'] / found['first']:.0f} per second in the first round"
    return over_rounds("replays per second on one core", rates, "/s", bar=BAR_PER_SECOND, at_least=True, note=note)


def equality(found: Mapping[str, Any]) -> list[Figure]:
    counts: dict[str, int] = found["verdicts"]
    note = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    same = 100 * counts.get("same", 0) / found["traces"]
    exact = 100 * found["exact"] / found["traces"]
    return [
        Figure("unchanged code: verdict same", same, "%", BAR_SAME, at_least=True, note=note),
        Figure("unchanged code: outcome equal to the byte", exact, "%", BAR_SAME, at_least=True),
    ]


def wall_time(service: Path, environ: Mapping[str, str], baseline: str) -> Figure:
    """A whole run of pytest, start-up included."""
    seconds = []
    for _ in range(PYTEST_RUNS):
        before = time.perf_counter()
        output = run([sys.executable, "-m", "pytest", f"--runtime-baseline={baseline}"], service, environ)
        seconds.append(time.perf_counter() - before)
    note = output.strip().splitlines()[-1].strip("= ")
    return over_rounds(f"pytest --runtime-baseline={baseline}", seconds, "s", note=note)


def measure(folder: Path) -> list[Figure]:
    demo = load_demo()
    scratch = demo.Scratch(folder, demo.TRADING)
    scratch.copy_example()
    scratch.commit()
    try:
        environ = demo.record(scratch)
    except demo.DemoFailed as failed:
        raise BenchmarkFailed(f"{failed}: {scratch.log.read_text()[-2000:]}") from failed
    measured = run([sys.executable, str(BENCHMARKS / "replaying.py"), demo.BASELINE], scratch.service, environ)
    found = json.loads(measured.splitlines()[-1])
    return [speed(found), *equality(found), wall_time(scratch.service, environ, demo.BASELINE)]


def main(argv: list[str] | None = None) -> int:
    options = arguments("What replaying costs, and whether it is exact.").parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="pytest-runtime-bench-") as folder:
            figures = measure(Path(folder))
    except BenchmarkFailed as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
