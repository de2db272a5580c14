"""What exchanges with processes mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..model.value_tree import DictNode, ListNode, Tree, field
from .protocol import PlainCodec

if TYPE_CHECKING:
    from ..model.world import Operation

WORDS: Final = 4
"""Words of a command in its label."""


class ProcessCodec(PlainCodec):
    """Commands: known by their first words."""

    def label(self, operation: Operation, request: Tree) -> str:
        """The first words of the command."""
        command = field(request, "command")
        words = list(command.items) if isinstance(command, ListNode) else str(command).split()
        shown = " ".join(map(str, words[:WORDS])) + (" …" if len(words) > WORDS else "")
        return shown if operation.name in ("run", "start") else f"{operation.name} of {shown}"

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """What is asked of a process that was started says which one it is; its command was compared already."""
        if operation.name in ("run", "start") or not isinstance(request, DictNode):
            return request
        kept = [(key, value) for key, value in zip(request.keys, request.values, strict=True) if key != "command"]
        return DictNode([key for key, _ in kept], [value for _, value in kept])


CODEC = ProcessCodec()
