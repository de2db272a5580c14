"""Learning: which arguments of an entry are not worth capturing, so that they are not walked through at each call.

A receiver that drags the application behind it, a request object of a framework: each call would cost milliseconds, and
no replay could build it. What the first traces of an entry show is remembered by the place of the argument (`receiver`,
`args/0`, `kwargs/name`) and the class of the value. Now and then one is captured again, because the next version of
the service, or another value, may be easier.

The thread of the entry asks with `keep` or `freeze`; the collector reports with `observe` what a kept trace held.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..capture.freeze import Stand, freeze
from ..capture.outside import restorable
from ..capture.pickle_stubs import Frozen, FrozenBytes, Opaque
from ..capture.raw import class_name
from ..installed import loaded
from ..model.full_names import module_part
from ..model.value_tree import AnchorNode, ClassName, DictNode, ObjectNode, OpaqueNode, Tree, TupleNode, children, walk

if TYPE_CHECKING:
    from .provenance import Origins, Place

Arguments: TypeAlias = tuple[Any, tuple[Any, ...], dict[str, Any]]
"""Receiver, positional and named arguments of a call."""

TRACES: Final = 3
"""Traces of an entry that have to show the same before it is believed."""

CHEAP: Final = 100
"""Nodes of a value tree up to which capturing costs less than remembering is worth."""

AGAIN: Final = 500
"""One in this many values of a learnt place is captured all the same."""

LOOKED_AT: Final = 20_000
"""Nodes of a value tree that are looked at."""

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

    def __init__(self, covers: Callable[[str], bool]) -> None:
        """`covers` says of a module's name whether it is under validation: its classes can be built by a replay."""
        self._covers = covers
        self._lessons: dict[tuple[str, Place, ClassName], _Lesson] = {}
        self._entries: set[str] = set()
        """Those of which something is learnt; all others cost one look-up."""
        self._restored: set[ClassName] = set()
        """Classes outside whose objects a replay restores."""

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
        self._teach(entry, place, name, f"it held a {name} that was too large or nested too deeply")
        return Opaque(name, "it is too large, or nested too deeply, to be captured")

    def observe(self, entry: str, arguments: Tree) -> None:
        """A trace of the entry was kept: what `freeze` gave, as a tree."""
        for place, tree in _places(arguments):
            part = tree.value if isinstance(tree, AnchorNode) else tree
            name = _class_of(part)
            reason = self._hopeless(part)
            if reason:
                self._teach(entry, place, name, reason)
            elif not isinstance(part, OpaqueNode):
                self._lessons.pop((entry, place, name), None)

    def is_hopeless(self, arguments: Tree) -> bool:
        """Whether no replay can build the arguments of a trace, cheap or not."""
        return any(
            not _is_known(part) and self._why(part)
            for part in itertools.islice(walk(arguments, _unknown_parts), LOOKED_AT)
        )

    def _teach(self, entry: str, place: Place, name: ClassName, reason: str) -> None:
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

    def _hopeless(self, tree: Tree) -> str:
        """Why no replay can build a value that costs something to capture; empty where it can, or costs little."""
        reason = ""
        for nodes, part in enumerate(itertools.islice(walk(tree, _unknown_parts), LOOKED_AT), 1):
            reason = reason or ("" if _is_known(part) else self._why(part))
            if reason and nodes > CHEAP:
                return reason
        return ""

    def _why(self, part: Tree) -> str:
        if isinstance(part, OpaqueNode):
            return f"it held a {part.cls} that could not be captured"
        if not isinstance(part, ObjectNode):
            return ""
        if self._covers(module_part(part.cls)) or part.cls in self._restored:
            return ""
        try:
            restorable(part.cls, loaded().exceptions)
        except LookupError as refusal:
            return f"it held a {part.cls}, which is outside the included packages: {refusal}"
        if len(self._restored) < PLACES_LIMIT:
            self._restored.add(part.cls)
        return ""


def _class_of(tree: Tree) -> ClassName:
    """The name of the class of a value, where it is one that can be hopeless."""
    if isinstance(tree, (ObjectNode, OpaqueNode)):
        return tree.cls
    return f"builtins:{type(tree).__name__.removesuffix('Node').lower()}"


def _replaced(arguments: Arguments, replace: Callable[[Place, Any], Any]) -> Arguments:
    receiver, args, kwargs = arguments
    return (
        replace("receiver", receiver),
        tuple([replace(f"args/{number}", value) for number, value in enumerate(args)]),
        {name: replace(f"kwargs/{name}", value) for name, value in kwargs.items()},
    )


def _places(arguments: Tree) -> Iterator[tuple[Place, Tree]]:
    if not isinstance(arguments, TupleNode) or len(arguments.items) != 3:
        return
    receiver, args, kwargs = arguments.items
    yield "receiver", receiver
    if isinstance(args, TupleNode):
        yield from ((f"args/{number}", tree) for number, tree in enumerate(args.items))
    if isinstance(kwargs, DictNode):
        yield from ((f"kwargs/{name}", tree) for name, tree in zip(kwargs.keys, kwargs.values, strict=True))


def _is_known(part: Tree) -> bool:
    """Whether an object is known by where it came from, whatever it holds."""
    return isinstance(part, ObjectNode) and part.origin != ""


def _unknown_parts(part: Tree) -> Sequence[Tree]:
    return () if _is_known(part) else children(part)
