"""What reports cost: to write the HTML and JSON reports of many diverged traces, and to open the page in a browser.

    python benchmarks/report.py [--traces 2000] [--places 200] [--rounds 5]

A round writes each form once; opening is from the start of the navigation to the first frame after everything is laid
out, in headless Chromium, read from disk. Prints medians.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pytest_runtime.reports.formats import ENDINGS, write
from tests.pytest_runtime.reports.examples import large


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    found = []
    for _round in range(rounds):
        before = time.perf_counter()
        work()
        found.append(time.perf_counter() - before)
    return statistics.median(found)


def opening(path: Path, rounds: int) -> float | None:
    """Seconds until the page is painted; `None` without a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])

        def load() -> None:
            page = browser.new_page()
            page.goto(path.as_uri())
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            page.close()

        load()
        found = median_seconds(load, rounds)
        browser.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=2_000)
    parser.add_argument("--places", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    result = large(options.traces, options.places)
    with tempfile.TemporaryDirectory() as folder:
        print(f"{options.traces} diverged traces at {options.places} places")
        for ending in ENDINGS:
            path = Path(folder) / f"report{ending}"
            seconds = median_seconds(lambda path=path: write(path, result), options.rounds)  # type: ignore[misc]
            print(f"  write {ending:<7} {seconds:6.3f} s  {path.stat().st_size / 1e6:6.2f} MB")
        opened = opening(Path(folder) / "report.html", options.rounds)
        print("  open the page: no chromium here" if opened is None else f"  open the page {opened:6.3f} s")


if __name__ == "__main__":
    main()
