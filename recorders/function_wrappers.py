"""wrapt's function wrappers, without the package around them.

`import wrapt` loads asyncio, ssl and importlib.metadata for its decorators and its hooks of imports, none of which is
used here: a quarter of what the recorder added to the start of a process. The wrappers are one compiled module, which
needs nothing else.
"""

from __future__ import annotations

import _thread
import os
import sys
from importlib import import_module
from importlib.machinery import ExtensionFileLoader, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wrapt import BoundFunctionWrapper, FunctionWrapper

__all__ = ["BoundFunctionWrapper", "FunctionWrapper"]

_PACKAGE = "wrapt"
_COMPILED = f"{_PACKAGE}._wrappers"


def _wrappers() -> ModuleType:
    """What holds the two classes: the compiled module alone where that can be had, else the package.

    The package is taken where the service has it loaded, where the environment forbids the compiled module, and where
    other threads run, which would meet what stands in its place meanwhile.
    """
    if _PACKAGE in sys.modules or os.environ.get("WRAPT_DISABLE_EXTENSIONS") or _thread._count():
        return import_module(_PACKAGE)
    package = PathFinder.find_spec(_PACKAGE)
    folders = package.submodule_search_locations if package is not None else None
    compiled = PathFinder.find_spec(_COMPILED, folders) if folders else None
    if folders is None or compiled is None or not isinstance(compiled.loader, ExtensionFileLoader):
        return import_module(_PACKAGE)
    return _compiled(folders)


def _compiled(folders: list[str]) -> ModuleType:
    """The compiled module, imported in a package that is nothing but its folders, and forgotten by the import system:
    the service that imports wrapt gets all of it, and its own."""
    stand_in = ModuleType(_PACKAGE)
    stand_in.__path__ = folders
    sys.modules[_PACKAGE] = stand_in
    try:
        return import_module(_COMPILED)
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == _PACKAGE]:
            del sys.modules[name]


if not TYPE_CHECKING:
    _found = _wrappers()
    BoundFunctionWrapper, FunctionWrapper = _found.BoundFunctionWrapper, _found.FunctionWrapper
