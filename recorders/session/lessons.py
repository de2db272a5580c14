"""Lessons: what the arguments of a kept trace show about those to come, in the collector."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..capture.outside import restorable
from ..installed import loaded
from ..model.full_names import module_part
from ..model.value_tree import AnchorNode, ClassName, DictNode, ObjectNode, OpaqueNode, Tree, TupleNode, children, walk
from .learning import PLACES_LIMIT, Learnt

if TYPE_CHECKING:
    from .provenance import Place

CHEAP: Final = 100
"""Nodes of a value tree up to which capturing costs less than remembering is worth."""

LOOKED_AT: Final = 20_000
"""Nodes of a value tree that are looked at."""


class Lessons:
    """Teaches one recording what its traces showed."""

    def __init__(self, learnt: Learnt, covers: Callable[[str], bool]) -> None:
        """`covers` says of a module's name whether it is under validation: its classes can be built by a replay."""
        self._learnt = learnt
        self._covers = covers
        self._restored: set[ClassName] = set()
        """Classes outside whose objects a replay restores."""

    def observe(self, entry: str, arguments: Tree) -> None:
        """A trace of the entry was kept: what `freeze` gave, as a tree."""
        for place, tree in _places(arguments):
            part = tree.value if isinstance(tree, AnchorNode) else tree
            name = _class_of(part)
            reason = self._hopeless(part)
            if reason:
                self._learnt.teach(entry, place, name, reason)
            elif not isinstance(part, OpaqueNode):
                self._learnt.forget(entry, place, name)

    def is_hopeless(self, arguments: Tree) -> bool:
        """Whether no replay can build the arguments of a trace, cheap or not."""
        return any(
            not _is_known(part) and self._why(part)
            for part in itertools.islice(walk(arguments, _unknown_parts), LOOKED_AT)
        )

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
