"""How the product does on packages that nobody here chose: their test suites are the traffic.

    python benchmarks/strangers.py [--count 30] [--mutants 20] [--jobs N] [--keep DIR] [--json FILE] [--only NAME]

`strangers.txt` holds popular packages in random order. They are taken in order; the first `--count` are measured that
have a pure-Python wheel, tests in their sdist that pass without a network within two minutes, and that are no test
tools. Nothing is tuned to a package, and none is exchanged; those that are passed over are listed with the reason. The
rules stand in `strangers_bench/qualify.py` and `suite.py`. Each package is unpacked, committed to git, installed from
its own tree into an environment of its own together with the product of this checkout, and its suite is run plainly and
under the recorder. Then the baseline is replayed on unchanged code and on mutants of what the suite reaches.

Linux with CPython 3.12 or newer. With `--keep`, an interrupted run goes on where it was, and another version of the
product is measured without fetching and installing everything again; `--known` prints the table of what is there and
measures nothing. The product must not be edited meanwhile.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
from strangers_bench.limited import can_isolate
from strangers_bench.measure import Result, known, measure
from strangers_bench.qualify import Qualification, first, qualify
from strangers_bench.table import numbers, passed_over, reasons, table, total, unexpected

LIST = Path(__file__).with_name("strangers.txt")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="How the product does on packages that nobody here chose.")
    parser.add_argument("--list", type=Path, default=LIST, metavar="FILE", help="names of packages, one a line")
    parser.add_argument("--count", type=int, default=30, metavar="N", help="packages to measure")
    parser.add_argument("--mutants", type=int, default=20, metavar="N", help="mutants of each")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="packages at the same time")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this; may be given again")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep everything there, and go on with what is there")
    parser.add_argument("--known", action="store_true", help="measure nothing: the table of what --keep holds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    return parser.parse_args(argv)


def qualified(options: argparse.Namespace, folder: Path) -> list[Qualification]:
    """What became of each name of the list, up to the last that is measured."""
    names = options.only or options.list.read_text().split()

    def one(name: str) -> Qualification:
        found = qualify(name, folder / "packages" / name)
        tests = len(found.suite.tests) if found.suite is not None else 0
        say(f"{name} {found.version}: {found.reason or f'{tests} tests'}")
        return found

    return first(names, options.count, one)


def run(options: argparse.Namespace, folder: Path) -> int:
    """Qualify, measure, report; the exit status says whether what must be 0 is 0."""
    if not can_isolate():
        say("this system gives no network namespace: suites run with the network that is there")
    found = qualified(options, folder)
    wanted = [one for one in found if not one.reason]
    if options.known:
        results = [known(one, folder, options.mutants) for one in wanted]
    else:
        with ThreadPoolExecutor(options.jobs) as pool:
            one = partial(measure, keep=folder, mutants=options.mutants, say=say)
            results = list(pool.map(one, wanted))
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(encode(found, results)) + b"\n")
    print(table(results))
    print(f"\nnot judged on unchanged code:\n{reasons(results, lambda one: one.unchanged.reasons)}")
    print(f"\nbase replays otherwise than recorded:\n{reasons(results, lambda one: one.unchanged.unfaithful)}")
    print(f"\nto be read:\n{unexpected(results)}")
    print(f"\npassed over:\n{passed_over(found)}")
    whole = total(map(numbers, results))
    return 1 if whole.green_unjudged or whole.diverged or any(one.problem for one in results) else 0


def encode(found: Sequence[Qualification], results: Sequence[Result]) -> bytes:
    """Everything as JSON: figures by package and in sum, all results, and what was passed over."""
    return msgspec.json.encode(
        {
            "total": total(map(numbers, results)),
            "packages": {one.name: numbers(one) for one in results},
            "results": results,
            "passed_over": [one for one in found if one.reason],
        }
    )


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    if options.keep is not None:
        return run(options, options.keep.absolute())
    with tempfile.TemporaryDirectory(prefix="strangers-") as folder:
        return run(options, Path(folder))


if __name__ == "__main__":
    raise SystemExit(main())
