"""This file is about drawing: Hypothesis chooses which recorded call is changed, where, and to what.

It sees numbers that stand for these choices, and nothing else: no value of a baseline is in a strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from hypothesis import Phase, given, seed
from hypothesis import strategies as st

from .shrinking import quiet

CHOICES = 2 + 2 * 3
"""Which call, how many changes, and for each of three where and what."""

T = TypeVar("T")


def drawn(count: int, make: Callable[[Sequence[int]], T | None]) -> list[T]:
    """So many things made from numbers that Hypothesis draws; `None` is left out. The same each time."""
    found: list[T] = []

    @quiet(database=None, phases=(Phase.generate,), max_examples=count)
    @seed(0)
    @given(st.tuples(*[st.integers(0, 9999)] * CHOICES))
    def draw(numbers: tuple[int, ...]) -> None:
        made = make(numbers)
        if made is not None:
            found.append(made)

    draw()
    return found
