"""Inputs that differed, kept so that they are tried first next time.

They lie in a database of Hypothesis, beside the baseline's seals, as value trees.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from hypothesis.database import DirectoryBasedExampleDatabase

from ...recorders.model.trace import TraceId
from ...recorders.model.value_tree import Tree

KEPT = 10
"""Inputs of one function that are kept. A run reports four at most (`FINDINGS_LIMIT`, near and far), and what is
accepted is kept too; all of them are tried again, whether they still differ or not."""


_encode = msgspec.msgpack.Encoder().encode
_decoder: msgspec.msgpack.Decoder[tuple[TraceId, Tree]] = msgspec.msgpack.Decoder(tuple[TraceId, Tree])


def _decode(data: bytes) -> tuple[TraceId, Tree]:
    try:
        return _decoder.decode(data)
    except (UnicodeDecodeError, RecursionError) as error:  # msgspec lets these two through
        raise msgspec.DecodeError(f"it is no input: {error}") from error


class InputDatabase:
    """Keeps inputs by the function or entry that they are of."""

    def __init__(self, folder: Path) -> None:
        self._database = DirectoryBasedExampleDatabase(folder)

    def load(self, target: str) -> list[tuple[TraceId, Tree]]:
        """Inputs of earlier runs with the traces that they were made from, in a fixed order; what cannot be read is
        deleted."""
        found: list[tuple[TraceId, Tree]] = []
        for data in sorted(self._database.fetch(_key(target))):
            try:
                found.append(_decode(data))
            except msgspec.MsgspecError:
                self._database.delete(_key(target), data)
        return found[:KEPT]

    def save(self, target: str, inputs: Iterable[tuple[TraceId, Tree]]) -> None:
        """Instead of those of earlier runs: what does not differ any more need not be tried."""
        wanted = set(map(_encode, inputs))
        for data in list(self._database.fetch(_key(target))):
            if data not in wanted:
                self._database.delete(_key(target), data)
        for data in sorted(wanted)[:KEPT]:
            self._database.save(_key(target), data)


def _key(target: str) -> bytes:
    return f"pytest-runtime 2 {target}".encode()
