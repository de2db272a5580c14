"""Outbound requests: what makes two the same, and what makes two the same operation.

Exact is: equal as captured, or equal in the canonical form that the boundary's codec gives. The same operation is what
the codec says whose answers can stand for each other.
"""

from __future__ import annotations

from typing import TypeAlias

from ...recorders.installed import loaded
from ...recorders.model.value_tree import Tree, encode
from ...recorders.model.world import Effect, Operation

Key: TypeAlias = bytes


def exact_key(operation: Operation, request: Tree) -> Key:
    """Equal for requests that are equal as captured."""
    return f"{operation.boundary}\0{operation.name}\0".encode() + encode(request)


def canonical_key(operation: Operation, request: Tree) -> Key:
    """Equal for requests that say the same in other words."""
    return exact_key(operation, described(operation, request))


def operation_key(operation: Operation, request: Tree) -> str:
    """Equal for requests whose answers can stand for each other."""
    return loaded().codec(operation.boundary).operation_key(operation, request)


def label(operation: Operation, request: Tree) -> str:
    """A request in a few words: `POST fraud/validate`, `INSERT trades`."""
    return loaded().codec(operation.boundary).label(operation, request)


def described(operation: Operation, request: Tree) -> Tree:
    """A request as the fields that are compared."""
    return loaded().codec(operation.boundary).canonical(operation, request)


def effect_of(operation: Operation, request: Tree) -> Effect:
    """What an exchange does to the other side."""
    return loaded().codec(operation.boundary).effect(operation, request)


def answer_of(operation: Operation, asked: Tree, recorded: Tree, answer: Tree) -> Tree:
    """The recorded answer to a request that says the same in other words."""
    return loaded().codec(operation.boundary).adapt_answer(asked, recorded, answer)


def read_ahead(boundary: str, request: Tree) -> None:
    """Do what asking about a request needs, so that asking later, in a fork of this process, is quick."""
    loaded().codec(boundary).prepare(request)
