"""The boundary of `redis`, synchronous and asynchronous: what a connection sends and reads.

It stands below everything that the library does: pipelines, transactions, scripts, locks, retries and pub/sub run as
they are, in both worlds. Each command is one exchange, answered by what the parser gives. Connecting, with all that is
said then, is one exchange of the session; checks of the connection's health belong to what they precede. Messages of a
subscription are the items of the command that subscribed.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ..context import UNSAMPLED, beside, current, current_world, enter, leave, leave_anyhow
from ..model.world import Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .redis_commands import SUBSCRIBING, RedisCodec, operation, split_commands


def install(module: Any) -> Undo:
    """Put it in place in `redis.connection`."""
    undos = Undos()
    owner = module.AbstractConnection if hasattr(module, "AbstractConnection") else module.Connection  # before 4.5
    for name, method in (
        ("connect", _connect),
        ("disconnect", _disconnect),
        ("send_packed_command", _send),
        ("can_read", _can_read),
        ("read_response", _read),
    ):
        undos.add(wrap(owner, name, method))
    return undos.run


def install_awaited(module: Any) -> Undo:
    """Put it in place in `redis.asyncio.connection`."""
    undos = Undos()
    owner = module.AbstractConnection if hasattr(module, "AbstractConnection") else module.Connection
    for name, method in (
        ("connect", _connect_awaited),
        ("disconnect", _disconnect),
        ("send_packed_command", _send_awaited),
        ("can_read", _can_read_awaited),
        ("can_read_destructive", _can_read_awaited),
        ("read_response", _read_awaited),
    ):
        if name in vars(owner):
            undos.add(wrap(owner, name, method))
    return undos.run


_STATE = "_runtime_exchanges"
"""The attribute in which a connection keeps what it has under way."""


class _UnderWay:
    """The exchanges that a connection has under way for one trace."""

    __slots__ = ("stream", "waiting", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self.waiting: deque[Ticket] = deque()
        self.stream: Ticket | None = None
        """The command that subscribed: from then on the connection gives messages."""

    def begin(self, packed: Any, resource: str) -> list[Ticket]:
        """Begin an exchange for each command that is sent."""
        tickets = []
        for command in split_commands(packed):
            asked, arguments = operation(command, resource)
            ticket = self.world.begin(asked, arguments)
            tickets.append(ticket)
            if self.stream is not None or asked.name in SUBSCRIBING:
                self.stream = self.stream or ticket
                ticket.first(_nothing)  # its answer is one of the messages
            else:
                self.waiting.append(ticket)
        return tickets

    @property
    def next(self) -> Ticket | None:
        """Whose answer comes next, or whose message."""
        return self.waiting[0] if self.waiting else self.stream


def _nothing() -> None:
    return None


def _under_way(connection: Any, world: World | None) -> _UnderWay | None:
    """What a connection has under way for the running trace."""
    found: _UnderWay | None = vars(connection).get(_STATE) if world is not None else None
    return found if found is not None and found.world is world else None


def _opened(connection: Any, world: World) -> _UnderWay:
    found = _under_way(connection, world)
    if found is None:
        found = _UnderWay(world)
        setattr(connection, _STATE, found)
    return found


def _resource(connection: Any) -> str:
    place = getattr(connection, "path", None) or f"{connection.host}:{connection.port}"
    return f"redis:{place}/{connection.db}"


def _connecting(connection: Any) -> Operation:
    return Operation("redis", "connect", _resource(connection), "session")


def _is_connected(connection: Any) -> bool:
    held = vars(connection)
    return held.get("_sock") is not None or held.get("_writer") is not None


def _disconnect(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    vars(connection).pop(_STATE, None)
    return wrapped(*args, **kwargs)


# --- synchronous ---


def _connect(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> None:
    world = current_world()
    if world is None or (not world.recorded and _is_connected(connection)):
        wrapped(*args, **kwargs)
    elif _under_way(connection, world) is None or not world.recorded:
        world.call(_connecting(connection), None, lambda: wrapped(*args, **kwargs))
        if world.recorded:
            _opened(connection, world)


def _send(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> None:
    world = current_world()
    if world is None:
        wrapped(*args, **kwargs)
        return
    command = args[0] if args else kwargs["command"]
    tickets = _opened(connection, world).begin(command, _resource(connection))
    if world.recorded:
        return
    token = enter(UNSAMPLED)
    try:
        wrapped(*args, **kwargs)
    except BaseException as error:
        _failed(connection, tickets, error)
        raise
    finally:
        leave(token)


def _failed(connection: Any, tickets: list[Ticket], error: BaseException) -> None:
    """What was to be sent together could not be: the first one says so, and none of them has an answer."""

    def perform() -> None:
        raise error

    vars(connection).pop(_STATE, None)
    try:
        tickets[0].first(perform)
    except BaseException:  # noqa: BLE001 - raised by the caller
        return


def _can_read(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    under_way = _under_way(connection, world)
    ticket = under_way.next if under_way is not None else None
    if ticket is not None:
        return ticket.next(lambda: [wrapped(*args, **kwargs)])[0]
    return False if world is not None and world.recorded else wrapped(*args, **kwargs)


def _read(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    under_way = _under_way(connection, current_world())
    ticket = under_way.next if under_way is not None else None
    if under_way is None or ticket is None:
        return wrapped(*args, **kwargs)
    if ticket is under_way.stream:
        return ticket.next(lambda: [wrapped(*args, **kwargs)])[0]
    under_way.waiting.popleft()
    return ticket.first(lambda: wrapped(*args, **kwargs))


# --- awaited; without a world the library's own coroutine is handed on ---


def _connect_awaited(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None or (not world.recorded and _is_connected(connection)):
        return wrapped(*args, **kwargs)
    return _do_connect(world, connection, lambda: wrapped(*args, **kwargs))


async def _do_connect(world: World, connection: Any, perform: Any) -> None:
    if world.recorded and _under_way(connection, world) is not None:
        return
    await world.call_awaited(_connecting(connection), None, perform)
    if world.recorded:
        _opened(connection, world)


def _send_awaited(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    command = args[0] if args else kwargs["command"]
    return _do_send(world, connection, command, lambda: wrapped(*args, **kwargs))


async def _do_send(world: World, connection: Any, command: Any, perform: Any) -> None:
    tickets = _opened(connection, world).begin(command, _resource(connection))
    if world.recorded:
        return
    token = enter(beside(current()))
    try:
        await perform()
    except BaseException as error:
        _failed(connection, tickets, error)
        raise
    finally:
        leave_anyhow(token)


def _can_read_awaited(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    under_way = _under_way(connection, world)
    ticket = under_way.next if under_way is not None else None
    if ticket is not None:
        return _first_of(ticket.next_awaited(lambda: _one(wrapped(*args, **kwargs))))
    return _no() if world is not None and world.recorded else wrapped(*args, **kwargs)


def _read_awaited(wrapped: Any, connection: Any, args: Any, kwargs: Any) -> Any:
    under_way = _under_way(connection, current_world())
    ticket = under_way.next if under_way is not None else None
    if under_way is None or ticket is None:
        return wrapped(*args, **kwargs)
    if ticket is under_way.stream:
        return _first_of(ticket.next_awaited(lambda: _one(wrapped(*args, **kwargs))))
    under_way.waiting.popleft()
    return ticket.first_awaited(lambda: wrapped(*args, **kwargs))


async def _one(reading: Any) -> list[Any]:
    """An item that is never `None`, which would be the end."""
    return [await reading]


async def _first_of(item: Any) -> Any:
    return (await item)[0]


async def _no() -> bool:
    return False


CODEC = RedisCodec()
