"""Functions and scopes of an instrumented module, and calls of the markers in them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from ....recorders.model.branches import Branch, FunctionName, function_of
from ....recorders.tracing.branch_table import BranchTable
from ...model.steps import DecisionSite, ValueSite

MARKERS = "@pytest_runtime"
"""The name under which an instrumented module knows the markers."""

_AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Scopes(ast.NodeTransformer):
    """Knows which function it is in, and puts calls of markers in."""

    def __init__(self, module: str, table: BranchTable) -> None:
        self._module = module
        self._table = table
        self._names: list[str] = []
        self._inside = False
        """Whether what is visited runs in a function."""
        self._plain_returns = False
        """Whether the function may return no value (an asynchronous generator)."""
        self._last_number = 0

    @property
    def _function(self) -> FunctionName:
        return f"{self._module}:{function_of('.'.join(self._names))}"

    @contextmanager
    def _scope(self, *names: str, inside: bool, plain_returns: bool = False) -> Iterator[None]:
        before = self._names, self._inside, self._plain_returns
        self._names, self._inside, self._plain_returns = [*self._names, *names], inside, plain_returns
        yield
        self._names, self._inside, self._plain_returns = before

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Decorators and bases belong to the scope around it."""
        for part in ("decorator_list", "bases", "keywords"):
            setattr(node, part, self._each(getattr(node, part)))
        with self._scope(node.name, inside=False):
            node.body = self._each(node.body)
        return node

    def _defined(self, node: _AnyFunction) -> ast.AST:
        node.decorator_list = self._each(node.decorator_list)
        self._defaults(node.args)
        yields = _yields(node)
        is_async_generator = yields and isinstance(node, ast.AsyncFunctionDef)
        with self._scope(node.name, "<locals>", inside=True, plain_returns=is_async_generator):
            node.body = self._body(node, ends_quietly=yields or node.name in ("__next__", "__anext__"))
        return node

    visit_FunctionDef = _defined
    visit_AsyncFunctionDef = _defined

    def _defaults(self, arguments: ast.arguments) -> None:
        arguments.defaults = self._each(arguments.defaults)
        arguments.kw_defaults = [None if one is None else self.visit(one) for one in arguments.kw_defaults]

    def _body(self, node: _AnyFunction, *, ends_quietly: bool) -> list[ast.stmt]:
        """Docstring, entering, defaults, then the body in an `except` that sees what leaves it."""
        head: list[ast.stmt] = []
        body = node.body
        match body:
            case [ast.Expr(value=ast.Constant(value=str())) as docstring, *rest]:
                head, body = [docstring], rest
            case _:
                pass
        end = node.body[-1].end_lineno or node.lineno
        head.append(self._statement("enter", self._site("", node.lineno), at=node))
        head += [
            self._statement("value", self._site(name.arg, line.lineno), ast.Name(name.arg, ast.Load()), at=line)
            for name, line in _with_defaults(node.args)
        ]
        inner: list[ast.stmt] = self._each(body)
        if not inner or not isinstance(inner[-1], (ast.Return, ast.Raise)):
            inner.append(self._statement("returned", self._site("", end), ast.Constant(None), at=node, line=end))
        leaving = self._statement("left", self._function, ends_quietly, at=node)
        handler = ast.ExceptHandler(None, None, [leaving, ast.copy_location(ast.Raise(), leaving)])
        guarded = ast.Try(inner, [ast.copy_location(handler, leaving)], [], [])
        return [*head, ast.copy_location(guarded, leaving)]

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Its result is a value that the lambda takes."""
        self._defaults(node.args)
        with self._scope("<lambda>", "<locals>", inside=True):
            node.body = self._value("lambda", self.visit(node.body))
        return node

    def _each(self, nodes: Sequence[Any]) -> list[Any]:
        found: list[Any] = []
        for node in nodes:
            visited = self.visit(node)
            found += visited if isinstance(visited, list) else [visited]
        return found

    def _call(self, marker: str, *arguments: Any, at: ast.AST, line: int = 0) -> ast.Call:
        """`@pytest_runtime.marker(…)`; what is no syntax tree is a constant."""
        given = [one if isinstance(one, ast.expr) else ast.Constant(_constant(one)) for one in arguments]
        function = ast.Attribute(ast.Name(MARKERS, ast.Load()), marker, ast.Load())
        call = ast.copy_location(ast.Call(function, given, []), at)
        if not isinstance(at, ast.expr):
            _shrink(call, line)
        return call

    def _statement(self, marker: str, *arguments: Any, at: ast.AST, line: int = 0) -> ast.Expr:
        call = self._call(marker, *arguments, at=at, line=line)
        if isinstance(at, ast.expr):
            _shrink(call, line)
        return ast.copy_location(ast.Expr(call), call)

    def _site(self, key: str, line: int, text: str = "") -> ValueSite:
        return ValueSite(self._function, key, line, text)

    def _value(self, key: str, node: ast.expr, line: int = 0, text: str = "") -> ast.Call:
        return self._call("value", self._site(key, line or node.lineno, text), node, at=node)

    def _number(self) -> int:
        self._last_number += 1
        return self._last_number

    def _decision(self, branch: Branch, number: int, texts: Sequence[str], leaves: str = "") -> DecisionSite:
        return DecisionSite(
            number, branch.function, branch.condition, branch.ordinal, branch.line, tuple(texts), leaves
        )


def _constant(value: Any) -> Any:
    """A value as a constant of code: named tuples as plain ones."""
    return tuple(map(_constant, value)) if isinstance(value, tuple) else value


def _shrink(node: ast.expr, line: int) -> None:
    """A marker that stands for itself takes one place, not the lines of what it belongs to."""
    node.lineno = line or node.lineno
    node.end_lineno, node.end_col_offset = node.lineno, node.col_offset


def _with_defaults(arguments: ast.arguments) -> list[tuple[ast.arg, ast.expr]]:
    """Parameters that have a default, with it."""
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(positional[len(positional) - len(arguments.defaults) :], arguments.defaults, strict=True))
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [*pairs, *((name, default) for name, default in named if default is not None)]


def _yields(function: _AnyFunction) -> bool:
    """Whether a function is a generator: nested functions have their own `yield`."""
    stack: list[ast.AST] = list(function.body)
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack.extend(ast.iter_child_nodes(node))
    return False
