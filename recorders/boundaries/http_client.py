"""The HTTP boundary: everything over `http.client`, and so `urllib`, `urllib3` and `requests`.

A request is collected as it is sent. A response is recorded as the raw bytes that the socket gave, teed below the
buffer as they are read, and parsed on replay by `http.client` itself, so chunking, early close and streaming are the
same code in both worlds.
"""

from __future__ import annotations

import http.client as client
import io
import os
from collections.abc import Callable
from typing import Any

from ..context import current_world
from ..model.world import Effect, Operation, Ticket, World
from ..patching import Undo, Undos, replace
from .http import HttpCodec

_READING = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

_real = client.HTTPConnection
_init = _real.__init__
_putrequest = _real.putrequest
_send = _real.send
_getresponse = _real.getresponse


def install(module: Any = None) -> Undo:
    """Put the boundary in place; returns its undo."""
    undos = Undos()
    for name, method in (
        ("__init__", _init_connection),
        ("putrequest", _begin_request),
        ("send", _send_data),
        ("getresponse", _get_response),
    ):
        undos.add(replace(_real, name, method))
    return undos.run


class _Outgoing:
    """A request on its way out: what was asked, and the bytes sent after the headers."""

    __slots__ = ("body", "headers", "headers_sent", "method", "target")

    def __init__(self, method: str, target: str) -> None:
        self.method = method
        self.target = target
        self.headers: list[tuple[str, str]] = []
        self.headers_sent = False
        self.body: list[bytes] = []


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _init_connection(self: Any, *args: Any, **kwargs: Any) -> None:
    _init(self, *args, **kwargs)
    self._outgoing = None


def _begin_request(self: Any, method: str, url: str, *args: Any, **kwargs: Any) -> None:
    world = current_world()
    self._outgoing = _Outgoing(_text(method), _text(url)) if world is not None else None
    _shadow_connect(self, world)
    _putrequest(self, method, url, *args, **kwargs)


def _shadow_connect(connection: Any, world: World | None) -> None:
    """Behind a recorded world a connection never connects, whichever subclass defines how."""
    if world is not None and world.recorded:
        connection.connect = lambda: _pretend(connection)
        if not isinstance(connection.sock, _RecordedSocket):
            connection.sock = None
    elif "connect" in vars(connection):
        del connection.connect
        connection.sock = None


def _pretend(connection: Any) -> None:
    connection.sock = _RecordedSocket()
    if hasattr(connection, "is_verified"):
        connection.is_verified = True  # urllib3 warns of unverified TLS; there is none here to verify


def _send_data(self: Any, data: Any) -> None:
    outgoing: _Outgoing | None = getattr(self, "_outgoing", None)
    world = current_world()
    if outgoing is None or world is None:
        _send(self, data)
        return
    data = _kept(outgoing, data)
    if world.recorded:
        if self.sock is None:
            self.connect()
        return
    try:
        _send(self, data)
    except BaseException as error:  # noqa: BLE001 - raised again by the ticket
        world.begin(_operation(self, outgoing), _request(self, outgoing)).first(_raising(error))


def _raising(error: BaseException) -> Callable[[], Any]:
    def perform() -> Any:
        raise error

    return perform


def _kept(outgoing: _Outgoing, data: Any) -> Any:
    """Keep what is sent; a file or an iterator is read into memory once, as it would be read here anyway."""
    if hasattr(data, "read"):
        data = data.read()
        if isinstance(data, str):
            data = data.encode("iso-8859-1")
    elif not isinstance(data, (bytes, bytearray, memoryview)):
        data = b"".join(data)
    kept = bytes(data)
    if outgoing.headers_sent:
        outgoing.body.append(kept)
    else:  # the first send holds the request line and the headers, and often the start of the body
        outgoing.headers_sent = True
        head, _blank, rest = kept.partition(b"\r\n\r\n")
        outgoing.headers = _headers(head)
        outgoing.body.append(rest)
    return data


def _headers(head: bytes) -> list[tuple[str, str]]:
    """Names and values of the header lines below a request line; a folded line belongs to the one before."""
    lines = head.decode("latin-1").replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return [(name, value.strip()) for name, _colon, value in pairs]


def _origin(connection: Any) -> str:
    scheme = "https" if isinstance(connection, client.HTTPSConnection) else "http"
    host = getattr(connection, "_tunnel_host", None) or connection.host
    port = (getattr(connection, "_tunnel_port", None) if connection.host != host else None) or connection.port
    return f"{scheme}://{host}:{port}"


def _effect(method: str) -> Effect:
    return "read" if method.upper() in _READING else "write"


def _operation(connection: Any, outgoing: _Outgoing) -> Operation:
    return Operation("http", outgoing.method, _origin(connection), _effect(outgoing.method))


def _request(connection: Any, outgoing: _Outgoing) -> dict[str, Any]:
    return {
        "url": _origin(connection) + outgoing.target,
        "headers": dict(outgoing.headers),
        "body": b"".join(outgoing.body),
    }


def _get_response(self: Any) -> Any:
    outgoing: _Outgoing | None = getattr(self, "_outgoing", None)
    world = current_world()
    if outgoing is None or world is None:
        return _getresponse(self)
    self._outgoing = None
    ticket = world.begin(_operation(self, outgoing), _request(self, outgoing))
    if world.recorded:
        ticket.first(lambda: None)
        if not isinstance(self.sock, _RecordedSocket):
            self.connect()
        self.sock.ticket = ticket
        return _getresponse(self)
    real = self.sock
    if real is not None:
        self.sock = _TeeingSocket(real, ticket)
    got: list[Any] = []
    try:
        ticket.first(lambda: got.append(_getresponse(self)))
    finally:
        if isinstance(self.sock, _TeeingSocket):
            self.sock = real
    return got[0]


class _TeeingSocket:
    """Stands for the socket while `http.client` takes a reading file of it; that file tees."""

    def __init__(self, sock: Any, ticket: Ticket) -> None:
        self._sock = sock
        self._ticket = ticket

    def makefile(self, mode: str, *args: Any, **kwargs: Any) -> io.BufferedReader:
        return io.BufferedReader(_Tee(self._sock.makefile(mode, 0), self._ticket))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Tee(io.RawIOBase):
    """The raw file of a socket; every chunk that is read goes to the ticket too."""

    def __init__(self, raw: Any, ticket: Ticket) -> None:
        self._raw = raw
        self._ticket = ticket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        count: int | None = 0

        def perform() -> bytes | None:
            nonlocal count
            count = self._raw.readinto(buffer)
            return bytes(buffer[:count]) if count else None

        self._ticket.next(perform)
        return count

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    def close(self) -> None:
        try:
            self._raw.close()
        finally:
            super().close()


class _Recording(io.RawIOBase):
    """The raw file that gives the recorded bytes of a response."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left:
            self._left = self._ticket.next(lambda: None) or b""
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


class _RecordedSocket:
    """What a connection holds behind a recorded world: it sends nowhere and reads from the recording."""

    ticket: Ticket | None = None
    _null: int | None = None

    def makefile(self, mode: str, *args: Any, **kwargs: Any) -> io.BufferedReader:
        assert self.ticket is not None
        return io.BufferedReader(_Recording(self.ticket))

    def sendall(self, data: Any, *args: Any) -> None:
        """Nothing leaves."""

    def settimeout(self, timeout: float | None) -> None:
        """Nothing waits."""

    def setsockopt(self, *args: Any) -> None:
        """Nothing to set."""

    def shutdown(self, how: int) -> None:
        """Nothing to shut."""

    def close(self) -> None:
        """Nothing to close."""

    def fileno(self) -> int:
        """A descriptor that always reads as closed, so that pools open a new connection."""
        if _RecordedSocket._null is None:
            _RecordedSocket._null = os.open(os.devnull, os.O_RDONLY)
        return _RecordedSocket._null


CODEC = HttpCodec()
