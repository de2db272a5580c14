"""Qualified names (PEP 3155) of what a module defines, computed from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
Definition: TypeAlias = AnyFunction | ast.ClassDef


def inside(definition: Definition, prefix: str) -> str:
    """What stands before the names of definitions inside a definition that has `prefix` before its own."""
    return f"{prefix}{definition.name}." + ("" if isinstance(definition, ast.ClassDef) else "<locals>.")


def definitions_of(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """(qualified name, definition) of every function and class below a node, at any depth, in source order; outer ones
    before those inside them. Bounded by the size of the tree, not by its depth."""
    pending = [(child, prefix) for child in reversed(list(ast.iter_child_nodes(tree)))]
    while pending:
        node, before = pending.pop()
        after = before
        if isinstance(node, Definition):
            yield f"{before}{node.name}", node
            after = inside(node, before)
        pending.extend((child, after) for child in reversed(list(ast.iter_child_nodes(node))))


def definitions_in(source: str) -> Iterator[tuple[str, Definition]]:
    """The same of a module's text; nothing where it is no Python of this version."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # of a null byte before 3.12
        return
    yield from definitions_of(tree)


def first_line(definition: Definition) -> int:
    """The line where a definition begins, decorators included."""
    return min([definition.lineno, *(decorator.lineno for decorator in definition.decorator_list)])
