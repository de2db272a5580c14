"""Inputs of traces: what an entry was given, one type for each way in which it is called.

An input knows the parts of it that may hold a secret, each under its name (`visit`), and itself as one value tree
(`tree`, and `input_of` back): that is how baselines of format 2 stored it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import msgspec

from .value_tree import BytesNode, DictNode, ListNode, Tree, TupleNode, field, record

Visit: TypeAlias = Callable[[str, Tree], Tree]
"""Of (name that a part stands under, empty where it has none; the part): what stands there in its place."""

CallKind: TypeAlias = Literal[
    "function", "method", "classmethod", "constructor", "property", "registered", "local", "deferred"
]
"""How a function is called again. A registered one is called by whom it was handed to, under no name; a local one has
no name that leads to it. A deferred one is a coroutine or an asynchronous generator of a baseline that says no more of
it: since `CallInput.awaits` such functions have the kind that a plain one has there."""

CALL_KINDS = frozenset(get_args(CallKind))


class HttpInput(msgspec.Struct, frozen=True, array_like=True, tag="http"):
    """A request."""

    environ: DictNode
    """Names and texts as in a WSGI environ (PEP 3333)."""
    body: bytes
    """As far as the application read it."""
    read_all: bool
    """Whether it read to the end."""

    def visit(self, visit: Visit) -> HttpInput:
        """A request is one part: what is said in one place of it may name what stands in another."""
        return http_input(visit("", self.tree()))

    def tree(self) -> Tree:
        """A record of its fields."""
        return record(environ=self.environ, body=BytesNode(self.body), read_all=self.read_all)


class CallInput(msgspec.Struct, frozen=True, array_like=True, tag="call"):
    """A call of a function."""

    kind: CallKind
    arguments: Tree
    """(receiver, positional arguments, named arguments), or what stands for them where they were too large."""
    parameters: list[str]
    """Names of the positional parameters, without the receiver."""
    caller: Tree = None
    """Of a function that looks at its caller: that frame; else `None`."""
    generates: bool = False
    """Whether it is a generator function, whose items are the outcome."""
    awaits: bool = False
    """Whether it is a coroutine function, or with `generates` an asynchronous generator function: an event loop drives
    what it returns."""

    @property
    def positional(self) -> list[Tree]:
        """Positional arguments; none where they are not known."""
        part = self.part(1)
        return part.items if isinstance(part, TupleNode) else []

    def part(self, position: int) -> Tree:
        """Receiver (0), positional (1) or named arguments (2); `None` where they are not known."""
        arguments = self.arguments
        return arguments.items[position] if isinstance(arguments, TupleNode) and len(arguments.items) == 3 else None

    def visit(self, visit: Visit) -> CallInput:
        """Arguments under the names of their parameters."""
        caller = visit("", self.caller) if self.caller is not None else None
        return msgspec.structs.replace(self, arguments=self.visit_arguments(self.arguments, visit), caller=caller)

    def visit_arguments(self, arguments: Tree, visit: Visit) -> Tree:
        """Arguments of this call, before or afterwards, each under the name of its parameter."""
        if not isinstance(arguments, TupleNode) or len(arguments.items) != 3:
            return visit("", arguments)
        receiver, positional, named = arguments.items
        shown = visit("", receiver)
        if isinstance(positional, TupleNode):
            names = [*self.parameters, *[""] * len(positional.items)]
            positional = TupleNode([visit(name, item) for name, item in zip(names, positional.items, strict=False)])
        return TupleNode([shown, positional, visit("", named)])

    def tree(self) -> Tree:
        """A record of its fields, without those that say nothing."""
        parts: dict[str, Tree] = {"generates": True} if self.generates else {}
        if self.awaits:
            parts["awaits"] = True
        if self.caller is not None:
            parts["caller"] = self.caller
        names: list[Tree] = [*self.parameters]
        return record(kind=self.kind, arguments=self.arguments, parameters=ListNode(names), **parts)


class DataInput(msgspec.Struct, frozen=True, array_like=True, tag="data"):
    """What an entry of a plugin was given, in a form that only it knows."""

    data: Tree

    def visit(self, visit: Visit) -> DataInput:
        """One part."""
        return DataInput(visit("", self.data))

    def tree(self) -> Tree:
        """The data."""
        return self.data


Input: TypeAlias = HttpInput | CallInput | DataInput


def input_of(like: Input, tree: Tree) -> Input:
    """The input of the same type that a tree says; raises `ValueError` where it says none."""
    match like:
        case HttpInput():
            return http_input(tree)
        case CallInput():
            return call_input(tree)
        case _:
            return DataInput(tree)


def upgraded(kind: str, tree: Tree) -> Input:
    """The input that a baseline of format 2 stored as a tree, of an entry of that kind; raises `ValueError`."""
    return http_input(tree) if kind == "wsgi" else call_input(tree)


def http_input(tree: Tree) -> HttpInput:
    """The request that `HttpInput.tree` gave; raises `ValueError` where it is none."""
    environ, body = field(tree, "environ"), field(tree, "body")
    if not (isinstance(environ, DictNode) and isinstance(body, BytesNode)):
        raise ValueError("it is no request")
    return HttpInput(environ, body.data, field(tree, "read_all") is True)


def call_input(tree: Tree) -> CallInput:
    """The call that `CallInput.tree` gave; raises `ValueError` where it is none."""
    kind, names = field(tree, "kind"), field(tree, "parameters")
    if kind not in CALL_KINDS:
        raise ValueError("it is no call")
    parameters = [str(name) for name in names.items] if isinstance(names, ListNode) else []
    known: CallKind = kind  # type: ignore[assignment]  # it is one of them
    generates, awaits = field(tree, "generates") is True, field(tree, "awaits") is True
    return CallInput(known, field(tree, "arguments"), parameters, field(tree, "caller"), generates, awaits)
