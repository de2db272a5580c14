"""Documented usage of num2words: numbers, ordinals, years and amounts in words. `run(do)` makes every call by `do`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from num2words import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed
    num2words,
)

Do = Callable[..., Any]

NUMBERS = {
    "en": (7, 42, 103, 1_234, 24_120.10),
    "fr": (8, 42, 68, 324),
    "es": (6, 42, 731),
    "pt_BR": (5, 42, 118, 1_250, 2_340_118),
    "fa": (3, 12, 25, 42, 84, 250, 1_337),
}


def run(do: Do) -> None:
    """All of it."""
    for language, numbers in NUMBERS.items():
        for number in numbers:
            do(num2words, number, lang=language)
    for number in (3, 42, 112):
        do(num2words, number, to="ordinal", lang="en")
        do(num2words, number, to="ordinal_num", lang="en")
        do(num2words, number, ordinal=True, lang="fr")
    for year in (1985, 2023):
        do(num2words, year, to="year", lang="en")
    for amount in (24.50, 7.25, 113.02):
        do(num2words, amount, to="currency", lang="en", currency="EUR")


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
