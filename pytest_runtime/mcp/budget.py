"""The budget of an answer: what does not fit into a context is cut, the largest lists first, and the answer says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from .fence import Fence

TOKENS = 8_000
"""Tokens of an answer. Clients cut, or refuse, results above 25,000, and an assistant asks many questions."""

CHARACTERS_PER_TOKEN = 3
"""Code and JSON have 3 to 4 characters a token in the usual tokenisers; 3 is on the safe side."""

SHORTEST = 80
"""Characters to which a text is cut at most: less says nothing."""

KEPT = frozenset({"next", "left_out"})
"""Fields that are never cut: they say how to get the rest."""


class _Place(NamedTuple):
    """A list or text inside an answer, that can be cut."""

    size: int
    path: str
    holder: Any
    """The dict or list that holds it."""
    key: Any

    @property
    def value(self) -> Any:
        return self.holder[self.key]


def fitted(data: dict[str, Any], fence: Fence, *, tokens: int = TOKENS) -> tuple[dict[str, Any], dict[str, int]]:
    """Plain data cut to a number of tokens, and what was left out: path of a list → items that it had besides.

    The largest list or text is halved until all fits, so what is small stays whole. The data itself is changed.
    """
    limit = tokens * CHARACTERS_PER_TOKEN
    left_out: dict[str, int] = {}
    while size_of(data) > limit:
        largest = max(_places(data, ""), key=lambda place: place.size, default=None)
        if largest is None:
            break
        _halve(largest, fence, left_out)
    return data, {path: count for path, count in left_out.items() if count}


def size_of(data: Any) -> int:
    """Characters of plain data as JSON."""
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def _halve(place: _Place, fence: Fence, left_out: dict[str, int]) -> None:
    value = place.value
    if isinstance(value, str):
        place.holder[place.key] = fence.cut(value, max(SHORTEST, len(value) // 2))
        return
    kept = len(value) // 2
    left_out[place.path] = left_out.get(place.path, 0) + len(value) - kept
    place.holder[place.key] = value[:kept]


def _places(data: Any, path: str) -> Iterator[_Place]:
    """Everything that can be cut, with the size of it; a list counts without the lists inside it that are larger."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        if not path and key in KEPT:
            continue
        here = f"{path}.{key}" if isinstance(key, str) and path else str(key) if isinstance(key, str) else f"{path}[]"
        if isinstance(value, str):
            if len(value) > 2 * SHORTEST:
                yield _Place(len(value), here, data, key)
        elif isinstance(value, dict):
            yield from _places(value, here)
        elif isinstance(value, list):
            if len(value) > 1:
                yield _Place(size_of(value), here, data, key)
            yield from _places(value, here)
