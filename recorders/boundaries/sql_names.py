"""Names of the parameters of SQL statements: the columns that they are compared with, or go into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

_CREATE = re.compile(r"\bcreate\s+(?:temp\w*\s+)?table\s+(?:if\s+not\s+exists\s+)?([\w.\"`\[\]]+)\s*\(", re.IGNORECASE)
_INSERT = re.compile(
    r"\binto\s+([\w.\"`\[\]]+)\s*(?:\(([^()]*)\)\s*(?:select\b[^?]*?\bfrom\s*\(\s*)?)?values\s*(?=\()", re.IGNORECASE
)
"""Values that go into a table, also by way of a table of values, as SQLAlchemy writes it for several rows."""

_COMPARED = re.compile(
    r"([A-Za-z_]\w*)[\"`\]]?\s*(?:=|<>|!=|<=?|>=?|\blike\b|\bis\b)\s*(?:cast\()?\?|\b(limit|offset)\s+(?:cast\()?\?|\?",
    re.IGNORECASE,
)
_QUOTES = ' "`[]\n\t'


def columns_of(statements: Iterable[str]) -> dict[str, list[str]]:
    """Table → its columns, as far as statements create them."""
    found: dict[str, list[str]] = {}
    for sql in statements:
        for created in _CREATE.finditer(sql):
            parts, _end = _split(sql, created.end())
            words = (part.split() for part in parts)
            found[created[1].strip(_QUOTES).lower()] = [word[0].strip(_QUOTES) if word else "" for word in words]
    return found


def parameter_names(
    sql: str, tables: Mapping[str, Sequence[str]] = MappingProxyType({}), unnamed: str = ""
) -> list[str]:
    """The column next to each positional `?` of a statement, empty where none stands there; `unnamed` where one is
    inserted into a column that is not known. `tables` are the columns of tables, for inserts that name none."""
    inserted = _INSERT.search(sql)
    if inserted is None or "?" not in sql or inserted.start() > sql.find("?"):
        return _compared(sql)
    said = inserted[2].split(",") if inserted[2] else tables.get(inserted[1].strip(_QUOTES).lower(), ())
    columns = [column.strip(_QUOTES) for column in said]
    names: list[str] = []
    at = inserted.end()
    while at < len(sql) and sql[at] == "(":
        parts, at = _split(sql, at + 1)
        for position, part in enumerate(parts):
            column = columns[position] if position < len(columns) else unnamed
            names += [column] * part.count("?")
        while at < len(sql) and sql[at] in ", \n\t":
            at += 1
    return names + _compared(sql[at:])


def _compared(sql: str) -> list[str]:
    return [(match.group(1) or match.group(2) or "").lower() for match in _COMPARED.finditer(sql)]


def _split(sql: str, at: int) -> tuple[list[str], int]:
    """The parts of a list in parentheses, from behind the first of these; and where what follows it begins. Quoted
    parts are left out: what stands in them is no part of the statement's structure."""
    parts, depth, quote = [""], 1, ""
    while at < len(sql):
        char = sql[at]
        at += 1
        if quote:
            quote = "" if char == quote else quote
        elif char == "'":
            quote = char
        elif char == ")" and depth == 1:
            break
        elif char == "," and depth == 1:
            parts.append("")
        else:
            depth += (char == "(") - (char == ")")
            parts[-1] += char
    return parts, at
