"""Plain values: value trees as Python values that hooks can work with, without anyone's classes."""

from __future__ import annotations

from typing import Any

from ..recorders.model.value_tree import (
    DictNode,
    EnumNode,
    GlobalNode,
    ObjectNode,
    Tree,
    map_tree,
)
from ..replay.model.digests import public
from ..replay.world.rebuild import build
from ..replay.world.resolver import Resolver, Unbuildable

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
    return map_tree(tree, _without_class)


def _without_class(part: Tree) -> Tree:
    match part:
        case EnumNode(value=value):
            return value
        case GlobalNode(name=name):
            return name.replace(":", ".")
        case ObjectNode():
            return _attributes(part)
        case _:
            return part


def _attributes(tree: ObjectNode) -> Tree:
    """The public attributes; of an object that extends a built-in type its content too, or that alone."""
    named = public(tree)
    if tree.content is not None:
        if not named:
            return tree.content
        named = [("content", tree.content), *named]
    return DictNode([name for name, _value in named], [value for _name, value in named])
