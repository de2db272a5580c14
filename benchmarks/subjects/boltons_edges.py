"""Documented usage of boltons: texts, sizes and lists. `run(do)` makes every call through `do`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boltons import (  # type: ignore[import-not-found,import-untyped,unused-ignore]  # fetched when it is needed
    iterutils,
    strutils,
)

Do = Callable[..., Any]

SIZES = (128991, 100001221, 512, 96, 2_500, 73_400_320, 5_000_000_000, -36_864)
WORDS = ("records", "puppies", "days", "sheep", "FRAGMENTS", "boxes")
TITLES = ("Four score and seven years ago", "BasicParseTest", "Hello, World!", "  spaces around  ")
COUNTS = (2, 3, 12, 21, 113)


def run(do: Do) -> None:
    """All of it."""
    for size in SIZES:
        do(strutils.bytes2human, size)
        do(strutils.bytes2human, size, ndigits=1)
    for word in WORDS:
        do(strutils.singularize, word)
    for title in TITLES:
        do(strutils.slugify, title)
        do(strutils.camel2under, title)
        do(strutils.split_punct_ws, title)
    for count in COUNTS:
        do(strutils.ordinalize, count)
        do(strutils.cardinalize, "review", count)
    do(strutils.html2text, "<p>Come in, <b>please</b> &amp; sit</p>")
    do(strutils.parse_int_list, "1,3,5-8,10-11,15")
    do(strutils.format_int_list, [1, 3, 5, 6, 7, 8, 10, 11, 15])
    do(iterutils.split, ["hi", "hello", None, None, "sup", None, "soap", None])
    do(iterutils.split, [3, 1, 0, 4, 1, 5, 0, 9], sep=0)
    do(iterutils.split, [3, 1, 0, 4, 1, 5, 0, 9], sep=0, maxsplit=1)
    do(iterutils.chunked, list(range(10)), 3)
    do(iterutils.windowed, list(range(7)), 3)
    do(iterutils.bucketize, ["a", "bb", "cc", "d"], len)
    do(iterutils.unique, [3, 1, 3, 2, 1])


def call(function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Any:
    """The plain `do`."""
    return function(*arguments, **options)


if __name__ == "__main__":
    run(call)
