"""This file is about arguments that do something when they are used: callables and iterators.

A callable that comes from outside is a boundary: its calls are recorded, and answered on replay. An iterator whose
items cannot be read without taking them is recorded as it is consumed. Both are handed on behind wrapt proxies, which
answer `isinstance`, equality and every attribute as what they stand for. What can be read in place (the iterators of
built-in containers, `io.StringIO`, an open file) is captured like any other value, see `readers`.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import wrapt

from .boundaries.world import Operation, Ticket
from .context import current_world
from .markers import Standard
from .raw import is_instance, text, type_dict, type_module
from .readers import is_quiet_iterator, known_readers

if TYPE_CHECKING:
    from .boundaries.world import World

_CALLABLES = frozenset(map(id, (types.FunctionType, types.MethodType, types.BuiltinMethodType, functools.partial)))
_PLAIN = frozenset(map(id, (type(None), bool, int, float, str, bytes, list, tuple, dict, set, frozenset)))


def calling(number: int, name: str) -> Operation:
    """The operation of calling an argument."""
    return Operation("callable", name, f"argument {number}", "write")


def consuming(number: int) -> Operation:
    """The operation of taking the items of an argument."""
    return Operation("iterator", "next", f"argument {number}", "session")


class WatchedCallable(wrapt.CallableObjectProxy[Any]):
    """A callable argument of a recorded entry."""

    _self_number: int
    _self_name: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Its own answer, seen by the world of the running trace."""
        world = current_world()
        if world is None:
            return self.__wrapped__(*args, **kwargs)
        request = {"args": args, "kwargs": kwargs}
        operation = calling(self._self_number, self._self_name)
        return world.call(operation, request, lambda: self.__wrapped__(*args, **kwargs))


class WatchedIterator(wrapt.ObjectProxy[Any]):
    """An iterator argument of a recorded entry."""

    _self_number: int
    _self_ticket: Ticket

    def __iter__(self) -> WatchedIterator:
        return self

    def __next__(self) -> Any:
        ended: list[StopIteration] = []

        def take() -> list[Any]:
            try:
                return [next(self.__wrapped__)]
            except StopIteration as end:
                ended.append(end)
                return []

        taken = self._self_ticket.take(take, 1)
        if not taken:
            raise ended[0] if ended else StopIteration
        return taken[0]


class RecordedCallable:
    """Stands for a callable argument on replay."""

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the recorded one answered."""
        world = current_world()
        if world is None:
            raise RuntimeError(f"the callable argument {self.__name__} was called outside every trace")
        operation = calling(self._number, self.__name__)
        return world.call(operation, {"args": args, "kwargs": kwargs}, lambda: None)


class RecordedIterator:
    """Stands for an iterator argument on replay."""

    def __init__(self, number: int, ticket: Ticket) -> None:
        self._number = number
        self._ticket = ticket

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        taken = self._ticket.take(lambda: [], 1)
        if not taken:
            raise StopIteration
        return taken[0]

    def close(self) -> None:
        """As a generator has it."""


def watched(world: World, included: Callable[[str], bool], args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments, with what does something when it is used behind a proxy; the same objects where nothing does."""
    if not any(id(type(value)) not in _PLAIN for value in (*args, *kwargs.values())):
        return args, kwargs
    number = iter(range(1_000_000))
    positional = tuple(_watched(world, included, value, next(number)) for value in args)
    named = {name: _watched(world, included, value, next(number)) for name, value in kwargs.items()}
    if all(new is old for new, old in zip(positional, args, strict=True)):
        positional = args
    return positional, named


def _watched(world: World, included: Callable[[str], bool], value: Any, number: int) -> Any:
    cls = type(value)
    if id(cls) in _CALLABLES:
        code = _code_of(value)
        if included(code.co_filename) if code is not None else not _is_bound(value):
            return value  # part of what is under validation, or known by name
        proxy = WatchedCallable(value)
        proxy._self_number, proxy._self_name = number, code.co_name if code is not None else value.__name__
        return proxy
    if cls is types.GeneratorType or (_is_iterator(cls) and not is_quiet_iterator(cls)):
        iterator = WatchedIterator(value)
        iterator._self_number = number
        iterator._self_ticket = world.begin(consuming(number), number)
        return iterator
    return value


def _code_of(value: Any) -> types.CodeType | None:
    """The code that a callable runs; `None` for what is written in C."""
    while type(value) is functools.partial:
        value = value.func
    function = value.__func__ if type(value) is types.MethodType else value
    return function.__code__ if type(function) is types.FunctionType else None


def _is_bound(value: Any) -> bool:
    """Whether a callable written in C is a method of some object: `lines.append`. A function has its module there."""
    held = value.__self__ if type(value) is types.BuiltinMethodType else None
    return held is not None and type(held) is not types.ModuleType and not is_instance(held, type)


_STANDARD_HOMES = frozenset({"builtins", "itertools", "_csv", "_io", "re"})


def _is_iterator(cls: type) -> bool:
    """Whether a class written in C is one of iterators; those of the service are captured by their state."""
    home = text(type_module(cls))
    return home in _STANDARD_HOMES and "__next__" in type_dict(cls) and home != "_io"


def _read_callable(value: Any) -> Any:
    return Standard, ("callable", value._self_number, value._self_name)


def _read_iterator(value: Any) -> Any:
    return Standard, ("consumed", value._self_number)


known_readers[id(WatchedCallable)] = _read_callable
known_readers[id(WatchedIterator)] = _read_iterator
known_readers[id(RecordedCallable)] = lambda value: (Standard, ("callable", value._number, value.__name__))
known_readers[id(RecordedIterator)] = lambda value: (Standard, ("consumed", value._number))
