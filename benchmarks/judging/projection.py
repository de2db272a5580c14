"""Projection: a value as plain text, in which two values are the same when a caller cannot tell.

It reads what is public and runs nothing of the value's own: no `__repr__`, no `__eq__`, no property.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import FunctionType, GeneratorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, cast

PLAIN = (int, float, complex, str, bytes, bytearray, bool, type(None))
PLAIN_TYPES = frozenset(PLAIN)
MAX_DEPTH = 60


def project(value: object) -> str:
    """`value` as text."""
    return _Projection().text(value, 0)


class _Projection:
    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []

    def text(self, value: Any, depth: int) -> str:
        cls = type(value)
        if cls in PLAIN_TYPES:
            return repr(value)
        if isinstance(value, type | FunctionType | ModuleType):
            return f"<{getattr(value, '__qualname__', value.__name__)}>"
        if isinstance(value, MethodType):
            return f"<bound {value.__func__.__qualname__}>"
        if isinstance(value, GeneratorType) or depth > MAX_DEPTH:
            return f"<{cls.__name__}>"
        if id(value) in self._seen:
            return f"<#{self._seen[id(value)]}>"
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        parts = [*self._content(value, depth), *self._attributes(value, depth)]
        return f"{cls.__name__}({', '.join(parts)})"

    def _content(self, value: Any, depth: int) -> Iterable[str]:
        """What an instance of a built-in type, or of a class made from one, holds."""
        if isinstance(value, PLAIN):
            base = next(one for one in type(value).__mro__ if one in PLAIN)
            written: Any = base.__repr__
            return [str(written(value))]
        if isinstance(value, dict):
            pairs = [(self.text(key, depth + 1), self.text(item, depth + 1)) for key, item in dict.items(value)]
            return [f"{key}: {item}" for key, item in pairs]
        if isinstance(value, list):
            return [self.text(item, depth + 1) for item in list.__iter__(value)]
        if isinstance(value, tuple):
            return [self.text(item, depth + 1) for item in tuple.__iter__(value)]
        if isinstance(value, set | frozenset):
            return sorted(self.text(item, depth + 1) for item in value)
        if type(value).__module__ in ("datetime", "decimal", "fractions", "re"):
            return [repr(value)]
        return []

    def _attributes(self, value: object, depth: int) -> list[str]:
        state = _state(value)
        return [f"{name}={self.text(state[name], depth + 1)}" for name in sorted(state) if name[0] != "_"]


def _state(value: object) -> Mapping[str, object]:
    own, cls = getattr(value, "__dict__", None), cast(Any, type(value))
    state: dict[str, object] = dict(own) if isinstance(own, dict) else {}
    for name, member in _members(cls):
        try:
            state[name] = member.__get__(value, cls)
        except AttributeError:
            continue
    return state


@cache
def _members(cls: Any) -> tuple[tuple[str, MemberDescriptorType], ...]:
    """What `__slots__` made."""
    found = [(name, member) for base in cls.__mro__ for name, member in vars(base).items()]
    return tuple((name, member) for name, member in found if isinstance(member, MemberDescriptorType))
