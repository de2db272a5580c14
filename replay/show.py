"""This file is about showing value trees to people: short Python literals, and plain JSON for reports."""

from __future__ import annotations

from typing import Any

from ..recorders.value_tree import (
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
)

WIDTH = 100
"""Characters of a value in a report."""


def short(tree: Tree, width: int = WIDTH) -> str:
    """A value as a person would write it, cut to a width."""
    text = literal(tree)
    return text if len(text) <= width else f"{text[: width - 1]}…"


def literal(tree: Tree, depth: int = 0) -> str:
    """A value as a Python literal where there is one, at most some levels deep."""
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return repr(tree) if not isinstance(tree, str) or len(tree) <= 400 else f"{tree[:400]!r}…"
    if depth > 5:
        return "…"
    match tree:
        case GlobalNode(name="absent"):
            return "(absent)"
        case BytesNode(data=data):
            return repr(data if len(data) <= 200 else data[:200]) + ("" if len(data) <= 200 else f"… {len(data)} bytes")
        case ListNode(items=items):
            return f"[{_joined(items, depth)}]"
        case TupleNode(items=items):
            return f"({_joined(items, depth)}{',' if len(items) == 1 else ''})"
        case SetNode(items=items) | FrozenSetNode(items=items):
            return f"{{{_joined(items, depth)}}}" if items else "set()"
        case DictNode(keys=keys, values=values):
            pairs = zip(keys[:30], values[:30], strict=True)
            return "{" + ", ".join(f"{literal(key)}: {literal(value, depth + 1)}" for key, value in pairs) + "}"
        case _:
            return _other(tree, depth)


def _joined(items: list[Tree], depth: int) -> str:
    shown = [literal(item, depth + 1) for item in items[:30]]
    return ", ".join([*shown, f"… {len(items)} items"] if len(items) > 30 else shown)


def _other(tree: Tree, depth: int) -> str:
    match tree:
        case StandardNode(kind="decimal" | "uuid" as kind, parts=[text]):
            return f"{'Decimal' if kind == 'decimal' else 'UUID'}({text!r})"
        case StandardNode(kind="datetime", parts=[year, month, day, hour, minute, second, micro, _fold, zone]):
            moment = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micro:06}"
            return f"datetime({moment}{' ' + literal(zone) if zone is not None else ''})"
        case StandardNode(kind="int", parts=[text]):
            return str(int(str(text), 16)) if len(str(text)) < 1000 else str(text)
        case StandardNode(kind=kind, parts=parts):
            return f"{kind}({_joined(parts, depth)})"
        case EnumNode(cls=cls, name=name, value=value):
            return f"{cls.rpartition(':')[2]}.{name}" if name else f"{cls.rpartition(':')[2]}({literal(value)})"
        case ObjectNode(cls=cls, content=content, names=names, values=values):
            inside = [] if content is None else [literal(content, depth + 1).strip("()").rstrip(",")]
            shown = zip(names, tree.read or "a" * len(names), values, strict=False)
            inside += [f"{name}={literal(value, depth + 1)}" for name, how, value in shown if how in "ap"]
            return f"{cls.rpartition(':')[2]}({', '.join(inside)})"
        case GlobalNode(name=name):
            return name.replace(":", ".")
        case AnchorNode(value=value):
            return literal(value, depth)
        case RefNode():
            return "<the same again>"
        case OpaqueNode(cls=cls, reason=reason):
            return f"<{cls.rpartition(':')[2]}: {reason}>"
        case _:
            return repr(tree)


def as_json(tree: Tree) -> Any:
    """A value for a JSON report: itself where JSON can say it exactly, else its literal as a string."""
    if tree is None or isinstance(tree, (bool, int, str)):
        return tree if not isinstance(tree, str) or len(tree) <= 2000 else f"{tree[:2000]}…"
    if isinstance(tree, float):
        return tree if tree == tree and abs(tree) != float("inf") else repr(tree)
    if isinstance(tree, ListNode) and len(tree.items) <= 100:
        return [as_json(item) for item in tree.items]
    if isinstance(tree, DictNode) and all(isinstance(key, str) for key in tree.keys):
        return {str(key): as_json(value) for key, value in zip(tree.keys, tree.values, strict=True)}
    return literal(tree)
