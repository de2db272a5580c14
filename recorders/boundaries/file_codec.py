"""What exchanges with files mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .protocol import PlainCodec

if TYPE_CHECKING:
    from ..model.value_tree import Tree
    from ..model.world import Operation


class FileCodec(PlainCodec):
    """Files, by what is done to them."""

    def label(self, operation: Operation, request: Tree) -> str:
        """`write out/report.csv`."""
        return f"{operation.name} {operation.resource}"

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """The file."""
        return f"{operation.boundary} {operation.resource}"


CODEC = FileCodec()
