"""Markers: what stands for a value in a frozen pickle, in memory only, until it is thawed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from ..model.value_tree import ClassName

_NAMES_OPAQUE = b"\x8c\x06Opaque\x94\x93"
"""SHORT_BINUNICODE, its length and text, MEMOIZE, STACK_GLOBAL: how protocol 4 (PEP 3154) names the class of marks."""


class FrozenBytes:
    """A frozen value: a pickle of markers, never written anywhere."""

    __slots__ = ("data", "is_mark")

    def __init__(self, data: bytes, *, is_mark: bool = False) -> None:
        self.data = data
        self.is_mark = is_mark
        """Whether nothing is left of the value but a mark."""

    @property
    def may_hold_marks(self) -> bool:
        """Whether a part of it may be an `Opaque`: the pickle names that class, or holds text that looks like it."""
        return _NAMES_OPAQUE in self.data


Frozen: TypeAlias = Any
"""What `freeze` returns: an exact immutable scalar as it is, anything else as `FrozenBytes`."""


class Standard:
    """An immutable standard value on its way from the pickle to its `StandardNode`."""

    __slots__ = ("kind", "parts")

    def __init__(self, kind: str, *parts: Any) -> None:
        self.kind = kind
        self.parts = parts

    def __setstate__(self, parts: tuple[Any, ...]) -> None:
        """Of one that may contain itself: its parts come after it is made."""
        self.parts = parts


class Instance:
    """An instance on its way to its `ObjectNode`; filled after it is made, so that cycles work."""

    __slots__ = ("cls", "content", "fields", "form", "names", "origin", "read", "values")

    def __init__(
        self, cls: ClassName, fields: tuple[str, ...] = (), origin: str = "", read: str = "", form: str = ""
    ) -> None:
        self.cls = cls
        self.fields = fields
        self.origin = origin
        self.read = read
        self.form = form
        self.content: Any = None
        self.names: tuple[str, ...] = ()
        self.values: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, tuple[str, ...], tuple[Any, ...]]) -> None:
        self.content, self.names, self.values = state


class Member:
    """A member of an enumeration on its way to its `EnumNode`."""

    __slots__ = ("cls", "name", "value")

    def __init__(self, cls: ClassName, name: str | None, value: Any) -> None:
        self.cls, self.name, self.value = cls, name, value


class Global:
    """A class or function on its way to its `GlobalNode`."""

    __slots__ = ("name",)

    def __init__(self, name: ClassName) -> None:
        self.name = name


class Opaque:
    """A value that cannot be read, on its way to its `OpaqueNode`."""

    __slots__ = ("cls", "extent", "reason")

    def __init__(self, cls: ClassName, reason: str, extent: tuple[Any, ...] | None = None) -> None:
        """`extent` is that of an `Extent`, where only the size was in the way."""
        self.cls, self.reason, self.extent = cls, reason, extent


class Items:
    """The content of a subclass of `dict`, `set` or `frozenset`, as it lies: no key is hashed or compared."""

    __slots__ = ("keys", "kind", "values")

    def __init__(self, kind: str, keys: list[Any], values: list[Any]) -> None:
        self.kind, self.keys, self.values = kind, keys, values


MARKERS = {marker.__name__: marker for marker in (Standard, Instance, Member, Global, Opaque, Items)}
MARKER_IDS = frozenset(map(id, MARKERS.values()))
