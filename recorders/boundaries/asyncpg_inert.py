"""What stands below connections of `asyncpg` behind a recorded world: a protocol that is connected to nothing.

Everything above it is the library's own: transactions, cursors, prepared statements, pools, caches and loggers.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import AsyncIterable, Mapping
from typing import Any

from ..context import Scope, current_world, within
from ..model.world import Ticket, World
from . import asyncpg_copy
from .asyncpg_facts import InertSettings, InertStatement
from .asyncpg_records import Columns, record_of
from .asyncpg_statements import (
    Session,
    begin,
    begin_many,
    begin_statement,
    ends_connection,
    keep_session,
    place_of,
    resource_of,
    session_of,
    simple,
)
from .dbapi import APART, nothing
from .pass_through import PassThrough
from .sql import effect_of


class LoopHere:
    """The event loop that runs now, whichever ran when a connection was made: each trace is replayed on its own."""

    def __init__(self, home: Any = None) -> None:
        self.home = home
        """The loop on which a pool lies that has it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_running_loop(), name)

    def create_future(self) -> Any:
        """Of the loop that runs when it is asked for."""
        return asyncio.get_running_loop().create_future()

    def get_debug(self) -> bool:
        """Where a connection was made is kept for nobody."""
        return False

    def is_closed(self) -> bool:
        """There is nobody to tell that a connection was left open."""
        return True

    def run_in_executor(self, executor: Any, function: Any, *args: Any) -> Any:
        """Do it at once: no thread is needed."""
        done = asyncio.get_running_loop().create_future()
        try:
            done.set_result(function(*args))
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            done.set_exception(error)
        return done


async def answered(ticket: Ticket) -> Any:
    """The recorded answer. Who gave up waiting for it when it was recorded waits here until it gives up again."""
    try:
        return ticket.first(nothing)
    except asyncio.CancelledError:
        return await asyncio.get_running_loop().create_future()


class InertProtocol:
    """A protocol that asks the world of the running trace; mixed with the library's own class, which it is."""

    _in_transaction = False
    _is_open = True
    _said: InertSettings
    _record_class: type
    queries_count = 0

    def is_connected(self) -> bool:
        """As far as the program knows."""
        return self._is_open

    def is_closed(self) -> bool:
        """As far as the program knows."""
        return not self._is_open

    def is_in_transaction(self) -> bool:
        """As the recording says."""
        return self._in_transaction

    def get_settings(self) -> InertSettings:
        """What the server said of the session."""
        return self._said

    def get_record_class(self) -> type:
        """Of which class rows are."""
        return self._record_class

    def get_server_pid(self) -> int:
        """There is no server."""
        return 0

    def abort(self) -> None:
        """There is nothing to break off."""
        self._is_open = False

    async def close(self, timeout: Any) -> None:
        """There is nothing to close."""
        self._is_open = False

    async def prepare(self, stmt_name: str, query: str, timeout: Any, **more: Any) -> InertStatement:
        """A statement that is asked for when it is used."""
        return InertStatement(
            stmt_name, query, more["record_class"], ignore_custom_codec=more.get("ignore_custom_codec", False)
        )

    async def close_statement(self, state: InertStatement, timeout: Any) -> None:
        """Nobody prepared it."""
        state.closed = True

    async def close_portal(self, portal_name: str, timeout: Any) -> None:
        """Nobody opened it."""
        session_of(self).portals.pop(portal_name, None)

    async def bind_execute(
        self, state: Any, args: Any, portal_name: str, limit: int, return_extra: bool, timeout: Any
    ) -> Any:
        """What a statement gives, or the first rows of a cursor."""
        ticket, facts = await self._asked(state, args)
        columns, status, _state = facts or ((), None, None)
        if portal_name and ticket is not None:
            session_of(self).portals[portal_name] = _world(), ticket, Columns(columns)
        rows = _taken(ticket, Columns(columns), limit, state.record_class)
        is_complete = not limit or len(rows) < limit
        return (rows, status.encode() if status is not None else None, is_complete) if return_extra else rows

    async def bind(self, state: Any, args: Any, portal_name: str, timeout: Any) -> None:
        """A cursor, of which rows are asked for later."""
        ticket, facts = await self._asked(state, args)
        if ticket is not None:
            session_of(self).portals[portal_name] = _world(), ticket, Columns(facts[0] if facts else ())

    async def _asked(self, state: Any, values: Any) -> tuple[Ticket | None, Any]:
        world = _recorded_world(state.query)
        if world is None:
            return None, None
        ticket = begin_statement(world, session_of(self), state.query, values)
        return ticket, await self._answered(ticket)

    async def _answered(self, ticket: Ticket) -> Any:
        try:
            facts = await answered(ticket)
        except Exception as error:
            if ends_connection(error):
                self._is_open = False
            raise
        if facts is not None and facts[2] is not None:
            self._in_transaction = facts[2]
        return facts

    async def execute(self, state: Any, portal_name: str, limit: int, return_extra: bool, timeout: Any) -> Any:
        """The next rows of a cursor."""
        _of, ticket, columns = session_of(self).portals.get(portal_name, (None, None, Columns(())))
        rows = _taken(ticket, columns, limit, state.record_class)
        return (rows, None, len(rows) < limit) if return_extra else rows

    async def bind_execute_many(
        self, state: Any, args: Any, portal_name: str, timeout: Any, return_rows: bool = False
    ) -> Any:
        """What a statement gives for each of several rows of values."""
        rows = list(args)
        world = _recorded_world(state.query)
        if world is None:
            return [] if return_rows else None
        ticket = begin_many(world, session_of(self), state.query, rows)
        facts = await self._answered(ticket)
        return _taken(ticket, Columns(facts[0] if facts else ()), 0, state.record_class) if return_rows else None

    async def query(self, query: str, timeout: Any) -> str:
        """A statement without values, or several."""
        world = current_world()
        asked = simple(session_of(self), query)
        if world is None or not world.recorded or asked is None:
            self._moved(query)
            return ""
        ticket = begin(world, session_of(self), *asked)
        try:
            facts = await self._answered(ticket)
        except Exception:
            if asked.name in ("commit", "rollback"):
                self._in_transaction = False
            raise
        if facts is None:  # it belongs to the session, and was not said when this was recorded
            self._moved(query)
            return ""
        return facts[1] or ""

    def _moved(self, text: str) -> None:
        """What a statement that nobody answers does to the transaction."""
        first = text.strip(" ;\n\t").split(None, 1)[:1]
        if [word.upper() for word in first] in (["BEGIN"], ["COMMIT"], ["ROLLBACK"], ["END"]):
            self._in_transaction = first[0].upper() == "BEGIN"

    async def copy_out(self, copy_stmt: str, sink: Any, timeout: Any) -> str:
        """Data that the server sends."""
        world = _recorded_world(copy_stmt)
        if world is None:
            return "COPY 0"
        ticket = asyncpg_copy.begin_out(world, session_of(self), copy_stmt)
        await self._answered(ticket)
        while isinstance(piece := ticket.next(nothing), bytes):
            await sink(piece)
        return str(piece or "")

    async def copy_in(
        self, copy_stmt: str, reader: Any, data: Any, records: Any, record_stmt: Any, timeout: Any
    ) -> str:
        """Data that is sent to the server: all of it is asked for, as the library does, and then its answer."""
        sent = asyncpg_copy.Sent(copy_stmt)
        try:
            await _drained(sent, reader, data, records)
        except BaseException:
            if (world := _recorded_world(copy_stmt)) is not None:
                sent.begin(world, session_of(self)).first(nothing)
            raise
        world = _recorded_world(copy_stmt)
        if world is None:
            return "COPY 0"
        facts = await self._answered(sent.begin(world, session_of(self)))
        return str(facts[1] if facts else "")


async def _drained(sent: asyncpg_copy.Sent, reader: Any, data: Any, records: Any) -> None:
    source = sent.records(records) if records is not None else sent.pieces(reader) if reader is not None else None
    if source is None:
        sent.add_data(data)
    elif isinstance(source, AsyncIterable):
        async for _part in source:
            continue
    else:
        for _part in source:
            continue


def _world() -> World:
    world = current_world()
    assert world is not None
    return world


def _recorded_world(text: str) -> World | None:
    """The world that answers. Outside of every trace what changes the database changes none, and what reads it has no
    answer: raises `InterfaceError`."""
    world = current_world()
    if world is not None and world.recorded:
        return world
    if effect_of(text) == "read":
        raise sys.modules["asyncpg"].InterfaceError(APART)
    return None


def _taken(ticket: Ticket | None, columns: Columns, limit: int, cls: type) -> list[Any]:
    rows = ticket.take(list, limit or None) if ticket is not None else []
    return [record_of(columns, tuple(values), cls) for values in rows]


class AtRest(PassThrough):
    """The world in which a connection that is connected to nothing is made, and prepared by a pool."""

    sandboxed = True


_classes: dict[type, type] = {}


def unconnected(connection_class: Any, record_class: type, given: Mapping[str, Any], said: Any) -> Any:
    """A connection of the program's class that is connected to nothing; `given` are the arguments of `connect`, `said`
    what the server said of the session."""
    place = place_of(given)
    address = place["host"] or "localhost", int(place["port"]) if place["port"].isdigit() else 5432
    with within(Scope(AtRest())):
        _addresses, parameters, config = _arguments(given)
    base = sys.modules["asyncpg.protocol.protocol"].Protocol
    if base not in _classes:
        _classes[base] = type(base.__name__, (InertProtocol, base), {"__module__": base.__module__})
    loop = LoopHere()
    parameters = parameters._replace(database=place["database"] or parameters.database)
    protocol = _classes[base](address, None, parameters, record_class, loop)
    protocol._said = InertSettings(said or {})
    protocol._record_class = record_class
    keep_session(protocol, Session(resource_of(place)))
    connection = connection_class(protocol, None, loop, address, config, parameters)
    protocol.set_connection(connection)
    return connection


def _arguments(given: Mapping[str, Any]) -> Any:
    """Arguments of `connect` as the library takes them, but for those for which it would read files, or ask who the
    user is. A statement that expires would leave a timer behind."""
    parse = sys.modules["asyncpg.connect_utils"]._parse_connect_arguments
    names = inspect.signature(parse).parameters
    known = {name: given.get(name) for name in ("command_timeout", *_CACHE)}
    limits = {name: _CACHE[name] if known.get(name) is None else known[name] for name in _CACHE}
    inert = {
        "host": "localhost",
        "port": 5432,
        "user": "postgres",
        "password": "",
        "database": "postgres",
        "ssl": False,
    }
    asked = {**inert, **known, **limits, "max_cached_statement_lifetime": 0}
    return parse(**{name: asked.get(name) for name in names})


_CACHE = {"statement_cache_size": 100, "max_cacheable_statement_size": 15_360}
