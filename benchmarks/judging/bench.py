"""Benches: where one version after another is put, seen by the oracle, and judged by the product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from judging.oracle import Difference, Oracle, Seen, difference
from judging.product import Judgement, Product, product, recorded_example
from judging.subject import Place, Subject, copy_place, lay_out

Job = TypeVar("Job")
Result = TypeVar("Result")

Changes = Mapping[str, bytes]
"""New contents of files, by path relative to the subject's folder."""


@dataclass(frozen=True)
class Base:
    """A subject as it was recorded."""

    place: Place
    product: Product
    seen: Seen
    lines: Mapping[str, set[int]]
    """The lines of functions that the traffic runs."""
    unchanged: Judgement
    """What the product says of it as it is."""

    @property
    def sources(self) -> dict[str, bytes]:
        return self.place.sources()


@dataclass(frozen=True)
class Bench:
    """A copy of a subject to change, and an oracle of its own."""

    base: Base
    candidate: Place
    oracle: Oracle

    @contextmanager
    def changed(self, changes: Changes) -> Iterator[Place]:
        """The candidate with `changes`, undone at the end."""
        files = {self.candidate.folder / name: content for name, content in changes.items()}
        before = {file: file.read_bytes() if file.exists() else None for file in files}
        try:
            for file, content in files.items():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            yield self.candidate
        finally:
            for file, old in before.items():
                if old is None:
                    file.unlink()
                else:
                    file.write_bytes(old)

    def seen(self, changes: Changes) -> Difference | None:
        """What the oracle sees differ."""
        with self.changed(changes) as candidate:
            return difference(self.base.seen, self.oracle.observe(candidate))

    def judged(self, changes: Changes) -> Judgement:
        """What the product says."""
        with self.changed(changes) as candidate:
            return self.base.product.judge(candidate, self.base.place, noise=self.base.unchanged.evidence)


@dataclass(frozen=True)
class Benches:
    """Several benches that work side by side."""

    benches: Sequence[Bench]

    @property
    def base(self) -> Base:
        return self.benches[0].base

    def each(self, work: Callable[[Bench, Job], Result], jobs: Sequence[Job]) -> list[Result]:
        """Results in the order of the jobs."""
        free: SimpleQueue[Bench] = SimpleQueue()
        for bench in self.benches:
            free.put(bench)

        def one(job: Job) -> Result:
            bench = free.get()
            try:
                return work(bench, job)
            finally:
                free.put(bench)

        with ThreadPoolExecutor(len(self.benches)) as pool:
            return list(pool.map(one, jobs))


@contextmanager
def set_up(subject: Subject, scratch: Path, jobs: int) -> Iterator[Benches]:
    """Lay out, observe and record a subject, and copy it as often as there are jobs."""
    folder = scratch / subject.name
    place = lay_out(subject, folder)
    with ExitStack() as stack:
        oracles = [stack.enter_context(Oracle(subject)) for _ in range(jobs)]
        for oracle in oracles:
            oracle.calibrate(place)
        seen, lines = oracles[0].observe(place), oracles[0].lines(place)
        found = recorded(place)
        # The first judgement seals the base; the copies are made with the seal.
        first = copy_place(place, scratch / f"{subject.name}-0")
        base = Base(place, found, seen, lines, found.judge(first, place, everything=True))
        copies = [first, *(copy_place(first, scratch / f"{subject.name}-{number}") for number in range(1, jobs))]
        yield Benches([Bench(base, copy, oracle) for copy, oracle in zip(copies, oracles, strict=True)])


def recorded(place: Place) -> Product:
    if place.subject.is_service:
        return recorded_example(place)
    found = product()
    found.record(place)
    return found
