"""Builders of values of database drivers whose state lies in C."""

from __future__ import annotations

from typing import Any

from ....recorders.boundaries.psycopg_inert import inert
from .protocol import TypeBuilder, exactly, member


def _report(fields: Any) -> dict[int, bytes]:
    """What the server said of a failure, in the form in which `psycopg` keeps it in a pickled error."""
    return {exactly(int, field): exactly(bytes, text) for field, text in exactly(dict, fields).items()}


def _session(name: Any, resource: Any, autocommit: Any, factory: Any, state: Any) -> Any:
    """A connection that is connected to nothing, and asks the recording."""
    if name not in ("Connection", "AsyncConnection") or factory not in _FACTORIES:
        raise ValueError(f"{name!r} with rows by {factory!r} is no connection of psycopg")
    pgconn = inert(member("psycopg.pq", "PGconn"), {}, {})
    made = member("psycopg", name)(pgconn, row_factory=member("psycopg.rows", factory))
    made._autocommit = exactly(bool, autocommit)
    vars(made)["_runtime_resource"] = resource if resource is None else exactly(str, resource)
    pgconn.state = exactly(int, state)
    return made


_FACTORIES = frozenset({"tuple_row", "dict_row", "namedtuple_row", "scalar_row"})

BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("psycopg.report", _report),
    TypeBuilder("psycopg.connection", lambda: None),  # there is none, as in an error that was pickled
    TypeBuilder("psycopg.session", _session),
)
"""One a kind."""
