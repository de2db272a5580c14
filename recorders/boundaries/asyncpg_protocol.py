"""The protocol of `asyncpg`, recorded: what it is asked for, and what comes back, as the library gives it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..capture.adapters.drivers import rows_of_records
from ..context import current_world, enter, leave_anyhow
from ..model.world import Ticket, World
from ..patching import Undo, Undos, replace
from . import asyncpg_copy
from .asyncpg_statements import begin, begin_many, begin_statement, fail, session_of, simple
from .dbapi import gap


def install(protocol: type) -> Undo:
    """Put it in place in the class of protocols; the methods written in C stay in the class below."""
    undos = Undos()
    for name, make in _RECORDED.items():
        original = next(vars(one)[name] for one in protocol.__mro__ if name in vars(one))
        undos.add(replace(protocol, name, make(original)))
    return undos.run


def _prepare(original: Any) -> Any:
    def prepare(protocol: Any, *args: Any, **kwargs: Any) -> Any:
        session_of(protocol).reached += 1
        return original(protocol, *args, **kwargs)

    return prepare


def _bind_execute(original: Any) -> Any:
    def bind_execute(
        protocol: Any, state: Any, args: Any, portal_name: str, limit: int, return_extra: bool, timeout: Any
    ) -> Any:
        world = current_world()
        if world is None:
            return original(protocol, state, args, portal_name, limit, return_extra, timeout)
        return _executing(world, original, protocol, (state, args, portal_name, limit), return_extra, timeout)

    return bind_execute


async def _executing(world: World, original: Any, protocol: Any, asked: Any, return_extra: bool, timeout: Any) -> Any:
    state, values, portal_name, limit = asked
    session, was_in = session_of(protocol), protocol.is_in_transaction()
    ticket = begin_statement(world, session, state.query, values)
    token = enter(None)  # a codec of the program's that encodes values is no part of the trace, for no replay runs it
    try:
        result = await original(protocol, state, values, portal_name, limit, True, timeout)
    except BaseException as error:
        fail(ticket, session_of(protocol), error)
        raise
    finally:
        leave_anyhow(token)
    rows, status, _is_complete = result
    _keep(ticket, rows, status, _moved(protocol, was_in), limit)
    if portal_name:
        session.portals[portal_name] = world, ticket, None
    return result if return_extra else rows


def _moved(protocol: Any, was_in: bool) -> bool | None:
    """Whether a statement brought its connection into a transaction, or out of one; `None` where it left it there."""
    is_in: bool = protocol.is_in_transaction()
    return None if is_in is was_in else is_in


def _keep(ticket: Ticket, rows: Any, status: Any, moved: bool | None, limit: int) -> None:
    """Record rows and what is known of them."""
    columns, values = rows_of_records(rows or [])
    said = status.decode() if status is not None else None
    answer = columns, said, moved
    ticket.first(lambda: answer)
    ticket.take(lambda: values, limit or None)


def _bind_execute_many(original: Any) -> Any:
    def bind_execute_many(
        protocol: Any, state: Any, args: Any, portal_name: str, timeout: Any, return_rows: bool = False
    ) -> Any:
        world = current_world()
        if world is None:
            return original(protocol, state, args, portal_name, timeout, return_rows)
        return _executing_many(world, original, protocol, (state, list(args), portal_name), timeout, return_rows)

    return bind_execute_many


async def _executing_many(
    world: World, original: Any, protocol: Any, asked: Any, timeout: Any, return_rows: bool
) -> Any:
    state, given, portal_name = asked
    was_in = protocol.is_in_transaction()
    ticket = begin_many(world, session_of(protocol), state.query, given)
    token = enter(None)
    try:
        rows = await original(protocol, state, given, portal_name, timeout, return_rows)
    except BaseException as error:
        fail(ticket, session_of(protocol), error)
        raise
    finally:
        leave_anyhow(token)
    _keep(ticket, rows if return_rows else (), None, _moved(protocol, was_in), 0)
    return rows


def _bind(original: Any) -> Any:
    def bind(protocol: Any, state: Any, args: Any, portal_name: str, timeout: Any) -> Any:
        world = current_world()
        if world is None:
            return original(protocol, state, args, portal_name, timeout)
        return _binding(world, original, protocol, state, args, portal_name, timeout)

    return bind


async def _binding(
    world: World, original: Any, protocol: Any, state: Any, values: Any, portal_name: str, timeout: Any
) -> Any:
    session = session_of(protocol)
    ticket = begin_statement(world, session, state.query, values)
    token = enter(None)
    try:
        result = await original(protocol, state, values, portal_name, timeout)
    except BaseException as error:
        fail(ticket, session_of(protocol), error)
        raise
    finally:
        leave_anyhow(token)
    columns = tuple([attribute.name for attribute in state._get_attributes()])
    ticket.first(lambda: (columns, None, None))
    session.portals[portal_name] = world, ticket, None
    return result


def _fetch(original: Any) -> Any:
    def execute(protocol: Any, state: Any, portal_name: str, limit: int, return_extra: bool, timeout: Any) -> Any:
        world = current_world()
        if world is None:
            return original(protocol, state, portal_name, limit, return_extra, timeout)
        return _fetching(world, original, protocol, (state, portal_name, limit), return_extra, timeout)

    return execute


async def _fetching(world: World, original: Any, protocol: Any, asked: Any, return_extra: bool, timeout: Any) -> Any:
    """The next rows of a cursor."""
    state, portal_name, limit = asked
    owner, ticket, _columns = session_of(protocol).portals.get(portal_name, (None, None, None))
    if ticket is None or owner is not world:
        gap(world, "a cursor that was opened outside of the trace")
        return await original(protocol, state, portal_name, limit, return_extra, timeout)
    try:
        result = await original(protocol, state, portal_name, limit, True, timeout)
    except BaseException as error:
        fail(ticket, session_of(protocol), error)
        raise
    ticket.take(lambda: rows_of_records(result[0])[1], limit or None)
    return result if return_extra else result[0]


def _close_portal(original: Any) -> Any:
    def close_portal(protocol: Any, portal_name: str, timeout: Any) -> Any:
        session_of(protocol).portals.pop(portal_name, None)
        return original(protocol, portal_name, timeout)

    return close_portal


def _query(original: Any) -> Any:
    def query(protocol: Any, query: str, timeout: Any) -> Any:
        world = current_world()
        asked = simple(session_of(protocol), query) if world is not None else None
        if world is None or asked is None:
            return original(protocol, query, timeout)
        ticket = begin(world, session_of(protocol), *asked)
        return _querying(ticket, original, protocol, query, timeout)

    return query


async def _querying(ticket: Ticket, original: Any, protocol: Any, query: str, timeout: Any) -> Any:
    was_in = protocol.is_in_transaction()
    try:
        status = await original(protocol, query, timeout)
    except BaseException as error:
        fail(ticket, session_of(protocol), error)
        raise
    moved = _moved(protocol, was_in)
    ticket.first(lambda: ((), status, moved))
    return status


_RECORDED: dict[str, Callable[[Any], Any]] = {
    "prepare": _prepare,
    "bind_execute": _bind_execute,
    "bind_execute_many": _bind_execute_many,
    "bind": _bind,
    "execute": _fetch,
    "close_portal": _close_portal,
    "query": _query,
    "copy_in": asyncpg_copy.sending,
    "copy_out": asyncpg_copy.receiving,
}
"""Method of the protocol → what makes the one that records of it."""
