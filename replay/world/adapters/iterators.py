"""Builders of iterators that are written in C. What an iterator draws from is built, and nothing is drawn."""

from __future__ import annotations

import itertools
from typing import Any

from .protocol import StandIn, TypeBuilder, exactly


def _iterator(drawn: Any) -> Any:
    """A part that is an iterator written in C: `iter` of anything else could run code."""
    if type(drawn) in _ITERABLES or isinstance(drawn, StandIn) or type(drawn).__module__ in ("builtins", "itertools"):
        return drawn
    raise TypeError(f"a {type(drawn).__name__} is nothing to draw from")


_ITERABLES = (list, tuple, dict, set, frozenset, str, bytes, bytearray, range)


def _lazy(name: str, given: Any, strict: Any) -> Any:
    parts = list(exactly(tuple, given))
    match name, parts:
        case "map", [function, *drawn]:
            return map(function, *map(_iterator, drawn))
        case "zip", drawn:
            return zip(*map(_iterator, drawn), strict=exactly(bool, strict))
        case "filter", [function, drawn]:
            return filter(function, _iterator(drawn))
        case "enumerate", [drawn, start]:
            return enumerate(_iterator(drawn), exactly(int, start))
        case "count", [int() | float() as start, int() | float() as step]:
            return itertools.count(start, step)
        case "repeat", [value]:
            return itertools.repeat(value)
        case "repeat", [value, times]:
            return itertools.repeat(value, exactly(int, times))
        case "chain", drawn:
            return itertools.chain(*map(_iterator, drawn))
        case "chain_from", [source]:
            return itertools.chain.from_iterable(_iterator(source))
        case "chain_from", [source, *active]:
            return itertools.chain(*map(_iterator, active), itertools.chain.from_iterable(_iterator(source)))
        case "starmap", [function, drawn]:
            return itertools.starmap(function, _iterator(drawn))
        case _:
            raise ValueError(f"no such iterator: {name!r}")


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("iterator", lambda items: iter(exactly(list, items))),
    TypeBuilder("lazy", _lazy),
)
"""One a kind."""
