"""Values on their way to what takes them: assignments, results, arguments of calls whose result nobody takes."""

from __future__ import annotations

import ast
from typing import Any

from .control_flow import ControlFlow


class Values(ControlFlow):
    """Reports values."""

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        """The value, before it is unpacked."""
        key = " = ".join(map(ast.unparse, node.targets))
        self.generic_visit(node)
        if self._inside:
            node.value = self._value(key, node.value, node.lineno)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Annotations stay as they are."""
        key = ast.unparse(node.target)
        node.target = self.visit(node.target)
        if node.value is not None:
            node.value = self.visit(node.value)
            if self._inside:
                node.value = self._value(key, node.value, node.lineno)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """What it leaves behind, where that can be read without running code of the service; else its operand."""
        key = ast.unparse(node.target)
        self.generic_visit(node)
        if not self._inside:
            return node
        site = self._site(key, node.lineno)
        if isinstance(node.target, ast.Name):
            return [node, self._statement("value", site, ast.Name(node.target.id, ast.Load()), at=node)]
        operator = _OPERATORS.get(type(node.op), "?")
        node.value = self._value(f"{key} {operator}", node.value, node.lineno)
        held = _held(node.target)
        return (
            node if held is None else [node, self._statement("part", site._replace(text=held[0]), *held[1:], at=node)]
        )

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        """`:=`"""
        self.generic_visit(node)
        if self._inside:
            node.value = self._value(node.target.id, node.value, node.lineno)
        return node

    def visit_Return(self, node: ast.Return) -> Any:
        """A result; the asynchronous generator's `return` has none."""
        site = self._site("", node.lineno)
        if node.value is None:
            return [self._statement("returned", site, ast.Constant(None), at=node), node]
        node.value = self._call("returned", site, self.visit(node.value), at=node.value)
        return node

    def visit_Yield(self, node: ast.Yield) -> ast.AST:
        """What a generator gives."""
        if node.value is not None:
            node.value = self._value("yield", self.visit(node.value), node.lineno)
        return node

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.AST:
        """What a generator hands over to."""
        node.value = self._value("yield from", self.visit(node.value), node.lineno)
        return node

    def visit_withitem(self, node: ast.withitem) -> ast.AST:
        """The context manager."""
        self.generic_visit(node)
        if self._inside:
            node.context_expr = self._value("with", node.context_expr)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        """The arguments of a call whose result nobody takes."""
        called = node.value.value if isinstance(node.value, ast.Await) else node.value
        if not self._inside or not isinstance(called, ast.Call):
            return self.generic_visit(node)
        name = f"{_called_name(called.func)}()"
        self.generic_visit(node)
        for position, argument in enumerate(called.args, 1):
            if isinstance(argument, ast.Starred):
                argument.value = self._value(f"{name} argument *{position}", argument.value)
            else:
                called.args[position - 1] = self._value(f"{name} argument {position}", argument)
        for keyword in called.keywords:
            keyword.value = self._value(f"{name} {keyword.arg or '**'}", keyword.value)
        return node

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        """A type is no value."""
        return node


_OPERATORS = {
    ast.Add: "+=",
    ast.Sub: "-=",
    ast.Mult: "*=",
    ast.Div: "/=",
    ast.FloorDiv: "//=",
    ast.Mod: "%=",
    ast.Pow: "**=",
    ast.MatMult: "@=",
    ast.LShift: "<<=",
    ast.RShift: ">>=",
    ast.BitOr: "|=",
    ast.BitXor: "^=",
    ast.BitAnd: "&=",
}


def _held(target: ast.expr) -> tuple[str, ast.expr, ast.expr] | None:
    """Where the value of an attribute or item lies, if naming it again evaluates nothing."""
    match target:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute):
            return "attribute", ast.Name(name, ast.Load()), ast.Constant(attribute)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=index)):
            return "item", ast.Name(name, ast.Load()), ast.Constant(index)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Name(id=index)):
            return "item", ast.Name(name, ast.Load()), ast.Name(index, ast.Load())
        case _:
            return None


def _called_name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
