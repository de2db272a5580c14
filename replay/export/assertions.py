"""Assertions that a value is what base made of it, its types included."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from ...recorders.model.value_tree import (
    DictNode,
    FrozenSetNode,
    ListNode,
    ObjectNode,
    SetNode,
    StandardNode,
    Tree,
    TupleNode,
)
from .body import Body, NoTest, identifier

TYPES_LIMIT = 40
"""Assertions of what `==` leaves open, for one value: a screen of them, beyond which a test is not read."""


def assert_value(body: Body, name: str, value: Tree) -> None:
    """Assert that a variable, or what is reached from one, has a value; raises `NoTest`."""
    match value:
        case None | bool():
            body.add(f"assert {name} is {value}")
        case float() if math.isnan(value):
            body.add(f"assert {name} != {name}  # it is not a number")
        case ObjectNode(cls=cls, names=names, values=values):
            if value.content is not None:
                raise NoTest(f"it evaluates to a {cls.partition(':')[2]} that a test cannot write down")
            body.add(f"assert type({name}) is {body.class_of(cls)}")
            for attribute, part in zip(names, values, strict=True):
                if not attribute.startswith("_"):
                    assert_value(body, f"{name}.{identifier(attribute)}", part)
        case _:
            body.add(f"assert {name} == {body.value(value, is_expected=True)}")
            body.add(*islice(_types(body, name, value), TYPES_LIMIT))


def _types(body: Body, name: str, value: Tree) -> Iterator[str]:
    """What `==` leaves open: `1`, `1.0` and `True` are equal to it, and so are `10.0` and `10.00`."""
    match value:
        case bool() | int():
            yield f"assert type({name}) is {type(value).__name__}"
        case float():
            yield f"assert repr({name}) == {repr(value)!r}"
        case StandardNode(kind="decimal"):
            yield f"assert repr({name}) == {f'Decimal({value.parts[0]!r})'!r}"
        case StandardNode(kind="int" | "fraction" | "bytearray"):
            kind = {"fraction": "Fraction"}.get(value.kind, value.kind)
            yield f"assert type({name}) is {kind}"
        case ListNode(items=items) | TupleNode(items=items):
            yield f"assert type({name}) is {'list' if isinstance(value, ListNode) else 'tuple'}"
            for position, item in enumerate(items):
                yield from _types(body, f"{name}[{position}]", item)
        case SetNode() | FrozenSetNode():
            yield f"assert type({name}) is {'set' if isinstance(value, SetNode) else 'frozenset'}"
        case DictNode(keys=keys, values=values):
            yield f"assert type({name}) is dict"
            for key, item in zip(keys, values, strict=True):
                yield from _types(body, f"{name}[{body.value(key, is_expected=True)}]", item)
        case _:
            return
