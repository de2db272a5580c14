"""Drivers in C that connect past every audit hook: refused by name where the operating system closes nothing off.

Each row names what begins a connection. It is replaced when its module is imported; a driver that is not in the table
gets out there, and every report says that the wall is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ...recorders.boundaries.drivers_in_c import DRIVERS_IN_C
from ...recorders.imports import when_imported
from ...recorders.patching import Undo, Undos, replace

KNOWN = DRIVERS_IN_C
"""Module → what in it connects, or opens a file."""


def refuse_known_drivers(refuse: Callable[[str], None]) -> Undo:
    """Let the known functions call `refuse`, which raises, with their names; returns the undo."""
    undos = Undos()

    def hook(names: tuple[str, ...]) -> Callable[[ModuleType], None]:
        def on_import(module: ModuleType) -> None:
            for name in names:
                _put(undos, module, name, refuse)

        return on_import

    for module, names in KNOWN.items():
        undos.add(when_imported(module, hook(names)))
    return undos.run


def _put(undos: Undos, module: ModuleType, name: str, refuse: Callable[[str], None]) -> None:
    owner: Any = module
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    if not hasattr(owner, last):
        return  # another version of the driver

    def connect(*args: Any, **kwargs: Any) -> None:
        refuse(f"{module.__name__}.{name}")

    original = getattr(owner, last)
    if isinstance(original, type):
        undos.add(replace(owner, last, type(last, (original,), {"__new__": connect})))
    else:
        undos.add(replace(owner, last, connect if owner is module else staticmethod(connect)))
