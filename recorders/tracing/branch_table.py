"""Branches: the decisions of a source file, and which arm of which a jump was.

A branch is known by (module, function, normalised condition, ordinal), never by line or offset, so that it stays the
same branch under unrelated edits. The tracers see bytecode jumps; the positions that CPython keeps for every
instruction (PEP 657) lead from a jump to the expression in the source that it decides on.
"""

from __future__ import annotations

import ast
from collections import Counter
from types import CodeType
from typing import NamedTuple, TypeAlias

from ..model.branches import Arm, Branch, Span, function_of
from ..privacy.source_literals import without_secrets
from .jumps import Jump, jumps


class _Decision(NamedTuple):
    span: Span
    function: str
    condition: str
    none_check: str
    """`is` or `is not` where the condition compares with None, else empty."""


_Located: TypeAlias = ast.expr | ast.stmt | ast.pattern | ast.excepthandler


def span_of(node: _Located) -> Span:
    """Where a node of a syntax tree stands."""
    return node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


class _Decisions(ast.NodeVisitor):
    def __init__(self) -> None:
        self._names: list[str] = []
        self._found: dict[Span, _Decision] = {}

    def of(self, tree: ast.Module) -> dict[Span, _Decision]:
        self.visit(tree)
        return self._found

    def _add(self, node: _Located, condition: str, none_check: str = "", also: _Located | None = None) -> None:
        """`also` is the node whose span the jump carries in other versions of CPython."""
        decision = _Decision(span_of(node), ".".join(self._names), without_secrets(condition), none_check)
        self._found.setdefault(span_of(node), decision)
        if also is not None:
            self._found.setdefault(span_of(also), decision)

    def _test(self, node: ast.expr) -> None:
        """A condition: each short-circuit operand is a decision of its own; `not` belongs to its operand."""
        if isinstance(node, ast.BoolOp):
            for operand in node.values:
                self._test(operand)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._test(node.operand)
        else:
            self._add(node, ast.unparse(node), _none_check(node))

    def _scope(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        outer = self._names
        self._names = [*outer, node.name]
        if not isinstance(node, ast.ClassDef):
            self._names.append("<locals>")
        for child in ast.iter_child_nodes(node):
            self.visit(child)
        self._names = outer

    visit_FunctionDef = _scope
    visit_AsyncFunctionDef = _scope
    visit_ClassDef = _scope

    def visit_If(self, node: ast.If) -> None:
        self._test(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._test(node.test)
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._test(node.test)
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        self._test(node.test)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for operand in node.values[:-1]:
            self._test(operand)
        self.generic_visit(node)

    def _loop(self, node: ast.For | ast.AsyncFor) -> None:
        self._add(node.iter, f"for {ast.unparse(node.target)} in {ast.unparse(node.iter)}", also=node)
        self.generic_visit(node)

    visit_For = _loop
    visit_AsyncFor = _loop

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        for position, part in enumerate(node.generators):
            condition = f"for {ast.unparse(part.target)} in {ast.unparse(part.iter)}"
            self._add(part.iter, condition, also=node if position == 0 else None)
            for test in part.ifs:
                self._test(test)
        self.generic_visit(node)

    visit_ListComp = _comprehension
    visit_SetComp = _comprehension
    visit_DictComp = _comprehension
    visit_GeneratorExp = _comprehension

    def visit_match_case(self, node: ast.match_case) -> None:
        self._add(node.pattern, f"case {ast.unparse(node.pattern)}")
        if node.guard is not None:
            self._test(node.guard)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self._add(node.type, f"except {ast.unparse(node.type)}", also=node)
        self.generic_visit(node)


def _none_check(node: ast.expr) -> str:
    match node:
        case ast.Compare(ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return "is"
        case ast.Compare(ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return "is not"
        case _:
            return ""


class BranchTable:
    """The branches of one source file, found by the span of the deciding expression."""

    def __init__(self, module: str, source: str) -> None:
        """Raises `SyntaxError` when the source does not parse in this interpreter."""
        self.module = module
        self._by_span: dict[Span, tuple[Branch, str]] = {}
        self._deciding: dict[Span, Branch] = {}
        self.by_function: dict[str, list[Branch]] = {}
        seen: Counter[tuple[str, str]] = Counter()
        found = _Decisions().of(ast.parse(source))
        branches: dict[_Decision, Branch] = {}
        for decision in sorted(set(found.values()), key=lambda one: one.span):
            function = f"{module}:{function_of(decision.function)}"
            ordinal = seen[function, decision.condition]
            seen[function, decision.condition] += 1
            branch = branches[decision] = Branch(function, decision.condition, ordinal, decision.span[0])
            self.by_function.setdefault(function, []).append(branch)
            self._deciding[decision.span] = branch
        for span, decision in found.items():
            self._by_span[span] = (branches[decision], decision.none_check)

    def decided_at(self, node: _Located) -> Branch | None:
        """The branch that a test, an iterated expression, a pattern or the type of an `except` decides.

        The node is of the same source; `None` where it decides nothing.
        """
        return self._deciding.get(span_of(node))

    def arm(self, code: CodeType, offset: int, destination: int) -> Arm | None:
        """The arm that a jump took; `None` where the jump decides nothing that stands in the source."""
        jump = jumps(code).get(offset)
        if jump is None:
            return None
        for span in jump.spans:
            found = self._by_span.get(span)
            if found is not None:
                branch, none_check = found
                return Arm(branch, _taken(jump, destination, none_check))
        return None


def _taken(jump: Jump, destination: int, none_check: str) -> str:
    jumped = destination != jump.following and abs(destination - jump.target) <= 4
    if jump.opname == "FOR_ITER":
        return "ended" if jumped else "entered"
    if jump.opname.endswith("NONE"):
        is_none = jumped != jump.opname.endswith("NOT_NONE")
        return "true" if is_none == (none_check != "is not") else "false"
    jumps_when_true = "IF_TRUE" in jump.opname
    return "true" if jumped == jumps_when_true else "false"
