"""The boundary of `kombu`, and so of Celery: messages that are handed to a broker, whatever the broker is.

It stands above the transports, so that a message is one exchange over AMQP, Redis, SQS or a folder. Of a task of Celery
it is the task with its arguments and options, without what Celery notes for its own accounts (who sent it, from which
process, as which text the arguments are shown). What is received is no exchange: a worker hands it to a function, which
is an entry.
"""

from __future__ import annotations

from typing import Any, Final

from ..capture.raw import is_instance
from ..context import current_world
from ..model.value_tree import Tree, field
from ..model.world import Operation
from ..patching import Undo, wrap
from .protocol import PlainCodec

_ACCOUNTS: Final = frozenset(
    {"argsrepr", "group_index", "kwargsrepr", "lang", "origin", "parent_id", "root_id", "stamped_headers", "stamps"}
)
"""Headers of a task that say nothing of what it does."""

_HANDLING: Final = frozenset(
    {"compression", "confirm_timeout", "content_encoding", "content_type", "declare", "delivery_mode", "retry"}
    | {"retry_policy", "serializer", "timeout"}
)
"""Arguments of `publish` that say how the message gets there, and not what it is."""

_NOTES: Final = frozenset({"parent_id", "reply_to", "root_id"})
"""Options of a task that is to follow, which say nothing of what it does."""

_DEPTH: Final = 50
"""Tasks inside of tasks that are looked through."""

_NAMES: Final = ("routing_key", "delivery_mode", "mandatory", "immediate", "priority")
"""Arguments of `publish` by position, after the body."""


def install(module: Any) -> Undo:
    """Put it in place in `kombu.messaging`."""
    return wrap(module.Producer, "publish", _publish)


def _publish(wrapped: Any, producer: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    body, *positional = args or (kwargs.get("body"),)
    given = {**dict(zip(_NAMES, positional, strict=False)), **kwargs}
    given.pop("body", None)
    place = _place(producer, given)
    results: list[Any] = []

    def perform() -> None:
        results.append(wrapped(*args, **kwargs))

    world.call(Operation("kombu", "publish", place, "write"), {"to": place, **_message(body, given)}, perform)
    return results[0] if results else None


def _place(producer: Any, given: dict[str, Any]) -> str:
    """Where it goes: `exchange/routing key`, or the queue alone."""
    held = vars(producer)
    exchange = given.pop("exchange", None) or held.get("exchange")
    name = getattr(exchange, "name", exchange) or ""
    key = given.pop("routing_key", None) or held.get("routing_key") or ""
    return f"{name}/{key}" if name else str(key)


def _message(body: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What is said, of a body and the other arguments of `publish`."""
    options = {name: value for name, value in given.items() if name not in _HANDLING and value not in (None, False, 0)}
    headers = options.pop("headers", None) or {}
    is_task = type(headers) is dict and type(body) is tuple and len(body) == 3 and "task" in headers
    if not is_task:
        return {"body": body, **({"headers": headers} if headers else {}), **options}
    for name in ("correlation_id", "reply_to"):
        options.pop(name, None)
    positional, named, embedded = body
    said = {name: value for name, value in headers.items() if name not in _ACCOUNTS and value is not None}
    return {
        **{name: said.pop(name) for name in ("task", "id") if name in said},
        "args": list(positional) if type(positional) in (list, tuple) else positional,
        "kwargs": named,
        **{name: value for name, value in said.items() if value not in (0, False, [None, None], (None, None))},
        **{name: _said(value) for name, value in (embedded or {}).items() if value},
        **options,
    }


def _said(value: Any, depth: int = 0) -> Any:
    """What is to be done further (a chain, callbacks): without what Celery notes in it for its own accounts."""
    if depth > _DEPTH:
        return value
    if type(value) in (list, tuple):
        return [_said(part, depth + 1) for part in value]
    if not is_instance(value, dict):
        return value
    return {key: _said(part, depth + 1) for key, part in dict.items(value) if key not in _NOTES}


class MessageCodec(PlainCodec):
    """Messages by the task that they ask for, or by where they go."""

    def label(self, operation: Operation, request: Tree) -> str:
        """`send shop.tasks.bill`, `publish orders/paid`."""
        task = field(request, "task")
        return f"send {task}" if isinstance(task, str) else f"publish {operation.resource}"

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """The task, wherever it is sent: no message has an answer of its own."""
        return f"{operation.boundary} {self.label(operation, request)}"


CODEC = MessageCodec()
"""Of all messages that the library sends."""
