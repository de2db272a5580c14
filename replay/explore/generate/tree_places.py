"""Places: where in a value tree a part stands, and the tree with another part there.

The place of a part is a tuple of steps; its pattern leaves positions and keys that are data out, so that what was
observed at like places can be put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import msgspec

from ....recorders.model.full_names import qualname_part
from ....recorders.model.value_tree import (
    AnchorNode,
    DictNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    SetNode,
    Tree,
    TupleNode,
)

PlaceStep: TypeAlias = int | str
"""Position of an item, or `.name` of an attribute, or `=` and a position in the values of a dict, or `()` for the
built-in part of an object."""

Place: TypeAlias = tuple[PlaceStep, ...]
Pattern: TypeAlias = str

PLACES_LIMIT = 400
"""Places of one input that are looked at; a larger input is changed near its beginning. Measured on the pairs of
`benchmarks/explore.py`: nine in the middle, two of 158 targets have as many."""

DEPTH_LIMIT = 10
"""Levels of an input that are looked at: a bound for recursion, deeper than documents of services are."""

_KEY = re.compile(r"(?!(?:\D*\d){5})[A-Za-z_][\w.-]{0,39}", re.ASCII)


_WORD = re.compile(r"\w+")


class Part(NamedTuple):
    """A part of a tree."""

    place: Place
    pattern: Pattern
    name: str
    """The last name on the path to it: parameter, attribute or key; empty for items of nameless things."""
    tree: Tree
    """Without its anchor."""


def is_about(part: Part, names: frozenset[str]) -> bool:
    """Whether a part is called by one of some names, or lies in something that is."""
    return part.name in names or any(word.lstrip("_") in names for word in _WORD.findall(part.pattern))


def parts_of(tree: Tree, names: tuple[str, ...] = (), *, by_producers: bool = False) -> list[Part]:
    """Every part of a call's arguments or of a request's fields that can be changed by itself, outermost first.

    `names` are the positional parameters, for (receiver, args, kwargs). With `by_producers`, objects of known origin
    are made again by what made them, and no part of them can be changed.
    """
    found: list[Part] = []
    fixed: Place | None = None
    for part in _walk(tree, (), "", "", names, 0):
        if fixed is not None and part.place[: len(fixed)] == fixed:
            continue
        fixed = None
        if by_producers and isinstance(part.tree, ObjectNode) and part.tree.origin:
            fixed = part.place
            continue
        found.append(part)
        if len(found) >= PLACES_LIMIT:
            break
    return found


def _walk(tree: Tree, place: Place, pattern: Pattern, name: str, names: tuple[str, ...], depth: int) -> Iterator[Part]:
    while isinstance(tree, AnchorNode):
        tree = tree.value
    if isinstance(tree, (RefNode, OpaqueNode)) or depth > DEPTH_LIMIT:
        return
    # Args themselves are no value of anyone.
    is_call = bool(names) and depth < 2 and not (depth == 1 and isinstance(tree, (ObjectNode, DictNode)))
    if place and not is_call:
        yield Part(place, pattern, name, tree)
    match tree:
        case ListNode(items=items) | SetNode(items=items) | FrozenSetNode(items=items):
            for position, item in enumerate(items):
                yield from _walk(item, (*place, position), f"{pattern}[*]", name, (), depth + 1)
        case TupleNode(items=items):
            for position, item in enumerate(items):
                inner, called = f"{pattern}[{position}]", name
                if names and depth == 0:
                    inner, called = ("receiver", "args", "kwargs")[position] if position < 3 else "", ""
                elif names and depth == 1:
                    called = names[position] if position < len(names) else f"args/{position}"
                    inner = called
                yield from _walk(item, (*place, position), inner, called, names if depth == 0 else (), depth + 1)
        case DictNode(keys=keys, values=values):
            for position, (key, value) in enumerate(zip(keys, values, strict=True)):
                shown = key if isinstance(key, str) and _KEY.fullmatch(key) else "*"
                inner = shown if pattern == "kwargs" and depth == 1 else f"{pattern}.{shown}"
                called = shown if shown != "*" else name
                yield from _walk(value, (*place, f"={position}"), inner, called, (), depth + 1)
        case ObjectNode(names=attributes, values=values, content=content):
            for attribute, value in zip(attributes, values, strict=True):
                inner = f"{pattern}.{attribute}"
                yield from _walk(value, (*place, f".{attribute}"), inner, attribute.lstrip("_"), (), depth + 1)
            if content is not None and not _is_exception(tree):
                yield from _walk(content, (*place, "()"), f"{pattern}()", name, (), depth + 1)
        case _:
            pass


def _is_exception(tree: ObjectNode) -> bool:
    return qualname_part(tree.cls).endswith(("Error", "Exception", "Warning"))


def part_at(tree: Tree, place: Place) -> Tree:
    """The part at a place; raises `LookupError` when there is none."""
    while isinstance(tree, AnchorNode):
        tree = tree.value
    if not place:
        return tree
    return part_at(_child(tree, place[0]), place[1:])


def _child(tree: Tree, step: PlaceStep) -> Tree:
    node: Any = tree
    if isinstance(step, int):
        found: Tree = node.items[step]
        return found
    if step == "()":
        return node.content  # type: ignore[no-any-return]  # of an object
    if step.startswith("="):
        return node.values[int(step[1:])]  # type: ignore[no-any-return]  # of a dict
    return node.values[node.names.index(step[1:])]  # type: ignore[no-any-return]  # of an object


def replaced(tree: Tree, place: Place, new: Tree) -> Tree:
    """The tree with something else at a place; raises `LookupError` when there is no such place."""
    if isinstance(tree, AnchorNode):
        return AnchorNode(tree.number, replaced(tree.value, place, new))
    if not place:
        return new
    step, rest = place[0], place[1:]
    inner = replaced(_child(tree, step), rest, new)
    node: Any = tree
    if isinstance(step, int):
        return type(node)([*node.items[:step], inner, *node.items[step + 1 :]])  # type: ignore[no-any-return]  # a node
    if step == "()":
        return msgspec.structs.replace(node, content=inner)  # type: ignore[no-any-return]  # a node
    position = int(step[1:]) if step.startswith("=") else node.names.index(step[1:])
    values = [*node.values[:position], inner, *node.values[position + 1 :]]
    return msgspec.structs.replace(node, values=values)  # type: ignore[no-any-return]  # a node
