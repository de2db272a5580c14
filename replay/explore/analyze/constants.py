"""Constants of source code: the numbers and texts that stand in an expression."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias, TypeGuard

Constant: TypeAlias = int | float | str

TEXT_LIMIT = 200
"""Characters of a text that is tried: what is longer is a message or a query, and no value of a field."""

NUMBER_WIDTH = 20
"""Characters of a text that is read as a number: as many as the widest integer of 64 bits has, with its sign."""


def constants_in(tree: ast.AST) -> Iterator[Constant]:
    """Those of an expression, outermost first."""
    negated: set[int] = set()
    for part in ast.walk(tree):  # what is above comes before what is below
        if is_negative(part):
            negated.add(id(part.operand))
        if id(part) not in negated:
            yield from values_of(part)


def values_of(node: ast.AST) -> Iterator[Constant]:
    """The number or text of a constant; of a text that reads as a number, the number too."""
    if is_negative(node):
        yield from (-value for value in values_of(node.operand) if not isinstance(value, str))
        return
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value
    elif isinstance(value, str) and len(value) <= TEXT_LIMIT:
        yield value
        number = number_in(value)
        if number is not None:
            yield number


def number_in(text: str) -> int | float | None:
    """The number that a text spells, or `None`."""
    stripped = text.strip()
    if not stripped or len(stripped) > NUMBER_WIDTH or not stripped.isascii():
        return None
    try:
        return int(stripped) if stripped.lstrip("+-").isdigit() else float(stripped)
    except ValueError:
        return None


def is_negative(node: ast.AST) -> TypeGuard[ast.UnaryOp]:
    """Whether it is a constant with a minus before it."""
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)


def is_plain(node: ast.AST) -> bool:
    """Whether it is a constant, or a display of some."""
    return isinstance(node, (ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp))


def plain_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The constants of a plain expression, or of the arguments of a call; negative ones first."""
    if is_plain(node):
        negative = [part for part in ast.walk(node) if is_negative(part)]
        operands = {id(part.operand) for part in negative}
        yield from negative
        yield from (part for part in ast.walk(node) if isinstance(part, ast.Constant) and id(part) not in operands)
    elif isinstance(node, ast.Call):
        yield from (part for argument in node.args for part in plain_parts(argument))
