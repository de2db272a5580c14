"""The boundary of `pymemcache`: what a client sends over its connection, and the lines and values that it reads.

Pools, hash rings, retries and serializers stand above it and run as they are, in both worlds. While a command runs, the
client's connection is one that sees the commands in what is sent; each is one exchange. Lines and values that answer
`get` and its like are items. Connecting is an exchange of the session.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..context import UNSAMPLED, current_world, enter, leave
from ..model.value_tree import Tree, TupleNode, record
from ..model.world import Effect, Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .cache_keys import kind_of, name_of, plain
from .dbapi import nothing, record_error
from .no_socket import NoSocket
from .protocol import PlainCodec, Visit

if TYPE_CHECKING:
    from ..model.trace import Exchange


def install(module: Any) -> Undo:
    """Put it in place in `pymemcache.client.base`."""
    undos = Undos()
    for name in ("_fetch_cmd", "_store_cmd", "_misc_cmd"):
        undos.add(wrap(module.Client, name, _command))
    undos.add(wrap(module.Client, "_connect", _connect))
    for name in ("_readline", "_readvalue", "_readsegment"):
        if name in vars(module):
            undos.add(wrap(module, name, _read))
    return undos.run


_STORING = frozenset({"set", "add", "replace", "append", "prepend", "cas"})
_READING = frozenset({"get", "gets", "gat", "gats", "stats", "version", "mn", "me", "mg"})
_OF_SESSION = frozenset({"quit", "verbosity"})
"""Commands by what they do (memcached, `doc/protocol.txt`); `gat` changes nothing but when a value is dropped."""


class _Connection:
    """A client's connection while a command of a trace runs."""

    def __init__(self, below: Any, world: World, resource: str) -> None:
        self.below = below
        self._world = world
        self._resource = resource
        self._waiting: deque[Ticket] = deque()
        self._stream: Ticket | None = None
        """The command that is answered by several lines and values."""

    def sendall(self, data: bytes) -> None:
        """Commands are sent."""
        tickets = []
        for name, request in split_commands(data):
            operation = Operation("pymemcache", name, self._resource, _effect(name))
            ticket = self._world.begin(operation, request)
            tickets.append(ticket)
            if name in _READING and name != "version":
                self._stream = ticket
            elif request[-1] == "noreply" or name in _OF_SESSION:
                ticket.first(nothing)
            else:
                self._waiting.append(ticket)
        if not self._world.recorded:
            token = enter(UNSAMPLED)
            try:
                self.below.sendall(data)
            except BaseException as error:
                record_error(tickets[0], error)
                raise
            finally:
                leave(token)
        if self._stream is not None:
            self._stream.first(nothing)

    def read(self, wrapped: Any, buffered: bytes, rest: tuple[Any, ...], kwargs: Any) -> tuple[bytes, Any]:
        """The next line or value, behind what was received with the one before it."""
        left = [b""]

        def perform() -> Any:
            left[0], came = wrapped(self.below, buffered, *rest, **kwargs)
            return bytes(came)

        if self._waiting:
            return_value = self._waiting.popleft().first(perform)
        elif self._stream is not None:
            return_value = self._stream.next(perform)
        else:
            return wrapped(self.below, buffered, *rest, **kwargs)  # type: ignore[no-any-return]
        return left[0], return_value

    def close(self) -> None:
        """The client gives the connection up."""
        self.below.close()


def _resource(client: Any) -> str:
    server = client.server
    return f"memcached:{server[0]}:{server[1]}" if isinstance(server, tuple) else f"memcached:{server}"


@contextlib.contextmanager
def _observed(client: Any, world: World) -> Iterator[None]:
    """Within, what the client's connection sends is seen."""
    if client.sock is not None:
        client.sock = _Connection(client.sock, world, _resource(client))
    try:
        yield
    finally:
        if type(client.sock) is _Connection:
            client.sock = client.sock.below


def _command(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None or type(client.sock) is _Connection:
        return wrapped(*args, **kwargs)
    with _observed(client, world):
        return wrapped(*args, **kwargs)


def _connect(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    if not (world.sandboxed and not world.recorded):
        operation = Operation("pymemcache", "connect", _resource(client), "session")
        world.call(operation, None, lambda: wrapped(*args, **kwargs))
    else:
        wrapped(*args, **kwargs)
    client.sock = _Connection(NoSocket() if world.recorded else client.sock, world, _resource(client))
    return None


def _read(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
    connection, buffered, *rest = args
    if type(connection) is not _Connection:
        return wrapped(*args, **kwargs)
    return connection.read(wrapped, buffered, tuple(rest), kwargs)


# --- commands ---


def split_commands(data: bytes) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Name and arguments of each command in what is sent, as texts where they are UTF-8; of one that stores, its value
    comes behind them. The last is "noreply" where no answer is wanted."""
    at = 0
    while at < len(data):
        end = data.find(b"\r\n", at)
        end = len(data) if end < 0 else end
        words = [_text(word) for word in data[at:end].split(b" ") if word]
        name, arguments = str(words[0]), words[1:]
        at = end + 2
        if name in _STORING and len(arguments) > 3:
            size = int(arguments[3])
            key, flags, expire, _size, *rest = arguments
            arguments = [key, flags, expire, _text(data[at : at + size]), *rest]
            at += size + 2
        yield name, tuple(arguments) or ("",)


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def _effect(name: str) -> Effect:
    if name in _OF_SESSION:
        return "session"
    return "read" if name in _READING else "write"


class MemcacheCodec(PlainCodec):
    """Commands are compared by their key, their value and what stands beside it."""

    def label(self, operation: Operation, request: Tree) -> str:
        """Command and key: `SET cart:7`."""
        return f"{operation.name.upper()} {_key(request)}".strip()

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """The key, the value that is stored, and the other arguments in order."""
        if not isinstance(request, TupleNode):
            return request
        if operation.name in _STORING and len(request.items) > 3:
            key, flags, expire, value, *rest = request.items
            return record(key=key, value=value, flags=flags, expire=expire, arguments=TupleNode(rest))
        return record(key=request.items[0], arguments=TupleNode(request.items[1:]))

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """The command and the kind of its key: the answer for one cart can stand for that of another."""
        return f"pymemcache {operation.name} {kind_of(_key(request))}"

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """Values under the kind of their key: what is kept as `token:7` is a token."""
        request = exchange.request
        if not isinstance(request, TupleNode):
            return super().visit(exchange, names, visit)
        stores = exchange.operation in _STORING
        called = name_of(request.items[0])
        parts = [visit(called if stores and at == 3 else "", part) for at, part in enumerate(request.items)]
        return self.visited(exchange, visit, TupleNode(parts), _visited_items(exchange.items, visit))


def _visited_items(items: list[Tree], visit: Visit) -> list[Tree]:
    """Values under the keys of the lines before them; lines are `VALUE key flags size` and `END`."""
    shown: list[Tree] = []
    called = ""
    for item in items:
        if called:
            shown.append(visit(called, item))
            called = ""
            continue
        words = plain(item).split(" ")
        called = (name_of(words[1]) or " ") if words[0] == "VALUE" and len(words) > 3 else ""
        shown.append(visit("", item))
    return shown


def _key(request: Tree) -> str:
    return plain(request.items[0]) if isinstance(request, TupleNode) and request.items else ""


CODEC = MemcacheCodec()
