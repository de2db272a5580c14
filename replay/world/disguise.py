"""Classes of what is not built, as far as code may see them: which class something is of, and nothing that it makes."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from ...recorders.capture.awaiting import WRAPPER_TYPE
from ...recorders.capture.raw import (
    inherits,
    namespace_of_module,
    type_dict,
    type_module,
    type_mro,
    type_qualname,
)
from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import ClassName
from ..model.reason import StopCode

_TOLD: Final = frozenset(
    {
        *("builtins", "types", "io", "_io", "socket", "_socket", "ssl", "_ssl", "select", "threading", "_thread"),
        *("queue", "_queue", "contextlib", "tempfile", "logging", "http.client", "unittest.mock", "weakref"),
        *("_asyncio", "typing"),
        *("asyncio.events", "asyncio.futures", "asyncio.tasks", "asyncio.streams", "asyncio.locks", "asyncio.queues"),
    }
)
"""Modules of the standard library whose classes `__class__` may name: a baseline may be hostile, and whoever is given a
class may call it."""

_UNKNOWN: Final[Mapping[str, Any]] = MappingProxyType({})


def disguise_of(name: ClassName) -> type | None:
    """What `isinstance` may see of a class, where it is loaded; `None` where the interpreter allows nothing."""
    found = loaded(name)
    if found is None or split_name(name)[0] in _TOLD:
        return found
    if id(found) not in _disguises:  # by id: no metaclass is asked
        _disguises[id(found)] = found, _disguise(found)
    return _disguises[id(found)][1]


_disguises: dict[int, tuple[type, type | None]] = {}
"""Id of a class → the class, what stands for it."""


def _disguise(cls: type) -> type | None:
    """A class that is a subclass of all that `cls` is one of, so that `isinstance` finds it so, and that makes nothing:
    a baseline may be hostile. `None` where the interpreter allows none, for it lies in memory otherwise."""
    name, module = type_qualname(cls), type_module(cls)

    def order(made: type) -> list[type]:
        return [made, *type_mro(cls)]

    def make(_made: type, *_args: Any, **_kwargs: Any) -> Any:
        from .uncaptured import end_replay  # which needs the builders of values, and one of these needs this module

        return end_replay(StopCode.INPUT, f"it makes a {module}.{name} by the class of one that was not captured")

    meta = type("type", (type,), {"mro": order, "__call__": make})
    namespace = {"__slots__": (), "__module__": module, "__qualname__": name}
    try:
        made: type = meta(name.rpartition(".")[2], (), namespace)
        return made
    except TypeError:
        return None


_NAMELESS: Final = {
    f"builtins:{one.__name__}": one for one in (*vars(types).values(), WRAPPER_TYPE) if isinstance(one, type)
}
"""Types of the interpreter that stand under no name in its module."""


def loaded(cls: ClassName) -> type | None:
    """A class by its name, where its module is loaded; nothing of it runs."""
    if cls in _NAMELESS:
        return _NAMELESS[cls]
    module, qualname = split_name(cls)
    found: Any = sys.modules.get(module)
    held: Mapping[str, Any] = namespace_of_module(found)
    for part in qualname.split("."):
        found = held.get(part)
        held = type_dict(found) if inherits(type(found), type) else _UNKNOWN
    return found if inherits(type(found), type) else None
