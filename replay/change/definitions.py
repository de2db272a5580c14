"""Functions and classes that a module or class defines inside of another statement: under `if`, `try`, `with`.

They are definitions like those beside it, with the same qualified names; what is left is the statement itself.
"""

from __future__ import annotations

import ast

from .qualified_names import Definition

_COMPOUND = (ast.If, ast.For, ast.While, ast.Try, ast.TryStar, ast.With, ast.Match)
"""What may stand outside of functions and has a body; their `async` forms may not."""


def take_definitions(node: ast.stmt) -> list[Definition]:
    """Take the definitions out of a statement, in their order; their names stay in it. The statement is changed."""
    if not isinstance(node, _COMPOUND):
        return []
    taking = _Taking()
    taking.generic_visit(node)
    return taking.taken


class _Taking(ast.NodeTransformer):
    def __init__(self) -> None:
        self.taken: list[Definition] = []

    def _take(self, node: Definition) -> ast.AST:
        self.taken.append(node)
        name = ast.copy_location(ast.Constant(f"{type(node).__name__} {node.name}"), node)
        return ast.copy_location(ast.Expr(name), node)

    visit_FunctionDef = _take
    visit_AsyncFunctionDef = _take
    visit_ClassDef = _take

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node  # no expression holds a definition
