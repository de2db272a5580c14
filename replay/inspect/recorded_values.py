"""Recorded values in expressions: what operators and functions make of them, without any code of the service.

A value is a plain one of a built-in type where there is one, else a node. What has no value is `MISSING`.
"""

from __future__ import annotations

import ast
import decimal
import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ...recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
    encode,
)

LONGEST_TEXT = 100_000
"""Characters of a text that operators work on."""


class Missing:
    """What is not there."""

    def __bool__(self) -> bool:
        return False


MISSING = Missing()

Value: TypeAlias = Any
"""A plain value of a built-in type, a node that is none, or `MISSING`."""


_COMPARE: Mapping[type[ast.cmpop], Callable[[Value, Value], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC: Mapping[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


def function_value(name: str, arguments: list[Value]) -> Value:
    """What a function gives; `MISSING` for values that it is not for."""
    match name, arguments:
        case "len", [value]:
            return length_of(value)
        case "abs", [value]:
            return abs(value) if is_number(value) else MISSING
        case (("min" | "max"), values) if values and all(map(is_number, values)):
            return min(values) if name == "min" else max(values)
        case "str", [value]:
            return value if value is MISSING else str(value)[:LONGEST_TEXT]
        case (("int" | "float"), [str() | int() | float() as value]) if len(str(value)) < 100:
            try:
                return int(value) if name == "int" else float(value)
            except (ValueError, OverflowError):
                return MISSING
        case _:
            return MISSING


def method_value(value: Value, name: str, arguments: list[Value]) -> Value:
    """What a method of a value gives; `MISSING` where it has none of that name."""
    match name, value, arguments:
        case "startswith", str(), [str(part)]:
            return value.startswith(part)
        case "endswith", str(), [str(part)]:
            return value.endswith(part)
        case "lower", str(), []:
            return value[:LONGEST_TEXT].lower()
        case "upper", str(), []:
            return value[:LONGEST_TEXT].upper()
        case "get", _, [key]:
            found = part_of(value, key)
            return None if found is MISSING else found
        case "get", _, [key, default]:
            found = part_of(value, key)
            return default if found is MISSING else found
        case _:
            return MISSING


def plain(tree: Tree | Missing) -> Value:
    """A recorded value as one of a built-in type where there is one; else the node."""
    match tree:
        case AnchorNode(value=value):
            return plain(value)
        case StandardNode(kind="decimal", parts=[str(text)]):
            try:
                return decimal.Decimal(text)
            except decimal.InvalidOperation:
                return tree
        case StandardNode(kind="int", parts=[str(text)]) if len(text) < 1_000:
            return int(text, 16)
        case EnumNode(value=value):
            return plain(value)
        case BytesNode(data=data):
            return data
        case _:
            return tree


def part_of(value: Value, key: Value) -> Value:
    """A part of a value: an attribute, a key, or a position."""
    match plain(value):
        case DictNode(keys=keys, values=values) if type(key) in (str, int):
            return next((plain(item) for name, item in zip(keys, values, strict=True) if name == key), MISSING)
        case ObjectNode(names=names, values=values) if key in names:
            return plain(values[names.index(key)])
        case ListNode(items=items) | TupleNode(items=items) if type(key) is int and -len(items) <= key < len(items):
            return plain(items[key])
        case _:
            return MISSING


def labelled(exchanges: Value, wanted: Value) -> Value:
    """The exchange of a label, or the first whose label has a text in it: hosts and ports differ between machines."""
    if isinstance(exchanges, DictNode) and isinstance(wanted, str):
        labels = [str(label) for label in exchanges.keys]
        found = wanted if wanted in labels else next((label for label in labels if wanted in label), None)
        return MISSING if found is None else part_of(exchanges, found)
    return MISSING


def length_of(value: Value) -> Value:
    """How many items or characters a value has; `MISSING` where it has no length."""
    match value:
        case str() | bytes():
            return len(value)
        case ListNode(items=items) | TupleNode(items=items) | SetNode(items=items) | FrozenSetNode(items=items):
            return len(items)
        case DictNode(keys=keys):
            return len(keys)
        case _:
            return MISSING


def is_true(value: Value) -> bool:
    """Whether a value counts as true: as in Python, and what is missing does not."""
    length = length_of(value)
    return bool(value) if length is MISSING else bool(length)


def is_number(value: Value) -> bool:
    """Whether a value can be calculated with."""
    return type(value) in (int, float, bool, decimal.Decimal)


def calculated(op: ast.operator, left: Value, right: Value) -> Value:
    """Arithmetic on numbers, and `+` on texts; anything else has no value."""
    if isinstance(left, str) and isinstance(right, str) and isinstance(op, ast.Add):
        return (left + right)[:LONGEST_TEXT]
    if not (is_number(left) and is_number(right)):
        return MISSING
    if {type(left), type(right)} == {float, decimal.Decimal}:
        left, right = float(left), float(right)
    try:
        return ARITHMETIC[type(op)](left, right)
    except (ArithmeticError, ValueError):
        return MISSING


def compared(op: ast.cmpop, left: Value, right: Value) -> bool:
    """Whether a comparison holds; never of what is missing, and never between types that have no order."""
    match op:
        case ast.Is() | ast.Eq():
            return _equal(left, right)
        case ast.IsNot() | ast.NotEq():
            return left is not MISSING and right is not MISSING and not _equal(left, right)
        case ast.In():
            return _contains(right, left)
        case ast.NotIn():
            return left is not MISSING and right is not MISSING and not _contains(right, left)
        case _:
            comparable = (is_number(left) and is_number(right)) or (
                type(left) is type(right) and type(left) in (str, bytes)
            )
            return comparable and _COMPARE[type(op)](left, right)


def _equal(left: Value, right: Value) -> bool:
    if left is MISSING or right is MISSING:
        return False
    if is_number(left) and is_number(right):
        return bool(left == right)
    if type(left) is not type(right):
        return False
    return bool(left == right) if isinstance(left, str | bytes) or left is None else _same_tree(left, right)


def _same_tree(left: Value, right: Value) -> bool:
    if isinstance(left, list):
        return len(left) == len(right) and all(map(_equal, left, right))
    return encode(left) == encode(right)


def _contains(container: Value, item: Value) -> bool:
    if item is MISSING:
        return False
    match container:
        case str():
            return isinstance(item, str) and item in container
        case list():
            return any(_equal(known, item) for known in container)
        case ListNode(items=items) | TupleNode(items=items) | SetNode(items=items) | FrozenSetNode(items=items):
            return any(_equal(plain(known), item) for known in items)
        case DictNode(keys=keys):
            return any(_equal(plain(known), item) for known in keys)
        case _:
            return False
