"""The environment boundary: reading variables through `os.environ` and `os.getenv`.

Readings are recorded by key, once per trace. A variable that the program sets itself within the trace is its own.

The methods of the class behind `os.environ` are replaced when the first one needs it, and put back by the last. CPython
3.13 gives a class a thousand versions; of one that was changed more often than that, it goes on calling the
`__getitem__` that code met before (`MAX_VERSIONS_PER_CLASS` in `Objects/typeobject.c`, `_spec_cache.getitem` in
`Python/specialize.c`). In a process that starts and ends so many recordings, the methods therefore stay in place at
some time: outside of a recording they pass everything through.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

from ..context import watched_variables, world_of_variables
from ..patching import Undo, Undos, replace

_Environ: Any = type(os.environ)
_get = _Environ.__getitem__
_set = _Environ.__setitem__
_delete = _Environ.__delitem__
_iterate = _Environ.__iter__
_length = _Environ.__len__

CHANGES: Final = 50
"""How often the methods are put in place; from then on they stay. Each time gives the class up to ten versions."""


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    _methods.need()
    undos = Undos()
    undos.add(_methods.leave)
    return undos.run


class _Methods:
    """The methods of the class behind `os.environ`, in place while somebody needs them."""

    def __init__(self) -> None:
        self._needed = 0
        self._left = CHANGES
        self._undos = Undos()

    def need(self) -> None:
        """One more does."""
        self._needed += 1
        if self._undos:
            return
        self._left -= 1
        for name, method in (
            ("__getitem__", _read),
            ("__setitem__", _assign),
            ("__delitem__", _remove),
            ("__iter__", _names),
            ("__len__", _count),
        ):
            self._undos.add(replace(_Environ, name, method))

    def leave(self) -> None:
        """One fewer does."""
        self._needed -= 1
        if self._needed == 0 and self._left > 0:
            self._undos.run()


_methods = _Methods()


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
