"""Statements of `psycopg2` as they are recorded: the text that the program gave, beside the values that it gave.

What the program composes of pieces that the driver filled (`mogrify`, and so `execute_values` and `execute_batch`) is
parsed into these pieces again, see `sql_pieces`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .sql_pieces import Piece, taken_apart

_PLAIN = frozenset(map(id, (type(None), bool, int, float, str, bytes)))


def request_of(query: Any, values: Any, encoding: str, pieces: Sequence[Piece]) -> tuple[Any, ...]:
    """A statement and its values. `pieces` are what was filled since the last one."""
    text = text_of(query, encoding)
    if values is not None:
        return text, plain(values)
    if pieces:
        return taken_apart(text, pieces, _bare)
    return (text,)


def text_of(query: Any, encoding: str) -> str:
    """A statement as text; one that is composed of parts without asking a connection how to quote."""
    if isinstance(query, str):
        return query
    if isinstance(query, (bytes, bytearray)):
        return bytes(query).decode(_codec(encoding), "replace")
    return _composed(query)


def _codec(encoding: str) -> str:
    return "utf-8" if encoding in ("UTF8", "UNICODE") else "latin-1"


def _composed(part: Any) -> str:
    """A `psycopg2.sql.Composable`."""
    name = type(part).__name__
    if name == "Composed":
        return "".join(map(_composed, part.seq))
    if name == "SQL":
        return str(part.string)
    if name == "Identifier":
        return ".".join(map(quoted_name, part.strings))
    if name == "Literal":
        return _literal(part.wrapped)
    return str(part.as_string(None))


def quoted_name(name: str) -> str:
    """A name, as `quote_ident` gives it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    from psycopg2.extensions import adapt  # loaded: a part of it asks

    quoted = adapt(value).getquoted()
    return quoted.decode("utf-8", "replace") if isinstance(quoted, bytes) else str(quoted)


def plain(values: Any) -> Any:
    """Values of a statement, or of many, without what the driver wraps them in."""
    if isinstance(values, Mapping):
        return {name: _bare(value) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return type(values)([_bare(value) for value in values]) if type(values) in (list, tuple) else values
    return values


def _bare(value: Any) -> Any:
    if id(type(value)) in _PLAIN:
        return value
    if type(value) in (list, tuple, dict):
        return plain(value)
    home = type(value).__module__
    if home in ("psycopg2.extensions", "psycopg2._json") and hasattr(value, "adapted"):
        return {type(value).__name__: _bare(value.adapted)}
    return value
