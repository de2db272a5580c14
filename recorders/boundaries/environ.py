"""The environment boundary: reading variables through `os.environ` and `os.getenv`.

Readings are recorded by key, once per trace. A variable that the program sets itself within the trace is its own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..context import watched_variables, world_of_variables
from ..patching import Undo, Undos, replace
from .protocol import Boundary

_Environ: Any = type(os.environ)
_get = _Environ.__getitem__
_set = _Environ.__setitem__
_delete = _Environ.__delitem__
_iterate = _Environ.__iter__
_length = _Environ.__len__


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    undos = Undos()
    for name, method in (
        ("__getitem__", _read),
        ("__setitem__", _assign),
        ("__delitem__", _remove),
        ("__iter__", _names),
        ("__len__", _count),
    ):
        undos.add(replace(_Environ, name, method))
    return undos.run


def names_now() -> list[str]:
    """The names of the variables that are set in this process, whatever world stands before them."""
    return list(_iterate(os.environ))


def _read(self: Any, key: str) -> str:
    world = world_of_variables()
    if world is None or self is not os.environ or type(key) is not str:
        value: str = _get(self, key)
        return value
    watching = watched_variables()
    if watching is None or watching is world:
        return world.environ(key, lambda: _get(self, key))
    # A trace that is not kept, as one of `main` that never ends, may be the only one to read a setting.
    return world.environ(key, lambda: watching.environ(key, lambda: _get(self, key)))


def _assign(self: Any, key: str, value: str) -> None:
    world = world_of_variables()
    if world is not None and self is os.environ:
        world.environ_set(key, value)
        if world.recorded:
            return
    _set(self, key, value)


def _remove(self: Any, key: str) -> None:
    world = world_of_variables()
    if world is not None and self is os.environ:
        if world.recorded:
            self[key]  # raises KeyError where the recording says that it is not set
            world.environ_set(key, None)
            return
        world.environ_set(key, None)
    _delete(self, key)


def _names(self: Any) -> Iterator[str]:
    world = world_of_variables()
    if world is None or self is not os.environ:
        names: Iterator[str] = _iterate(self)
        return names
    return iter(world.environ_names(lambda: list(_iterate(self))))


def _count(self: Any) -> int:
    world = world_of_variables()
    if world is None or self is not os.environ:
        length: int = _length(self)
        return length
    return len(world.environ_names(lambda: list(_iterate(self))))


BOUNDARY = Boundary("environ", "", install)
