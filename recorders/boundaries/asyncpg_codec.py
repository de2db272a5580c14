"""What exchanges of `asyncpg` mean: SQL with values by number (`$1`), statements that are prepared, COPY of rows."""

from __future__ import annotations

import re
from typing import Any

from ..model.trace import Exchange
from ..model.value_tree import ListNode, Tree, TupleNode, record
from ..model.world import Operation
from .protocol import Visit
from .sql import visit_rows
from .sql_copy import COPIED, CopyCodec

PREPARE = "prepare"
"""How the exchange is called in which a statement is prepared that the program keeps."""

_COPIED_INTO = re.compile(r'\s*COPY\s+[\w."]+\s*\(([^()]*)\)\s*FROM\b', re.IGNORECASE)


_WITHOUT_SQL = ("scroll", "type")
"""Exchanges whose requests are no statements: to skip rows of a cursor, and to ask what a type is."""


class AsyncpgCodec(CopyCodec):
    """SQL over `asyncpg`."""

    def label(self, operation: Operation, request: Tree) -> str:
        """Kind and tables of the statement, and whether it is only prepared."""
        if operation.name in _WITHOUT_SQL:
            return operation.name.upper()
        found = super().label(operation, request)
        return f"PREPARE {found}" if operation.name == PREPARE else found

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """Kind and tables of the statement; preparing one is answered by preparing one."""
        if operation.name in _WITHOUT_SQL:
            return f"{operation.boundary} {operation.name}"
        found = super().operation_key(operation, request)
        return f"{found} prepared" if operation.name == PREPARE else found

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """As of all SQL; how a transaction begins in its own words, for a parser leaves out what it is to be like."""
        if operation.name in _WITHOUT_SQL:
            return request
        if operation.name == "begin" and isinstance(request, TupleNode):
            return record(sql=" ".join(str(request.items[0]).upper().split()))
        return super().canonical(operation, request)

    def as_broken_off(self, exchange: Exchange, request: Tree) -> Tree | None:
        """What was copied before the recorded COPY failed: the rest was never asked for."""
        if exchange.operation not in COPIED or exchange.error is None:
            return None
        match exchange.request, request:
            case TupleNode(items=[before, ListNode(items=sent)]), TupleNode(items=[text, ListNode(items=given)]):
                return exchange.request if before == text and given[: len(sent)] == sent else None
            case _:
                return None

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """Values under the names of their columns, those of rows that are copied too."""
        match exchange.request:
            case TupleNode(items=[str(sql), rows]) if exchange.operation in COPIED:
                into = _COPIED_INTO.match(sql)
                columns = [name.strip(' "') for name in into[1].split(",")] if into is not None else []
                shown = TupleNode([visit("", sql), visit_rows(columns, rows, visit)])
                return self.visited(exchange, visit, shown, [visit("", item) for item in exchange.items])
            case _:
                return super().visit(exchange, names, visit)
