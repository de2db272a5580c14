"""Streams of a WSGI request (PEP 3333): its body as the application reads it, and the answer as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from ..session.live_trace import LiveTrace

Environ: TypeAlias = dict[str, Any]

Application: TypeAlias = Callable[..., Any]

BODY_LIMIT = 4_000_000
"""Bytes of a request or response body that are kept."""


class Answering(Protocol):
    """A request that is being answered."""

    def keep(self, chunk: Any) -> None:
        """Keep a chunk of the response."""

    def finish(self) -> None:
        """The response is complete, or its reader went away."""

    def failed(self, error: BaseException) -> None:
        """The stream of the body broke."""


class AnswerBody:
    """Passes a streamed body on, chunk by chunk, inside the scope of its trace."""

    def __init__(self, request: Answering, trace: LiveTrace, result: Any) -> None:
        self._request = request
        self._trace = trace
        self._result = result
        self._iterator: Iterator[bytes] | None = None
        self._finished = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._trace.resume()
        try:
            if self._iterator is None:
                self._iterator = iter(self._result)
            chunk = next(self._iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self._trace.pause()
            if not self._finished:
                self._finished = True
                self._request.failed(error)
            raise
        finally:
            self._trace.pause()
        self._request.keep(chunk)
        return chunk

    def close(self) -> None:
        """Close the application's body, then end the trace."""
        self._trace.resume()
        try:
            close = getattr(self._result, "close", None)
            if close is not None:
                close()
        finally:
            self._trace.pause()
            if not self._finished:
                self._finished = True
                self._request.finish()

    def __del__(self) -> None:
        """A test client may read a response and never close it: then the trace ends with the body."""
        if not self._finished:
            self._finished = True
            self._request.finish()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)


class SizedAnswerBody(AnswerBody):
    """A body whose length a server may ask for."""

    def __len__(self) -> int:
        self._trace.resume()
        try:
            return len(self._result)
        finally:
            self._trace.pause()


class TeeInput:
    """The request body as the application reads it, kept on the side."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._parts: list[bytes] = []
        self.size = 0
        self.ended = False

    def seen(self) -> bytes:
        """What the application read."""
        return b"".join(self._parts)

    def _keep(self, data: bytes, asked: int | None = None) -> bytes:
        self.size += len(data)
        if self.size <= BODY_LIMIT:
            self._parts.append(data)
        if asked is None or asked < 0 or len(data) < asked:
            self.ended = True
        return data

    def read(self, *args: Any) -> bytes:
        return self._keep(self._stream.read(*args), *args)

    def read1(self, *args: Any) -> bytes:
        return self._keep(self._stream.read1(*args), *(args or (1,)))

    def readline(self, *args: Any) -> bytes:
        return self._keep(self._stream.readline(*args), 1)

    def readlines(self, *args: Any) -> list[bytes]:
        lines: list[bytes] = self._stream.readlines(*args)
        self._keep(b"".join(lines), None if not args else 0)
        return lines

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def __iter__(self) -> Iterator[bytes]:
        while line := self.readline():
            yield line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
