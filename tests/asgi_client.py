"""A client of ASGI applications in this process: it starts them, and asks them, many at a time if need be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote


class Answer(NamedTuple):
    """A response."""

    status: int
    headers: dict[str, str]
    parts: list[bytes]

    @property
    def text(self) -> str:
        """The whole body."""
        return b"".join(self.parts).decode()

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.text)


@asynccontextmanager
async def started(app: Any) -> AsyncIterator[dict[str, Any]]:
    """The state of an application that was started, until it is shut down."""
    asked: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    state: dict[str, Any] = {}
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}
    task = asyncio.create_task(app(scope, asked.get, said.put))
    await asked.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    try:
        yield state
    finally:
        await asked.put({"type": "lifespan.shutdown"})
        await task


async def ask(
    app: Any,
    method: str,
    target: str,
    *,
    document: Any = None,
    body: list[bytes] | None = None,
    headers: dict[str, str] | None = None,
    state: dict[str, Any] | None = None,
) -> Answer:
    """Send a request; `body` in parts, or a JSON document. What the application raises after its answer is left out."""
    path, _, query = target.partition("?")
    sent = list(body or [])
    given = {"host": "testserver", **(headers or {})}
    if document is not None:
        sent = [json.dumps(document).encode()]
        given |= {"content-type": "application/json", "content-length": str(len(sent[0]))}
    done = asyncio.Event()
    head: dict[str, Any] = {}
    parts: list[bytes] = []

    async def receive() -> dict[str, Any]:
        if sent:
            part = sent.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(sent)}
        if not head.get("asked"):
            head["asked"] = True
            if body is None and document is None:
                return {"type": "http.request", "body": b"", "more_body": False}
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if message["type"] == "http.response.start":
            head.update(message)
        else:
            parts.append(message.get("body", b""))
            if not message.get("more_body"):
                done.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("testserver", 80),
        "state": dict(state or {}),
    }
    try:
        await app(scope, receive, send)
    except Exception:
        if not done.is_set():
            raise
    shown = {name.decode(): value.decode() for name, value in head.get("headers", ())}
    return Answer(head.get("status", 0), shown, parts)
