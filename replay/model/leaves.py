"""Leaves of a value: its plain parts, each under the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...recorders.model.value_tree import AnchorNode, DictNode, ListNode, ObjectNode, Tree, TupleNode

DEPTH = 5
"""Levels of a value that are looked into: what lies deeper seldom has a name that says something."""


def leaves(tree: Tree, name: str, depth: int = 0) -> Iterator[tuple[str, Tree]]:
    """(path, value) of the parts of a value that are shown as one, in order; `name` leads to the value itself.

    What is empty, and what lies too deep, is one value.
    """
    parts = parts_of(tree) if depth < DEPTH else None
    if not parts:
        if name and parts is None:
            yield name, tree
        return
    for step, part in parts.items():
        yield from leaves(part, f"{name}{step}" if name else step.lstrip("."), depth + 1)


def parts_of(tree: Tree) -> Mapping[str, Tree] | None:
    """Step → part; `None` for what is shown as one value."""
    match tree:
        case AnchorNode(value=value):
            return parts_of(value)
        case ListNode(items=items) | TupleNode(items=items):
            return {f"[{position}]": item for position, item in enumerate(items)}
        case DictNode(keys=keys, values=values) if all(isinstance(key, str) for key in keys):
            return {f".{key}": value for key, value in zip(keys, values, strict=True)}
        case ObjectNode(content=None, names=names, values=values) if names:
            return {f".{key}": value for key, value in zip(names, values, strict=True)}
        case _:
            return None
