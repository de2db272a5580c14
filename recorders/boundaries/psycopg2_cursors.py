"""Cursors of `psycopg2`: those of the client and of the server, and COPY."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..context import current_world
from ..model.world import Operation, Ticket, World
from .dbapi import nothing, record_error
from .psycopg2_copy import CopyingCursor
from .psycopg2_errors import remembering
from .psycopg2_values import request_of, text_of
from .sql import effect_of
from .sql_pieces import PIECES, Piece


class Cursor(CopyingCursor):
    """A cursor whose statements and rows go through the world of the running trace."""

    _waiting: Ticket | None = None
    """Of a cursor of the server: what is to be said of its statement is known when rows come."""

    def __init__(self, connection: Any, name: Any = None, *args: Any, **kwargs: Any) -> None:
        self._pieces: list[Piece] = []
        if getattr(connection, "_session", None) is None:
            self._driver.__init__(self, connection, name, *args, **kwargs)
        else:  # a name would be quoted with the help of the server's connection
            self._driver.__init__(self, connection)
            self._server_name = name

    # --- statements ---

    def execute(self, query: Any, vars: Any = None) -> None:
        """One statement."""
        perform = self._driver.execute
        self._asked = query, vars
        self._run("execute", lambda: perform(self, query, vars), lambda: self._request(query, vars))

    def executemany(self, query: Any, vars_list: Any) -> None:
        """One statement for each set of values; an iterator of them is consumed here, as the driver would."""
        perform = self._driver.executemany
        rows = list(vars_list) if current_world() is not None else vars_list
        self._asked = query, None
        self._run("executemany", lambda: perform(self, query, rows), lambda: self._request(query, rows))

    def callproc(self, procname: Any, parameters: Any = None, /) -> Any:
        """A function of the database."""
        perform = self._driver.callproc
        given = list(parameters or ())
        text = f"SELECT * FROM {procname}({', '.join(['%s'] * len(given))})"
        self._asked = text, given
        self._run("execute", lambda: perform(self, procname, parameters), lambda: (text, tuple(given)))
        return parameters

    def mogrify(self, query: Any, vars: Any = None) -> Any:
        """The statement with its values; what was filled is known again in the next statement."""
        result = self._driver.mogrify(self, query, vars)
        if vars is not None and current_world() is not None and len(self._pieces) < PIECES:
            encoding = self.connection.encoding
            self._pieces.append(Piece(text_of(result, encoding), text_of(query, encoding), vars))
        return result

    def _request(self, query: Any, values: Any) -> tuple[Any, ...]:
        return request_of(query, values, self.connection.encoding, self._pieces)

    def _run(self, name: str, perform: Callable[[], Any], request: Callable[[], tuple[Any, ...]]) -> None:
        world = current_world()
        if world is None:
            super()._run(name, perform, request)
        elif world.sandboxed:
            self._answered(world, lambda: super(Cursor, self)._run(name, nothing, request), effect_of(request()[0]))
        elif self.name is None:
            super()._run(name, lambda: remembering(perform), request)
            if self._own("description") is None:
                self._started(None)  # C says that there are no rows
        else:
            self._declare(world, name, perform, request)
        self._pieces.clear()

    def _declare(self, world: World, name: str, perform: Any, request: Any) -> None:
        """The statement of a cursor of the server: its columns are known when rows come."""
        asked = request()
        operation = Operation(self._boundary, name, self._resource_name(), effect_of(asked[0]))
        ticket = world.begin(operation, asked)
        self._started(ticket)
        try:
            perform()
        except BaseException as error:
            record_error(ticket, error)
            raise
        self._waiting = ticket

    def _started(self, ticket: Ticket | None) -> None:
        if self._makes_rows is not None and (ticket is None) is not (self._ticket is None):
            self._set_row_factory(self._makes_rows if ticket is None else None)
        super()._started(ticket)
        self._waiting = None
        self._read, self._was_read = 0, False

    # --- rows ---

    def _maker(self) -> Any:
        return self._make if self._makes_rows is not None and self._ticket is not None else None

    def _make(self, values: Any) -> Any:
        """A row by the program's factory, filled as C fills it."""
        row = self._makes_rows(self)
        for position, value in enumerate(values):
            row[position] = value
        return row

    def fetchone(self) -> Any:
        """The next row, or `None`."""
        return self._fetched(super().fetchone)

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Up to `size` rows."""
        most = self.arraysize if size is None else size
        perform = super().fetchmany
        rows: list[Any] = self._fetched(lambda: perform(most))
        return rows

    def fetchall(self) -> list[Any]:
        """All rows that are left."""
        rows: list[Any] = self._fetched(super().fetchall)
        return rows

    def __next__(self) -> Any:
        return self._fetched(super().__next__)

    def _fetched(self, fetch: Callable[[], Any]) -> Any:
        if self._facts is not None:
            return self._recorded_rows(fetch)
        if self._waiting is None:
            return fetch()
        waiting, self._waiting = self._waiting, None
        try:
            return fetch()
        finally:
            facts = self._look()
            waiting.first(lambda: tuple(facts))

    def _recorded_rows(self, fetch: Callable[[], Any]) -> Any:
        if self._facts is None or (self._facts.columns is None and self._server_name is None):
            from psycopg2 import ProgrammingError  # loaded: a cursor of it asks

            raise ProgrammingError("no results to fetch")
        self._was_read = True
        rows = fetch()
        self._read += len(rows) if type(rows) is list else int(rows is not None)
        return rows

    def scroll(self, value: int, mode: Any = "relative") -> None:
        """Go to another row: what is read from there on are rows of this exchange."""
        world, perform = current_world(), self._driver.scroll
        if world is None or self._ticket is None:
            perform(self, value, mode)
            return
        operation = Operation(self._boundary, "scroll", self._resource_name(), "read")
        ticket = world.begin(operation, (text_of(self._asked[0], self.connection.encoding), (value, mode)))

        def run() -> Any:
            remembering(lambda: perform(self, value, mode))
            return self._own("rownumber")

        self._read = ticket.first(run)
        self._ticket = ticket
