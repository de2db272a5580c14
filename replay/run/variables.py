"""Variables: the inputs of traces side by side, with the columns that tell diverged ones from the others first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.trace import Trace
from ..entries.catalogue import replayer_of
from ..entries.protocol import EntryUnavailable
from ..model.field_path import named_field
from ..model.leaves import leaves
from ..model.observation import parameters_of
from ..model.render import short

LEAVES = 80
"""Values of one input that become columns."""

COLUMNS = 12
"""Columns that are shown: what fits beside each other."""

FEWEST = 3
"""Rows of each kind from which on a column can be said to separate them: two are alike by chance."""

WIDTH = 40
"""Characters of a value in a cell."""


class Row(msgspec.Struct, frozen=True):
    """The values of one trace, in the order of the columns; empty where it has none."""

    trace: str
    verdict: str
    values: tuple[str, ...]


class Variables(msgspec.Struct, frozen=True):
    """Inputs of traces side by side."""

    columns: tuple[str, ...] = ()
    separating: int = 0
    """How many of the first columns tell diverged traces from others."""
    rows: tuple[Row, ...] = ()
    constant: tuple[tuple[str, str], ...] = ()
    """Columns with one value in all rows, which are not shown as such."""
    left_out: int = 0
    """Columns that vary and are not shown."""


class Sample(NamedTuple):
    """A trace that becomes a row."""

    id: str
    verdict: str
    trace: Trace


def variables_of(samples: Sequence[Sample]) -> Variables:
    """The table of some traces; one trace alone, and traces without any value, make none."""
    if len(samples) < 2:
        return Variables()
    values = [dict(_leaves_of(sample.trace)) for sample in samples]
    names = list(dict.fromkeys(name for row in values for name in row))
    seen = {name: [row.get(name, "") for row in values] for name in names}
    varying = [name for name in names if len(set(seen[name])) > 1]
    diverged = [sample.verdict == "diverged" for sample in samples]
    separating = [name for name in varying if _separates(seen[name], diverged)]
    columns = [*separating, *(name for name in varying if name not in separating)]
    shown = columns[:COLUMNS]
    return Variables(
        tuple(shown),
        min(len(separating), COLUMNS),
        tuple(
            Row(sample.id, sample.verdict, tuple(row.get(name, "") for name in shown))
            for sample, row in zip(samples, values, strict=True)
        ),
        tuple((name, seen[name][0]) for name in names if name not in varying)[:COLUMNS],
        len(columns) - len(shown),
    )


def _separates(values: Sequence[str], diverged: Sequence[bool]) -> bool:
    """Whether a column tells diverged rows from the others, and not by chance.

    Values that hardly repeat have nothing in common in any two groups, so numbers have to lie on two sides of a
    bound.
    """
    inside = [value for value, is_diverged in zip(values, diverged, strict=True) if is_diverged]
    outside = [value for value, is_diverged in zip(values, diverged, strict=True) if not is_diverged]
    if min(len(inside), len(outside)) < FEWEST or not set(inside).isdisjoint(outside):
        return False
    if 2 * len(set(inside)) <= len(inside) and 2 * len(set(outside)) <= len(outside):
        return True
    below, above = _numbers(inside), _numbers(outside)
    return bool(below and above) and (max(below) < min(above) or max(above) < min(below))


def _numbers(values: Sequence[str]) -> list[float]:
    """The values as numbers; none where one is no number."""
    try:
        return [float(value) for value in values]
    except ValueError:  # one that is absent, or a text
        return []


def _leaves_of(trace: Trace) -> Iterator[tuple[str, str]]:
    """Name and value of what a trace was given, as a person would write them."""
    try:
        replayer = replayer_of(trace.kind)
    except EntryUnavailable:  # a plugin's, that is not installed: the run itself says so
        return
    parameters = parameters_of(trace)
    prefix = "arguments" if replayer.is_call else ""
    left = LEAVES
    for name, value in leaves(replayer.parts(trace.input), prefix):
        if value is None and name == "arguments[0]":
            continue  # a function has no receiver
        if not left:
            return
        left -= 1
        yield named_field(name, parameters), short(value, WIDTH)
