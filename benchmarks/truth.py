"""Whether the product tells the truth: changes whose effect an oracle of its own knows, and what the product says.

    python benchmarks/truth.py [--quick] [--only PART] [--subject NAME]... [--out FOLDER]

- Mutants: how many of those that callers can see are flagged, and at the right place.
- Survivors: how many of those that the traffic does not show, but their package's own tests do, exploring finds.
- Mutants among harmless edits of many other functions: the same, where the changed function is no hint.
- Harmless edits: how many are flagged (none should be).
- Releases: the same for what changed between two releases of real packages without a caller noticing.
- Unchanged code under other hash seeds and in another order: no divergence.

The oracle runs the same traffic in plain processes, without the product. Ends with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from figures import table
from judging import busy, harmless, mutation, releases, survivors, unchanged
from judging.bench import set_up
from judging.subject import SUBJECTS, Subject, SubjectFailed

PARTS = ("mutants", "survivors", "among", "harmless", "releases", "unchanged")
COUNTS = {"trading": 120, "sqlparse": 100, "inflect": 110, "tabulate": 80}
AMONG = 24
"""Mutants among harmless edits, for each subject."""
EACH = 2
"""Harmless edits of each kind and subject."""
SEEDS = 20
MOST_OF_A_RELEASE = 6
QUICK, QUICK_AMONG, QUICK_SEEDS, QUICK_PAIRS = 16, 8, 2, 1


class Run:
    """One run of the benchmark, and what it found."""

    def __init__(self, options: argparse.Namespace, scratch: Path) -> None:
        self.quick: bool = options.quick
        self.parts: Sequence[str] = options.only or PARTS
        self.jobs: int = options.jobs
        self.out = Path(options.out)
        self.scratch = scratch
        self.failures: list[str] = []
        self.rows: list[mutation.Row] = []
        self.survivors: list[survivors.Row] = []
        self.among: list[mutation.Row] = []
        self.harmless: list[harmless.Row] = []
        self.unchanged: list[unchanged.Row] = []
        self.sources: dict[str, dict[str, bytes]] = {}

    def all(self, wanted: Sequence[str]) -> None:
        """Every part for the packages that are wanted; none named means all."""
        for subject in SUBJECTS if set(self.parts) - {"releases"} else ():
            if not wanted or subject.package in wanted:
                self.attempt(partial(self.subject, subject))
        for pair in releases.PAIRS[: QUICK_PAIRS if self.quick else None] if "releases" in self.parts else ():
            if not wanted or pair.old.package in wanted:
                self.attempt(partial(self.release, pair))

    def attempt(self, part: Callable[[], None]) -> None:
        """One that fails is told at the end and does not take the others along."""
        try:
            part()
        except SubjectFailed as error:
            self.failures.append(str(error))

    def subject(self, subject: Subject) -> None:
        say(f"{subject.name}: setting up")
        with set_up(subject, self.scratch, self.jobs) as benches:
            found = benches.base.unchanged
            say(f"{subject.name}: unchanged: {found.verdict} {dict(found.counts)}, {found.seconds:.1f} s")
            self.sources[subject.name] = benches.base.sources
            if "mutants" in self.parts:
                count = QUICK if self.quick else COUNTS[subject.package]
                say(f"{subject.name}: {count} mutants")
                self.rows += mutation.run(benches, count, note)
            if "survivors" in self.parts and not subject.is_service:
                count = QUICK if self.quick else COUNTS[subject.package]
                say(f"{subject.name}: mutants that survive")
                self.survivors += survivors.run(benches, self.scratch, count, note_survivor)
            if "among" in self.parts:
                say(f"{subject.name}: mutants among harmless edits")
                self.among += busy.run(benches, QUICK_AMONG if self.quick else AMONG, note)
            if "harmless" in self.parts:
                say(f"{subject.name}: harmless edits")
                self.harmless += harmless.run(benches, 1 if self.quick else EACH, note_edit)
            if "unchanged" in self.parts:
                say(f"{subject.name}: unchanged code")
                self.unchanged += unchanged.run(benches, QUICK_SEEDS if self.quick else SEEDS, note_seed)

    def release(self, pair: releases.Pair) -> None:
        say(f"{pair.old.name} to {pair.new}: setting up")
        folder = self.scratch / f"to {pair.new}"
        with set_up(pair.old, folder, self.jobs) as benches:
            self.sources[pair.old.name] = benches.base.sources
            self.harmless += releases.run(benches, pair, folder / "fetched", MOST_OF_A_RELEASE, note_edit)

    def report(self) -> int:
        self.out.mkdir(parents=True, exist_ok=True)
        for title, rows in (("mutants", self.rows), ("among harmless edits", self.among)):
            if rows:
                print(f"\n{title}\n\n" + table(mutation.table(rows)), flush=True)
                (self.out / f"{title}.txt").write_text(mutation.listing(rows))
                self.failures += [f"{title}: {text}" for text in mutation.missed(rows)]
        if self.survivors:
            print("\nmutants that survive replay\n\n" + table(survivors.table(self.survivors)), flush=True)
            (self.out / "survivors.txt").write_text(survivors.listing(self.survivors))
            self.failures += survivors.missed(self.survivors)
        if self.harmless:
            print("\nharmless edits\n\n" + table(harmless.table(self.harmless)), flush=True)
            (self.out / "harmless.txt").write_text(harmless.listing(self.harmless, self.sources))
            self.failures += harmless.missed(self.harmless)
        if self.unchanged:
            print("\nunchanged code\n\n" + table(unchanged.table(self.unchanged)), flush=True)
            self.failures += unchanged.missed(self.unchanged)
        print("\n" + "\n".join(self.failures or ["every target is met"]))
        print(f"for reading: {self.out}")
        return 1 if self.failures else 0


def note(row: mutation.Row) -> None:
    seen = "seen" if row.observable else "not seen"
    place = "at line" if row.at_line else "in function" if row.in_function else ""
    say(f"  {row.mutant.operator:12} {row.mutant.function:40} {seen:9} {row.judgement.verdict:10} {place}")


def note_survivor(row: survivors.Row) -> None:
    found = row.found
    sort = "" if found is None else "near" if found.near else "far" if found.far else "not found"
    seen = "killed" if row.killed else "not seen"
    say(f"  {row.mutant.operator:12} {row.mutant.function:40} {seen:9} {sort}")


def note_edit(row: harmless.Row) -> None:
    say(f"  {row.edit.kind:32} {row.edit.where:60} {row.judgement.verdict}")


def note_seed(row: unchanged.Row) -> None:
    say(f"  hash seed {row.hash_seed}: {row.judgement.verdict}")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Whether the product tells the truth.")
    parser.add_argument("--quick", action="store_true", help="a small sample of everything")
    parser.add_argument("--only", action="append", choices=PARTS, help="only this part; may be given again")
    parser.add_argument("--subject", action="append", default=[], metavar="NAME", help="only this; may be given again")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N")
    parser.add_argument("--out", default="truth-report", metavar="FOLDER", help="where the lists for reading are put")
    options = parser.parse_args(argv)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pytest-runtime-truth-") as folder:
        run = Run(options, Path(folder))
        run.all(options.subject)
        status = run.report()
    say(f"{time.monotonic() - started:.0f} s")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
