"""How much the path record of one trace holds, and what of results is kept in it."""

from __future__ import annotations

from types import CodeType
from typing import TYPE_CHECKING, Any

from ..capture.raw import is_loaded_class

if TYPE_CHECKING:
    from ..context import PathRecord

HIT_LIMIT = 20_000
"""Branch events of one trace; the code object that exceeds it loses its branch events until the next round."""

CALL_LIMIT = 20_000
"""Calls of included functions in one trace; after that, code that is called loses all events until the next round."""

RETURN_LIMIT = 256
"""Results of inner calls kept per trace."""

TEXT_LIMIT = 256
"""Characters of a text that is kept as a result."""

SCALARS = frozenset(map(id, (type(None), bool, int, float)))
"""Ids of the classes whose objects cannot change later and have no length."""


def keep_return(path: PathRecord, code: CodeType, value: Any) -> None:
    """Keep the result of an inner call when it cannot change later."""
    cls = type(value)
    if len(path.returns) < RETURN_LIMIT and (
        id(cls) in SCALARS or (cls is str and len(value) <= TEXT_LIMIT) or is_loaded_class(cls, "decimal", "Decimal")
    ):
        path.returns.append((code, value))
