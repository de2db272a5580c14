"""Ordinary usage of humanize: sizes, numbers and lists for people. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import humanize  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

SIZES = (300, 3_000, 48_213, 1_000_000, 2_900_000, 3_000_000_000)
NUMBERS = (7, 103, 12_345, 1_000_000, 1_234_567_890)
LISTS = (["one", "two", "three"], ["one", "two"], ["one"])
MEASURES = ((1_500, "V"), (2e8, "W"), (220e-6, "F"), (1e-14, ""))


def run(do: Do) -> None:
    """All of it."""
    for size in SIZES:
        do(humanize.naturalsize, size)
        do(humanize.naturalsize, size, binary=True)
        do(humanize.naturalsize, size, gnu=True)
    for number in NUMBERS:
        do(humanize.intcomma, number)
        do(humanize.intword, number)
        do(humanize.ordinal, number)
    for items in LISTS:
        do(humanize.natural_list, items)
    for value, unit in MEASURES:
        do(humanize.metric, value, unit)
    do(humanize.fractional, 0.3)
    do(humanize.scientific, 12345.678, precision=3)
    do(humanize.clamp, 0.02, format="{:.0%}", floor=0.05)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
