"""Classes that note when any of their code runs: methods, properties, descriptors, metaclasses, streams."""

from __future__ import annotations

import io
import types
from collections import Counter
from typing import Any, NamedTuple


class Watch:
    """Notes the code of the values that runs while the recorder is at work."""

    def __init__(self) -> None:
        self.is_armed = False
        self.ran: Counter[str] = Counter()

    def note(self, name: str) -> None:
        if self.is_armed:
            self.ran[name] += 1


WATCH = Watch()

SPECIAL = (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__repr__", "__str__", "__format__", "__bytes__"),
    *("__bool__", "__len__", "__length_hint__", "__iter__", "__next__", "__reversed__", "__contains__", "__getitem__"),
    *("__missing__", "__getattribute__", "__dir__", "__sizeof__", "__call__", "__reduce__", "__reduce_ex__"),
    *("__getstate__", "__getnewargs__", "__getnewargs_ex__", "__copy__", "__deepcopy__", "__index__", "__int__"),
    *(
        "__float__",
        "__complex__",
        "__hash__",
        "__enter__",
        "__fspath__",
        "__round__",
        "__trunc__",
        "__abs__",
        "__add__",
    ),
    *("__and__", "__or__", "__instancecheck__", "__subclasscheck__", "__await__", "__aiter__", "__anext__"),
    *(
        "items",
        "keys",
        "values",
        "copy",
        "get",
        "replace",
        "astimezone",
        "as_tuple",
        "isoformat",
        "utcoffset",
        "tzname",
    ),
    *("dst", "read", "readinto", "readable", "seekable", "seek", "tell", "fileno", "closed_", "getvalue", "split"),
)


def noting(name: str, original: Any) -> Any:
    """A method that notes that it ran, and does what the one it hides does."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        WATCH.note(name)
        if original is None:
            raise TypeError(f"no {name}")
        return original(self, *args, **kwargs)

    return method


class Meta(type):
    """A metaclass that notes everything that a class is asked."""


def noting_meta(*bases: type) -> Any:
    names = ("__getattribute__", "__hash__", "__eq__", "__repr__", "__instancecheck__", "__subclasscheck__", "__call__")
    meta = types.new_class(
        "Meta", bases or (Meta,), exec_body=lambda body: body.update(members(bases or (type,), names))
    )
    return meta


def members(bases: tuple[Any, ...], names: tuple[str, ...]) -> dict[str, Any]:
    def hidden(name: str) -> Any:
        return next((getattr(base, name) for base in (*bases, object) if hasattr(base, name)), None)

    return {name: noting(name, hidden(name)) for name in names}


class Descriptor:
    """A data descriptor that notes that it is asked."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        WATCH.note("descriptor")
        return 5

    def __set__(self, instance: Any, value: Any) -> None:
        WATCH.note("descriptor set")


class Text(str):
    """A string that notes what is done with it; for names."""

    __slots__ = ()


for _name, _member in members(
    (str,), ("__eq__", "__hash__", "__format__", "__str__", "partition", "startswith")
).items():
    setattr(Text, _name, _member)


def property_(name: str) -> Any:
    return property(noting(name, lambda self: 7))


class Pair(NamedTuple):
    a: Any
    b: Any


def plain_object() -> Any:
    return object()


def position(stream: Any, position: int) -> Any:
    stream.seek(position)
    return stream


def with_method(stream: Any, name: str) -> Any:
    def method(*args: Any) -> Any:
        WATCH.note(name)
        return 0

    stream.__dict__[name] = method
    return stream


def noting_stream() -> Any:
    names = ("readable", "seekable", "seek", "tell", "fileno", "readinto", "readall", "read")
    body = members((), names) | {name: noting(name, lambda self: True) for name in ("readable", "seekable")}
    return types.new_class("Raw", (io.RawIOBase,), exec_body=lambda space: space.update(body))()
