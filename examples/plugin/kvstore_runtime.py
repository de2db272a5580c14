"""The boundary of `kvstore`: its commands are recorded where a service runs, and answered where it is replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_runtime.recorders.plugins import (
    Boundary,
    Exchange,
    Operation,
    PlainCodec,
    RedactOptions,
    Tree,
    TupleNode,
    Undo,
    current_world,
    hookimpl,
    wrap,
)


def install(module: Any) -> Undo:
    """Replace the one method that talks to the server; `module` is `kvstore.client`."""
    return wrap(module.Client, "execute", _execute)


def _execute(wrapped: Any, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    world = current_world()
    if world is None:  # no trace is running
        return wrapped(*args, **kwargs)
    command, key, *rest = args
    operation = Operation("kvstore", command, client.url, "read" if command == "get" else "write")
    return world.call(operation, (key, *rest), lambda: wrapped(*args, **kwargs))


class Codec(PlainCodec):
    """A request is (key, further arguments)."""

    def label(self, operation: Operation, request: Tree) -> str:
        """`SET cart:7`, as reports show it."""
        return f"{operation.name.upper()} {_key(request)}"

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """A command and the kind of its key: the answer for one cart can stand for that of another."""
        return f"kvstore {operation.name} {_key(request).partition(':')[0]}"

    def visit(self, exchange: Exchange, names: Any, visit: Any) -> Exchange:
        """Values under the kind of their key, so that what is kept as `token:7` is redacted."""
        name = _key(exchange.request).partition(":")[0]
        request = exchange.request
        if isinstance(request, TupleNode):
            key, *rest = request.items
            request = TupleNode([visit("", key), *(visit(name, value) for value in rest)])
        return self.visited(exchange, visit, request, exchange.items, answer=name)


def _key(request: Tree) -> str:
    return str(request.items[0]) if isinstance(request, TupleNode) and request.items else ""


@hookimpl
def pytest_runtime_boundaries() -> Sequence[Boundary]:
    """What this plugin adds."""
    return [Boundary("kvstore", "kvstore.client", install, Codec(), exceptions=("kvstore",))]


@hookimpl
def pytest_runtime_redaction() -> RedactOptions:
    """Further names of secrets: values of `voucher:…` are worth money."""
    return RedactOptions(names=("voucher",))
