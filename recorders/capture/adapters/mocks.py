"""Mocks of `unittest.mock`, which tests hand to code: how they are set up, and how they were called.

A mock has its answers in it, so it is data: return values, side effects, attributes, and the mocks below it. What
nobody set up below it, and nobody called, comes into being by itself when it is asked for, and is left out. Its calls
are what the code did to the outside: they are compared with the arguments that it was called with.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ..raw import class_name, inherits, namespace_of, namespace_of_module, type_mro
from .protocol import TypeAdapter, Unreadable

_LIBRARY: Final = "unittest.mock"

CLASSES: Final = ("AsyncMock", "MagicMock", "Mock", "NonCallableMagicMock", "NonCallableMock")
"""Classes of mocks, the more special ones first."""

DELETED: Final = "deleted"
"""Stands for an attribute that the mock was made not to have."""

_OWN: Final = frozenset(
    {"method_calls", "_spec_class", "_spec_set", "_spec_signature", "_spec_asyncs", "_is_coroutine"}
)


_ABOVE: Final = ("_mock_parent", "_mock_new_parent")
"""Attributes that hold the mock that one is below of: then its name is its place there."""


def _held(name: str) -> Any:
    return namespace_of_module(sys.modules.get(_LIBRARY)).get(name)


def is_mock(cls: type) -> bool:
    """Whether instances of a class are mocks: each has a class of its own."""
    base = _held("NonCallableMock")
    return type(base) is type and inherits(cls, base)


def _class_of(cls: type) -> str:
    """The class of the library that a mock's own class comes down to."""
    order = type_mro(cls)
    found = next((name for name in CLASSES if any(base is _held(name) for base in order)), None)
    if found is None or order[1] is not _held(found):
        raise Unreadable("its class is a mock of the program's own")
    return found


def _mock(value: Any) -> tuple[Any, ...]:
    """(class, name, class that it is specified by, names that it has, what it returns in a list, side effect, mocks
    below it, attributes, arguments of its calls, names of calls below it in order)"""
    held = namespace_of(value) or {}
    for part in ("_mock_wraps", "_mock_delegate"):
        if held.get(part) is not None:
            raise Unreadable("it stands for an object that it calls")
    spec: Any = held.get("_spec_class")
    methods: Any = held.get("_mock_methods")
    return (
        _class_of(type(value)),
        held.get("_mock_name") if all(held.get(above) is None for above in _ABOVE) else None,
        class_name(spec) if inherits(type(spec), type) else None,
        sorted(name for name in methods if type(name) is str)
        if type(methods) is list or type(methods) is set
        else None,
        [result] if _is_set_up(result := held.get("_mock_return_value"), {id(value)}) else [],
        held.get("_mock_side_effect"),
        dict(_below(held, {id(value)})),
        _attributes(held),
        [tuple(_list(call)[-2:]) for call in _list(held.get("_mock_call_args_list"))],
        [_list(call)[0] for call in _list(held.get("_mock_mock_calls"))],
    )


def _list(value: Any) -> list[Any]:
    """The items of a list or a tuple, or of what extends one, as they lie."""
    if inherits(type(value), tuple):
        return list(tuple.__iter__(value))
    return list(list.__iter__(value)) if inherits(type(value), list) else []


def _attributes(held: Mapping[str, Any]) -> dict[str, Any]:
    """What was set on a mock and is no mock below it."""
    children = held.get("_mock_children")
    own = {*_OWN, *(children if type(children) is dict else ())}
    return {name: value for name, value in held.items() if not (name.startswith(("_mock_", "__")) or name in own)}


def _below(held: Mapping[str, Any], seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The mocks below one that are set up, or were called."""
    children = held.get("_mock_children")
    for name, child in dict(children).items() if type(children) is dict else ():
        if child is _held("_deleted"):
            yield name, DELETED
        elif is_mock(type(child)) and _is_set_up(child, seen):
            yield name, child


def _is_set_up(value: Any, seen: set[int]) -> bool:
    """Whether something was set up in a value, or called: of any other mock the next one is as good."""
    if value is _held("DEFAULT"):
        return False
    if not is_mock(type(value)) or id(value) in seen:
        return True
    held = namespace_of(value) or {}
    inner = seen | {id(value)}
    return bool(
        held.get("_mock_call_count")
        or held.get("_mock_side_effect") is not None
        or held.get("_mock_methods") is not None
        or _attributes(held)
        or _is_set_up(held.get("_mock_return_value"), inner)
        or any(_below(held, inner))
    )


ADAPTERS: tuple[TypeAdapter, ...] = (TypeAdapter("mock", (), _mock, is_mutable=True, accepts=is_mock),)
"""One for all classes of mocks."""
