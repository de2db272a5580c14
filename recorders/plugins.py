"""Plugins: what third parties may add to recorder and replay, found by the entry point group `pytest_runtime`.

A plugin is a module, or an object, with functions that are marked `hookimpl` and named as in `PluginHooks`:

    from pytest_runtime.recorders.plugins import Boundary, hookimpl

    @hookimpl
    def pytest_runtime_boundaries():
        return [Boundary("kvstore", "kvstore.client", install, codec)]

The recorder and every process that replays load plugins alike. A baseline names those that it was recorded with.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from types import MappingProxyType
from typing import Any, NamedTuple

import pluggy

from .boundaries import (
    aiohttp,
    aiosqlite,
    asyncpg,
    clock,
    declared,
    entropy,
    environ,
    files,
    http_client,
    httpcore,
    kombu,
    mail,
    name_lookups,
    psycopg,
    psycopg2,
    psycopg_pool,
    pymemcache,
    pymysql,
    redis,
    sqlite,
    stdin,
    subprocesses,
)
from .boundaries.import_hooks import ImportHooks
from .boundaries.protocol import PLAIN, Boundary, ExchangeCodec, PlainCodec
from .capture.adapters.protocol import TypeAdapter, Unreadable
from .capture.adapters.registry import ADAPTERS
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
    "Plugins",
    "RedactOptions",
    "Tree",
    "TupleNode",
    "TypeAdapter",
    "Undo",
    "Undos",
    "Unreadable",
    "current_world",
    "hookimpl",
    "loaded",
    "replace",
    "wrap",
]

PROJECT = "pytest_runtime"
"""The name of the pluggy project, and of the entry point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


BUILT_IN = (
    *(clock.BOUNDARY, entropy.BOUNDARY, environ.BOUNDARY, sqlite.BOUNDARY, http_client.BOUNDARY),
    *(subprocesses.BOUNDARY, subprocesses.AWAITED, files.BOUNDARY, stdin.BOUNDARY),
    *(httpcore.BOUNDARY, *redis.BOUNDARIES, psycopg.BOUNDARY, psycopg_pool.BOUNDARY, aiosqlite.BOUNDARY),
    *(asyncpg.BOUNDARY, aiohttp.BOUNDARY, psycopg2.BOUNDARY, pymysql.BOUNDARY, pymemcache.BOUNDARY),
    *(mail.BOUNDARY, name_lookups.BOUNDARY),
    kombu.BOUNDARY,
)
"""The boundaries in the box. To add one, write its file and name it here."""


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


class Plugins:
    """The plugins of this process, and what they add to what is in the box."""

    def __init__(self, manager: pluggy.PluginManager, found: Sequence[Plugin]) -> None:
        self.found = tuple(found)
        """By name."""
        self.boundaries: tuple[Boundary, ...] = (*BUILT_IN, *_listed(manager.hook.pytest_runtime_boundaries()))
        self.entries: tuple[Any, ...] = tuple(_listed(manager.hook.pytest_runtime_entries()))
        """What makes the recorders of further kinds of entries."""
        self.replayers: Callable[[], tuple[Any, ...]] = lambda: tuple(_listed(manager.hook.pytest_runtime_replayers()))
        self.types: tuple[TypeAdapter, ...] = tuple(_listed(manager.hook.pytest_runtime_types()))
        self.builders: Callable[[], tuple[Any, ...]] = lambda: tuple(_listed(manager.hook.pytest_runtime_builders()))
        self.redaction: tuple[RedactOptions, ...] = tuple(reversed(manager.hook.pytest_runtime_redaction()))
        self.exceptions = frozenset(package for boundary in self.boundaries for package in boundary.exceptions)
        """Packages whose exceptions may be built in a replay."""
        modules = frozenset(one.module.partition(".")[0] for one in self.boundaries if one.sees_all)
        self.covered = (modules | self.exceptions) - {""}
        """Packages of which a boundary sees what they ask of the world."""
        self._codecs: Mapping[str, ExchangeCodec] = MappingProxyType({one.name: one.codec for one in self.boundaries})

    def codec(self, boundary: str) -> ExchangeCodec:
        """What the exchanges of a boundary mean; of an unknown one: calls of functions."""
        return self._codecs.get(boundary, PLAIN)

    def install(self, undos: Undos, hooks: ImportHooks, declared_names: Sequence[str]) -> None:
        """Put every boundary in place; `declared_names` are those of the project's configuration (`module.name`)."""
        for boundary in self.boundaries:
            if boundary.module:
                hooks.when_imported(boundary.module, boundary.install)
            else:
                undos.add(boundary.install(None))
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


def new_manager() -> pluggy.PluginManager:
    """A manager that knows the hooks, and no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(PluginHooks)
    return manager


@functools.cache
def loaded() -> Plugins:
    """The plugins that are installed in this environment, loaded at the first call. A plugin that cannot be loaded
    adds nothing, and `found` says why: a service must not fail for it; a replay refuses to go on without."""
    manager = new_manager()
    found = [_load(manager, entry_point) for entry_point in _entry_points()]
    plugins = Plugins(manager, found)
    ADAPTERS.add(plugins.types)
    return plugins


def _entry_points() -> Iterator[metadata.EntryPoint]:
    seen: set[str] = set()
    for entry_point in metadata.entry_points(group=PROJECT):
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
