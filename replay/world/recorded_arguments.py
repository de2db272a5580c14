"""What stands on replay for the callables, generators and coroutines that an entry was given: they ask the recording.

Asynchronous ones are real coroutines and asynchronous generators: an event loop takes nothing else.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import AsyncGeneratorType, CoroutineType, MethodType
from typing import Any

from ...recorders.capture.awaiting import WRAPPER_TYPE, coroutine_in
from ...recorders.capture.pickle_stubs import Standard
from ...recorders.capture.readers import known_readers, reader_of
from ...recorders.context import current_world
from ...recorders.model.world import Ticket
from ...recorders.session.call_watch import Request, Signature, bound_request, calling
from ..model.reason import StopCode
from .adapters.protocol import StandIn
from .recorded_world import RecordedWorld
from .stopping import TraceStopped


class RecordedCallable:
    """Stands for a callable argument on replay."""

    def __init__(self, number: int, name: str, signature: Signature | None = None) -> None:
        """Without a `signature`, as in older baselines, calls by position and by name are distinguished."""
        self._number = number
        self._signature = signature
        self.__name__ = self.__qualname__ = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a function is bound."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the recorded one answered."""
        return self._answer(args, kwargs)

    def _answer(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        world = current_world()
        if world is None:
            raise RuntimeError(f"the callable argument {self.__name__} was called outside every trace")
        operation = calling(self._number, self.__name__)
        request: Request = {"args": args, "kwargs": kwargs}
        if self._signature is not None:
            request = bound_request(self.__name__, self._signature, args, kwargs)
        return world.call(operation, request, lambda: None)


class RecordedCoroutineFunction(RecordedCallable):
    """Stands for a coroutine function."""

    def __init__(self, number: int, name: str, signature: Signature | None = None) -> None:
        super().__init__(number, name, signature)
        mark: Callable[[Any], Any] = getattr(inspect, "markcoroutinefunction", lambda function: function)  # since 3.12
        mark(self)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the recorded one answered."""
        return self._answer(args, kwargs)


def recorded_callable(parts: Sequence[Any]) -> RecordedCallable:
    """The stand-in for a callable of a baseline, of the parts that were stored of it."""
    make = RecordedCallable
    if len(parts) == 5 and parts[4] == "awaited":
        make, parts = RecordedCoroutineFunction, parts[:4]
    number = parts[0] if parts and isinstance(parts[0], int) else 0
    name = str(parts[1]) if len(parts) > 1 else ""
    if len(parts) != 4 or not isinstance(parts[2], tuple) or len(parts[2]) != 5 or not isinstance(parts[3], dict):
        return make(number, name)
    positional, only, named, rest, others = parts[2]
    texts = [tuple(map(str, one)) if isinstance(one, (tuple, list)) else () for one in (positional, named)]
    only = only if isinstance(only, int) else 0
    return make(number, name, Signature(texts[0], only, texts[1], str(rest), str(others), parts[3]))


@contextmanager
def _in_this_trace() -> Iterator[None]:
    """Where the trace that was given it came to its end, as one that made an object has, what it stops for stops this
    one."""
    try:
        yield
    except TraceStopped as stopped:
        world = current_world()
        if isinstance(world, RecordedWorld) and world.stopped is None:
            world.stop(StopCode.GAP, str(stopped))
        raise


class RecordedIterator(StandIn):
    """Stands for an iterator argument on replay."""

    def __init__(self, number: int, ticket: Ticket) -> None:
        self._number = number
        self._ticket = ticket

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        with _in_this_trace():
            taken = self._ticket.take(lambda: [], 1)
        if not taken:
            raise StopIteration
        return taken[0]

    def close(self) -> None:
        """As a generator has it."""


_known: weakref.WeakKeyDictionary[Any, tuple[int, str]] = weakref.WeakKeyDictionary()
"""Stand-in → its number, and its form."""


async def _items(ticket: Ticket) -> AsyncGenerator[Any, None]:
    while True:
        with _in_this_trace():
            taken = await ticket.take_awaited(_nothing, 1)
        if not taken:
            return
        yield taken[0]


async def _result(ticket: Ticket) -> Any:
    with _in_this_trace():
        return await ticket.first_awaited(_nothing)


async def _nothing() -> Any:
    raise AssertionError("a recorded world performs nothing")


def recorded_awaitable(number: int, form: str, ticket: Ticket) -> Any:
    """Stands for an asynchronous generator, for a coroutine, or for what `__await__` of one gives."""
    if form == "asynchronous":
        generator = _items(ticket)
        _known[generator] = number, form
        return generator
    coroutine = _result(ticket)
    _known[coroutine] = number, form
    return coroutine.__await__() if form == "wrapper" else coroutine


def _read_recorded(value: Any) -> Any:
    signature = value._signature
    more: tuple[Any, ...] = () if signature is None else (tuple(signature[:5]), dict(signature.defaults))
    more += ("awaited",) if type(value) is RecordedCoroutineFunction else ()
    return Standard, ("callable", value._number, value.__name__, *more)


def _read_awaitable(value: Any) -> Any:
    coroutine = coroutine_in(value) if type(value) is WRAPPER_TYPE else value
    known = _known.get(coroutine) if type(coroutine) in (CoroutineType, AsyncGeneratorType) else None
    return (Standard, ("consumed", *known)) if known is not None else _unknown[type(value)](value)


_unknown = {cls: reader_of(cls) for cls in (CoroutineType, AsyncGeneratorType, WRAPPER_TYPE)}
for _cls in _unknown:
    known_readers[id(_cls)] = _read_awaitable


known_readers[id(RecordedCallable)] = known_readers[id(RecordedCoroutineFunction)] = _read_recorded
known_readers[id(RecordedIterator)] = lambda value: (Standard, ("consumed", value._number))
