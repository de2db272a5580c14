"""SQL exchanges: what they mean, whichever driver they go through.

A request is (statement, values) or (statement,), an answer (columns, further facts), an item a row.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..model.value_tree import DictNode, ListNode, Tree, TupleNode, record
from .protocol import UNNAMED, PlainCodec, Visit
from .sql_names import columns_of, parameter_names

if TYPE_CHECKING:
    from ..model.trace import Exchange
    from ..model.world import Effect, Operation

_READING = frozenset({"SELECT", "EXPLAIN", "VALUES"})
_KEPT_IN_FILE = frozenset({"user_version", "application_id"})
"""Settings that belong to the database, not to a connection."""

_ABOUT_SCHEMA = ("_info", "_xinfo", "_list", "_check", "user_version", "application_id", "schema_version", "page_count")
"""How the names of those pragmas end that describe the database (https://www.sqlite.org/pragma.html)."""

_ABOUT_SESSION = re.compile(
    r"\s*select\s+(?:(?:pg_catalog\.)?(?:version|current_schema|current_database|set_config)\(|"
    r"typname\b.*\bpg_type\b|@@)",
    re.IGNORECASE | re.DOTALL,
)
"""What libraries ask once a connection, or once an engine: what the server is and how the session is set."""

_OF_SESSION = frozenset({";", "SET", "SHOW", "RESET", "DISCARD", "DEALLOCATE", "LISTEN", "UNLISTEN"})
"""First words of statements about a connection; one without words asks whether it is there."""

_WRITING_WORDS = ("INSERT", "UPDATE", "DELETE", "REPLACE")


@functools.lru_cache(maxsize=512)
def _known_effect(sql: str) -> Effect:
    return _effect_of(sql)


def effect_of(sql: str) -> Effect:
    """Whether a statement reads or writes; see `_effect_of`. Of short ones it is found once."""
    return _known_effect(sql) if len(sql) < _SHORT and type(sql) is str else _effect_of(sql)


_SHORT = 2_000


def _effect_of(sql: str) -> Effect:
    """Whether a statement reads or writes, by its first word (`WITH` by the words that follow).

    What a driver says about its connection (`PRAGMA read_uncommitted`, `SET NAMES`) is of the session.
    """
    words = str.lstrip(sql, " \t\r\n;(").split(None, 1)
    first = words[0].upper() if words else sql[:1]
    if first == "WITH":
        upper = str.upper(sql)
        return "write" if any(word in upper for word in _WRITING_WORDS) else "read"
    if first == "PRAGMA":
        return _effect_of_pragma(words[1] if len(words) > 1 else "")
    if first in _OF_SESSION or _ABOUT_SESSION.match(sql):
        return "session"
    return "read" if first in _READING else "write"


def _effect_of_pragma(rest: str) -> Effect:
    words = rest.replace("(", "=").split("=", 1)
    name = words[0].strip(" \t\r\n;").lower().rpartition(".")[2]
    if name in _KEPT_IN_FILE and len(words) > 1:
        return "write"
    return "read" if name.endswith(_ABOUT_SCHEMA) else "session"


class SqlCodec(PlainCodec):
    """Statements are compared as parsed, values by the places where they land."""

    def label(self, operation: Operation, request: Tree) -> str:
        """Kind and tables of the statement."""
        from .canonical_sql import operation_of

        return operation_of(_statement(request)) if _statement(request) else operation.name.upper()

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """Kind and tables of the statement."""
        from .canonical_sql import operation_of

        statement = _statement(request)
        return f"{operation.boundary} {operation_of(statement) if statement else operation.name}"

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """The statement in canonical form, its values by column where each has one of its own."""
        if not isinstance(request, TupleNode):
            return request
        from .canonical_sql import canonical

        sql, *rest = request.items
        statement = canonical(str(sql), bound=bool(rest))
        values = rest[0] if rest else TupleNode([])
        if operation.name == "executemany" and isinstance(values, (ListNode, TupleNode)):
            rows: list[Tree] = [_in_place(statement.slots, row) for row in values.items]
            return record(sql=statement.text, parameters=ListNode(rows))
        placed = _in_place(statement.slots, values)
        names = parameter_names(statement.text)
        if isinstance(placed, TupleNode) and len(names) == len(placed.items) == len(set(names)) and all(names):
            keys: list[Tree] = [*names]
            return record(sql=statement.text, parameters=DictNode(keys, placed.items))
        return record(sql=statement.text, parameters=placed)

    def effect(self, operation: Operation, request: Tree) -> Effect:
        """What the statement does, also where an older version of the recorder took settings for reads."""
        is_statement = operation.name == "execute" and _statement(request)
        return effect_of(_statement(request)) if is_statement else operation.effect

    def adapt_answer(self, asked: Tree, recorded: Tree, answer: Tree) -> Tree:
        """Columns by the names that the asked statement gives them."""
        match answer:
            case TupleNode(items=[TupleNode(items=columns), *facts]):
                from .canonical_sql import with_own_columns

                names = with_own_columns(_statement(asked), _statement(recorded), list(map(str, columns)))
                return TupleNode([TupleNode(list(names)), *facts])
            case _:
                return answer

    def names(self, exchanges: Sequence[Exchange]) -> dict[str, list[str]]:
        """Tables and their columns, as far as statements of the trace create them."""
        return columns_of(_statement(exchange.request) for exchange in exchanges if _has_values(exchange.request))

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """Values under the names of the columns that they are compared with or go into; cells under their columns."""
        request = exchange.request
        if isinstance(request, TupleNode) and _has_values(request):
            sql, values = request.items
            shown = visit_rows(_value_names(str(sql), names), values, visit)
            request = TupleNode([visit("", sql), shown])
        else:
            request = visit("", request)
        columns = _columns(exchange.answer)
        return self.visited(exchange, visit, request, [_visit_row(columns, item, visit) for item in exchange.items])

    def prepare(self, request: Tree) -> None:
        """Parse the statement."""
        if statement := _statement(request):
            from .canonical_sql import canonical, operation_of

            canonical(statement, bound=isinstance(request, TupleNode) and len(request.items) > 1)
            operation_of(statement)


def _statement(request: Tree) -> str:
    """The statement of a request, empty where it has none."""
    return str(request.items[0]) if isinstance(request, TupleNode) and request.items else ""


def _has_values(request: Tree) -> bool:
    return isinstance(request, TupleNode) and len(request.items) == 2


def _in_place(slots: tuple[int | str, ...], values: Tree) -> Tree:
    """Values in the order of the places where they land, where they fit."""
    from .canonical_sql import placed

    found = placed(slots, values)
    return values if found is None else TupleNode(found)


def _columns(answer: Tree) -> list[str]:
    """Column names in the facts of a statement."""
    first = answer.items[0] if isinstance(answer, TupleNode) and answer.items else None
    return [str(name) for name in first.items] if isinstance(first, TupleNode) else []


def _value_names(sql: str, tables: Any) -> list[str]:
    """The column of each value of a statement, in the order in which they are given; see `parameter_names`."""
    if "?" in sql or "$1" not in sql:
        return parameter_names(sql, tables, UNNAMED)
    from .canonical_sql import with_marks

    text, slots = with_marks(sql, bound=True)
    given = [slot for slot in slots if isinstance(slot, int)]
    names = [""] * (max(given, default=-1) + 1)
    for slot, name in zip(slots, parameter_names(text, tables, UNNAMED), strict=False):
        if isinstance(slot, int) and (name and names[slot] in ("", UNNAMED)):
            names[slot] = name
    return names


def visit_rows(names: Sequence[str], values: Tree, visit: Visit) -> Tree:
    """Values, or rows of them, each under the name of its column."""
    if isinstance(values, ListNode):  # of many executions
        return ListNode([_visit_row(names, row, visit) for row in values.items])
    return _visit_row(names, values, visit)


def _visit_row(names: Sequence[str], row: Tree, visit: Visit) -> Tree:
    if not isinstance(row, TupleNode) or not names:
        return visit("", row)
    padded = [*names, *[""] * len(row.items)]
    named = zip(padded, row.items, strict=False)
    return TupleNode([visit(_name_of(name, cell), cell) for name, cell in named])


def _name_of(name: str, cell: Tree) -> str:
    """A value without a name is looked at only where it is a text with letters: no amount, no date."""
    return "" if name == UNNAMED and not (isinstance(cell, str) and any(map(str.isalpha, cell))) else name
