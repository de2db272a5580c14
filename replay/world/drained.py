"""Results that are iterators: taken to their end in a replay, where that is what a caller would see of them.

The recorder takes no item: it would take it from the caller. Of such a result a recording has the type, or what it
draws from; base and candidate are compared by the items. They are taken while the trace's world is there, for the code
that gives them runs only now.
"""

from __future__ import annotations

import collections
import itertools
import types
from typing import Any, Final

from ...recorders.capture.pickle_stubs import Standard
from ...recorders.capture.raw import class_name
from ...recorders.capture.readers import Reduced, known_readers
from ..model.drained import KIND
from .stopping import TraceStopped

MOST_ITEMS: Final = 10_000
"""Items that are taken of one result. One without an end, as `itertools.count`, is compared by these."""

PLACES: Final = 100
"""Items of a container that are looked at for an iterator."""

_ORDERED = collections.OrderedDict[Any, Any]()
_LAZY: Final = frozenset(
    map(
        id,
        (
            *(types.GeneratorType, map, zip, filter, enumerate),
            *(type(iter(_ORDERED)), type(iter(_ORDERED.items())), type(iter(_ORDERED.values())), type(reversed({}))),
            *(one for one in vars(itertools).values() if isinstance(one, type) and hasattr(one, "__next__")),
        ),
    )
)
"""Ids of the types whose items nobody knows without taking them."""


class Drained:
    """Stands for an iterator of which all items were taken."""

    def __init__(self, cls: type, items: list[Any], end: Any) -> None:
        self.cls = class_name(cls)
        self.items = items
        self.end = end
        """`True` where it came to its end, `False` where it was stopped; else what it raised."""


def _read(value: Drained) -> Reduced:
    return Standard, (KIND, value.cls, value.items, value.end)


known_readers[id(Drained)] = _read


def drained(result: Any, given: Any) -> Any:
    """The result, with the items of what is lazy in it: itself, or directly in a list, a tuple or a dict that it is.
    `given` are the arguments: what is one of them belongs to the caller. Raises `TraceStopped`."""
    own = _own(given)
    cls = type(result)
    if cls is dict and len(result) <= PLACES and any(_is_lazy(item, own) for item in result.values()):
        return {key: _taken(item, own) for key, item in result.items()}
    if (cls is list or cls is tuple) and len(result) <= PLACES and any(_is_lazy(item, own) for item in result):
        return cls(_taken(item, own) for item in result)
    return _taken(result, own)


def _own(given: Any) -> frozenset[int]:
    """Ids of what the caller has of its own."""
    _receiver, args, kwargs = given
    return frozenset(map(id, (*args, *kwargs.values())))


def _is_lazy(value: Any, own: frozenset[int]) -> bool:
    return id(type(value)) in _LAZY and id(value) not in own


def _taken(value: Any, own: frozenset[int]) -> Any:
    if not _is_lazy(value, own):
        return value
    items: list[Any] = []
    end: Any = True
    try:
        for item in value:
            if len(items) == MOST_ITEMS:
                end = False
                break
            items.append(item)
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what it raises is what its caller sees
        end = error
    return Drained(type(value), items, end)
