"""The builders of this process, by the kind of value that each builds."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ....recorders import installed
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
    scalars,
    streams,
    tasks,
    tracebacks,
    type_hints,
)
from .protocol import TypeBuilder

BUILT_IN: tuple[TypeBuilder, ...] = (
    *scalars.BUILDERS,
    *callables.BUILDERS,
    *containers.BUILDERS,
    *iterators.BUILDERS,
    *streams.BUILDERS,
    *concurrency.BUILDERS,
    *type_hints.BUILDERS,
    *tracebacks.BUILDERS,
    *drivers.BUILDERS,
    *arrays.BUILDERS,
    *frames.BUILDERS,
    *models.BUILDERS,
    *mocks.BUILDERS,
    *documents.BUILDERS,
    *tasks.BUILDERS,
)
"""The builders in the box."""


def builders() -> Mapping[str, Callable[..., Any]]:
    """Kind → what builds a value of it. Those in the box come first; a plugin replaces none of them."""
    return _with(installed.loaded())


@functools.lru_cache(maxsize=1)
def _with(more: installed.Plugins) -> Mapping[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for builder in (*BUILT_IN, *more.builders()):
        found.setdefault(builder.kind, builder.build)
    return MappingProxyType(found)
