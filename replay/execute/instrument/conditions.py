"""Conditions: tests, operands of comparisons, and chains of `and`, `or` and `not`."""

from __future__ import annotations

import ast
from typing import TypeGuard

from .scopes import Scopes


class Conditions(Scopes):
    """Reports decisions of conditions."""

    def _test(self, node: ast.expr, key: str) -> ast.expr:
        """A whole condition; one that is put together from decisions, or negated, is a value as well."""
        if not isinstance(node, ast.BoolOp) and not _is_negation(node):
            return self._condition(node)
        text = ast.unparse(node)
        return self._value(key, self._condition(node), text=text)

    def _condition(self, node: ast.expr) -> ast.expr:
        """An expression of which only the truth counts, as one that gives a bool."""
        if isinstance(node, ast.BoolOp):
            node.values = [self._condition(one) for one in node.values]
            return node
        if _is_negation(node):
            node.operand = self._condition(node.operand)
            return node
        branch = None if isinstance(node, ast.Constant) else self._table.decided_at(node)
        if branch is None:
            visited: ast.expr = self.visit(node)
            return visited if isinstance(node, ast.Constant) else _truth(visited)
        number = self._number()
        operands, texts = self._operands(node, number)
        return self._call("test", self._decision(branch, number, texts), _truth(operands), at=node)

    def _operands(self, node: ast.expr, number: int) -> tuple[ast.expr, list[str]]:
        """The expression with its operands marked, and their texts."""
        if not isinstance(node, ast.Compare):
            text = ast.unparse(node)
            return self._operand(node, number, is_first=True), [text]
        texts: list[str] = []
        parts: list[ast.expr] = []
        for part in (node.left, *node.comparators):
            if _is_constant(part):
                parts.append(part)
                continue
            text = ast.unparse(part)
            parts.append(self._operand(part, number, is_first=not texts))
            texts.append(text)
        node.left, *node.comparators = parts
        return node, texts

    def _operand(self, node: ast.expr, number: int, *, is_first: bool) -> ast.expr:
        return self._call("first" if is_first else "further", number, self.visit(node), at=node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`and` and `or` whose value counts: the operand that is reached next shows how the one before it was."""
        if not self._inside:
            return self.generic_visit(node)
        whole = self._number()
        return self._call("settled", whole, self._chained(node, whole, ()), at=node)

    def _chained(self, node: ast.BoolOp, whole: int, above: tuple[tuple[ast.BoolOp, bool], ...]) -> ast.BoolOp:
        is_and = isinstance(node.op, ast.And)
        values: list[ast.expr] = []
        for position, operand in enumerate(node.values):
            path = ((node, position == len(node.values) - 1), *above)
            if position:
                values.append(self._call("onward", whole, is_and, at=operand))
            values.append(self._chain_operand(operand, whole, path))
        node.values = values
        return node

    def _chain_operand(self, node: ast.expr, whole: int, path: tuple[tuple[ast.BoolOp, bool], ...]) -> ast.expr:
        if isinstance(node, ast.BoolOp):
            return self._chained(node, whole, path)
        leaves = [truth for truth in (True, False) if _becomes_value(path, truth)]
        branch = self._table.decided_at(node)
        if _is_negation(node) or branch is None or len(leaves) == 2 or isinstance(node, ast.Constant):
            visited: ast.expr = self.visit(node)
            return visited
        number = self._number()
        operands, texts = self._operands(node, number)
        arm = "" if not leaves else "true" if leaves[0] else "false"
        return self._call("leaf", whole, self._decision(branch, number, texts, arm), operands, at=node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """`not` asks for the truth alone; of `and` and `or`, for that of their value."""
        if self._inside and _is_negation(node) and self._table.decided_at(node.operand) is not None:
            node.operand = self._condition(node.operand)
            return node
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """A conditional expression."""
        if not self._inside:
            return self.generic_visit(node)
        node.test = self._test(node.test, "if else")
        node.body, node.orelse = self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        """`if` and `elif`."""
        return self._branching(node, "if")

    def visit_While(self, node: ast.While) -> ast.AST:
        """Each test of the loop is a decision."""
        return self._branching(node, "while")

    def _branching(self, node: ast.If | ast.While, key: str) -> ast.AST:
        if not self._inside:
            return self.generic_visit(node)
        node.test = self._test(node.test, key)
        node.body, node.orelse = self._each(node.body), self._each(node.orelse)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        """The message is only evaluated when it fails."""
        if not self._inside:
            return self.generic_visit(node)
        node.test = self._test(node.test, "assert")
        node.msg = node.msg and self.visit(node.msg)
        return node


def _is_negation(node: ast.expr) -> TypeGuard[ast.UnaryOp]:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _truth(node: ast.expr) -> ast.expr:
    """The truth of a value, asked for once: an `if` lets the compiler join it with a chained comparison."""
    return ast.copy_location(ast.IfExp(node, ast.Constant(True), ast.Constant(False)), node)


def _is_constant(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_constant(operand)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_constant, parts))
        case _:
            return False


def _becomes_value(path: tuple[tuple[ast.BoolOp, bool], ...], truth: bool) -> bool:
    """Whether an operand of nested `and` and `or` (innermost first, and whether it is the last there) is the value."""
    return all(is_last or truth == isinstance(node.op, ast.Or) for node, is_last in path)
