"""What is read in a replay of objects of libraries whose value is neither an attribute nor a property.

A query set of Django is what it asks for. It is never evaluated: its SQL is written, on base and candidate alike, which
asks no database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from ...recorders.capture.pickle_stubs import Standard
from ...recorders.capture.raw import class_name, find_loaded

_ELEMENTS: Final = 1_000_000
"""Elements of an array that are copied at once."""

Reading: TypeAlias = Callable[[Any], Any]


def _sql(queryset: Any) -> Any:
    """The statement, and its parameters; a query that cannot find anything has none."""
    text, parameters = queryset.query.sql_with_params()
    return text, tuple(parameters)


_OF_CLASSES: Final[Mapping[str, tuple[str, Reading]]] = MappingProxyType(
    {"django.db.models.query:QuerySet": ("query.sql_with_params()", _sql)}
)


def with_digest(value: Any, reduced: Any) -> Any:
    """What is frozen of a value; of an array of which some elements are known a digest of all, in place of the mark.

    A replay has the time for it; then two replays are known to be the same, and not only to differ.
    """
    match reduced:
        case (marker, ("numpy.array", "sample", spec, shape, layout, dict() as known)) if marker is Standard:
            state = hashlib.blake2b(digest_size=16)
            for start in range(0, value.size, _ELEMENTS):
                part = value.flat[start : start + _ELEMENTS]
                if value.dtype.kind in "fc":
                    part[part != part] = float("nan")  # one NaN for all
                state.update(part.tobytes())
            return marker, ("numpy.array", "sample", spec, shape, layout, {**known, "rest": state.hexdigest()})
        case _:
            return reduced


def library_readings(mro: tuple[type, ...]) -> dict[str, Reading]:
    """The name by which a caller reads it → how, of the objects of a class with that resolution order."""
    found: dict[str, Reading] = {}
    for cls in mro:
        name = class_name(cls)
        known = _OF_CLASSES.get(name)
        if known is not None and find_loaded(name) is cls:
            found.setdefault(*known)
    return found
