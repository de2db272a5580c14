"""One call of the code under test, as plain values."""

from __future__ import annotations

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.value_tree import Tree


class Invocation(msgspec.Struct, frozen=True, array_like=True):
    """A function or an application, and what it is called with."""

    target: FunctionName
    kind: str
    """`function`, `method`, `constructor`, `property`, `wsgi`."""
    arguments: Tree
    """(receiver, args, kwargs), or the input of an HTTP request."""
