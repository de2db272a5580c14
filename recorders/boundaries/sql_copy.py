"""COPY of PostgreSQL: data that a program sends to the server, beside its statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..model.value_tree import Tree, TupleNode, field, record
from .sql import SqlCodec

if TYPE_CHECKING:
    from ..model.world import Operation

COPIED = ("copy data", "copy given up")
"""How the exchanges are called in which data was sent: to its end, or to where the program raised an exception."""


def lines_of(data: bytes) -> Any:
    """Text as its lines, so that a report shows which one differs."""
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError:
        return data


class CopyCodec(SqlCodec):
    """SQL, and data of COPY."""

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """As of all SQL; data that was copied by its lines."""
        shown = super().canonical(operation, request)
        if not (operation.name in COPIED and isinstance(request, TupleNode) and len(request.items) > 1):
            return shown
        return record(sql=field(shown, "sql"), data=request.items[1])
