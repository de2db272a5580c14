"""Whether exploring finds the edge cases that real releases fixed, from ordinary usage of the release before.

    python benchmarks/edge_releases.py [--package NAME]... [--examples N] [--verbose]

The usage was written from each package's documentation and does not hit the edge case, so replaying it says nothing.
Packages are fetched at pinned versions. Ends with 1 when an edge case is not found that was found before.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from exploring.releases import RELEASES, Row, rows
from figures import table
from judging.subject import SubjectFailed

EXAMPLES = 200
LONGEST = 70
"""Characters of a call or an outcome that are printed."""


def lines(found: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    """The table."""
    yield "release", "its changelog", "replay alone", "exploring", "with", "base", "candidate", "examples", "CPU s"
    for row in found:
        one = row.shown
        told = (short(one["call"]), short(one["base"]), short(one["candidate"])) if one is not None else ("", "", "")
        explored = row.explored
        replayed = f"{len(explored.replayed)} diverge" if explored.replayed else "same"
        counts = (str(explored.examples), f"{explored.seconds:.1f}")
        yield row.release.name, row.edge.entry, replayed, row.verdict, *told, *counts


def short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def note(row: Row) -> None:
    print(f"{row.release.name}: {row.edge.entry}: {row.verdict}", file=sys.stderr, flush=True)


def details(found: Sequence[Row]) -> Iterator[str]:
    """Where entries of changelogs stand, findings that show none of them, and what was not explored."""
    for row in found:
        yield f"{row.release.name}: {row.edge.entry}: {row.edge.source}"
    for name, row in {row.release.name: row for row in found}.items():
        yield from (f"{name}: replay alone: {one}" for one in row.explored.replayed)
        yield from (f"{name}: also {one['call']}: {one['base']}, {one['candidate']}" for one in row.others)
        yield from (f"{name}: not explored: {one}" for one in row.explored.reasons)


def main() -> int:
    parser = argparse.ArgumentParser(description="Whether exploring finds the edge cases that real releases fixed.")
    parser.add_argument("--package", action="append", default=[], metavar="NAME", help="only this; may be given again")
    parser.add_argument("--examples", type=int, default=EXAMPLES, metavar="N", help="inputs for each function")
    parser.add_argument("--verbose", action="store_true", help="sources, further findings, what was not explored")
    options = parser.parse_args()
    wanted = [one for one in RELEASES if not options.package or one.distribution in options.package]
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-edges-") as folder:
        try:
            found = rows(wanted, Path(folder), options.examples, note)
        except SubjectFailed as error:
            print(error, file=sys.stderr)
            return 1
    print(table(list(lines(found))))
    if options.verbose:
        print("\n" + "\n".join(details(found)))
    missed = [row for row in found if row.verdict == "missed"]
    print(f"\n{len(found) - len(missed)} of {len(found)} edge cases found; not found:")
    for row in missed:
        print(f"{row.release.name}: {row.edge.entry}: {row.edge.missed or 'it was found before'}")
    return 1 if any(not row.edge.missed for row in missed) else 0


if __name__ == "__main__":
    raise SystemExit(main())
