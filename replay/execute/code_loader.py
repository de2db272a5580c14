"""Loading: the code under test is imported, and its applications are made, once for all replays of a process."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from ...recorders.model.full_names import module_part
from ...recorders.model.trace import Entry
from ..change.packages import USUAL, Home, homes_below
from ..entries.catalogue import replayer_of
from ..entries.protocol import EntryUnavailable
from ..entries.wsgi import WebApplications
from ..world.resolver import Resolver, is_program
from .application import Building
from .plan import CannotReplay, LoadPlan
from .sandbox import Closed, LeavesProcess
from .scratch_copy import is_left_out

TEXT_LIMIT = 500
"""Characters of an exception's text in a message."""


class CodeLoader:
    """Imports the code under test and makes its applications."""

    def __init__(
        self, plan: LoadPlan, resolver: Resolver, applications: WebApplications, building: Building, closed: Closed
    ) -> None:
        self._plan = plan
        self._resolver = resolver
        self._applications = applications
        self._building = building
        self._closed = closed

    def load(self) -> list[str]:
        """Make the applications, then import the included packages and the recorded modules: what a module needs
        (Django's settings and apps) an application sets up. Gives the files that were read meanwhile; raises
        `CannotReplay` when a package is missing."""
        with suppress(EntryUnavailable):  # reported as the verdict of each trace that it answers
            self._applications.make_configured()
        with self._building():
            for package in self._plan.include:
                self._load_package(package)
                self._check_place(package)
        for entry in self._plan.served:
            self._load_home(entry)
            with suppress(EntryUnavailable):
                replayer_of(entry.kind).set_up(entry, self._applications)
        with self._building():
            for module in self._plan.modules:
                self._load_module(module)
        self._resolver.late_imports.read()
        return sorted(self._closed.files)

    def _load_package(self, package: str) -> None:
        try:
            importlib.import_module(package)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # also `sys.exit`, and what test tools derive from it
            raise CannotReplay(
                f"cannot import the included package {package!r}: {self._told(error)}{_advice(error, package)}"
            ) from error

    def _load_home(self, entry: Entry) -> None:
        """Import the module of an application before the others, where the recorded service loaded it too."""
        module = module_part(entry.target)
        if module in self._plan.modules:
            with self._building():
                self._load_module(module)

    def _check_place(self, package: str) -> None:
        """Raise `CannotReplay` where what was imported is not the working tree's."""
        module = sys.modules[package]
        origin = getattr(module, "__file__", None)
        places = [*getattr(module, "__path__", ()), *([origin] if origin else [])]
        root = os.path.realpath(self._plan.root)
        if places and not any(os.path.realpath(place).startswith(root + os.sep) for place in places):
            wanted = ", ".join(homes_below(self._plan.root, [package], ())) or self._plan.root
            raise CannotReplay(
                f"the included package {package!r} is imported from {places[0]}, and not from the working tree "
                f"({wanted}): another copy shadows it. Uninstall that copy, install the project in editable mode, or "
                "put its folder on the path (pytest's `pythonpath`)"
            )

    def _load_module(self, module: str) -> None:
        if is_program(module) or not self._resolver.covers(module):
            return  # importing the one would run the service; the other is not for a baseline to name
        try:
            importlib.import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - its entries come to the verdict `error`, with this reason
            self._resolver.faults[module] = self._told(error)

    def _told(self, error: BaseException) -> str:
        """An exception in one line, with the line of the user's code that it came from."""
        if isinstance(error, LeavesProcess):
            return _said(error)  # it has its place
        place = self._closed.place_of(error)
        refused = f"; refused before: {', '.join(self._closed.escaped[:3])}" if self._closed.escaped else ""
        return f"{_said(error)}{f' (at {place})' if place else ''}{refused}"


def _advice(error: BaseException, package: str) -> str:
    """What to do about a package that cannot be imported: something is missing only where the import says so."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    top = package.partition(".")[0]
    if error.name.partition(".")[0] == top and error.name not in (package, top):
        return ""  # a module that the package itself does not have
    missing = "it" if error.name in (package, top) else repr(error.name)
    return f". Install {missing} in this environment, or put its folder on the path (pytest's `pythonpath`)"


def _said(error: BaseException) -> str:
    """An exception in one line."""
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:TEXT_LIMIT]}" if said else type(error).__name__


def search_path(root: str, base_root: str, include: Sequence[str], homes: Sequence[Home] = USUAL) -> list[str]:
    """`sys.path` for loading another version of the project: entries inside `root` lead into `base_root` instead.

    Folders that hold an included package come first, so that no editable installation leads back to `root`; `homes`
    are those of the project, relative to its root.
    """
    real, other = os.path.realpath(root), os.path.realpath(base_root)

    def moved(folder: str) -> str:
        inside = os.path.realpath(folder or os.getcwd())
        if (inside == real or inside.startswith(real + os.sep)) and not is_left_out(
            real, os.path.relpath(inside, real)
        ):
            return os.path.normpath(os.path.join(other, os.path.relpath(inside, real)))
        return folder or os.getcwd()

    return list(dict.fromkeys([*homes_below(other, include, homes), *map(moved, sys.path)]))
