"""The ASGI application of the code under test as a server runs it: started once, on a loop that answers its requests.

What the application makes when it starts (ASGI specification, "Lifespan") belongs to the loop on which that was made.
So the loop stays for all requests of the process, and its state is given to each of them, as servers do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class NotStarted(Exception):
    """The application says that it cannot start; the message is its own."""


class AsgiService:
    """One application, its loop, and the state that its lifespan left."""

    def __init__(self, application: Callable[..., Any]) -> None:
        """Starts it; raises `NotStarted`."""
        import asyncio

        self.application = application
        self.state: dict[str, Any] = {}
        self.loop: asyncio.AbstractEventLoop = asyncio.SelectorEventLoop()
        self._lifespan: asyncio.Task[None] | None = None
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        import asyncio

        said: asyncio.Future[str] = self.loop.create_future()
        asked = [{"type": "lifespan.startup"}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            return await self.loop.create_future()  # type: ignore[no-any-return]  # it never shuts down

        async def send(message: dict[str, Any]) -> None:
            if not said.done():
                failed = message.get("type") == "lifespan.startup.failed"
                said.set_result(str(message.get("message", "")).strip() or "it failed to start" if failed else "")

        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        self._lifespan = asyncio.ensure_future(self.application(scope, receive, send))
        await asyncio.wait([self._lifespan, said], return_when=asyncio.FIRST_COMPLETED)
        if said.done() and said.result():
            raise NotStarted(said.result().strip().splitlines()[-1])  # frameworks say it by a traceback
        if self._lifespan.done() and not self._lifespan.cancelled():
            self._lifespan.exception()  # it knows no lifespan, and says so by an exception
