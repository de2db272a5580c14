"""Resolver: which classes and functions a value of a recording may be built of.

A baseline may be hostile. Nothing is imported for it, and no attribute is asked for: a class or function is found in a
module that the code under test has loaded by itself, or that was loaded with it, or that an import statement inside one
of its functions names (`late_imports`). These are found:

- what the included packages define;
- value types of the standard library, its exceptions and enumerations, and exceptions of libraries behind boundaries;
- classes of other libraries whose objects are plain data, by the rule in `recorders.capture.outside`, with which the
  recorder decides what is worth capturing: made in Python, all of their state in attributes, slots and a known built-in
  part, no `__del__`, and none of the classes that act by themselves (processes, threads, networks, files, loaders,
  `pickle`, and what replays). The rule is checked on the class that is loaded here, whatever the baseline says of it;
- modules that an included module holds, as values;
- functions that do nothing beyond their arguments, see `harmless_functions`. No other function outside is found: one
  that an entry is given is a boundary, and answered from the recording.

None of them is called to build a value: state is put into a bare instance.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Sequence
from typing import Any

from ...recorders import installed
from ...recorders.capture.outside import VALUE_TYPES, restorable
from ...recorders.capture.raw import class_name, find_loaded, is_instance, namespace_of_module
from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import (
    ClassName,
)
from ...recorders.patching import PatchedFunction
from .constants import Constants
from .harmless_functions import harmless
from .late_imports import LateImports
from .live_objects import live_class
from .unbuildable import Unbuildable

__all__ = ["Resolver", "Unbuildable", "is_program"]


_ACTING = frozenset({"os", "io", "_io", "posix", "subprocess", "builtins", "asyncio.subprocess", "socket"})
"""Modules whose functions, boundaries or not, act on the machine: no value is one, whatever a baseline says."""

_READINGS = frozenset({"os:urandom", "posix:urandom"})
"""Those of them that only read clock or chance."""


class Resolver:
    """Finds the classes that may be built."""

    def __init__(self, include: Sequence[str]) -> None:
        """`include` are the packages under validation. Nothing is imported: a class or function is found in a module
        that the code under test has loaded by itself, or that was loaded with it."""
        self._include = frozenset(include)
        self.late_imports = LateImports(self.covers)
        self.constants = Constants()
        self._known: dict[ClassName, Any] = {}
        self._covered: dict[str, bool] = {}
        self.faults: dict[str, str] = {}
        """Modules that were to be loaded with the code under test and could not be → why."""
        self.restored: dict[ClassName, None] = {}
        """Included classes into whose instances recorded state was put, since this was last cleared."""

    def covers(self, module: str) -> bool:
        """Whether a module belongs to an included package."""
        known = self._covered.get(module)
        if known is None:
            known = any(module == package or module.startswith(f"{package}.") for package in self._include)
            self._covered[module] = known
        return known

    def why_missing(self, module: str) -> str:
        """Why a module is not there, in words."""
        fault = self.faults.get(module)
        return fault or f"no module {module!r} was loaded with the code under test, and none is imported for a baseline"

    def find(self, name: ClassName) -> Any:
        """The class or function of that name; raises `Unbuildable` when it is gone or not allowed."""
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: ClassName) -> Any:
        allowed = VALUE_TYPES.get(name)
        if allowed is not None:
            return allowed
        module_name, qualname = split_name(name)
        if not qualname:
            return self._module(module_name)
        if self.covers(module_name):
            return self._included(module_name, qualname)
        self.late_imports.carry_out(module_name)
        found = find_loaded(name)
        if type(found) is PatchedFunction and (name in _READINGS or module_name not in _ACTING):
            return found  # a boundary, behind which stands the recording
        function = harmless(name, found)
        if function is not None:
            return function
        try:
            return restorable(name, installed.loaded().exceptions)
        except LookupError as reason:
            raise Unbuildable(f"refused to build {name}: it is outside the included packages, and {reason}") from None

    def _module(self, name: str) -> types.ModuleType:
        """A module as a value: an included one, or one that an included module holds, which the code reaches anyway."""
        found = sys.modules.get(name)
        if found is None or not is_instance(found, types.ModuleType):
            raise Unbuildable(f"the module {name} is gone: {self.why_missing(name)}")
        ours = (namespace_of_module(module) for one, module in list(sys.modules.items()) if self.covers(one))
        if self.covers(name) or any(value is found for namespace in ours for value in list(namespace.values())):
            return found
        raise Unbuildable(f"refused to give the module {name}: no included module holds it")

    def held(self, name: str) -> Any:
        """The instance of an included class that an included module holds under a name, or `None`."""
        module_name, path = split_name(name)
        if not self.covers(module_name):
            return None
        found: Any = sys.modules.get(module_name)
        for part in path.split("."):
            found = getattr(found, "__dict__", {}).get(part)
        home = getattr(type(found), "__module__", "") or ""
        return found if self.covers(home) else None

    def _included(self, module_name: str, qualname: str) -> Any:
        if is_program(module_name):
            raise Unbuildable(
                f"refused to build {module_name}:{qualname}: nothing is built from a program's own module"
            )
        found: Any = sys.modules.get(module_name)
        if found is None:
            raise Unbuildable(f"{module_name}:{qualname} is gone: {self.why_missing(module_name)}")
        if "<locals>" in qualname:
            return live_class(module_name, qualname)
        for part in qualname.split("."):
            found = vars(found).get(part) if hasattr(found, "__dict__") else None
            if found is None:
                raise Unbuildable(f"{module_name}:{qualname} is gone: the code under test does not define it")
        made_of = type(found)
        if not isinstance(found, type) and class_name(made_of) == f"{module_name}:{qualname}":
            return made_of  # an object stands in the place of the class that it was made of
        # What an included module merely imports is not included: `shop.tools:os.system` leads outside.
        home = getattr(found, "__module__", "") or ""
        if not self.covers(home):
            raise Unbuildable(
                f"refused to build {module_name}:{qualname}: it belongs to {home}, outside the included packages"
            )
        return found


def is_program(module: str) -> bool:
    """Whether a module is what `python -m` runs: importing it, or what lies below it, would run the program."""
    return "__main__" in module.split(".")
