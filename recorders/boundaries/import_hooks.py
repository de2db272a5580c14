"""Hooks that put things in place when a module is imported."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import wrapt

from ..faults import own
from ..patching import Undo, Undos


class ImportHooks:
    """Things that are put in place when a module is imported, and taken away together."""

    def __init__(self, undos: Undos, on_fault: Callable[[BaseException], None]) -> None:
        self._undos = undos
        self._on_fault = on_fault
        self._active = True

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

        wrapt.register_post_import_hook(hook, name)

    def stop(self) -> None:
        """Install nothing more."""
        self._active = False
