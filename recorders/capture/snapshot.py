"""Small values of built-in types, held without pickling: what nothing can change as it is, lists and dicts as copies.

Most of what crosses a boundary is such a value: a statement with its parameters, a row, headers. It thaws to the tree
that freezing it gives, at a fraction of the cost on either side.
"""

from __future__ import annotations

import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any

from ..faults import own
from .freeze import freeze
from .raw import is_loaded_class

if TYPE_CHECKING:
    from .freeze import Stand
    from .pickle_stubs import Frozen

PARTS = 128
"""Parts of a value that is held so; larger ones are measured, and frozen."""

TEXT = 4_096
"""Characters or bytes of a text in it."""

_NEVER_CHANGE = frozenset(map(id, (NoneType, bool, int, float, datetime.date, datetime.timedelta)))
"""By id: a metaclass may define how its classes are hashed and compared. Exact types: no code of anyone runs."""


def _never_changes(cls: type) -> bool:
    return id(cls) in _NEVER_CHANGE or is_loaded_class(cls, "decimal", "Decimal")


def hold(value: Any, stand: Stand | None = None) -> Frozen:
    """A copy of the value that later changes cannot reach, as `freeze` gives; the value itself where none can. `stand`
    is asked for what a callable or a generator in it is frozen as."""
    cls = type(value)
    if cls is not tuple and cls is not list and cls is not dict:
        return value if _never_changes(cls) else freeze(value, stand=stand)
    try:
        is_plain, is_fixed = _look(value)
        if is_plain and not is_fixed:
            value = _copied(value)
            is_plain = _look(value)[0]  # another thread may have changed it meanwhile
    except RuntimeError as fault:  # a dict changed its size, or the stack is used up
        if not own(fault):
            raise
        is_plain = False
    return value if is_plain else freeze(value, stand=stand)


def _look(value: Any) -> tuple[bool, bool]:
    """Whether a value is small and plain, and whether all of its containers are tuples.

    A container that stands in two places is no plain value: thawing keeps what is shared.
    """
    left, stack, is_fixed = PARTS, [value], True
    for container in stack:  # which grows meanwhile
        left -= len(container) + 1
        if left < 0:
            return False, False
        items = container
        if type(container) is not tuple:
            is_fixed = False
            items = list(container)  # another thread may change it
            if type(container) is dict:
                items += container.values()
        for part in items:
            cls = type(part)
            if cls is str or cls is bytes:
                if len(part) > TEXT:
                    return False, False
            elif cls is tuple:
                if part:  # there is one empty tuple
                    stack.append(part)
            elif cls is list or cls is dict:
                stack.append(part)
            elif not (cls is int or cls is NoneType or _never_changes(cls) or _is_naive(part)):
                return False, False
    if len(stack) > 1 and len({id(one) for one in stack}) < len(stack):
        return False, False
    return True, is_fixed


def _is_naive(part: Any) -> bool:
    return type(part) is datetime.datetime and part.tzinfo is None


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {name: _copied(part) if id(type(part)) in _CONTAINERS else part for name, part in value.items()}
    parts = [_copied(part) if id(type(part)) in _CONTAINERS else part for part in value]
    return parts if type(value) is list else tuple(parts)


_CONTAINERS = frozenset(map(id, (tuple, list, dict)))
