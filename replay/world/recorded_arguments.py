"""What stands on replay for the callables and iterators that an entry was given: they ask the recording."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MethodType
from typing import Any

from ...recorders.capture.pickle_stubs import Standard
from ...recorders.capture.readers import known_readers
from ...recorders.context import current_world
from ...recorders.model.world import Ticket
from ...recorders.session.call_watch import Request, Signature, bound_request, calling


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
        world = current_world()
        if world is None:
            raise RuntimeError(f"the callable argument {self.__name__} was called outside every trace")
        operation = calling(self._number, self.__name__)
        request: Request = {"args": args, "kwargs": kwargs}
        if self._signature is not None:
            request = bound_request(self.__name__, self._signature, args, kwargs)
        return world.call(operation, request, lambda: None)


def recorded_callable(parts: Sequence[Any]) -> RecordedCallable:
    """The stand-in for a callable of a baseline, of the parts that were stored of it."""
    number = parts[0] if parts and isinstance(parts[0], int) else 0
    name = str(parts[1]) if len(parts) > 1 else ""
    if len(parts) != 4 or not isinstance(parts[2], tuple) or len(parts[2]) != 5 or not isinstance(parts[3], dict):
        return RecordedCallable(number, name)
    positional, only, named, rest, others = parts[2]
    texts = [tuple(map(str, one)) if isinstance(one, (tuple, list)) else () for one in (positional, named)]
    only = only if isinstance(only, int) else 0
    return RecordedCallable(number, name, Signature(texts[0], only, texts[1], str(rest), str(others), parts[3]))


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


def _read_recorded(value: Any) -> Any:
    signature = value._signature
    more = () if signature is None else (tuple(signature[:5]), dict(signature.defaults))
    return Standard, ("callable", value._number, value.__name__, *more)


known_readers[id(RecordedCallable)] = _read_recorded
known_readers[id(RecordedIterator)] = lambda value: (Standard, ("consumed", value._number))
