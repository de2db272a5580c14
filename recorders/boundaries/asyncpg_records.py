"""Records of `asyncpg` that no server sent: made by the library's own function, of any class that the program has."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any


class Columns(dict[str, int]):
    """Column → its place, in the form in which a record keeps it. Two columns may have one name."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__({name: place for place, name in enumerate(names)})
        self._names = tuple(names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)


_one_at_a_time = threading.Lock()


def record_of(columns: Columns, values: tuple[Any, ...], cls: type) -> Any:
    """A record of a class that extends `asyncpg.Record`. What makes records looks for the class by its name."""
    module: Any = sys.modules["asyncpg.protocol.protocol"]
    with _one_at_a_time:
        before = module.Record
        module.Record = cls
        try:
            return module._create_record(columns, values)
        finally:
            module.Record = before
