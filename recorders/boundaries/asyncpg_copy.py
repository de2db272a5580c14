"""COPY over `asyncpg`: data that comes is the items of its statement, data that is sent is an exchange with it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any

from ..context import current_world
from ..model.world import Ticket, World
from .asyncpg_statements import Session, begin, fail, session_of
from .dbapi import gap
from .sql_copy import COPIED, lines_of

MOST_BYTES, MOST_ROWS = 1_000_000, 20_000
"""What is kept of the data of one COPY: of more, a recording would hold nothing but a mark."""


class Sent:
    """Data on its way to the server: it is kept until its end is known."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._pieces: list[bytes] = []
        self._rows: list[Any] | None = None
        self._size = 0
        self.is_too_large = False
        self.is_given_up = False
        """Whether what gives the data raised an exception."""

    def add_data(self, data: Any) -> None:
        """A piece of data."""
        piece = bytes(data)
        self._size += len(piece)
        self.is_too_large = self.is_too_large or self._size > MOST_BYTES
        if not self.is_too_large:
            self._pieces.append(piece)

    def add_row(self, row: Any) -> None:
        """A row of values."""
        kept = self._rows = self._rows if self._rows is not None else []
        self.is_too_large = self.is_too_large or len(kept) >= MOST_ROWS
        if not self.is_too_large:
            kept.append(tuple(row) if isinstance(row, (list, tuple)) else row)

    def pieces(self, source: AsyncIterable[Any]) -> AsyncIterator[Any]:
        """The data of a source, kept as it is drawn."""
        return self._awaited(source, self.add_data)

    def records(self, source: Any) -> Any:
        """The rows of a source, awaited or not, kept as they are drawn."""
        self._rows = []
        return self._awaited(source, self.add_row) if isinstance(source, AsyncIterable) else self._drawn(source)

    def _drawn(self, source: Iterable[Any]) -> Iterator[Any]:
        for row in self._guarded(source):
            self.add_row(row)
            yield row

    def _guarded(self, source: Iterable[Any]) -> Iterator[Any]:
        try:
            yield from source
        except GeneratorExit:
            raise
        except BaseException:
            self.is_given_up = True
            raise

    async def _awaited(self, source: AsyncIterable[Any], add: Any) -> AsyncIterator[Any]:
        drawing = source.__aiter__()
        while True:
            try:
                part = await drawing.__anext__()
            except StopAsyncIteration:
                return
            except BaseException:
                self.is_given_up = True
                raise
            add(part)
            yield part

    def begin(self, world: World, session: Session) -> Ticket:
        """Ask the world for what came of it."""
        sent = self._rows if self._rows is not None else lines_of(b"".join(self._pieces))
        return begin(world, session, COPIED[self.is_given_up], (self._statement, sent), "write")


def begin_out(world: World, session: Session, statement: str) -> Ticket:
    """Ask the world for the data of a statement."""
    return begin(world, session, "copy", (statement,), "read")


def sending(original: Any) -> Any:
    """`copy_in` of the library's protocol, recorded."""

    def copy_in(
        protocol: Any, copy_stmt: Any, reader: Any, data: Any, records: Any, record_stmt: Any, timeout: Any
    ) -> Any:
        world = current_world()
        if world is None:
            return original(protocol, copy_stmt, reader, data, records, record_stmt, timeout)
        return _sending(world, original, protocol, copy_stmt, (reader, data, records), record_stmt, timeout)

    return copy_in


async def _sending(
    world: World, original: Any, protocol: Any, statement: str, source: Any, record_stmt: Any, timeout: Any
) -> Any:
    reader, data, records = source
    sent, session = Sent(statement), session_of(protocol)
    if records is not None:
        records = sent.records(records)
    elif reader is not None:
        reader = sent.pieces(reader)
    else:
        sent.add_data(data)
    try:
        status = await original(protocol, statement, reader, data, records, record_stmt, timeout)
    except BaseException as error:
        ticket = sent.begin(world, session)
        if not sent.is_given_up:
            fail(ticket, session_of(protocol), error)
        raise
    if sent.is_too_large:
        gap(world, f"COPY of more than {MOST_BYTES} bytes or {MOST_ROWS} rows")
    sent.begin(world, session).first(lambda: ((), status, None))
    return status


def receiving(original: Any) -> Any:
    """`copy_out` of the library's protocol, recorded."""

    def copy_out(protocol: Any, copy_stmt: Any, sink: Any, timeout: Any) -> Any:
        world = current_world()
        if world is None:
            return original(protocol, copy_stmt, sink, timeout)
        return _receiving(world, original, protocol, copy_stmt, sink, timeout)

    return copy_out


async def _receiving(world: World, original: Any, protocol: Any, statement: str, sink: Any, timeout: Any) -> Any:
    ticket = begin_out(world, session_of(protocol), statement)
    is_own_fault = False

    async def keep(data: bytes) -> None:
        nonlocal is_own_fault
        piece = bytes(data)
        ticket.next(lambda: piece)
        try:
            await sink(data)
        except BaseException:
            is_own_fault = True
            raise

    try:
        status = await original(protocol, statement, keep, timeout)
    except BaseException as error:
        if not is_own_fault:
            fail(ticket, session_of(protocol), error)
        raise
    ticket.first(lambda: None)
    ticket.next(lambda: status)
    ticket.next(lambda: None)
    return status
