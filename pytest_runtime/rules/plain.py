"""Plain values: value trees as Python values that hooks can work with, without anyone's classes."""

from __future__ import annotations

from typing import Any

from ..recorders.model.value_tree import (
    AnchorNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
)
from ..replay.execute.rebuild import Resolver, Unbuildable, build
from ..replay.model.digests import public

_NOBODY = Resolver(())


class NotPlain(Exception):
    """The value cannot be shown in plain Python; the message says why."""


def plain(tree: Tree) -> Any:
    """A new copy of the value; raises `NotPlain`, for example where a part was not captured."""
    try:
        return build(_without_classes(tree), _NOBODY)
    except (Unbuildable, TypeError, RecursionError) as error:
        raise NotPlain(str(error)) from error


def _without_classes(tree: Tree) -> Tree:
    match tree:
        case ListNode(items=items):
            return ListNode([_without_classes(item) for item in items])
        case TupleNode(items=items):
            return TupleNode([_without_classes(item) for item in items])
        case SetNode(items=items):
            return SetNode([_without_classes(item) for item in items])
        case FrozenSetNode(items=items):
            return FrozenSetNode([_without_classes(item) for item in items])
        case DictNode(keys=keys, values=values):
            return DictNode([_without_classes(key) for key in keys], [_without_classes(value) for value in values])
        case StandardNode(kind=kind, parts=parts):
            return StandardNode(kind, [_without_classes(part) for part in parts])
        case AnchorNode(number=number, value=value):
            return AnchorNode(number, _without_classes(value))
        case EnumNode(value=value):
            return _without_classes(value)
        case GlobalNode(name=name):
            return name.replace(":", ".")
        case ObjectNode():
            return _attributes(tree)
        case _:
            return tree


def _attributes(tree: ObjectNode) -> Tree:
    """The public attributes; of an object that extends a built-in type its content too, or that alone."""
    named = public(tree)
    if tree.content is not None:
        if not named:
            return _without_classes(tree.content)
        named = [("content", tree.content), *named]
    return DictNode([name for name, _value in named], [_without_classes(value) for _name, value in named])
