"""What the recorder does to suites that nobody here wrote: tests that fail only under it, and how much longer it takes.

    python benchmarks/suites.py [--rounds 3] [--keep DIR] [--only NAME …]

The packages are the first ten of `strangers.txt` that qualify (see `strangers.py`), and some whose tests look closely
at functions, frames and types. Each round runs the suite plainly and then under `pytest-runtime record` with the
default settings; the ratio is that of the wall times of one round, and the median of the rounds is told. The exit
status is 1 when a test fails only under the recorder.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from strangers_bench.environment import Environment
from strangers_bench.product import RECORD_SECONDS, record
from strangers_bench.qualify import Qualification, first, qualify
from strangers_bench.suite import run_suite

LIST = Path(__file__).with_name("strangers.txt")
CLOSE_LOOKERS = ("flask", "jinja2", "marshmallow", "click", "attrs", "itsdangerous", "tabulate", "sqlparse")
FIRST = 10


class Round(msgspec.Struct, frozen=True):
    """One suite, plain and recorded."""

    plain: float
    recorded: float
    """Seconds of wall time."""
    failed: tuple[str, ...]
    """Tests that passed plainly and not under the recorder."""
    summary: str
    """The recorder's last line, or what went wrong."""


def run_round(found: Qualification, folder: Path) -> Round:
    """The suite once plainly and once recorded."""
    environment, suite = Environment(folder / "packages" / found.name), found.suite
    assert suite is not None
    environment.measures_this_checkout()
    environment.clean()
    _outcomes, done = run_suite(environment, suite.arguments, suite.without, suite.broken, RECORD_SECONDS)
    recorded = record(environment, suite, "--sample", "auto")
    return Round(done.seconds, recorded.seconds, recorded.failed, recorded.summary or recorded.problem)


def qualified(names: list[str], count: int, folder: Path) -> list[Qualification]:
    """The first `count` of some packages that qualify."""

    def one(name: str) -> Qualification:
        found = qualify(name, folder / "packages" / name)
        print(f"{name} {found.version}: {found.reason or 'qualifies'}", file=sys.stderr, flush=True)
        return found

    return [found for found in first(names, count, one) if not found.reason]


def run(options: argparse.Namespace, folder: Path) -> int:
    """Measure and print; the exit status says whether a test fails only under the recorder."""
    if options.only:
        wanted = qualified(options.only, len(options.only), folder)
    else:
        strangers = qualified(LIST.read_text().split(), FIRST, folder)
        names = [name for name in CLOSE_LOOKERS if name not in {one.name for one in strangers}]
        wanted = [*strangers, *qualified(names, len(names), folder)]
    print("| package | tests | fail only recorded | plain s | recorded s | ratio | recorder's last line |")
    print("|---|---|---|---|---|---|---|")
    bad = 0
    for found in wanted:
        rounds = [run_round(found, folder) for _ in range(options.rounds)]
        failed = sorted({name for one in rounds for name in one.failed})
        bad += len(failed)
        plain, recorded = (statistics.median(getattr(one, name) for one in rounds) for name in ("plain", "recorded"))
        ratio = statistics.median(one.recorded / one.plain for one in rounds)
        assert found.suite is not None
        print(
            f"| {found.name} {found.version} | {len(found.suite.tests)} | {len(failed)} | {plain:.1f} | {recorded:.1f} "
            f"| {ratio:.2f} | {rounds[-1].summary.partition(': ')[2].partition(' → ')[0]} |",
            flush=True,
        )
        for name in failed[:20]:
            print(f"{found.name}: fails only recorded: {name}", file=sys.stderr, flush=True)
    return int(bad > 0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="What the recorder does to test suites that nobody here wrote.")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="times that each suite is run")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this; may be given again")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep everything there, and go on with what is there")
    options = parser.parse_args(argv)
    if options.keep is not None:
        return run(options, options.keep.absolute())
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-suites-") as folder:
        return run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
