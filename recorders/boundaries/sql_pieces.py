"""Statements that a program, or its driver, composes of pieces filled with values.

Drivers that send text put values into it. Such a text is parsed into these pieces again: values stay values, whose
columns are known, and a replay, which asks no server how to quote, says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

_NAMED = re.compile(r"%\((.*?)\)s")

PIECES = 20_000
"""Pieces that are remembered until the next statement; drivers make some hundreds at a time."""


def _as_it_is(value: Any) -> Any:
    return value


class Piece(NamedTuple):
    """A text with its values in it, and what it was made of."""

    filled: str
    template: str
    values: Any


def taken_apart(text: str, pieces: Sequence[Piece], bare: Callable[[Any], Any] = _as_it_is) -> tuple[Any, ...]:
    """A statement as (text with marks, values), or (text,) where it holds none of the pieces. Values are a tuple in the
    order of the marks, each without what the driver wraps it in (`bare`)."""
    at = 0
    parts: list[str] = []
    found: list[Any] = []
    for filled, template, values in pieces:
        begin = text.find(filled, at)
        if values is None or begin < 0:
            continue
        if isinstance(values, Mapping):
            names = _NAMED.findall(template)
            template, values = _NAMED.sub("%s", template), [values[name] for name in names]
        parts += [text[at:begin], template]
        found += map(bare, values if isinstance(values, (list, tuple)) else [values])
        at = begin + len(filled)
    return ("".join([*parts, text[at:]]), tuple(found)) if found else (text,)
