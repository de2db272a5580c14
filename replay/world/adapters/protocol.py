"""What a type builder is: data in."""

from __future__ import annotations

import abc
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from ....recorders.capture.raw import namespace_of_module


class TypeBuilder(NamedTuple):
    """How the values of one kind are built in a replay."""

    kind: str
    """As in `TypeAdapter.kind`, by which the recorder said what took the value apart."""
    build: Callable[..., Any]
    """A new value of the parts, which are built already. The parts may be hostile: of other types than were recorded,
    as many as somebody liked. `exactly` checks them. Nothing is imported (`module`), and nothing of a part is called.
    Whatever it raises is the reason why the value is not built."""


class StandIn:
    """What stands for an iterator of the recording: drawing from it runs nothing but the recorded world."""


class OfHolder(abc.ABC):
    """What is made of a value that belongs to one object: it is made when that object has all of its attributes."""

    @abc.abstractmethod
    def of(self, holder: Any) -> Any:
        """The value of the attribute, of the object that holds it. Raises what a builder may raise."""


def exactly(kind: type, value: Any) -> Any:
    """A part that is exactly of a type: any other may stand for far more than the baseline holds, as a number of bytes
    does, or run code when it is converted. Raises `TypeError`."""
    if type(value) is not kind:
        raise TypeError(f"it holds a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def member(name: str, attribute: str) -> Any:
    """What a module that the code under test has loaded holds; raises `LookupError`. Nothing is imported."""
    namespace = namespace_of_module(sys.modules.get(name))
    if attribute not in namespace:
        raise LookupError(
            f"no module {name!r} was loaded with the code under test, and none is imported for a baseline"
        )
    return namespace[attribute]
