"""Value trees as short text, as `repr` would have them, and shortening of texts that are too long to be shown."""

from __future__ import annotations

from typing import Final

from ..model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    map_tree,
)

SHOWN: Final = 256
"""Characters of a text that a hit keeps."""


def shorten(tree: Tree) -> Tree:
    """The tree with its texts cut to what is shown; what was cut says how long it was."""
    return map_tree(tree, _shortened)


def _shortened(tree: Tree) -> Tree:
    if type(tree) is str and len(tree) > SHOWN:
        return StandardNode("cut", [tree[:SHOWN], len(tree)])
    if isinstance(tree, BytesNode) and len(tree.data) > SHOWN:
        return StandardNode("cut", [BytesNode(tree.data[:SHOWN]), len(tree.data)])
    if isinstance(tree, StandardNode) and tree.kind == "cut":
        begin, length = tree.parts
        if isinstance(begin, StandardNode):  # it was cut once more, below
            begin = begin.parts[0]
        return StandardNode("cut", [begin[:SHOWN] if isinstance(begin, str) else begin, length])
    return tree


def render(tree: Tree) -> str:
    """A tree in one line."""
    match tree:
        case BytesNode(data=data):
            return repr(data)
        case ListNode(items=items):
            return f"[{_joined(items)}]"
        case TupleNode(items=items):
            return f"({_joined(items)}{',' if len(items) == 1 else ''})"
        case SetNode(items=items) | FrozenSetNode(items=items):
            return f"{{{_joined(items)}}}" if items else "set()"
        case DictNode(keys=keys, values=values):
            return f"{{{', '.join(map(_pair, keys, values))}}}"
        case StandardNode(kind="cut", parts=[begin, length]):
            return f"{render(begin)}... ({length} in all)"
        case StandardNode(kind="int", parts=[str() as digits]):
            return digits
        case StandardNode(kind=kind, parts=parts):
            return f"{kind}({_joined(parts)})"
        case EnumNode(cls=cls, name=name, value=value):
            return f"{_short(cls)}.{name}" if name else f"{_short(cls)}({render(value)})"
        case ObjectNode():
            return _object(tree)
        case GlobalNode(name=name):
            return f"<{name.replace(':', '.')}>"
        case OpaqueNode(cls=cls, reason=reason):
            return f"<{_short(cls)}: {reason}>" if cls else f"<{reason}>"
        case AnchorNode(value=value):
            return render(value)
        case RefNode(number=number):
            return f"<as before, {number}>"
        case _:
            return repr(tree)


def _joined(items: list[Tree]) -> str:
    return ", ".join(map(render, items))


def _pair(key: Tree, value: Tree) -> str:
    return render(key) if isinstance(key, OpaqueNode) and not key.cls else f"{render(key)}: {render(value)}"


def _short(cls: str) -> str:
    return cls.partition(":")[2] or cls


def _object(tree: ObjectNode) -> str:
    parts = [f"{name}={render(value)}" for name, value in zip(tree.names, tree.values, strict=True)]
    content = [render(tree.content)] if tree.content is not None else []
    return f"{_short(tree.cls)}({', '.join(content + parts)})"
