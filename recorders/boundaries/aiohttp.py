"""The boundary of the client of `aiohttp`.

It stands where a session asks for a connection, sends a request over it and waits for the head of the answer: what the
session does above it (redirects, cookies, retries, limits of time, errors of its own) runs as it is, in both worlds. In
a replay a connection is connected to nothing, and a body comes from the recording as the program reads it. WebSockets
pass, and are named as gaps.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..context import beside, current, current_world, enter, leave_anyhow
from ..model.value_tree import BytesNode, Tree
from ..model.world import Effect, Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .aiohttp_inert import inert_classes, or_never
from .http import HttpCodec

_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def install(module: Any) -> Undo:
    """Put it in place in `aiohttp.client`."""
    from aiohttp.streams import StreamReader  # the client has loaded it

    undos = Undos()
    undos.add(wrap(module.BaseConnector, "connect", _connect))
    undos.add(wrap(module.ClientRequest, "send", _send))
    undos.add(wrap(module.ClientRequest, "write_bytes", _write_body))
    undos.add(wrap(module.ClientResponse, "start", _start))
    undos.add(wrap(StreamReader, "feed_data", _data_came))
    undos.add(wrap(StreamReader, "feed_eof", _body_ended))
    undos.add(wrap(StreamReader, "set_exception", _body_failed))
    undos.add(wrap(StreamReader, "_wait", _wait_for_body))
    return undos.run


class Codec(HttpCodec):
    """As of every client of HTTP; a body that broke off before its first byte differs from an answer that did."""

    def join(self, items: list[Tree]) -> list[Tree]:
        """One piece, which may be empty."""
        return super().join(items) or ([BytesNode(b"")] if items else [])


def _operation(request: Any) -> Operation:
    effect: Effect = "read" if request.method in _READING else "write"
    return Operation("aiohttp", request.method, str(request.url.origin()), effect)


def _begin(world: World, request: Any) -> Ticket:
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        known = next((one for one in headers if one.lower() == name.lower()), str(name))
        headers[known] = f"{headers[known]}, {value}" if known in headers else str(value)
    body = b"".join(vars(request).get("_sent_pieces", ()))
    return world.begin(_operation(request), {"url": str(request.url), "headers": headers, "body": body})


def _is_upgrade(request: Any) -> bool:
    """Whether the connection will speak something else than HTTP from then on."""
    return request.method == "CONNECT" or "Upgrade" in request.headers


def _failed(ticket: Ticket, error: BaseException) -> None:
    """Record that the answer, or what is left of it, is an exception, which somebody else raises."""

    def perform() -> Any:
        raise error

    try:
        ticket.next(perform)
    except BaseException as raised:
        if raised is not error:
            raise


# --- connecting ---


def _connect(wrapped: Any, connector: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    request = args[0] if args else kwargs["req"]
    if world is None or _is_upgrade(request):
        return wrapped(*args, **kwargs)
    if world.recorded:
        return _pretend(connector, request)
    return _record_connecting(world, request, lambda: wrapped(*args, **kwargs))


async def _record_connecting(world: World, request: Any, perform: Callable[[], Any]) -> Any:
    token = enter(beside(current()))
    try:
        connection = await perform()
    except BaseException as error:
        leave_anyhow(token)
        _failed(_begin(world, request), _as_raised(request, error))
        raise
    leave_anyhow(token)
    return connection


def _as_raised(request: Any, error: BaseException) -> BaseException:
    """What the session makes of an exception: in a replay it is raised where a connection stands already."""
    import aiohttp

    kind = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)
    return kind(f"Connection timeout to host {request.url}") if type(error) is TimeoutError else error


async def _pretend(connector: Any, request: Any) -> Any:
    from aiohttp.connector import Connection

    loop = connector._loop
    return Connection(connector, request.connection_key, inert_classes().Protocol(loop), loop)


# --- sending ---


def _send(wrapped: Any, request: Any, args: Any, kwargs: Any) -> Any:
    if current_world() is None or _is_upgrade(request):
        return wrapped(*args, **kwargs)
    return _keep_request(request, lambda: wrapped(*args, **kwargs))


async def _keep_request(request: Any, perform: Callable[[], Any]) -> Any:
    request._sent_pieces = []
    response = await perform()
    response._sent_request = request
    return response


def _write_body(wrapped: Any, request: Any, args: Any, kwargs: Any) -> Any:
    """Keep the body while it is written: what can be read only once is never read ahead."""
    pieces = vars(request).get("_sent_pieces")
    if pieces is not None:
        writer = args[0] if args else kwargs["writer"]
        write = writer.write

        def keep(chunk: Any, *further: Any, **options: Any) -> Any:
            pieces.append(bytes(chunk))
            return write(chunk, *further, **options)

        writer.write = keep
    return wrapped(*args, **kwargs)


# --- the head of the answer ---


def _start(wrapped: Any, response: Any, args: Any, kwargs: Any) -> Any:
    request = vars(response).pop("_sent_request", None)
    world = current_world()
    if world is None or request is None:
        return wrapped(*args, **kwargs)
    connection = args[0] if args else kwargs["connection"]
    perform = functools.partial(wrapped, *args, **kwargs)
    if world.recorded:
        return _answer(world, request, response, connection.protocol, perform)
    return _record(world, request, response, connection.protocol, perform)


async def _record(world: World, request: Any, response: Any, protocol: Any, perform: Callable[[], Any]) -> Any:
    try:
        started = await perform()
    except BaseException as error:
        unreadable = _unreadable(error)
        if unreadable is not None:
            _begin(world, request).first(lambda: unreadable)
        else:
            _failed(_begin(world, request), error)
        raise
    ticket = _begin(world, request)
    ticket.first(lambda: _facts(response))
    _watch(ticket, response.content, protocol)
    return started


def _facts(response: Any) -> tuple[Any, ...]:
    """What is recorded of an answer, besides its body."""
    return response.status, response.reason, tuple(response.version), list(response.raw_headers)


def _unreadable(error: BaseException) -> dict[str, Any] | None:
    """What is recorded of an answer that is none of HTTP: of it, the library makes its exception again."""
    import aiohttp

    if not isinstance(error, aiohttp.ClientResponseError):
        return None
    headers = [(str(name), str(value)) for name, value in error.headers.items()] if error.headers is not None else None
    return {"code": error.status, "message": error.message, "headers": headers}


async def _answer(world: World, request: Any, response: Any, protocol: Any, perform: Callable[[], Any]) -> Any:
    import asyncio

    await _body_is_sent(response)
    ticket = _begin(world, request)
    await asyncio.sleep(0)  # an answer takes its time: other tasks go on
    facts = await or_never(response._loop, lambda: ticket.first(lambda: None))
    if isinstance(facts, dict):
        protocol.set_exception(_processing_error(facts))
    elif protocol.exception() is None:
        reader = inert_classes().Reader(protocol, 2**16, timer=response._timer, loop=response._loop)
        reader.ticket = ticket
        protocol.feed_data((_message(facts), reader), 0)
    return await perform()


async def _body_is_sent(response: Any) -> None:
    import asyncio

    going_on = response._continue
    if going_on is not None:
        response._continue = None
        if not going_on.done():
            going_on.set_result(True)
    if response._writer is not None:
        await asyncio.wait([response._writer])


def _processing_error(facts: dict[str, Any]) -> Exception:
    from aiohttp.http_exceptions import HttpProcessingError
    from multidict import CIMultiDict

    headers = CIMultiDict(facts["headers"]) if facts["headers"] is not None else None
    return HttpProcessingError(code=facts["code"], message=facts["message"], headers=headers)


def _message(facts: Any) -> Any:
    from aiohttp.http import HttpVersion
    from aiohttp.http_parser import RawResponseMessage
    from multidict import CIMultiDict, CIMultiDictProxy

    status, reason, version, raw = facts
    pairs = [(name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")) for name, value in raw]
    headers = CIMultiDictProxy(CIMultiDict(pairs))
    raw_headers = tuple((bytes(name), bytes(value)) for name, value in raw)
    return RawResponseMessage(HttpVersion(*version), status, reason, headers, raw_headers, True, None, False, False)


# --- its body, as it comes ---


def _watch(ticket: Ticket, reader: Any, protocol: Any) -> None:
    """Record what is there of a body, and what will come: a connection brings one body at a time."""
    for piece in getattr(reader, "_buffer", ()):
        ticket.next(functools.partial(bytes, piece))
    error = reader.exception()
    if reader.is_eof():
        ticket.next(lambda: None)
    elif error is not None:
        _break_off(ticket, error)
    else:
        protocol._watched_body = (reader, ticket)


def _watched(reader: Any) -> Ticket | None:
    found = getattr(reader._protocol, "_watched_body", None)
    return found[1] if found is not None and found[0] is reader else None


def _break_off(ticket: Ticket, error: BaseException) -> None:
    ticket.next(lambda: b"")  # the head was there
    _failed(ticket, error)


def _data_came(wrapped: Any, reader: Any, args: Any, kwargs: Any) -> Any:
    ticket = _watched(reader)
    if ticket is not None:
        data = args[0] if args else kwargs["data"]
        if data:
            ticket.next(lambda: bytes(data))
    return wrapped(*args, **kwargs)


def _body_ended(wrapped: Any, reader: Any, args: Any, kwargs: Any) -> Any:
    ticket = _watched(reader)
    if ticket is not None:
        reader._protocol._watched_body = None
        ticket.next(lambda: None)
    return wrapped(*args, **kwargs)


def _body_failed(wrapped: Any, reader: Any, args: Any, kwargs: Any) -> Any:
    ticket = _watched(reader)
    if ticket is not None:
        reader._protocol._watched_body = None
        error = args[0] if args else kwargs["exc"]
        if not _is_closing(error):
            _break_off(ticket, error)
    return wrapped(*args, **kwargs)


def _is_closing(error: Any) -> bool:
    """Whether the program itself closes an answer whose body it did not read to its end."""
    import aiohttp

    return type(error) is aiohttp.ClientConnectionError and error.args == ("Connection closed",)


def _wait_for_body(wrapped: Any, reader: Any, args: Any, kwargs: Any) -> Any:
    ticket = _watched(reader)
    return wrapped(*args, **kwargs) if ticket is None else _record_wait(ticket, reader, wrapped(*args, **kwargs))


async def _record_wait(ticket: Ticket, reader: Any, waiting: Any) -> None:
    try:
        await waiting
    except BaseException as error:
        if _watched(reader) is ticket:  # nothing was wrong with the body: its time was over, or nobody wants it now
            _break_off(ticket, error)
        raise


CODEC = Codec()
