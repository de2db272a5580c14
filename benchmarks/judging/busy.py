"""Busy changes: a refactoring of many functions at once, in which one mutant hides.

A pull request is seldom one line. Here one local of every function that the traffic runs has another name, which moves
no line and which nobody can see; whoever only looks which function changed has no hint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from judging.bench import Base, Bench, Benches
from judging.harmless import runs
from judging.mutants import Mutant, Source, choose, points
from judging.mutation import Row
from judging.places import functions
from judging.refactorings import rename_local

AT_A_TIME = 8
"""How many functions are renamed between two looks of the oracle."""


class Busy(NamedTuple):
    """Files with the refactoring, and how many functions it touches."""

    sources: dict[str, bytes]
    functions: int


def refactored(bench: Bench) -> Busy:
    """As many functions as can be, without the oracle seeing any of it."""
    base, done = bench.base, Busy({}, 0)
    left = executed(base)
    while names := list(islice(left, AT_A_TIME)):
        tried = renamed(base, done, names)
        if tried.functions > done.functions and bench.seen(tried.sources) is None:
            done = tried
    return done


def executed(base: Base) -> Iterator[tuple[str, str]]:
    """Files and functions that the traffic runs."""
    for file, content in base.sources.items():
        for name, function in functions(Source(file, content).tree):
            if runs(base, file, function):
                yield file, name


def renamed(base: Base, done: Busy, names: Sequence[tuple[str, str]]) -> Busy:
    """`done`, and one local of each of these functions renamed."""
    sources, count = dict(done.sources), done.functions
    for file, name in names:
        source = Source(file, sources.get(file, base.sources[file]))
        new = next(rename_local(source, dict(functions(source.tree))[name]), None)
        if new is not None:
            sources[file], count = new, count + 1
    return Busy(sources, count)


def run(benches: Benches, count: int, note: Callable[[Row], None]) -> list[Row]:
    """Judge `count` mutants of one subject, each among the edits of a refactoring."""
    base = benches.base
    busy = refactored(benches.benches[0])
    subject = f"{base.place.subject.name} among {busy.functions} edits"

    def one(bench: Bench, mutant: Mutant) -> Row:
        changes = {**busy.sources, mutant.file: mutant.source}
        row = Row(subject, mutant, bench.seen(changes), bench.judged(changes))
        note(row)
        return row

    found = [
        point
        for file, content in {**base.sources, **busy.sources}.items()
        for point in points(file, content, base.lines.get(file, set()))
    ]
    return benches.each(one, choose(found, count, subject))
