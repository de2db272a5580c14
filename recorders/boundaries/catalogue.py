"""This file is about the catalogue: every boundary in the box, and when it is put in place.

A boundary of a library that may not be loaded is put in place when the library is imported; until then it costs
nothing. To add one, write its file beside this one and name it here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import wrapt

from ..faults import own
from ..patching import Undo, Undos
from . import clock, declared, entropy, environ, http_client, sqlite

ALWAYS = (clock.install, entropy.install, environ.install)
"""Boundaries of modules that every process has loaded."""

ON_IMPORT: dict[str, Callable[[], Undo]] = {"sqlite3": sqlite.install, "http.client": http_client.install}
"""Module → what puts its boundary in place."""


class Hooks:
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


def install_boundaries(undos: Undos, hooks: Hooks, declared_names: Sequence[str]) -> None:
    """Put every boundary in place; `declared_names` are those of the project's configuration (`module.name`)."""
    for install in ALWAYS:
        undos.add(install())
    for module, install_one in ON_IMPORT.items():
        hooks.when_imported(module, _ignoring(install_one))
    for name in declared_names:
        module, _, attribute = name.replace(":", ".").rpartition(".")
        hooks.when_imported(module, _declaring(attribute))


def _ignoring(install: Callable[[], Undo]) -> Callable[[Any], Undo]:
    return lambda module: install()


def _declaring(attribute: str) -> Callable[[Any], Undo]:
    return lambda module: declared.install(module, attribute)
