"""Objects whose classes count every time that code of theirs runs, wherever Python lets a class have some."""

from __future__ import annotations

import types
from typing import Any

RUNS: list[str] = []
"""What ran, in order."""

_CALLED = (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__bool__", "__len__", "__iter__"),
    *(
        "__next__",
        "__contains__",
        "__getitem__",
        "__getattr__",
        "__getattribute__",
        "__repr__",
        "__str__",
        "__format__",
    ),
    *("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__", "__mod__"),
    *("__rmod__", "__pow__", "__rpow__", "__neg__", "__abs__", "__int__", "__float__", "__index__", "__round__"),
    *("__call__", "__reduce__", "__reduce_ex__", "__getstate__", "__sizeof__", "__dir__", "__reversed__", "__bytes__"),
    *("__length_hint__", "__instancecheck__", "__subclasscheck__", "__fspath__", "__get__", "__set_name__", "keys"),
)


def _counting(name: str) -> Any:
    def method(self: Any, *args: Any) -> Any:
        RUNS.append(name)
        if name == "__getattribute__":
            return object.__getattribute__(self, *args)
        if name == "__hash__":
            return 7
        return NotImplemented

    return method


class Meta(type):
    """A metaclass with code of its own."""

    def __instancecheck__(cls, instance: object) -> bool:
        RUNS.append("metaclass __instancecheck__")
        return True

    def __subclasscheck__(cls, subclass: type) -> bool:
        RUNS.append("metaclass __subclasscheck__")
        return True

    def __eq__(cls, other: object) -> bool:
        RUNS.append("metaclass __eq__")
        return True

    def __hash__(cls) -> int:
        RUNS.append("metaclass __hash__")
        return 7

    def __getattr__(cls, name: str) -> Any:
        RUNS.append(f"metaclass __getattr__ {name}")
        raise AttributeError(name)


class Descriptor:
    """A descriptor that is asked."""

    def __get__(self, instance: object, owner: type) -> int:
        RUNS.append("descriptor")
        return 1

    def __set__(self, instance: object, value: object) -> None:
        RUNS.append("descriptor set")


def _attributes(namespace: dict[str, Any]) -> None:
    for name in _CALLED:
        namespace.setdefault(name, _counting(name))
    namespace["computed"] = property(lambda self: RUNS.append("property"))
    namespace["described"] = Descriptor()
    namespace["method"] = lambda self: RUNS.append("method")


def hostile_class(base: type = object) -> Any:
    """A class that counts, extending a built-in one."""
    found = types.new_class("Hostile", (base,), {"metaclass": Meta}, _attributes)
    RUNS.clear()
    return found


def instance_of(base: type, *args: Any) -> Any:
    """An instance of such a class, made as the built-in class makes it, with attributes."""
    cls = hostile_class(base)
    found = base.__new__(cls, *args)
    if base in (list, dict, set):
        base.__init__(found, *args)
    namespace = {"total": 5, "tier": "gold", "items": [1, 2]}
    vars(object)["__class__"].__get__(found)
    types.SimpleNamespace()
    object.__getattribute__(found, "__dict__").update(namespace)
    RUNS.clear()
    return found
