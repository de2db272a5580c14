"""Iterators of which a replay took all items, as value trees hold them."""

from __future__ import annotations

from typing import Final, NamedTuple

from ...recorders.model.value_tree import ClassName, ListNode, OpaqueNode, StandardNode, Tree

KIND: Final = "drained"
"""Of its node. Only replays make one, and none is ever built."""


class DrainedIterator(NamedTuple):
    """What a tree says of such an iterator."""

    cls: ClassName
    items: ListNode
    end: Tree
    """`True` where it came to its end, `False` where it was stopped; else what it raised."""


def drained_iterator(tree: Tree) -> DrainedIterator | None:
    """The iterator that a tree is; `None` where it is none that was drained."""
    match tree:
        case StandardNode(kind="drained", parts=[str(cls), ListNode() as items, end]):
            return DrainedIterator(cls, items, end)
        case _:
            return None


def is_recorded_as(recorded: Tree, cls: ClassName) -> bool | None:
    """Whether a recording has an iterator of that class there, of which it knows no items; `None` where it has
    something else."""
    match recorded:
        case OpaqueNode(cls=mark):
            return mark == cls
        case StandardNode(kind="consumed"):
            return cls == "builtins:generator"
        case StandardNode(kind="lazy", parts=[str(name), *_]):
            return name.removesuffix("_from") == cls.rpartition(":")[2]
        case _:
            return None
