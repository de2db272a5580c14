"""Capture: taking a live value without running any of its code.

`freeze` is the hot path. It drives the C pickler with a `reducer_override` that reads raw state (`__dict__`, slots,
the built-in part of a subclass), so no `__reduce__`, `__getstate__`, property or `__getattr__` of the service runs.
The pickle names only the classes of `pickle_stubs` and lives in memory only. `thaw` turns it into a value tree in the
collector, without importing a class of the service.

A value that cannot be captured becomes an opaque mark with its type and the reason.
"""

from __future__ import annotations

import functools
import pickle
import types
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from ..faults import own
from .awaiting import WRAPPER_TYPE
from .measure import Outside, extent_of, measure, without
from .pickle_stubs import Frozen, FrozenBytes, Instance, Opaque
from .readers import Reduced, class_name, known_readers, reader_of

VALUE_LIMIT = 1_000_000
"""Bytes of one frozen value; a larger one becomes an opaque mark that keeps its type and size."""

OBJECT_LIMIT = 20_000
"""Instances in one frozen value; an object graph that drags a whole application along stops here."""


class OriginLookup(Protocol):
    """What knows where objects came from."""

    def of(self, value: object) -> str:
        """`made N PLACE`, `named MODULE:NAME`, or empty for an object of unknown origin."""


Look: TypeAlias = Callable[[Any, Reduced], Reduced]
"""Of (value, what its reader gives) what is frozen of it. Only a replay looks: what it adds may run code."""


Stand: TypeAlias = Callable[[Any], Reduced | None]
"""What a function, a bound method, a `partial`, a generator or a coroutine is frozen as; `None` for what it is by
itself."""

CALLABLES = frozenset(
    map(
        id,
        (
            *(types.FunctionType, types.MethodType, functools.partial),
            *(types.GeneratorType, types.AsyncGeneratorType, types.CoroutineType, WRAPPER_TYPE),
        ),
    )
)
"""Ids of the types that are asked for."""


class _Limit(Exception):
    """A value went over a limit; the message is the reason of its opaque mark."""


class _Freezer(pickle.Pickler):
    """The C pickler, reading raw state."""

    def __init__(
        self,
        sink: _Sink,
        origins: OriginLookup | None = None,
        look: Look | None = None,
        most: int = OBJECT_LIMIT,
        stand: Stand | None = None,
        substitute: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(sink, 5)
        self._stand = stand
        self._objects = 0
        self._most = most
        self._origins = origins
        self._look = look
        self._substitute = substitute

    def reducer_override(self, value: Any) -> Reduced:
        cls = type(value)
        reader = known_readers.get(id(cls)) or reader_of(cls)
        self._objects += 1
        if self._objects > self._most:
            raise _Limit(f"more than {OBJECT_LIMIT} objects")
        try:
            if self._stand is not None and id(cls) in CALLABLES and (stood := self._stand(value)) is not None:
                return stood
            reduced = reader(value)
            if type(reduced) is not tuple or reduced[0] is not Instance:
                return reduced if self._look is None or type(reduced) is not tuple else self._look(value, reduced)
            if self._substitute is not None:
                reduced = _substituted(reduced, self._substitute)
            if self._look is not None:
                return self._look(value, reduced)
            if self._origins is not None:
                origin = self._origins.of(value)
                return (Instance, (*reduced[1], origin), *reduced[2:]) if origin else reduced
            return reduced
        except Exception as fault:
            if self._look is None and not own(fault):  # what a look runs may raise anything
                raise
            # It costs this part, not the whole value.
            return Opaque, (class_name(cls), f"it could not be read: {type(fault).__name__}")


def _substituted(reduced: Reduced, substitute: Callable[[Any], Any]) -> Reduced:
    marker, given, (content, names, values) = reduced
    return marker, given, (substitute(content), names, tuple([substitute(part) for part in values]))


class _Sink:
    """Where the pickler writes; it stops at the limit."""

    __slots__ = ("limit", "parts", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self.parts: list[bytes] = []

    def write(self, data: Any) -> None:
        self.size += len(data)
        if self.size > self.limit:
            raise _Limit(f"larger than {self.limit} bytes")
        self.parts.append(bytes(data))


_ATOMS = frozenset(map(id, (type(None), bool, int, float)))
_TEXTS = frozenset(map(id, (str, bytes)))


def freeze(
    value: Any,
    *,
    limit: int = VALUE_LIMIT,
    origins: OriginLookup | None = None,
    look: Look | None = None,
    most: int = OBJECT_LIMIT,
    stand: Stand | None = None,
) -> Frozen:
    """A copy of the value that later changes cannot reach; runs no code of the value's classes, never raises.

    `limit` is in bytes, `most` in objects; with `origins`, objects say where they came from; `look` adds to what is
    frozen of an instance; `stand` is asked for what a callable is frozen as. What cannot be frozen comes back as an
    opaque mark, and so does each part that is too large by itself, with its extent; that is found out without walking
    through it.
    """
    cls = type(value)
    if id(cls) in _ATOMS or (id(cls) in _TEXTS and len(value) <= limit):
        return value
    sink = _Sink(limit)
    try:
        found = measure(value, limit, most)
        substitute = None
        if found.heavy:
            substitute = without(found.heavy, lambda part: _mark_of(part, limit, most))
            value = substitute(value)
        if found.size > 2 * limit or found.objects > 2 * most:
            return _opaque(value, f"larger than {limit} bytes, or more than {most} objects, as far as was looked")
        _Freezer(sink, origins, look, most, stand, substitute).dump(value)
    except _Limit as over:
        return _opaque(value, str(over))
    except Exception as fault:
        if not own(fault):
            raise
        if type(fault) is RecursionError:
            return _opaque(value, "nested too deeply")
        # The service must never see a fault of its recorder.
        return _opaque(value, f"it could not be read: {type(fault).__name__}")
    return FrozenBytes(b"".join(sink.parts))


def same_frozen(left: Frozen, right: Frozen) -> bool:
    """Whether two frozen values are certainly equal; `False` may also mean that only a closer look can tell."""
    if type(left) is FrozenBytes and type(right) is FrozenBytes:
        return left.data == right.data
    return left is right


def frozen_size(value: Frozen) -> int:
    """An estimate of the memory that a frozen value holds, in bytes."""
    if type(value) is FrozenBytes:
        return len(value.data) + 64
    if type(value) is tuple or type(value) is list:
        return 64 + 16 * len(value) + sum(map(frozen_size, value))
    if type(value) is dict:
        return 64 + 32 * len(value) + sum(map(frozen_size, value)) + sum(map(frozen_size, value.values()))
    return len(value) + 64 if id(type(value)) in _TEXTS else 32


def _mark_of(value: Any, limit: int, most: int) -> Opaque:
    """What stands for a part that is too large."""
    extent = extent_of(value)
    objects = f" or {most} objects" if id(type(value)) not in _TEXTS else ""
    return Opaque(class_name(type(value)), f"larger than {limit} bytes{objects}{_words(extent)}", _plain(extent))


def _words(extent: Outside | None) -> str:
    return f"; {extent.kind} of length {extent.length}" if extent is not None else ""


def _plain(extent: Outside | None) -> tuple[Any, ...] | None:
    return tuple(extent) if extent is not None else None


def _opaque(value: Any, reason: str) -> Frozen:
    """A mark for a whole value, with its extent."""
    if type(value) is not Opaque:
        extent = extent_of(value)
        value = Opaque(class_name(type(value)), f"{reason}{_words(extent)}", _plain(extent))
    sink = _Sink(VALUE_LIMIT)
    _Freezer(sink).dump(value)
    return FrozenBytes(b"".join(sink.parts), is_mark=True)
