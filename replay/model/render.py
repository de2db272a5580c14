"""Showing value trees to people: short Python literals, and plain JSON for reports."""

from __future__ import annotations

from typing import Any

from ...recorders.model.full_names import qualname_part
from ...recorders.model.value_tree import (
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
from .library_text import library_text

WIDTH = 100
"""Characters of a value in a report."""

PARTS = 2_000
"""Parts of a value that are written at most: more than any width shows, and few enough to be written for each step."""


def short(tree: Tree, width: int = WIDTH) -> str:
    """A value as a person would write it, cut to a width."""
    return cut(literal(tree), width)


def cut(text: str, width: int) -> str:
    """A text cut at its end."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def both_short(base: Tree, candidate: Tree, width: int = WIDTH) -> tuple[str, str]:
    """Two values that differ, each cut to a width, around the first part in which they do."""
    match base, candidate:
        case str(), str() if len(base) > width or len(candidate) > width:
            # The quote stays in front: only the literal of a string begins with one.
            left, right = both_cut(base, candidate, width - 2)
            return cut(repr(left), width + 2), cut(repr(right), width + 2)
        case BytesNode(data=left_data), BytesNode(data=right_data):
            start = _start(left_data, right_data, width)
            left_data, right_data = left_data[start : start + 200], right_data[start : start + 200]
            left, right = short(BytesNode(left_data), width), short(BytesNode(right_data), width)
            return (f"…{left}", f"…{right}") if start else (left, right)
        case _:
            return both_cut(literal(base), literal(candidate), width)


def both_cut(base: str, candidate: str, width: int) -> tuple[str, str]:
    """Two texts, each cut to a width, around the first place in which they differ."""
    if len(base) <= width and len(candidate) <= width:
        return base, candidate
    start = _start(base, candidate, width)
    if not start:
        return cut(base, width), cut(candidate, width)
    space = base.find(" ", start, start + width // 4)
    start = start if space < 0 else space + 1
    return f"…{cut(base[start:], width - 1)}", f"…{cut(candidate[start:], width - 1)}"


def _start(base: str | bytes, candidate: str | bytes, width: int) -> int:
    """Where to begin, so that the difference is seen: 0 where it is seen from the beginning."""
    same = _same_length(base, candidate)
    return 0 if same < width * 2 // 3 else same - width // 3


def _same_length(base: str | bytes, candidate: str | bytes) -> int:
    """How much both have in common at their beginning, by halving."""
    low, high = 0, min(len(base), len(candidate))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if base[:middle] == candidate[:middle] else (low, middle - 1)
    return low


def literal(tree: Tree) -> str:
    """A value as a Python literal where there is one: some levels deep, and of a large one the first parts."""
    return _Writing().literal(tree, 0)


class _Writing:
    """One literal, which ends after a number of parts: of thirty items in each of six levels nobody reads them all."""

    def __init__(self) -> None:
        self._left = PARTS

    def literal(self, tree: Tree, depth: int) -> str:
        self._left -= 1
        if tree is None or isinstance(tree, (bool, int, float, str)):
            return repr(tree) if not isinstance(tree, str) or len(tree) <= 400 else f"{tree[:400]!r}…"
        if depth > 5 or self._left < 0:
            return "…"
        match tree:
            case GlobalNode(name="absent"):
                return "(absent)"
            case BytesNode(data=data):
                more = "" if len(data) <= 200 else f"… {len(data)} bytes"
                return repr(data[:200]) + more
            case ListNode(items=items):
                return f"[{self._joined(items, depth)}]"
            case TupleNode(items=items):
                return f"({self._joined(items, depth)}{',' if len(items) == 1 else ''})"
            case SetNode(items=items) | FrozenSetNode(items=items):
                return f"{{{self._joined(items, depth)}}}" if items else "set()"
            case DictNode(keys=keys, values=values):
                pairs = zip(keys[:30], values[:30], strict=True)
                shown = (f"{self.literal(key, depth + 1)}: {self.literal(value, depth + 1)}" for key, value in pairs)
                return "{" + ", ".join(shown) + "}"
            case _:
                return self._other(tree, depth)

    def _joined(self, items: list[Tree], depth: int) -> str:
        shown = [self.literal(item, depth + 1) for item in items[:30]]
        return ", ".join([*shown, f"… {len(items)} items"] if len(items) > 30 else shown)

    def _other(self, tree: Tree, depth: int) -> str:
        match tree:
            case StandardNode(kind="decimal" | "uuid" as kind, parts=[text]):
                return f"{'Decimal' if kind == 'decimal' else 'UUID'}({text!r})"
            case StandardNode(kind="datetime", parts=[*numbers, _fold, zone]) if _are_seven(numbers):
                year, month, day, hour, minute, second, micro = numbers
                moment = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micro:06}"
                return f"datetime({moment}{' ' + self.literal(zone, depth + 1) if zone is not None else ''})"
            case StandardNode(kind="int", parts=[text]):
                return str(int(str(text), 16)) if len(str(text)) < 1000 else str(text)
            case StandardNode(kind="drained", parts=[str(cls), ListNode(items=items), *_]):
                return f"{qualname_part(cls)} of [{self._joined(items, depth)}]"
            case StandardNode(kind="function", parts=[str(name), *_]):
                return name.replace(":", ".")
            case StandardNode(kind=kind, parts=parts):
                text = library_text(tree, lambda part: self.literal(part, depth + 1)) if "." in kind else None
                return text if text is not None else f"{kind}({self._joined(parts, depth)})"
            case EnumNode(cls=cls, name=name, value=value):
                return qualname_part(cls) + (f".{name}" if name else f"({self.literal(value, depth + 1)})")
            case ObjectNode(cls=cls, content=content, names=names, values=values):
                inside = [] if content is None else [self.literal(content, depth + 1).strip("()").rstrip(",")]
                shown = zip(names, tree.read or "a" * len(names), values, strict=False)
                inside += [f"{name}={self.literal(value, depth + 1)}" for name, how, value in shown if how in "ap"]
                return f"{cls.rpartition(':')[2]}({', '.join(inside)})"
            case GlobalNode(name=name):
                return f"module {name[:-1]}" if name.endswith(":") else name.replace(":", ".")
            case AnchorNode(value=value):
                return self.literal(value, depth)
            case RefNode():
                return "<the same again>"
            case OpaqueNode(cls=cls, reason=reason):
                return f"<{cls.rpartition(':')[2]}: {reason}>"
            case _:
                return repr(tree)


def _are_seven(parts: list[Tree]) -> bool:
    """Whether parts are the numbers of a moment; a hostile baseline may hold anything."""
    return len(parts) == 7 and all(type(part) is int for part in parts)


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
