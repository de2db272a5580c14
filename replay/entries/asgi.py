"""ASGI entries: a recorded request, sent to the application of the code under test on the loop on which it started."""

from __future__ import annotations

import itertools
from types import TracebackType
from typing import Any

from ...recorders.capture.thaw import capture
from ...recorders.entries.asgi_messages import PARTS, headers_of, status_of
from ...recorders.model.inputs import HttpInput
from ...recorders.model.trace import Entry, Outcome, Trace
from ...recorders.model.value_tree import BytesNode, record
from ..model.reason import StopCode
from ..world.awaiting import drive
from ..world.recorded_world import RecordedWorld
from ..world.resolver import Unbuildable
from ..world.stopping import TraceStopped
from .asgi_service import AsgiService
from .protocol import BoundEntry, CodeUnderTest
from .request import RequestReplayer


class AsgiReplayer(RequestReplayer):
    """Sends requests."""

    kind = "asgi"

    def bind(self, entry: Entry, trace: Trace, world: RecordedWorld, code: CodeUnderTest) -> BoundEntry:
        """The application that answers the entry, started, with the request."""
        given = trace.input
        if not isinstance(given, HttpInput):
            raise Unbuildable("it is no request")
        service = code.applications.service(entry)
        return lambda: run_asgi(service, given, world)


def run_asgi(service: AsgiService, given: HttpInput, world: RecordedWorld) -> tuple[Outcome, TracebackType | None]:
    """Send the request of a trace to an application; what it answers, and where it came from if it raised."""
    exchange = _Exchange(given, world)

    async def answer() -> None:
        await service.application(scope_of(given, service.state), exchange.receive, exchange.send)

    try:
        drive(answer, world, service.loop)
    except TraceStopped:
        raise
    except BaseException as error:  # noqa: BLE001 - what leaves an entry is its outcome
        if not exchange.is_complete:
            return Outcome("exception", capture(error), None), error.__traceback__
        # As frameworks do with what is not handled: the client has its answer, the server has the exception.
        return exchange.outcome(), error.__traceback__
    return exchange.outcome(), None


def scope_of(given: HttpInput, state: dict[str, Any]) -> dict[str, Any]:
    """The scope of a recorded request; `state` is that of the application's lifespan."""
    environ = {str(key): str(value) for key, value in zip(given.environ.keys, given.environ.values, strict=True)}
    root = _text(environ.get("SCRIPT_NAME", ""))
    path = root + _text(environ.get("PATH_INFO", ""))
    headers = [
        (key.removeprefix("HTTP_").replace("_", "-").lower().encode("latin-1"), value.encode("latin-1", "replace"))
        for key, value in environ.items()
        if key.startswith("HTTP_") or (key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value)
    ]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/"),
        "method": environ.get("REQUEST_METHOD", "GET"),
        "scheme": environ.get("wsgi.url_scheme", "http"),
        "path": path,
        "raw_path": environ.get("RAW_URI", environ.get("PATH_INFO", "")).encode("latin-1", "replace"),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1", "replace"),
        "root_path": root,
        "headers": headers,
        "client": _address(environ, "REMOTE_ADDR", "REMOTE_PORT"),
        "server": _address(environ, "SERVER_NAME", "SERVER_PORT"),
        "state": dict(state),
    }


def _text(part: str) -> str:
    """A part of a path, of the characters that stand for its bytes (PEP 3333)."""
    return part.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def _address(environ: dict[str, str], host: str, port: str) -> tuple[str, int | None] | None:
    if host not in environ:
        return None
    number = environ.get(port, "")
    return environ[host], int(number) if number.isdecimal() else None


def _parts(given: HttpInput) -> list[bytes]:
    """The body in the parts in which it came, as far as it still has their sizes together."""
    environ = dict(zip(map(str, given.environ.keys), given.environ.values, strict=True))
    sizes = [int(size) for size in str(environ.get(PARTS, "")).split() if size.isdecimal()]
    if sum(sizes) != len(given.body) or not sizes:
        return [given.body]
    ends = list(itertools.accumulate(sizes))
    return [given.body[end - size : end] for size, end in zip(sizes, ends, strict=True)]


class _Exchange:
    """What a server would do for one request."""

    def __init__(self, given: HttpInput, world: RecordedWorld) -> None:
        import asyncio

        self._given = given
        self._world = world
        self._parts = _parts(given)
        self._answered = asyncio.Event()
        self._status = ""
        self._headers: tuple[tuple[str, str], ...] = ()
        self._chunks: list[bytes] = []

    @property
    def is_complete(self) -> bool:
        """Whether the whole response was sent."""
        return self._answered.is_set()

    async def receive(self) -> dict[str, Any]:
        """The body as far as the recorded run read it; after the response, that the client went away."""
        if self._parts:
            part = self._parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self._parts) or not self._is_whole()}
        if not self._is_whole():
            self._world.stop(StopCode.GAP, "reads more of the request body than was read when it was recorded")
        await self._answered.wait()
        return {"type": "http.disconnect"}

    def _is_whole(self) -> bool:
        given = self._given
        environ = dict(zip(map(str, given.environ.keys), given.environ.values, strict=True))
        expected = str(environ.get("CONTENT_LENGTH") or "")
        if given.read_all or (not expected and "HTTP_TRANSFER_ENCODING" not in environ):
            return True
        return expected.isdecimal() and len(given.body) >= int(expected)

    async def send(self, message: dict[str, Any]) -> None:
        """Take a part of the response."""
        if message.get("type") == "http.response.start":
            self._status, self._headers = status_of(message), headers_of(message)
        elif message.get("type") == "http.response.body":
            self._chunks.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                self._answered.set()

    def outcome(self) -> Outcome:
        """What a client saw."""
        body = BytesNode(b"".join(self._chunks))
        return Outcome("response", record(status=self._status, headers=capture(self._headers), body=body), None)
