"""Boundaries that a project declares: functions and classes named in its configuration.

A function is one exchange a call. Of a class, every public method is; its instances are made without running
`__init__` behind a recorded world, with the attributes that construction left in the recording.
"""

from __future__ import annotations

from typing import Any

from ..capture.raw import namespace_of
from ..capture.thaw import capture
from ..context import current_world
from ..errors import ConfigurationError
from ..model.value_tree import ObjectNode
from ..model.world import Operation
from ..patching import Undo, Undos, wrap


def install(owner: Any, name: str) -> Undo:
    """Declare `owner.name` (a function or class that the module or class `owner` holds); returns its undo. Raises
    `ConfigurationError` where `owner` holds nothing of that name."""
    label = f"{getattr(owner, '__module__', None) or owner.__name__}.{name}"
    target = vars(owner).get(name)
    if target is None:
        raise ConfigurationError(
            f"{label} is declared as a boundary, and there is no such function or class; mend `boundaries` in the "
            "project's configuration"
        )
    if not isinstance(target, type):
        return wrap(owner, name, _function(label))
    undos = Undos()
    for attribute, value in list(vars(target).items()):
        if attribute == "__init__":
            undos.add(wrap(target, attribute, _constructor(label)))
        elif not attribute.startswith("_") and (callable(value) or isinstance(value, (staticmethod, classmethod))):
            undos.add(wrap(target, attribute, _function(f"{label}.{attribute}")))
    return undos.run


def _function(label: str) -> Any:
    boundary, _, operation = label.rpartition(".")

    def call(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        world = current_world()
        if world is None:
            return wrapped(*args, **kwargs)
        request = {"args": args, "kwargs": kwargs}
        return world.call(
            Operation("declared", operation, boundary, "write"), request, lambda: wrapped(*args, **kwargs)
        )

    return call


def _constructor(label: str) -> Any:
    def construct(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> None:
        world = current_world()
        if world is None:
            wrapped(*args, **kwargs)
            return

        def perform() -> dict[str, Any]:
            wrapped(*args, **kwargs)
            return _attributes(instance)

        request = {"args": args, "kwargs": kwargs}
        state = world.call(Operation("declared", "__init__", label, "session"), request, perform)
        if world.recorded:
            for name, value in state.items():
                object.__setattr__(instance, name, value)

    return construct


def _attributes(instance: Any) -> dict[str, Any]:
    """The attributes that a recording can give back."""
    tree = capture(instance)
    if not isinstance(tree, ObjectNode):
        return {}
    held = namespace_of(instance) or {}
    return {name: held[name] for name in tree.names if name in held}
