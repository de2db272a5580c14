"""Learning: which arguments of an entry are not worth capturing, so that they are not walked through at each call.

A receiver that drags the application behind it, a request object of a framework: each call would cost milliseconds, and
no replay could build it. What the first traces of an entry show is remembered by the place of the argument (`receiver`,
`args/0`, `kwargs/name`) and the class of the value. Now and then one is captured again, because the next version of
the service, or another value, may be easier.

The thread of the entry asks with `keep` or `freeze`; the collector reports what a kept trace held, see `lessons`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..capture.freeze import Stand, freeze
from ..capture.pickle_stubs import Frozen, FrozenBytes, Opaque
from ..capture.raw import class_name

if TYPE_CHECKING:
    from ..model.value_tree import ClassName
    from .provenance import Origins, Place

Arguments: TypeAlias = tuple[Any, tuple[Any, ...], dict[str, Any]]
"""Receiver, positional and named arguments of a call."""

TRACES: Final = 3
"""Traces of an entry that have to show the same before it is believed."""

AGAIN: Final = 500
"""One in this many values of a learnt place is captured all the same."""

PLACES_LIMIT: Final = 4_096
"""Places that are remembered."""


class _Lesson:
    """What is known of one place of one entry, for values of one class."""

    __slots__ = ("reason", "seen", "times")

    def __init__(self) -> None:
        self.reason = ""
        self.times = 0
        """Traces in a row that showed it."""
        self.seen = itertools.count(1)

    @property
    def is_learnt(self) -> bool:
        return self.times >= TRACES


class Learnt:
    """What one recording learnt of the arguments of its entries."""

    def __init__(self) -> None:
        self._lessons: dict[tuple[str, Place, ClassName], _Lesson] = {}
        self._entries: set[str] = set()
        """Those of which something is learnt; all others cost one look-up."""

    def keep(self, entry: str, place: Place, value: Any) -> Any:
        """The value of an argument, or the mark that is frozen in its place. Never raises, runs none of its code."""
        if entry not in self._entries:
            return value
        name = class_name(type(value))
        lesson = self._lessons.get((entry, place, name))
        if lesson is None or not lesson.is_learnt or next(lesson.seen) % AGAIN == 0:
            return value
        return Opaque(name, f"it was not captured again, because in earlier traces of {entry} {lesson.reason}")

    def freeze(
        self, entry: str, arguments: Arguments, *, origins: Origins | None = None, stand: Stand | None = None
    ) -> tuple[Arguments, Frozen]:
        """Receiver, positional and named arguments of one call, frozen: `capture.freeze` without what is hopeless. The
        arguments come back with marks in the place of what was left out, to be frozen again in the same way."""
        if entry in self._entries:
            arguments = _replaced(arguments, lambda place, value: self.keep(entry, place, value))
        frozen = freeze(arguments, origins=origins, stand=stand)
        if type(frozen) is not FrozenBytes or not frozen.is_mark:
            return arguments, frozen
        arguments = _replaced(arguments, lambda place, value: self._alone(entry, place, value))
        return arguments, freeze(arguments, origins=origins, stand=stand)

    def _alone(self, entry: str, place: Place, value: Any) -> Any:
        """The value of an argument, where it is not what makes all of them together too large."""
        frozen = freeze(value)
        if type(frozen) is not FrozenBytes or not frozen.is_mark:
            return value
        name = class_name(type(value))
        self.teach(entry, place, name, f"it held a {name} that was too large or nested too deeply")
        return Opaque(name, "it is too large, or nested too deeply, to be captured")

    def forget(self, entry: str, place: Place, name: ClassName) -> None:
        """Values of a class were captured well at a place."""
        self._lessons.pop((entry, place, name), None)

    def teach(self, entry: str, place: Place, name: ClassName, reason: str) -> None:
        """A trace showed that values of a class are not worth capturing at a place."""
        key = (entry, place, name)
        lesson = self._lessons.get(key)
        if lesson is None:
            if len(self._lessons) >= PLACES_LIMIT:
                return
            lesson = self._lessons[key] = _Lesson()
        lesson.times += 1
        lesson.reason = reason
        if lesson.is_learnt:
            self._entries.add(entry)


def _replaced(arguments: Arguments, replace: Callable[[Place, Any], Any]) -> Arguments:
    receiver, args, kwargs = arguments
    return (
        replace("receiver", receiver),
        tuple([replace(f"args/{number}", value) for number, value in enumerate(args)]),
        {name: replace(f"kwargs/{name}", value) for name, value in kwargs.items()},
    )
