"""The boundary of name look-ups: `socket.getaddrinfo` and its like.

A look-up by a library that connects then is part of the session, and is not missed. What a program looks up by itself
is answered from the recording; a name that nobody looked up there stops the trace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..context import current_world
from ..model.value_tree import Tree, TupleNode
from ..model.world import Operation
from ..patching import Undo, Undos, wrap
from .dbapi import nothing
from .protocol import PlainCodec

_NAMES = ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo", "getfqdn")


def install(module: Any) -> Undo:
    """Put it in place in `socket`."""
    undos = Undos()
    for name in _NAMES:
        undos.add(wrap(module, name, _looking_up(name)))
    return undos.run


def _looking_up(name: str) -> Callable[..., Any]:
    def look_up(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        world = current_world()
        if world is None or (world.sandboxed and not world.recorded):
            return wrapped(*args, **kwargs)
        request = (*args, *([kwargs] if kwargs else ()))
        if world.recorded:
            answer = world.begin(Operation("socket", name, "names", "session"), request).first(nothing)
            return answer or world.call(Operation("socket", name, "names", "read"), request, nothing)
        came: list[Any] = []

        def run() -> Any:
            came.append(wrapped(*args, **kwargs))
            return came[0]

        world.begin(Operation("socket", name, "names", "session"), request).first(run)
        return came[0]

    return look_up


class NamesCodec(PlainCodec):
    """Look-ups by what is looked up."""

    def label(self, operation: Operation, request: Tree) -> str:
        """`GETADDRINFO mail.example.com`"""
        first = request.items[0] if isinstance(request, TupleNode) and request.items else ""
        return f"{operation.name.upper()} {first}".strip()

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """One name is no answer for another."""
        return f"{operation.boundary} {self.label(operation, request)}"


CODEC = NamesCodec()
