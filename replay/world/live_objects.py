"""What lives in the process and stands under no name: functions that somebody keeps, classes that a call made."""

from __future__ import annotations

import gc
from types import FunctionType, ModuleType

from ...recorders.capture.raw import namespace_of_module, type_module, type_qualname
from .unbuildable import Unbuildable

_subclasses = type.__dict__["__subclasses__"]


def live_functions(module: ModuleType) -> list[FunctionType]:
    """The functions that see the names of a module, whoever keeps them."""
    namespace = namespace_of_module(module)
    frozen = gc.get_freeze_count() > 0
    if frozen:
        gc.unfreeze()  # what is frozen is not among the objects that the collector lists
    found = [one for one in gc.get_objects() if type(one) is FunctionType and one.__globals__ is namespace]
    if frozen:
        gc.freeze()
    return found


def live_class(module: str, qualname: str) -> type:
    """The class that a call made, where just one of that name lives; raises `Unbuildable`."""
    found: list[type] = []
    seen: set[int] = set()
    waiting: list[type] = [object]
    for cls in waiting:  # which grows meanwhile
        if id(cls) in seen:
            continue
        seen.add(id(cls))
        if type_module(cls) == module and type_qualname(cls) == qualname:
            found.append(cls)
        waiting.extend(_subclasses(cls))
    if len(found) != 1:
        several = "more than one class of that name lives" if found else "what makes the class has not run"
        raise Unbuildable(f"{module}:{qualname} was made by a call, and {several}")
    return found[0]
