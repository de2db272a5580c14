"""Connections of `aiohttp` to nothing: in a replay bodies come from the recording as they are read."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..model.world import Ticket


async def or_never(loop: Any, ask: Callable[[], Any]) -> Any:
    """What the recording answers. Where the program was not answered before it gave up, it waits until it does."""
    import asyncio

    import aiohttp

    try:
        return ask()
    except asyncio.CancelledError:
        await loop.create_future()
    except aiohttp.ClientConnectorError as error:
        if len(error.args) != 2 or hasattr(error, "path"):
            raise
        # As an `OSError` it was built of what it shows as its arguments, which are no number and no text.
        raise type(error)(*error.args) from error.__cause__


class _Nowhere:
    """A transport that sends nowhere."""

    def __init__(self) -> None:
        self._closed = False

    def write(self, data: Any) -> None:
        """Nothing leaves."""

    def writelines(self, pieces: Any) -> None:
        """Nothing leaves."""

    def is_closing(self) -> bool:
        return self._closed

    def close(self) -> None:
        self._closed = True

    abort = close

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Nothing is known of a connection that is none."""
        return default

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Nothing comes."""

    resume_reading = pause_reading


@functools.cache
def inert_classes() -> Any:
    """A protocol and a reader that have no peer; classes of a library that is loaded where they are needed."""
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.streams import StreamReader

    class Protocol(ResponseHandler):
        """A connection to nothing, which is never used again."""

        should_close = True
        closed = None

        def __init__(self, loop: Any) -> None:
            super().__init__(loop)
            self.transport = _Nowhere()  # type: ignore[assignment]  # what of a transport is asked for here

        def start_timeout(self) -> None:
            """Nothing is waited for."""

    class Reader(StreamReader):
        """The body of an answer, from the recording as it is read."""

        __slots__ = ("ticket",)
        ticket: Ticket

        async def _wait(self, func_name: str) -> None:
            ticket = self.ticket
            with self._timer:
                try:
                    piece = await or_never(self._loop, lambda: ticket.next(lambda: None))
                except Exception as error:
                    self.set_exception(error)
                    raise
            if piece is None:
                self.feed_eof()
            else:
                self.feed_data(piece)

    class Inert:
        """The two."""

    inert: Any = Inert
    inert.Protocol, inert.Reader = Protocol, Reader
    return inert
