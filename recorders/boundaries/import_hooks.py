"""Hooks that put things in place when a module is imported."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .. import imports
from ..faults import own

if TYPE_CHECKING:
    from ..patching import Undo, Undos


class ImportHooks:
    """Things that are put in place when a module is imported, and taken away together."""

    def __init__(self, undos: Undos, on_fault: Callable[[BaseException], None]) -> None:
        self._undos = undos
        self._on_fault = on_fault
        self._active = True
        self._forgets: list[Callable[[], None]] = []

    def when_imported(self, name: str, install: Callable[[Any], Undo]) -> None:
        """Install something once the module `name` is there; a fault is reported, never raised into the import."""

        def hook(module: ModuleType) -> None:
            if not self._active:
                return
            try:
                self._undos.add(install(module))
            except Exception as fault:
                if not own(fault):
                    raise
                self._on_fault(fault)

        self._forgets.append(imports.when_imported(name, hook))

    def stop(self) -> None:
        """Install nothing more."""
        self._active = False
        while self._forgets:
            self._forgets.pop()()
