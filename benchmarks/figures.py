"""Figures: what was measured, the bar it is held to, and how both are printed."""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured value; `low` and `high` are the extremes over the rounds."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    at_least: bool = False
    """Whether the bar is a lower limit."""
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        if self.bar is None:
            return True
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    @property
    def bar_text(self) -> str:
        if self.bar is None:
            return ""
        return f"{'≥' if self.at_least else '≤'} {number(self.bar)} {self.unit}"

    @property
    def value_text(self) -> str:
        spread = "" if self.low is None or self.high is None else f" ({number(self.low)} to {number(self.high)})"
        return f"{number(self.value)} {self.unit}{spread}"

    @property
    def judged_text(self) -> str:
        return self.value_text + ("" if self.met else " MISSED")


def number(value: float) -> str:
    """Three digits that say something, no exponent."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def over_rounds(
    name: str,
    values: Sequence[float],
    unit: str,
    *,
    bar: float | None = None,
    at_least: bool = False,
    note: str = "",
) -> Figure:
    """The median over the rounds, with the extremes."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return Figure(name, middle, unit, bar, at_least, low=low, high=high, note=note)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns side by side; the first row is the head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(row) + " |" for row in padded)


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, for run.py")
    return parser


def report(figures: Sequence[Figure], *, as_json: bool) -> int:
    """Print the figures; 1 when a bar is missed."""
    if as_json:
        print(json.dumps([asdict(figure) for figure in figures]))
        return 0
    rows = [("what", "bar", "measured", "")]
    rows += [(figure.name, figure.bar_text, figure.judged_text, figure.note) for figure in figures]
    print(table(rows))
    return 0 if all(figure.met for figure in figures) else 1


def read(text: str) -> list[Figure]:
    """The figures that `report` printed as JSON, in the last line."""
    found: list[dict[str, Any]] = json.loads(text.splitlines()[-1])
    return [Figure(**one) for one in found]
