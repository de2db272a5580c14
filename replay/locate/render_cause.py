"""The words of a cause: what happened at the place where a divergence begins, in words, with values."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from ...recorders.model.value_tree import Tree
from ..model.render import both_short, short
from ..model.steps import Event

ABSENT = "not there"
"""What is shown of a side that does not have the place."""

WIDTH = 60
"""Characters of a value: two of them and a name fit in a line."""


def happened(kind: str, base: str, candidate: str) -> str:
    """Both sides in one line."""
    return f"base: {base}   candidate: {candidate}" if base else candidate


def condition_text(event: Event) -> str:
    """The condition as it stands in the source: the whole test, where one was put together."""
    return event.values[0][0] if event.kind == "value" else event.key


def decided(event: Event, operands: Sequence[tuple[str, Tree]] = ()) -> str:
    """A decision with the values of its operands: `27677.65 > 10000 is true`.

    `operands` are those of a test that is put together from decisions.
    """
    if event.kind == "value":
        text, truth = event.values[0]
        return f"{_filled(text, operands)} is {_truth(truth)}"
    if event.key.startswith("except "):
        return f"{_value(event)} {'caught' if event.arm == 'true' else 'not caught'} by {event.key}"
    if event.key.startswith("case "):
        return f"{_value(event)} {'matches' if event.arm == 'true' else 'does not match'} {event.key}"
    if event.arm in ("entered", "ended"):
        pairs = [f", {text} = {short(value, WIDTH)}" for text, value in event.values]
        return f"{event.key}: {event.arm}{''.join(pairs)}"
    return f"{_filled(event.key, event.values)} is {event.arm}"


def taken(key: str, path: str, value: str) -> str:
    """A value with what takes it; `path` leads to a part of it."""
    if key in ("", "yield", "yield from", "with", "lambda"):
        word = {"": "returned", "lambda": "lambda gives"}.get(key, key)
        return f"{word} {path} = {value}" if path else f"{word} {value}"
    return f"{key} {value}" if key.endswith("=") else f"{key}{path} = {value}"


def both_taken(key: str, base: Tree, candidate: Tree, differences: Sequence[tuple[str, Tree, Tree]]) -> tuple[str, str]:
    """Both values with what takes them, or, where they are large, the first part that differs."""
    left, right = short(base, WIDTH), short(candidate, WIDTH)
    path, one, other = differences[0]
    if path and (left == right or left.endswith("…") or right.endswith("…")):
        left, right = both_short(one, other, WIDTH)
        return taken(key, path, left), taken(key, path, right)
    left, right = both_short(base, candidate, WIDTH)
    return taken(key, "", left), taken(key, "", right)


def raised(event: Event) -> str:
    """An exception that passed."""
    return f"{short(event.values[0][1], 100)} raised" if event.values else f"{event.key} raised"


def _truth(tree: Tree) -> str:
    return "true" if tree is True else "false" if tree is False else short(tree, WIDTH)


def _value(event: Event) -> str:
    return short(event.values[0][1], WIDTH) if event.values else "?"


def _filled(condition: str, operands: Sequence[tuple[str, Tree]]) -> str:
    """The condition with values in the place of its operands; a value alone stands behind what it is the value of."""
    try:
        tree = ast.parse(condition, mode="eval").body
    except SyntaxError:
        return condition
    return ast.unparse(_Filling(dict(operands)).visit(tree))


class _Filling(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, Tree]) -> None:
        self._values = values

    def visit(self, node: ast.AST) -> ast.AST:
        """Of a comparison each side, of other conditions the whole."""
        if isinstance(node, ast.Compare):
            node.left, *node.comparators = [self._value(part) for part in (node.left, *node.comparators)]
            return node
        if isinstance(node, ast.BoolOp) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)):
            return self.generic_visit(node)
        value = self._values.get(ast.unparse(node))
        if value is None or isinstance(value, bool):
            return node
        return ast.Name(f"{ast.unparse(node)} ({short(value, WIDTH)})", ast.Load())

    def _value(self, node: ast.expr) -> ast.expr:
        text = ast.unparse(node)
        return ast.Name(short(self._values[text], WIDTH), ast.Load()) if text in self._values else node
