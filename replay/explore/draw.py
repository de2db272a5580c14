"""Inputs that Hypothesis draws: which recorded call is changed, where, and to what.

It sees a number that represents these choices, and nothing else: no value of a baseline is in a strategy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import Phase, given, seed
from hypothesis import strategies as st

from .shrink import quiet

T = TypeVar("T")


NUMBERS_AT_ONCE = 10
"""Numbers of one example: its price for Hypothesis hardly depends on how many it holds."""


def drawn(count: int, make: Callable[[int], T | None]) -> list[T]:
    """At most `count` things, made from numbers that Hypothesis draws; `None` is left out. The same each time."""
    found: list[T] = []

    # The first example is all zeros.
    @quiet(database=None, phases=(Phase.generate,), max_examples=1 + -(-count // NUMBERS_AT_ONCE))
    @seed(0)
    @given(st.tuples(*[st.integers(0, 2**128 - 1)] * min(count, NUMBERS_AT_ONCE)))
    def draw(numbers: tuple[int, ...]) -> None:
        for number in dict.fromkeys(numbers):
            made = make(number) if len(found) < count else None
            if made is not None:
                found.append(made)

    draw()
    return found
