"""Iterators that are written in C: the items that are left, or what they draw from; none of the items is taken.

`__reduce__` of the iterator of a built-in container gives the container and the position, or a list of what is left.
The container may be of a class of the service's; its items are taken past that class. `map`, `zip`, `filter` and
`enumerate` give what they draw from in the same way. Those of `itertools` warn when they are asked for that, which runs
what the service made of its warnings: what they hold is read as the garbage collector sees it.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections.abc import Callable
from typing import Any, Final

from ..raw import inherits, is_instance
from .protocol import TypeAdapter, Unreadable

ITEMS_LIMIT: Final = 20_000
"""Items of an iterator that are captured."""

_BUILT_IN: tuple[Any, ...] = ([], (), "", "é", b"", bytearray(), range(1), range(2**70), {}, set(), frozenset())
_REVERSED: Final[type] = type(reversed([]))
_QUIET_ITERATORS: Final[tuple[type, ...]] = tuple(
    {type(iter(one)) for one in _BUILT_IN} | {type(iter({}.values())), type(iter({}.items())), _REVERSED}
)
_SEQUENCES: Final[tuple[Any, ...]] = (list, tuple, str, bytes, bytearray, range)
_NUMBERS: Final = frozenset(map(id, (int, float)))

_referents = gc.get_referents
"""Taken before anyone could patch it."""


def is_quiet_iterator(cls: type) -> bool:
    """Whether the items of an iterator can be read without taking them."""
    return any(cls is one for one in _QUIET_ITERATORS)


def _items_of(container: Any, wanted: slice) -> list[Any] | None:
    """Some items of a built-in sequence, or of one that extends it; `None` for anything else."""
    for base in _SEQUENCES:
        if inherits(type(container), base):
            return list(base.__getitem__(container, wanted))
    return None


def _remaining(iterator: Any) -> tuple[Any, ...]:
    cls: Any = type(iterator)
    if cls.__length_hint__(iterator) > ITEMS_LIMIT:
        raise Unreadable(f"it has more than {ITEMS_LIMIT} items")
    _function, given, *position = cls.__reduce__(iterator)
    start = position[0] if position and type(position[0]) is int else 0
    wanted = slice(start, None) if cls is not _REVERSED else slice(None, start + 1)
    items = _items_of(given[0], wanted) if given else []
    if items is None:
        raise Unreadable("what it iterates over is no built-in container")
    return (items[::-1] if cls is _REVERSED else items,)


def _reduced(name: str) -> Callable[[Any], tuple[Any, ...]]:
    """What an iterator of `builtins` draws from; its state is `strict` of a `zip`."""

    def parts(iterator: Any) -> tuple[Any, ...]:
        cls: Any = type(iterator)
        _cls, given, *state = cls.__reduce__(iterator)
        return name, tuple(given), bool(state and state[0] is True)

    return parts


def _held(iterator: Any) -> list[Any]:
    """What an iterator of `itertools` holds, without its class, in the order of its fields."""
    return [part for part in _referents(iterator) if part is not type(iterator)]


def _count(iterator: Any) -> tuple[Any, ...]:
    """The next number, and the step: as its `repr` says it, in which only exact numbers of the interpreter's stand."""
    if not all(id(type(part)) in _NUMBERS for part in _held(iterator)):
        raise Unreadable("it counts in numbers of another class")
    start, _, step = itertools.count.__repr__(iterator)[len("count(") : -1].partition(", ")
    return "count", (_number(start), _number(step or "1")), False


def _number(digits: str) -> int | float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _repeat(iterator: Any) -> tuple[Any, ...]:
    given = _held(iterator)
    with contextlib.suppress(TypeError):  # it has no end
        given.append(itertools.repeat.__length_hint__(iterator))
    return "repeat", tuple(given), False


def _chain(iterator: Any) -> tuple[Any, ...]:
    """The iterables that are left, after what is left of the one that it is in."""
    source, *active = _held(iterator) or [iter(())]
    if is_instance(source, type(iter(()))):
        return "chain", (*active, *_remaining(source)[0]), False
    return "chain_from", (source, *active), False  # of `from_iterable`


def _starmap(iterator: Any) -> tuple[Any, ...]:
    drawn, function = _held(iterator)
    return "starmap", (function, drawn), False


ADAPTERS: Final[tuple[TypeAdapter, ...]] = (
    TypeAdapter("iterator", _QUIET_ITERATORS, _remaining, is_mutable=True),
    *(TypeAdapter("lazy", (cls,), _reduced(cls.__name__), is_mutable=True) for cls in (map, zip, filter, enumerate)),
    TypeAdapter("lazy", (itertools.count,), _count, is_mutable=True),
    TypeAdapter("lazy", (itertools.repeat,), _repeat, is_mutable=True),
    TypeAdapter("lazy", (itertools.chain,), _chain, is_mutable=True),
    TypeAdapter("lazy", (itertools.starmap,), _starmap, is_mutable=True),
)
"""The types of these iterators."""
