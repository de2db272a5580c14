"""The boundary of `httpcore`, and so of `httpx`, synchronous and asynchronous.

It stands where a pool is given a request: what `httpx` does above it (redirects, cookies, decoding, errors of its own)
runs as it is, in both worlds, over HTTP/1.1, HTTP/2 and proxies alike. The body of an answer is recorded as it is read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from ..context import UNSAMPLED, beside, current, current_world, enter, leave, leave_anyhow
from ..model.world import Effect, Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .http import HttpCodec

_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_KEPT_FACTS = ("http_version", "reason_phrase")
"""What an answer says besides status and headers, and is no part of the connection."""


def install(module: Any) -> Undo:
    """Put it in place in `httpcore`."""
    undos = Undos()
    undos.add(wrap(module.ConnectionPool, "handle_request", _handle))
    undos.add(wrap(module.AsyncConnectionPool, "handle_async_request", _handle_awaited))
    return undos.run


class _Sent:
    """The body of a request, kept while it is sent: what can be sent only once is never read ahead."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.pieces: list[bytes] = []

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._stream:
            self.pieces.append(bytes(piece))
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self.pieces.append(bytes(piece))
            yield piece


def _operation(request: Any) -> Operation:
    method = request.method.decode("ascii", "replace")
    effect: Effect = "read" if method.upper() in _READING else "write"
    return Operation("httpcore", method, _origin(request.url), effect)


def _origin(url: Any) -> str:
    port = f":{url.port}" if url.port is not None else ""
    return f"{url.scheme.decode('latin-1')}://{url.host.decode('latin-1')}{port}"


def _asked(request: Any, body: Iterable[bytes]) -> dict[str, Any]:
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    url = _origin(request.url) + request.url.target.decode("latin-1")
    return {"url": url, "headers": headers, "body": b"".join(body)}


def _facts(response: Any) -> tuple[Any, ...]:
    """What is recorded of an answer, besides its body."""
    further = {name: response.extensions[name] for name in _KEPT_FACTS if name in response.extensions}
    return response.status, list(response.headers), further


def _response(facts: Any, stream: Any) -> Any:
    import httpcore  # a module that the code under test has loaded: its pool asks

    status, headers, further = facts
    return httpcore.Response(status=status, headers=headers, content=stream, extensions=further)


def _begin(world: World, request: Any, body: Iterable[bytes]) -> Ticket:
    return world.begin(_operation(request), _asked(request, body))


def _raise(error: BaseException) -> Any:
    raise error


# --- synchronous ---


class _Body:
    """The body of an answer, recorded as it is read."""

    def __init__(self, ticket: Ticket, stream: Any) -> None:
        self._ticket = ticket
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        pieces = iter(self._stream)
        while (piece := self._ticket.next(lambda: next(pieces, None))) is not None:
            yield piece

    def close(self) -> None:
        if hasattr(self._stream, "close"):
            self._stream.close()


def _handle(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    request = args[0] if args else kwargs["request"]
    if world.recorded:
        ticket = _begin(world, request, request.stream)
        return _response(ticket.first(lambda: None), _Body(ticket, ()))
    request.stream = sent = _Sent(request.stream)
    token = enter(UNSAMPLED)
    try:
        response = wrapped(*args, **kwargs)
    except BaseException as error:
        leave(token)
        failure = error
        _begin(world, request, sent.pieces).first(lambda: _raise(failure))
        raise
    leave(token)
    ticket = _begin(world, request, sent.pieces)
    ticket.first(lambda: _facts(response))
    response.stream = _Body(ticket, response.stream)
    return response


# --- awaited ---


class _AwaitedBody:
    """The same, where the pieces are awaited."""

    def __init__(self, ticket: Ticket, stream: Any) -> None:
        self._ticket = ticket
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        pieces = self._stream.__aiter__()
        while (piece := await self._ticket.next_awaited(lambda: _next(pieces))) is not None:
            yield piece

    async def aclose(self) -> None:
        if hasattr(self._stream, "aclose"):
            await self._stream.aclose()


async def _next(pieces: Any) -> Any:
    try:
        return await pieces.__anext__()
    except StopAsyncIteration:
        return None


class _Nothing:
    """A body without pieces: behind a recorded world they come from the recording."""

    def __aiter__(self) -> _Nothing:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


def _handle_awaited(wrapped: Any, pool: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None:
        return wrapped(*args, **kwargs)
    request = args[0] if args else kwargs["request"]
    if world.recorded:
        return _answer_awaited(world, request)
    return _record_awaited(world, request, lambda: wrapped(*args, **kwargs))


async def _answer_awaited(world: World, request: Any) -> Any:
    ticket = _begin(world, request, [bytes(piece) async for piece in request.stream])
    return _response(ticket.first(lambda: None), _AwaitedBody(ticket, _Nothing()))


async def _record_awaited(world: World, request: Any, perform: Any) -> Any:
    request.stream = sent = _Sent(request.stream)
    token = enter(beside(current()))
    try:
        response = await perform()
    except BaseException as error:
        leave_anyhow(token)
        failure = error
        _begin(world, request, sent.pieces).first(lambda: _raise(failure))
        raise
    leave_anyhow(token)
    ticket = _begin(world, request, sent.pieces)
    ticket.first(lambda: _facts(response))
    response.stream = _AwaitedBody(ticket, response.stream)
    return response


CODEC = HttpCodec()
