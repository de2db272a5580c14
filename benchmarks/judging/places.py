"""Places in a syntax tree: every node of a function's body with the function and statement it is in.

Left out is what runs when a module is imported (decorators, defaults, annotations), and the inside of f-strings, whose
positions older versions of Python do not know.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Spot:
    """One node, where it stands."""

    node: ast.AST
    function: str
    """Qualified name."""
    first: int
    last: int
    """Lines of the statement, or of its head when it has a body."""
    conditions: tuple[str, ...]
    """The expressions around the node, inside the statement, that decide something."""


def spots(tree: ast.Module) -> list[Spot]:
    """All nodes in all functions."""
    return [spot for name, function in functions(tree) for spot in _in_body(name, function.body)]


def functions(tree: ast.Module) -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """All functions with their qualified names, outer before inner."""
    return list(_functions(tree, ""))


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            yield prefix + child.name, child
            yield from _functions(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def _in_body(function: str, body: Sequence[ast.stmt]) -> Iterator[Spot]:
    for position, statement in enumerate(body):
        if not (position == 0 and is_docstring(statement)):
            yield from _in_statement(function, statement)


def _in_statement(function: str, statement: ast.stmt) -> Iterator[Spot]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return
    first, last = head(statement)
    yield Spot(statement, function, first, last, ())
    for name, value in ast.iter_fields(statement):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.stmt):
                yield from _in_statement(function, child)
            elif isinstance(child, ast.ExceptHandler):
                yield from _in_handler(function, child)
            elif isinstance(child, ast.match_case):
                yield from _in_body(function, child.body)
            elif isinstance(child, ast.AST) and name != "annotation":
                yield from _in_expression(function, child, first, last, ())


def _in_handler(function: str, handler: ast.ExceptHandler) -> Iterator[Spot]:
    last = handler.type.end_lineno if handler.type is not None else handler.lineno
    condition = f"except {ast.unparse(handler.type)}" if handler.type is not None else "except"
    yield Spot(handler, function, handler.lineno, last or handler.lineno, (condition,))
    for statement in handler.body:
        yield from _in_statement(function, statement)


def _in_expression(function: str, node: ast.AST, first: int, last: int, around: tuple[str, ...]) -> Iterator[Spot]:
    if isinstance(node, ast.JoinedStr):
        return
    if isinstance(node, ast.expr):
        around = (*around, ast.unparse(node)) if decides(node) else around
    yield Spot(node, function, first, last, around)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.arguments):
            yield from _in_expression(function, child, first, last, around)


def decides(node: ast.expr) -> bool:
    """Whether the expression is of a kind that conditions are."""
    return isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Call | ast.Name | ast.Attribute)


def head(statement: ast.stmt) -> tuple[int, int]:
    """First and last line, up to the body."""
    first = statement.lineno
    body: list[ast.stmt] | None = getattr(statement, "body", None)
    if not body:
        return first, statement.end_lineno or first
    parts = [value for _, value in ast.iter_fields(statement)]
    single = [part for part in parts if isinstance(part, ast.expr)]
    items = [item.context_expr for item in getattr(statement, "items", [])]
    return first, max([first, *(part.end_lineno or first for part in [*single, *items])])


def is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )
