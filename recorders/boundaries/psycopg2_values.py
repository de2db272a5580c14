"""Statements of `psycopg2` as they are recorded: the text that the program gave, beside the values that it gave.

The driver puts values into the text by itself. What the program composes of pieces that the driver filled (`mogrify`,
and so `execute_values` and `execute_batch`) is taken apart into these pieces again: values stay values, whose columns
are known, and a replay, which asks no server how to quote, says the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NAMED = re.compile(r"%\((.*?)\)s")

_PLAIN = frozenset(map(id, (type(None), bool, int, float, str, bytes)))

PIECES = 20_000
"""Filled pieces that are remembered until the next statement; the library's own functions make 100 at a time."""


def request_of(query: Any, values: Any, encoding: str, pieces: Sequence[tuple[Any, Any, Any]]) -> tuple[Any, ...]:
    """A statement and its values. `pieces` are what was filled since the last one: (result, text, values)."""
    text = text_of(query, encoding)
    if values is not None:
        return text, plain(values)
    if pieces:
        return _taken_apart(text, pieces, encoding)
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


def _taken_apart(text: str, pieces: Sequence[tuple[Any, Any, Any]], encoding: str) -> tuple[Any, ...]:
    at = 0
    parts: list[str] = []
    found: list[Any] = []
    for result, given, values in pieces:
        filled = text_of(result, encoding)
        begin = text.find(filled, at)
        if values is None or begin < 0:
            continue
        template = text_of(given, encoding)
        if isinstance(values, Mapping):
            names = _NAMED.findall(template)
            template, values = _NAMED.sub("%s", template), [values[name] for name in names]
        parts += [text[at:begin], template]
        found += [_bare(value) for value in values]
        at = begin + len(filled)
    return ("".join([*parts, text[at:]]), tuple(found)) if found else (text,)
