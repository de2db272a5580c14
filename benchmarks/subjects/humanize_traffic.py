"""Documented usage of humanize: sizes, numbers and durations for people. `run(do)` makes every call through `do`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import humanize  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

SIZES = (0, 1, 300, 1_024, 3_000, 1_000_000, 2_900_000_000, 10**15, "4096", -4_096)
NUMBERS: tuple[Any, ...] = (0, 1, 7, 11, 12, 21, 103, 999, 1_000, 12_345, 1_000_000, 1_234_567_890, -42, "12345", None)
SECONDS = (0, 1, 30, 59, 60, 90, 3_600, 4_000, 86_400, 100_000, 2_592_000, 31_536_000, 70_000_000)


def run(do: Do) -> None:
    """All of it."""
    for size in SIZES:
        do(humanize.naturalsize, size)
        do(humanize.naturalsize, size, binary=True)
        do(humanize.naturalsize, size, gnu=True, format="%.3f")
    for number in NUMBERS:
        do(humanize.intcomma, number)
        do(humanize.intword, number)
        do(humanize.ordinal, number)
        do(humanize.apnumber, number)
    for value in (0.1, 0.3, 1.5, 2.0, 1 / 3, "7/4", "x"):
        do(humanize.fractional, value)
    for exact in (1000, 0.0003, 2e-20, 12345.678, -5):
        do(humanize.scientific, exact, precision=3)
        do(humanize.intcomma, exact, 2)
    durations(do)


def durations(do: Do) -> None:
    for seconds in SECONDS:
        delta = dt.timedelta(seconds=seconds, milliseconds=250)
        do(humanize.naturaldelta, delta)
        do(humanize.naturaldelta, delta, months=False)
        do(humanize.naturaldelta, delta, minimum_unit="milliseconds")
        do(humanize.precisedelta, delta)
        do(humanize.precisedelta, delta, suppress=["days"], format="%0.1f")
        do(humanize.precisedelta, delta, minimum_unit="hours")


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
