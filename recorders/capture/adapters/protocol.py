"""What a type adapter is: data out. `replay.world.adapters` holds the other half: data in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ...model.value_tree import ClassName


class Unreadable(Exception):
    """A value cannot be read; the message is the reason of its mark."""


class TypeAdapter(NamedTuple):
    """How the values of some types are read while they are recorded."""

    kind: str
    """As in `StandardNode.kind`. Kinds of a plugin hold a dot: `numpy.array`."""
    types: tuple[type | ClassName, ...]
    """Exact types. One by name, `module:qualname`, waits until its module is loaded by somebody else; a class that only
    has that name is none. Classes that extend one are read as instances."""
    parts: Callable[[Any], tuple[Any, ...]]
    """Data that builds the value again: captured like any other value, so that they may be values of the service's. No
    code of such a value may run here: attributes are read by descriptors that were taken from the type itself. Raises
    `Unreadable`; whatever else it raises costs this value alone."""
    is_mutable: bool = False
    """Whether it matters that two places hold the same value: then sharing is kept."""
    accepts: Callable[[type], bool] | None = None
    """Further types, found by what they are: asked once for each class that no other adapter knows."""
