"""Conditions over traces: a closed subset of Python expressions, over recorded values alone.

    response.status >= 500
    request.json.total > 10_000 and not exchanges["POST fraud/validate"].error
    exception.type == "ValueError" or took("coupon is not None is true")

An expression is a syntax tree that is walked here: nothing is compiled or run, no class of the service is known, and
the work of each operator is bounded. A path that a trace does not have is *missing*: it is false, unequal to
everything, and nothing is greater or less than it, so a condition holds only for traces that have what it asks for.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from ...recorders.errors import RuntimeBaselineError
from ...recorders.model.value_tree import Tree
from .facts import Facts
from .recorded_values import (
    ARITHMETIC,
    MISSING,
    Missing,
    Value,
    calculated,
    compared,
    function_value,
    is_number,
    is_true,
    labelled,
    method_value,
    part_of,
    plain,
)

LONGEST = 2_000
"""Characters of an expression; what people write has some dozens."""

DEEPEST = 60
"""Levels of an expression: each costs the interpreter three frames."""

ROOTS = (
    *("request", "args", "self", "input", "environment", "state", "commit", "python", "baseline", "started"),
    *("exchanges", "returned", "response", "result", "exception", "outcome", "entry", "path", "trace"),
)
"""The names at the top; another name means an argument, or a field of the request's body, of that name."""


class ConditionProblem(RuntimeBaselineError):
    """A condition cannot be understood, or asks for what no trace has; the message says what is accepted."""


class Condition(NamedTuple):
    """A parsed expression."""

    text: str
    tree: ast.expr

    def value(self, facts: Facts) -> Value:
        """What it evaluates to for a trace; raises `ConditionProblem` for an operation on values that have none."""
        return _Evaluation(facts).of(self.tree)

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of a trace."""
        return is_true(self.value(facts))

    def group(self, facts: Facts) -> str:
        """Its value as the name of a group."""
        value = self.value(facts)
        return "missing" if value is MISSING else str(value).lower() if isinstance(value, bool) else str(value)

    def paths(self) -> dict[str, ast.expr]:
        """The paths that it asks for, `response.status`, each with its expression; the longest of each."""
        found: dict[str, ast.expr] = {}
        pending: list[ast.AST] = [self.tree]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Call):
                pending += [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
            elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
                found[ast.unparse(node)] = node
            else:
                pending += ast.iter_child_nodes(node)
        return found

    def decides_on(self, column: str) -> bool:
        """Whether the condition compares a column with a constant: it says nothing then of why the condition holds."""
        return any(_names(path, column) for path in self._compared_alone())

    def _compared_alone(self) -> list[str]:
        """The paths that stand alone in a comparison, or in no comparison."""
        compared = [Condition("", node).paths() for node in ast.walk(self.tree) if isinstance(node, ast.Compare)]
        together = {path for paths in compared if len(paths) > 1 for path in paths}
        return [path for path in self.paths() if path not in together]

    def has_any(self, facts: Facts) -> bool:
        """Whether a trace has any of the paths that it asks for, or it asks for none."""
        nodes = self.paths().values()
        return not nodes or any(_Evaluation(facts).of(node) is not MISSING for node in nodes)

    def missing(self, facts: Sequence[Facts]) -> list[str]:
        """The paths that none of some traces has."""
        return [
            path
            for path, node in self.paths().items()
            if facts and all(_Evaluation(trace).of(node) is MISSING for trace in facts)
        ]


def parse_condition(text: str) -> Condition:
    """The condition that a text says; raises `ConditionProblem`, which says what is not understood."""
    if len(text) > LONGEST:
        raise ConditionProblem(f"the condition has {len(text)} characters, and at most {LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = error.msg if isinstance(error, SyntaxError) else "it is nested too deep, or holds what is no text"
        raise ConditionProblem(f"the condition {text!r} is no expression: {why}. {EXAMPLE}") from error
    _check_depth(tree)
    for node in ast.walk(tree):
        _check(node)
    return Condition(text.strip(), tree)


EXAMPLE = 'Write for example: response.status >= 500, or total > 100 and exception.type == "ValueError"'

_METHODS = ("startswith", "endswith", "lower", "upper", "get")
_FUNCTIONS = ("len", "abs", "min", "max", "took", "ran", "int", "float", "str")
_ALLOWED = (
    *(ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Call, ast.Attribute, ast.Subscript, ast.Name, ast.Constant),
    *(ast.BinOp, ast.List, ast.Tuple, ast.Set, ast.expr_context, ast.boolop, ast.unaryop, ast.cmpop, ast.operator),
)


def _names(path: str, column: str) -> bool:
    """Whether a path of a condition leads to a column; labels of exchanges may be written in part."""
    if path.startswith("exchanges[") and column.startswith("exchanges["):
        wanted, _, rest = path.removeprefix("exchanges['").rpartition("']")
        label, _, other = column.removeprefix("exchanges['").rpartition("']")
        return rest == other and wanted in label
    return path == column or f"len({path})" == column or column.endswith(f".{path}")


def _check_depth(tree: ast.expr) -> None:
    """Raise `ConditionProblem` where an expression is nested deeper than anybody writes it."""
    level: list[ast.AST] = [tree]
    for _depth in range(DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise ConditionProblem(f"the condition is nested deeper than {DEEPEST} levels")


def _check(node: ast.AST) -> None:
    """Raise `ConditionProblem` for what is no part of the language."""
    if not isinstance(node, _ALLOWED) or (isinstance(node, ast.BinOp) and type(node.op) not in ARITHMETIC):
        shown = ast.unparse(node) if isinstance(node, ast.expr) else type(node).__name__
        raise ConditionProblem(f"{shown!r} is no part of a condition. {EXAMPLE}")
    if isinstance(node, ast.Call):
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if node.keywords or (name not in _FUNCTIONS and method not in _METHODS):
            known = ", ".join((*(f"{known}()" for known in _FUNCTIONS), *(f".{known}()" for known in _METHODS)))
            raise ConditionProblem(f"{ast.unparse(node.func)}() cannot be called in a condition; there are {known}")


class _Evaluation:
    """The evaluation of one expression for one trace."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def of(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return plain(self._named(name))
            case ast.Attribute(value=inner, attr=name):
                return part_of(self.of(inner), name)
            case ast.Subscript(value=ast.Name(id="exchanges"), slice=key):
                return labelled(self._named("exchanges"), self.of(key))
            case ast.Subscript(value=inner, slice=key):
                return part_of(self.of(inner), self.of(key))
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return [self.of(item) for item in items]
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.of(body) if is_true(self.of(test)) else self.of(other)
            case ast.Compare():
                return self._compare(node)
            case ast.Call():
                return self._call(node)
            case _:
                return self._operation(node)

    def _operation(self, node: ast.expr) -> Value:
        match node:
            case ast.BoolOp(op=ast.And(), values=values):
                return all(is_true(self.of(value)) for value in values)
            case ast.BoolOp(values=values):
                return any(is_true(self.of(value)) for value in values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not is_true(self.of(operand))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.of(operand)
                return -value if is_number(value) else MISSING
            case ast.BinOp(left=left, op=op, right=right):
                return calculated(op, self.of(left), self.of(right))
            case _:
                raise ConditionProblem(f"{ast.unparse(node)!r} is no part of a condition. {EXAMPLE}")

    def _named(self, name: str) -> Tree | Missing:
        """A name at the top: one of `ROOTS`, else an argument or a field of the request's body or query."""
        tree = self._facts.tree
        if name in tree.keys:
            return tree.values[tree.keys.index(name)]
        if name in ROOTS:
            return MISSING
        for path in (("args",), ("request", "json"), ("request", "form"), ("request", "query")):
            inner: Value = tree
            for step in path:
                inner = part_of(inner, step)
            found = part_of(inner, name)
            if found is not MISSING:
                return found  # type: ignore[no-any-return]  # plain once more changes nothing
        return MISSING

    def _compare(self, node: ast.Compare) -> bool:
        left = self.of(node.left)
        for op, comparator in zip(node.ops, node.comparators, strict=True):
            right = self.of(comparator)
            if not compared(op, left, right):
                return False
            left = right
        return True

    def _call(self, node: ast.Call) -> Value:
        arguments = [self.of(argument) for argument in node.args]
        if isinstance(node.func, ast.Attribute):
            return method_value(self.of(node.func.value), node.func.attr, arguments)
        assert isinstance(node.func, ast.Name)
        match node.func.id, arguments:
            case "took", [str(words)]:
                return any(words in (arm.words(), f"{arm.branch.function}:{arm.words()}") for arm in self._facts.arms)
            case "ran", [str(name)]:
                functions = self._facts.trace.functions
                return any(function == name or function.endswith((f":{name}", f".{name}")) for function in functions)
            case name, _:
                return function_value(name, arguments)
