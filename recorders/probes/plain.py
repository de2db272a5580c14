"""Plain values: what expressions of probes may work with, and what is read of an object without asking it.

Everything here goes by the exact built-in type of a value, or by the built-in part of a class that extends one. No
method, descriptor, iterator or metaclass of the service runs; what cannot be known without is `Unreadable`.
"""

from __future__ import annotations

import collections
import types
from typing import Any, Final

from ..capture.raw import class_name, is_instance, type_dict, type_mro

ITEM_LIMIT: Final = 1_000
"""Items of a container that an expression may go through: some ten microseconds."""

TEXT_LIMIT: Final = 100_000
"""Characters or bytes that are searched, compared or changed: at most some ten microseconds."""

MISSING: Final = object()


class Unreadable(Exception):
    """An expression cannot be evaluated here without running code of the service, or at a bounded cost."""


class Redacted:
    """Stands for what lies under a sensitive name."""

    __slots__ = ()


REDACTED: Final = Redacted()

# By id: hashing a class could run code of its metaclass.
SCALARS: Final = frozenset(map(id, (type(None), bool, int, float, complex, str, bytes)))
NUMBERS: Final = frozenset(map(id, (bool, int, float)))
TEXTS: Final = frozenset(map(id, (str, bytes)))
_BASES: Final[tuple[Any, ...]] = (dict, list, tuple, set, frozenset, collections.deque)
EXACT_BASES: Final = {id(base): base for base in _BASES}
_whole = slice(None)


def plain(value: Any) -> Any:
    """The built-in part of a text or number of a class that extends one; any other value itself."""
    cls = type(value)
    if id(cls) in SCALARS:
        return value
    for base in type_mro(cls):
        if base is str:
            return str.__str__(value)
        if base is int:
            return int.__int__(value)
        if base is float:
            return float.__float__(value)
        if base is bytes:
            return bytes.__getitem__(value, _whole)
    return value


def name_of(value: Any) -> str:
    """The class of a value, for a person."""
    return class_name(type(value)).removeprefix("builtins:").replace(":", ".")


def base_of(value: Any) -> Any:
    """The built-in container that a value is, or extends; `None` for all else."""
    cls = type(value)
    exact = EXACT_BASES.get(id(cls))
    if exact is not None:
        return exact
    return next((EXACT_BASES[id(one)] for one in type_mro(cls) if id(one) in EXACT_BASES), None)


def length_of(value: Any) -> int:
    """`len(value)` for texts and containers."""
    value = plain(value)
    base = type(value) if id(type(value)) in TEXTS or type(value) is range else base_of(value)
    if base is None and type(value) is bytearray:
        base = bytearray
    if base is None:
        raise Unreadable(f"len() of {name_of(value)} would run its code")
    found: int = base.__len__(value)
    return found


def items_of(value: Any) -> list[Any]:
    """The items of a container, of a dict its keys, or the characters of a text; a copy."""
    value = plain(value)
    cls = type(value)
    if id(cls) in TEXTS or cls is range:
        if len(value) > ITEM_LIMIT:
            raise Unreadable(f"{name_of(value)} has more than {ITEM_LIMIT} items")
        return list(value)
    base = base_of(value)
    if base is None:
        if is_instance(value, types.GeneratorType) or any("__next__" in type_dict(one) for one in type_mro(cls)):
            raise Unreadable(f"{name_of(value)} is an iterator: looking into it would use it up")
        raise Unreadable(f"going through {name_of(value)} would run its code")
    if base.__len__(value) > ITEM_LIMIT:
        raise Unreadable(f"{name_of(value)} has more than {ITEM_LIMIT} items")
    if base is list or base is tuple:
        found: list[Any] = list(base.__getitem__(value, _whole))
        return found
    return list(base.__iter__(value))


def pairs_of(value: Any) -> list[tuple[Any, Any]]:
    """The items of a dict; a copy."""
    if dict.__len__(value) > ITEM_LIMIT:
        raise Unreadable(f"{name_of(value)} has more than {ITEM_LIMIT} keys")
    return list(dict.items(value))


def is_plain_key(key: Any) -> bool:
    """Whether hashing and comparing a key runs nothing but the interpreter's own code."""
    return id(type(key)) in SCALARS or (type(key) is tuple and len(key) <= 10 and all(map(is_plain_key, key)))


def value_under(mapping: Any, key: Any) -> Any:
    """What a dict holds under a plain key, or `MISSING`. The keys are gone through: one with the same hash could have a
    class of its own, which a look-up would ask whether it is equal."""
    key = plain(key)
    if not is_plain_key(key):
        raise Unreadable(f"a look-up by {name_of(key)} would run its code")
    for one, value in pairs_of(mapping):
        if one is key:
            return value
        one = plain(one)
        if is_plain_key(one) and _same_key(one, key):
            return value
    return MISSING


def _same_key(one: Any, key: Any) -> bool:
    """Equality of plain keys; texts and bytes are not compared, which may be a warning."""
    if type(one) is tuple or type(key) is tuple:
        return type(one) is type(key) and len(one) == len(key) and all(map(_same_key, one, key))
    return bool(one == key) if {id(type(one)), id(type(key))} != TEXTS else False


def entry_in(namespace: dict[Any, Any], name: str) -> Any:
    """What a namespace holds under an interned name, or `MISSING`; a key of another class is not asked."""
    for key, value in namespace.items():
        if key is name:
            return value
    for key, value in list(namespace.items()):
        if type(key) is str and key == name:
            return value
    return MISSING


def found_in(cls: Any, name: str) -> tuple[Any, Any]:
    """The class of the resolution order that holds a name, and what it holds; `(None, MISSING)` for none."""
    for one in type_mro(cls):
        found = type_dict(one).get(name, MISSING)
        if found is not MISSING:
            return one, found
    return None, MISSING
