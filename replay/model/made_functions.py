"""Functions that were made by a call, as value trees hold them."""

from __future__ import annotations

from typing import NamedTuple

from ...recorders.model.value_tree import DictNode, GlobalNode, StandardNode, Tree


class MadeFunction(NamedTuple):
    """What a tree says of such a function."""

    name: str
    """`module:qualname` of its code."""
    code: str
    """The digest of its code."""
    cells: DictNode
    """What it closes over, by name."""


def made_function(tree: Tree) -> MadeFunction | None:
    """The function that a tree is; `None` where it is none that a call made."""
    match tree:
        case StandardNode(kind="function", parts=[str(name), _position, str(code), _takes, DictNode() as cells, *_]):
            return MadeFunction(name, code, cells)
        case _:
            return None


def is_made_by_name(tree: Tree) -> bool:
    """Whether a tree names such a function, and says no more of it."""
    return isinstance(tree, GlobalNode) and ("<locals>" in tree.name or "<lambda>" in tree.name)
