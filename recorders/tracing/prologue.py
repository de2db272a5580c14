"""A prologue in the functions of included modules, where the interpreter has no event for their start (Python 3.11).

Each function's first statement reads an attribute of a constant that the compiler is given as a text, and that is
replaced by an object in the finished code: no name is looked up, no warning is given, and the function's names, lines
and documentation stay. Lambdas have none, for they hold no statements.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from types import CodeType
from typing import Any, TypeAlias

GiveHead: TypeAlias = Callable[[], Any]
"""What gives the object that functions of included modules read first, or `None` where they have no prologue."""

_MARK = "pytest-runtime: the head of a function"

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def compiled(
    source: str, file: str, head: Any, change: Callable[[ast.Module], Mapping[str, Any]] = lambda tree: {}
) -> CodeType:
    """The code of a module in which each function first reads `head.started`; raises `SyntaxError`.

    `change` may add statements to the tree before, and says by which objects texts in them are replaced.
    """
    tree = ast.parse(source, file)
    objects = {**change(tree), _MARK: head}
    if head is not None:
        for node in ast.walk(tree):
            if isinstance(node, _Function):
                _add_head(node)
    return with_objects(compile(tree, file, "exec", dont_inherit=True), objects)


def head_of(started: Callable[[], None]) -> Any:
    """A constant whose attribute `started` calls a function."""

    class Head:
        __slots__ = ()
        started = property(lambda _self: _called())

    _called = started
    return Head()


def _add_head(node: _Function) -> None:
    first = node.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    place = node.body[min(documented, len(node.body) - 1)]
    head = ast.Expr(ast.Attribute(ast.Constant(_MARK), "started", ast.Load()))
    for part in ast.walk(head):
        ast.copy_location(part, place)
    node.body.insert(int(documented), head)


def with_objects(code: CodeType, objects: Mapping[str, Any]) -> CodeType:
    """The code with objects in the place of certain constant texts, in the functions below it, too."""
    constants = tuple(
        objects[one]
        if isinstance(one, str) and one in objects
        else with_objects(one, objects)
        if isinstance(one, CodeType)
        else one
        for one in code.co_consts
    )
    return code.replace(co_consts=constants)
