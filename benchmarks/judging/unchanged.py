"""Unchanged code: whatever the hash seed and the order of the items, nothing may diverge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from judging.bench import Bench, Benches
from judging.product import Judgement, Product

ORDER = """\
import os
import random


def pytest_collection_modifyitems(items):
    seed = os.environ.get("TRUTH_ORDER")
    if seed:
        random.Random(seed).shuffle(items)
"""
"""A conftest that shuffles the items: what any plugin for random order does."""


@dataclass(frozen=True)
class Row:
    """One replay of unchanged code."""

    subject: str
    hash_seed: int
    judgement: Judgement

    @property
    def clean(self) -> bool:
        return self.judgement.verdict == "same"


def run(benches: Benches, seeds: int, note: Callable[[Row], None]) -> list[Row]:
    """Replay under `seeds` hash seeds, each with an order of its own."""

    def one(bench: Bench, seed: int) -> Row:
        with bench.changed({"conftest.py": ORDER.encode()}) as candidate:
            product = Product({**bench.base.product.environ, "TRUTH_ORDER": str(seed)}, bench.base.product.takes_base)
            judgement = product.judge(candidate, bench.base.place, everything=True, hash_seed=str(seed))
            row = Row(candidate.subject.name, seed, judgement)
        note(row)
        return row

    return benches.each(one, range(1, seeds + 1))


def table(rows: Sequence[Row]) -> list[list[str]]:
    """Per subject; the first row is the head."""
    found = [["subject", "hash seeds and orders", "without divergence", "traces same", "diverged", "not judged"]]
    for subject in dict.fromkeys(row.subject for row in rows):
        ours = [row for row in rows if row.subject == subject]
        counts = [
            "/".join(map(str, sorted({row.judgement.counts.get(name, 0) for row in ours})))
            for name in ("same", "diverged", "not_judged")
        ]
        found.append([subject, str(len(ours)), str(sum(row.clean for row in ours)), *counts])
    return found


def missed(rows: Sequence[Row]) -> list[str]:
    return [
        f"unchanged {row.subject} under hash seed {row.hash_seed}: {row.judgement.verdict} {dict(row.judgement.counts)}"
        for row in rows
        if not row.clean
    ]
