"""Statements: the functions of a module parsed into their own statements, in source order.

A compound statement counts with its head alone; `except` and `case` are statements of their own, and so is the head
of the function. What stands outside functions belongs to a function without a name.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from ...recorders.model.branches import FunctionName
from .qualified_names import first_line, inside

HEAD = "def"
"""The kind of the statement that stands for the head of its function."""


class Statement(NamedTuple):
    """One statement, without the statements inside it."""

    function: FunctionName
    kind: str
    first: int
    last: int
    part: ast.AST
    """Its own part, without annotations."""
    targets: tuple[str, ...] = ()


class Function(NamedTuple):
    """One function: its names, and its statements from its head on."""

    name: FunctionName
    locals: frozenset[str]
    statements: tuple[Statement, ...]
    mentions: frozenset[str]
    """Names and attributes that occur in it."""
    source: str

    def at(self, line: int) -> int:
        """Position of the statement on a line: the last that begins at or before it and reaches it, else just the
        last that begins before it."""
        best = 0
        reached = False
        for position, one in enumerate(self.statements):
            if one.first <= line and (one.last >= line or not reached):
                best, reached = position, one.last >= line
        return best


def functions_of(module: str, source: str) -> dict[FunctionName, Function]:
    """All functions of a module in source order; none when it does not parse."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return {}
    found: dict[FunctionName, Function] = {}
    _Walk(module, found, source.splitlines()).module(tree)
    return found


_AnyFunction: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class _Walk:
    def __init__(self, module: str, found: dict[FunctionName, Function], lines: list[str]) -> None:
        self._module = module
        self._found = found
        self._lines = lines

    def module(self, tree: ast.Module) -> None:
        name = f"{self._module}:"
        head = Statement(name, HEAD, 0, 0, ast.Module([], []))
        body = list(self._body(tree.body, name, ""))
        self._add(name, frozenset(), [head, *body], tree, len(self._lines))

    def _add(
        self, name: FunctionName, names: frozenset[str], statements: list[Statement], node: ast.AST, last: int
    ) -> None:
        source = "\n".join(self._lines[max(statements[0].first - 1, 0) : last])
        self._found[name] = Function(name, names, tuple(statements), frozenset(_mentions(node)), source)

    def _function(self, node: _AnyFunction, prefix: str) -> None:
        name = f"{self._module}:{prefix}{node.name}"
        position = len(self._found)
        body = list(self._body(node.body, name, inside(node, prefix)))
        part = ast.Lambda(_bare_arguments(node.args), ast.Tuple(node.decorator_list, ast.Load()))
        first = first_line(node)
        last = max(node.lineno, min(node.body[0].lineno - 1, node.end_lineno or node.lineno))
        end = node.end_lineno or last
        self._add(name, _locals(node), [Statement(name, HEAD, first, last, part), *body], node, end)
        # Inner functions were found before the one around them.
        order = list(self._found)
        for inner in order[position:-1]:
            self._found[inner] = self._found.pop(inner)

    def _body(self, body: list[ast.stmt], function: FunctionName, prefix: str) -> Iterator[Statement]:
        for node in body:
            yield from self._statement(node, function, prefix)

    def _statement(self, node: ast.stmt, function: FunctionName, prefix: str) -> Iterator[Statement]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield Statement(
                    function, "inner function", node.lineno, node.lineno, ast.Name("def", ast.Load()), (node.name,)
                )
                self._function(node, prefix)
            case ast.ClassDef():
                head = ast.Tuple([*node.decorator_list, *node.bases, *(one.value for one in node.keywords)], ast.Load())
                yield Statement(function, "class", node.lineno, node.lineno, head, (node.name,))
                yield from self._body(node.body, function, f"{prefix}{node.name}.")
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                return
            case ast.Try() | ast.TryStar():
                yield _own(node, function, [], node.lineno)
                yield from self._body(node.body, function, prefix)
                for handler in node.handlers:
                    yield _own(handler, function, [handler.type], handler.lineno)
                    yield from self._body(handler.body, function, prefix)
                yield from self._body([*node.orelse, *node.finalbody], function, prefix)
            case ast.Match():
                yield _own(node, function, [node.subject], node.lineno)
                for case in node.cases:
                    yield _own(case, function, [case.pattern, case.guard], case.pattern.lineno)
                    yield from self._body(case.body, function, prefix)
            case ast.If() | ast.While():
                yield _own(node, function, [node.test], node.lineno)
                yield from self._body([*node.body, *node.orelse], function, prefix)
            case ast.For() | ast.AsyncFor():
                yield _own(node, function, [node.target, node.iter], node.lineno)
                yield from self._body([*node.body, *node.orelse], function, prefix)
            case ast.With() | ast.AsyncWith():
                items = [part for item in node.items for part in (item.context_expr, item.optional_vars)]
                yield _own(node, function, items, node.lineno)
                yield from self._body(node.body, function, prefix)
            case _:
                yield _simple(node, function)


def _own(
    node: ast.stmt | ast.ExceptHandler | ast.match_case,
    function: FunctionName,
    parts: list[ast.expr | ast.pattern | None] | list[ast.expr | None] | list[ast.expr],
    line: int,
) -> Statement:
    """The head of a compound statement."""
    present = [part for part in parts if part is not None]
    last = max([line, *(part.end_lineno or line for part in present)])
    held = [part if isinstance(part, ast.expr) else _as_expression(part) for part in present]
    name = node.name if isinstance(node, ast.ExceptHandler) and node.name else ""
    whole = ast.Tuple([*held, ast.Name(name, ast.Load())] if name else held, ast.Load())
    return Statement(function, type(node).__name__, line, last, whole)


def _as_expression(pattern: ast.pattern) -> ast.expr:
    return ast.Constant(ast.unparse(pattern))


def _simple(node: ast.stmt, function: FunctionName) -> Statement:
    part: ast.stmt = node
    targets: list[ast.expr] = []
    match node:
        case ast.AnnAssign(target=target, value=None):
            targets = [target]
            part = ast.Expr(target)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            targets = [target]
            part = ast.Assign([target], value, lineno=node.lineno)
        case ast.Assign(targets=targets):
            pass
        case ast.AugAssign(target=target):
            targets = [target]
        case _:
            pass
    names = tuple(map(ast.unparse, targets))
    return Statement(function, type(part).__name__, node.lineno, node.end_lineno or node.lineno, part, names)


def _bare_arguments(arguments: ast.arguments) -> ast.arguments:
    bare = copy.deepcopy(arguments)
    for one in ast.walk(bare):
        if isinstance(one, ast.arg):
            one.annotation = None
    return bare


def _locals(node: _AnyFunction) -> frozenset[str]:
    """Names that a function binds, or a function inside it."""
    found: set[str] = set()
    outer: set[str] = set()
    for one in ast.walk(node):
        match one:
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.Global(names=names):
                outer.update(names)
            case _:
                pass
    return frozenset(found - outer)


def _mentions(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            yield one.id
        elif isinstance(one, ast.Attribute):
            yield one.attr


def mentioned_in(statement: Statement) -> frozenset[str]:
    """Names and attributes that occur in a statement's own part."""
    return frozenset(_mentions(statement.part))


def decorators_of(head: Statement) -> str:
    """The decorators of a function, of its head."""
    return ast.unparse(head.part.body) if isinstance(head.part, ast.Lambda) else ""


class _Renaming(ast.NodeTransformer):
    def __init__(self, names: frozenset[str], renamed: frozenset[str]) -> None:
        self._names = names | renamed
        self._renamed = renamed

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name("_", node.ctx) if node.id in self._names else node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg("_") if node.arg in self._names else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        return ast.Attribute(node.value, "_", node.ctx) if node.attr in self._renamed else node


def text_of(statement: Statement, unnamed: frozenset[str], renamed: frozenset[str] = frozenset()) -> str:
    """A statement's own part as text; local names that are said not to matter, and names of functions that were
    renamed, are all written `_`."""
    part = statement.part
    if not mentioned_in(statement).isdisjoint(unnamed | renamed) or (unnamed and statement.kind == HEAD):
        part = _Renaming(unnamed, renamed).visit(copy.deepcopy(part))
    return f"{statement.kind} {ast.unparse(part)}"
