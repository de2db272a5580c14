"""The type adapters of this process, and which one reads a class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from ..pickle_stubs import Opaque, Standard
from ..raw import class_name, find_loaded
from . import (
    arrays,
    callables,
    concurrency,
    containers,
    documents,
    drivers,
    frames,
    iterators,
    mocks,
    models,
    names,
    scalars,
    streams,
    tasks,
    tracebacks,
    type_hints,
)
from .protocol import TypeAdapter, Unreadable

Reader: TypeAlias = Callable[[Any], Any]

BUILT_IN: tuple[TypeAdapter, ...] = (
    *scalars.ADAPTERS,
    *callables.ADAPTERS,
    *containers.ADAPTERS,
    *iterators.ADAPTERS,
    *streams.ADAPTERS,
    *concurrency.ADAPTERS,
    *type_hints.ADAPTERS,
    *tracebacks.ADAPTERS,
    *drivers.ADAPTERS,
    *arrays.ADAPTERS,
    *frames.ADAPTERS,
    *models.ADAPTERS,
    *mocks.ADAPTERS,
    *documents.ADAPTERS,
    *tasks.ADAPTERS,
)
"""The adapters in the box. To add one, write it into the file of its family, and its builder into the replay's."""


BASIC: Final = frozenset(
    {
        *("decimal:Decimal", "fractions:Fraction", "uuid:UUID", "zoneinfo:ZoneInfo", "logging:Logger"),
        *("logging:RootLogger", *scalars.PATHS),
    }
)
"""Types of the standard library that are known by name, so that recording does not load their modules; they count as
those do that are loaded with the interpreter."""


class Adapters:
    """Adapters by the types that they read."""

    def __init__(self, adapters: Iterable[TypeAdapter]) -> None:
        self.by_id: dict[int, Reader] = {}
        """Readers of types that are loaded with the interpreter, by the id of the type."""
        self._by_name: dict[str, Reader] = {}
        self._asked: list[tuple[Callable[[type], bool], Reader]] = []
        self.mutable: set[str] = set()
        """Kinds of values whose sharing is kept."""
        self.add(adapters)
        for cls, reader in names.READERS.items():
            self._put(cls, reader)

    def add(self, adapters: Iterable[TypeAdapter]) -> None:
        """Further adapters; what is there already stays."""
        for adapter in adapters:
            reader = _reader(adapter)
            if adapter.is_mutable:
                self.mutable.add(adapter.kind)
            for cls in adapter.types:
                self._put(cls, reader)
            if adapter.accepts is not None:
                self._asked.append((adapter.accepts, reader))

    def _put(self, cls: type | str, reader: Reader) -> None:
        if isinstance(cls, str):
            self._by_name.setdefault(cls, reader)
        else:
            self.by_id.setdefault(id(cls), reader)

    def standard_reader(self, cls: type) -> Reader | None:
        """The reader of a type that comes with the interpreter: of those that are loaded with it, and of `BASIC`."""
        reader = self.by_id.get(id(cls))
        return self.reader_of(cls) if reader is None and class_name(cls) in BASIC else reader

    def reader_of(self, cls: type) -> Reader | None:
        """The reader of a class, where an adapter knows it; no name alone makes a class known."""
        name = class_name(cls)
        reader = self._by_name.get(name)
        if reader is not None and find_loaded(name) is cls:
            return reader
        return next((reader for accepts, reader in self._asked if accepts(cls)), None)


def _reader(adapter: TypeAdapter) -> Reader:
    kind, parts = adapter.kind, adapter.parts

    def read(value: Any) -> Any:
        try:
            return Standard, (kind, *parts(value))
        except Unreadable as fault:
            return Opaque, (class_name(type(value)), str(fault))

    return read


ADAPTERS = Adapters(BUILT_IN)
"""The adapters of this process; `plugins.loaded` adds those of plugins."""
