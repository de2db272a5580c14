"""Instrumented source: a module compiled so that its functions report their decisions, values and results.

The syntax tree is rewritten as pytest rewrites assertions. Expressions are wrapped in calls of the markers of
`line_tracer`, so that truth and operands are evaluated once, in order, and in their own frame; no name is added but the
one of the markers, which no source can spell. Statements outside functions and annotations stay as they are.

Not reported: the arms of `async for` inside comprehensions, and which `except*` did not take an exception.
"""

from __future__ import annotations

import ast
from types import CodeType

from ....recorders.tracing.branch_table import BranchTable
from .scopes import MARKERS
from .values import Values

LINE_TRACER = f"{__package__.rpartition('.')[0]}.line_tracer"
"""The module that holds the markers."""


def instrumented(source: str, module: str, file: str) -> CodeType:
    """The code of a module, with markers; raises `SyntaxError` as `compile` does.

    Code that can only be compiled without markers (nested too deeply) is compiled without.
    """
    tree = ast.parse(source, file)
    try:
        tree = Values(module, BranchTable(module, source)).visit(tree)
        import_as(tree, LINE_TRACER, MARKERS)
        code: CodeType = compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)
    except (SyntaxError, RecursionError):
        return compile(source, file, "exec", dont_inherit=True)
    return code


def import_as(tree: ast.Module, module: str, name: str) -> None:
    """Import a module under a name that no source can spell, after the docstring and what must stand first."""
    position = 1 if ast.get_docstring(tree, clean=False) is not None else 0
    while position < len(tree.body):
        statement = tree.body[position]
        if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        position += 1
    tree.body.insert(position, ast.Import([ast.alias(module, name)], lineno=1, col_offset=0))
