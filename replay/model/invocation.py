"""One call of the code under test, as plain values."""

from __future__ import annotations

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.inputs import CALL_KINDS
from ...recorders.model.value_tree import Tree


class Invocation(msgspec.Struct, frozen=True, array_like=True):
    """A function or an application, and what it is called with."""

    target: FunctionName
    kind: str
    """How the function is called (`CallKind`), or the kind of the entry."""
    arguments: Tree
    """(receiver, args, kwargs), or the whole input of an entry that is no call of a function."""

    @property
    def is_call(self) -> bool:
        """Whether a function is called; else `kind` is that of an entry, which its replayer knows."""
        return self.kind in CALL_KINDS
