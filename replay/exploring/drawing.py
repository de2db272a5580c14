"""This file is about drawing: Hypothesis chooses which recorded call is changed, where, and to what.

It sees a number that stands for these choices, and nothing else: no value of a baseline is in a strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import Phase, given, seed
from hypothesis import strategies as st

from .shrinking import quiet

T = TypeVar("T")


def drawn(count: int, make: Callable[[int], T | None]) -> list[T]:
    """So many things made from numbers that Hypothesis draws; `None` is left out. The same each time."""
    found: list[T] = []

    @quiet(database=None, phases=(Phase.generate,), max_examples=count)
    @seed(0)
    @given(st.integers(0, 2**128 - 1))
    def draw(number: int) -> None:
        made = make(number)
        if made is not None:
            found.append(made)

    draw()
    return found
