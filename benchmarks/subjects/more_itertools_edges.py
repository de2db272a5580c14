"""Documented usage of more-itertools: functions that return a value. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import more_itertools  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed

Do = Callable[..., Any]

FLAGS = ([True, True, False], [True, True, True], [False, True, False], [0, 1, 1, 0])
NAMES = (["a", "b", "c", "d"], ["x", "x", "x"], ["p", "q", "q", "r"])
SHAPES = (([1, 2, 3], [1, 2, 3]), ([1, 2, 3], [1, 2, 4]), ("abc", "abc"))


def run(do: Do) -> None:
    """All of it."""
    for flags in FLAGS:
        do(more_itertools.exactly_n, flags, 2)
        do(more_itertools.exactly_n, flags, 1)
        do(more_itertools.quantify, flags)
    for names in NAMES:
        do(more_itertools.first, names)
        do(more_itertools.last, names)
        do(more_itertools.nth, names, 2)
        do(more_itertools.all_equal, names)
        do(more_itertools.all_unique, names)
        do(more_itertools.ilen, names)
        do(more_itertools.minmax, names)
        do(more_itertools.nth_combination, names, 2, 1)
        do(more_itertools.nth_permutation, names, 2, 3)
        do(more_itertools.nth_product, 5, names, names)
        do(more_itertools.longest_common_prefix, [names, names[:2]])
    for one, other in SHAPES:
        do(more_itertools.iequals, one, other)
    do(more_itertools.product_index, (1, 2), (0, 1, 2), (1, 2, 3))
    do(more_itertools.combination_index, "bd", "abcd")
    do(more_itertools.polynomial_from_roots, [5, -4, 3])
    do(more_itertools.polynomial_eval, [1, -4, -17, 60], 2.5)
    do(more_itertools.is_sorted, ["1", "2", "3", "4", "5"], key=int)


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
