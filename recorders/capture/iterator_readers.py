"""Readers of the iterators of built-in containers: the items that are left, of which none is taken.

`__reduce__` of such an iterator, written in C, gives the container and the position, or a list of what is left. The
container may be of a class of the service's; its items are taken past that class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from .pickle_stubs import Opaque, Standard
from .raw import class_name, inherits

Reduced: TypeAlias = Any

ITEMS_LIMIT: Final = 20_000
"""Items of an iterator that are captured."""

_BUILT_IN: tuple[Any, ...] = ([], (), "", "é", b"", bytearray(), range(1), range(2**70), {}, set(), frozenset())
_REVERSED: Final[type] = type(reversed([]))
_QUIET_ITERATORS: Final[tuple[type, ...]] = tuple(
    {type(iter(one)) for one in _BUILT_IN} | {type(iter({}.values())), type(iter({}.items())), _REVERSED}
)
_SEQUENCES: Final[tuple[Any, ...]] = (list, tuple, str, bytes, bytearray, range)


def is_quiet_iterator(cls: type) -> bool:
    """Whether the items of an iterator can be read without taking them."""
    return any(cls is one for one in _QUIET_ITERATORS)


def _items_of(container: Any, wanted: slice) -> list[Any] | None:
    """Some items of a built-in sequence, or of one that extends it; `None` for anything else."""
    for base in _SEQUENCES:
        if inherits(type(container), base):
            return list(base.__getitem__(container, wanted))
    return None


def _remaining(iterator: Any) -> Reduced:
    cls: Any = type(iterator)
    if cls.__length_hint__(iterator) > ITEMS_LIMIT:
        return Opaque, (class_name(cls), f"it has more than {ITEMS_LIMIT} items")
    _function, given, *position = cls.__reduce__(iterator)
    start = position[0] if position and type(position[0]) is int else 0
    wanted = slice(start, None) if cls is not _REVERSED else slice(None, start + 1)
    items = _items_of(given[0], wanted) if given else []
    if items is None:
        return Opaque, (class_name(cls), "what it iterates over is no built-in container")
    return Standard, ("iterator", items[::-1] if cls is _REVERSED else items)


ITERATORS: Final[dict[type, Callable[[Any], Reduced]]] = dict.fromkeys(_QUIET_ITERATORS, _remaining)
"""The types of these iterators, by their reader."""
