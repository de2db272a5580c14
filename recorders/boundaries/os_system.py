"""`os.system`, see `subprocesses`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..context import current_world
from ..patching import wrap
from .commands import command_of, is_word, operation_of

if TYPE_CHECKING:
    from ..patching import Undo


def _system(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    world = current_world()
    command = args[0] if args else kwargs.get("command")
    if world is None or not is_word(command):
        return wrapped(*args, **kwargs)
    request = {"command": command_of(command), "shell": True}
    return world.call(operation_of("run", request["command"]), request, lambda: wrapped(*args, **kwargs))


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    return wrap(os, "system", _system)
