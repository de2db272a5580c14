"""Plugins: what third parties may add to recorder and replay, found by the entry point group `pytest_runtime`.

A plugin is a module, or an object, with functions that are marked `hookimpl` and named as in `PluginHooks`:

    from pytest_runtime.recorders.plugins import Boundary, hookimpl

    @hookimpl
    def pytest_runtime_boundaries():
        return [Boundary("kvstore", "kvstore.client", install, codec)]

The recorder and every process that replays load plugins alike. A baseline names those that it was recorded with. This
module is loaded by plugins, and where there are some.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any, NamedTuple

import pluggy

from .boundaries.protocol import Boundary, ExchangeCodec, PlainCodec
from .capture.adapters.protocol import TypeAdapter, Unreadable
from .context import current_world
from .model.trace import Exchange
from .model.value_tree import Tree, TupleNode
from .model.world import Operation
from .options import RedactOptions
from .patching import Undo, Undos, replace, wrap

__all__ = [
    "Boundary",
    "Exchange",
    "ExchangeCodec",
    "Operation",
    "PlainCodec",
    "Plugin",
    "RedactOptions",
    "Tree",
    "TupleNode",
    "TypeAdapter",
    "Undo",
    "Undos",
    "Unreadable",
    "current_world",
    "hookimpl",
    "replace",
    "wrap",
]

PROJECT = "pytest_runtime"
"""The name of the pluggy project."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class PluginHooks:
    """The hooks that a plugin may implement."""

    @hookspec
    def pytest_runtime_boundaries(self) -> Sequence[Boundary]:  # type: ignore[empty-body]  # a specification
        """Further boundaries. Called once in each process that records or replays, before any is put in place."""

    @hookspec
    def pytest_runtime_redaction(self) -> RedactOptions:  # type: ignore[empty-body]  # a specification
        """What to redact beyond the defaults: names under which values are secret, and names that only look so."""

    @hookspec
    def pytest_runtime_entries(self) -> Sequence[Any]:  # type: ignore[empty-body]  # a specification
        """Further kinds of entries, for the recorder: each makes an `EntryRecorder` of (session, options)."""

    @hookspec
    def pytest_runtime_types(self) -> Sequence[TypeAdapter]:  # type: ignore[empty-body]  # a specification
        """Further types of values, for the recorder and for replays: each says how its values are read and built."""

    @hookspec
    def pytest_runtime_builders(self) -> Sequence[Any]:  # type: ignore[empty-body]  # a specification
        """What builds these values, for replays: each is a `TypeBuilder`. Never called in a recorded process."""

    @hookspec
    def pytest_runtime_replayers(self) -> Sequence[Any]:  # type: ignore[empty-body]  # a specification
        """Further kinds of entries, for replays: each is an `EntryReplayer`. Never called in a recorded process."""


class Plugin(NamedTuple):
    """A plugin of this environment."""

    name: str
    version: str
    fault: str
    """Why it could not be loaded; empty where it could."""


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks, and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(PluginHooks)
    return manager


def load(group: str) -> tuple[Any, list[Plugin]]:
    """Load the plugins of a group of entry points: what asks them for what they add, and what came of each. One that
    cannot be loaded adds nothing, and its `fault` says why."""
    manager = new_manager()
    return manager.hook, [_load(manager, entry_point) for entry_point in _entry_points(group)]


def _entry_points(group: str) -> Iterator[metadata.EntryPoint]:
    seen: set[str] = set()
    for entry_point in metadata.entry_points(group=group):
        if entry_point.name not in seen:  # an environment may list a distribution twice
            seen.add(entry_point.name)
            yield entry_point


def _load(manager: pluggy.PluginManager, entry_point: metadata.EntryPoint) -> Plugin:
    version = entry_point.dist.version if entry_point.dist is not None else ""
    try:
        plugin: Any = entry_point.load()
        manager.register(plugin, entry_point.name)
        manager.check_pending()
    except Exception as fault:  # noqa: BLE001 - whatever a plugin raises is shown as the reason why it adds nothing
        manager.unregister(name=entry_point.name) if manager.has_plugin(entry_point.name) else None
        return Plugin(entry_point.name, version, f"{type(fault).__name__}: {fault}")
    return Plugin(entry_point.name, version, "")
