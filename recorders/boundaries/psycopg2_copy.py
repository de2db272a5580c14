"""COPY over `psycopg2`, from files of the program's and to them.

Data that comes is the items of its statement; data that was sent is known when all of it was, as a request of its own.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

from ..context import current_world
from ..model.world import Effect, Operation, Ticket, World
from .dbapi import nothing, record_error
from .psycopg2_errors import remember, remembering
from .psycopg2_facts import DescribedCursor
from .psycopg2_values import quoted_name, text_of
from .sql_copy import COPIED, lines_of

_SENDS = re.compile(r"\bFROM\s+STDIN\b", re.IGNORECASE)


class CopyingCursor(DescribedCursor):
    """A cursor whose COPY goes through the world of the running trace."""

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
        """COPY, from a file of the program's or to it."""
        text = text_of(sql, self.connection.encoding)
        self._copy(text, file, size, lambda held: self._driver.copy_expert(self, sql, held, size))

    def copy_from(
        self, file: Any, table: str, sep: str = "\t", null: str = "\\N", size: int = 8192, columns: Any = None
    ) -> None:
        """COPY from a file of the program's."""
        text = f"COPY {_table(table, columns)} FROM STDIN WITH (DELIMITER '{sep}', NULL '{null}')"
        perform = self._driver.copy_from
        self._copy(text, file, size, lambda held: perform(self, held, table, sep, null, size, columns))

    def copy_to(self, file: Any, table: str, sep: str = "\t", null: str = "\\N", columns: Any = None) -> None:
        """COPY to a file of the program's."""
        text = f"COPY {_table(table, columns)} TO STDOUT WITH (DELIMITER '{sep}', NULL '{null}')"
        perform = self._driver.copy_to
        self._copy(text, file, 0, lambda held: perform(self, held, table, sep, null, columns))

    def _copy(self, text: str, file: Any, size: int, perform: Callable[[Any], Any]) -> None:
        world = current_world()
        self._asked = text, None
        if world is None:
            self._started(None)
            perform(file)
        elif world.sandboxed:
            self._answered(world, lambda: self._copied(world, text, file, size), "write")
        elif _SENDS.search(text):
            self._send(world, text, file, perform)
        else:
            self._receive(world, text, file, perform)

    def _begin_copy(self, world: World, name: str, request: tuple[Any, ...]) -> Ticket:
        effect: Effect = "write" if name in COPIED else "read"
        return world.begin(Operation("psycopg2", name, self._resource_name(), effect), request)

    def _send(self, world: World, text: str, file: Any, perform: Callable[[Any], Any]) -> None:
        self._started(None)
        source = _Source(file)
        failure: BaseException | None = None
        try:
            perform(source)
        except BaseException as error:
            remember(error)
            failure = error
            raise
        finally:
            ticket = self._begin_copy(world, COPIED[source.failed], (text, lines_of(b"".join(source.sent))))
            if failure is None:
                ticket.first(lambda: tuple(self._look()))
            elif not source.failed:
                record_error(ticket, failure)

    def _receive(self, world: World, text: str, file: Any, perform: Callable[[Any], Any]) -> None:
        self._started(None)
        ticket = self._begin_copy(world, "copy", (text,))
        try:
            remembering(lambda: perform(_sink(file, ticket)))
        except BaseException as error:
            record_error(ticket, error)
            raise
        ticket.next(nothing)
        ticket.first(lambda: tuple(self._look()))

    def _copied(self, world: World, text: str, file: Any, size: int) -> None:
        """COPY that the recording answers."""
        self._started(None)
        if _SENDS.search(text):
            source = _Source(file)
            try:
                while source.read(size):
                    pass
            finally:
                ticket = self._begin_copy(world, COPIED[source.failed], (text, lines_of(b"".join(source.sent))))
            self._hold(world, ticket.first(nothing), nothing)
            return
        ticket = self._begin_copy(world, "copy", (text,))
        facts = ticket.first(nothing)
        while (piece := ticket.next(nothing)) is not None:
            if isinstance(file, io.TextIOBase) is not isinstance(piece, str):
                piece = piece.encode() if isinstance(piece, str) else piece.decode()
            file.write(piece)
        self._hold(world, facts, nothing)


def _table(table: str, columns: Any) -> str:
    names = f" ({', '.join(map(quoted_name, columns))})" if columns else ""
    return quoted_name(table) + names


class _Source:
    """The program's file, which the driver reads; what came of it is kept."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.sent: list[bytes] = []
        self.failed = False
        """Whether the file raised an exception."""

    def read(self, size: int = -1) -> Any:
        """The next piece."""
        try:
            piece = self._file.read(size)
        except BaseException:
            self.failed = True
            raise
        self.sent.append(piece.encode() if isinstance(piece, str) else bytes(piece))
        return piece


def _sink(file: Any, ticket: Ticket) -> Any:
    """Stands for the program's file, to which the driver writes text or bytes by its class."""
    return (_TextSink if isinstance(file, io.TextIOBase) else _Sink)(file, ticket)


class _Sink:
    def __init__(self, file: Any, ticket: Ticket) -> None:
        self._to = file
        self._ticket = ticket

    def write(self, piece: Any) -> Any:
        self._ticket.next(lambda: piece)
        return self._to.write(piece)


class _TextSink(_Sink, io.TextIOBase):
    pass
