"""What is read of standard input means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.value_tree import BytesNode, Tree
from .protocol import PlainCodec

if TYPE_CHECKING:
    from ..model.world import Operation


class StdinCodec(PlainCodec):
    """Standard input is one text, however it was read."""

    def label(self, operation: Operation, request: Tree) -> str:
        """`read standard input`."""
        return f"{operation.name} {operation.resource}"

    def join(self, items: list[Tree]) -> list[Tree]:
        """All pieces as one, a text where it is one."""
        if not all(isinstance(item, BytesNode) for item in items):
            return items
        whole = b"".join(item.data for item in items if isinstance(item, BytesNode))
        if not whole:
            return []
        try:
            return [whole.decode()]
        except UnicodeDecodeError:
            return [BytesNode(whole)]


CODEC = StdinCodec()
