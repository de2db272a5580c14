"""What is installed in this environment: the boundaries in the box, and what plugins add to them.

Most environments hold no plugin. Whether this one does is found out by a look into its folders: pluggy, and
`importlib.metadata` which reads all that is installed, are loaded where there is one.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, PathFinder
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from .boundaries.catalogue import BUILT_IN, OF_FUNCTIONS, InBox
from .capture.adapters.registry import ADAPTERS

if TYPE_CHECKING:
    from .boundaries.import_hooks import ImportHooks
    from .boundaries.protocol import Boundary, ExchangeCodec
    from .capture.adapters.protocol import TypeAdapter
    from .options import RedactOptions
    from .patching import Undos
    from .plugins import Plugin

GROUP: Final = "pytest_runtime"
"""Of entry points."""


class Plugins:
    """The plugins of this process, and what they add to what is in the box."""

    def __init__(self, hook: Any = None, found: Sequence[Plugin] = ()) -> None:
        """`hook` asks the plugins; `None` where there is none."""
        self.found = tuple(found)
        """By name."""

        def added(name: str) -> tuple[Any, ...]:
            return tuple(_listed(getattr(hook, name)())) if hook is not None else ()

        self.boundaries: tuple[Boundary | InBox, ...] = (*BUILT_IN, *added("pytest_runtime_boundaries"))
        self.entries = added("pytest_runtime_entries")
        """What makes the recorders of further kinds of entries."""
        self.replayers: Callable[[], tuple[Any, ...]] = lambda: added("pytest_runtime_replayers")
        self.types: tuple[TypeAdapter, ...] = added("pytest_runtime_types")
        self.builders: Callable[[], tuple[Any, ...]] = lambda: added("pytest_runtime_builders")
        self.redaction: tuple[RedactOptions, ...] = (
            tuple(reversed(hook.pytest_runtime_redaction())) if hook is not None else ()
        )
        self.exceptions = frozenset(package for boundary in self.boundaries for package in boundary.exceptions)
        """Packages whose exceptions may be built in a replay."""
        modules = frozenset(one.module.partition(".")[0] for one in self.boundaries if one.sees_all)
        self.covered = (modules | self.exceptions) - {""}
        """Packages of which a boundary sees what they ask of the world."""
        self._by_name: Mapping[str, Boundary | InBox] = MappingProxyType({one.name: one for one in self.boundaries})

    def codec(self, boundary: str) -> ExchangeCodec:
        """What the exchanges of a boundary mean; of an unknown one: calls of functions."""
        return self._by_name.get(boundary, OF_FUNCTIONS).codec

    def install(self, undos: Undos, hooks: ImportHooks, declared_names: Sequence[str]) -> None:
        """Put every boundary in place; `declared_names` are those of the project's configuration (`module.name`)."""
        for boundary in self.boundaries:
            if boundary.module:
                hooks.when_imported(boundary.module, boundary.install)
            else:
                undos.add(boundary.install(None))
        if not declared_names:
            return
        from .boundaries import declared  # few projects declare some

        for name in declared_names:
            module, _, attribute = name.replace(":", ".").rpartition(".")
            hooks.when_imported(module, functools.partial(declared.install, name=attribute))

    def versions(self) -> dict[str, str]:
        """Plugin → version, of those that are at work."""
        return {plugin.name: plugin.version for plugin in self.found if not plugin.fault}


def _listed(answers: Sequence[Sequence[Any]]) -> Iterator[Any]:
    """What plugins gave, in the order in which they were loaded; pluggy asks the last one first."""
    for answer in reversed(answers):
        yield from answer


@functools.cache
def loaded() -> Plugins:
    """The plugins that are installed in this environment, loaded at the first call. A plugin that cannot be loaded
    adds nothing, and `found` says why: a service must not fail for it; a replay refuses to go on without."""
    if not may_have_plugins():
        return Plugins()
    from . import plugins  # with pluggy

    found = Plugins(*plugins.load(GROUP))
    ADAPTERS.add(found.types)
    return found


def may_have_plugins() -> bool:
    """Whether something that is installed says that it has plugins, or lies where only `importlib.metadata` can look:
    in an archive, or behind a finder of its own (`importlib.metadata.DistributionFinder`)."""
    ordinary = (BuiltinImporter, FrozenImporter, PathFinder)
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder not in ordinary):
        return True
    return any(_names_plugins(folder or os.curdir) for folder in sys.path)


def _names_plugins(folder: str) -> bool:
    """Whether a distribution in a folder of the path has entry points of the group."""
    try:
        names = os.listdir(folder)
    except NotADirectoryError:
        return True
    except OSError:
        return False  # an entry of the path that leads nowhere
    return any(
        _has_section(os.path.join(folder, name, "entry_points.txt"))
        for name in names
        if name.lower().endswith((".dist-info", ".egg-info")) or name.upper() == "EGG-INFO"
    )


def _has_section(file: str) -> bool:
    """Whether a file of entry points (packaging.python.org, "Entry points specification") has the group."""
    try:
        with open(file, "rb") as stream:
            return b"[" + GROUP.encode() + b"]" in stream.read()
    except OSError:
        return False  # most have no entry points
