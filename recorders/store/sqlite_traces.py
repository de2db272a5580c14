"""Traces and path classes in the default store, where several processes record into one file at once.

Each process draws from its own traces (`session.reservoir`), by counts that it brings up to date with each batch. So
two may have filled the same slot meanwhile, or described the same path class in another order of its arms. Both are
settled here, in the transaction that writes: a class never keeps more than its number of exemplars, and each of the
traces that were recorded in all of them has about the same chance.
"""

from __future__ import annotations

import _random
import sqlite3
from collections import Counter
from collections.abc import Mapping
from typing import TypeAlias

from ..model.shapes import Shape
from ..model.trace import PathClass, TraceId, encode_part
from .contents import restated
from .guard import TOTAL_LIMIT, Budget, unsqueeze
from .protocol import Batch, KeptTrace, StoredClass
from .sqlite_schema import SqliteFile, digest_of, squeeze

ClassKey: TypeAlias = tuple[str, str]
"""(entry, path digest)"""

_draw = _random.Random()
"""The C class: `random.Random` is a boundary in this process."""


def settled(kept: KeptTrace, held: Mapping[int, TraceId], count: int, exemplars: int) -> KeptTrace | None:
    """The trace in the slot that it gets, where `held` are those of its class now; `None` where it is not kept.

    `count` is how many traces of the class were recorded.
    """
    if kept.id in held.values():
        return None
    if kept.replaces or kept.slot not in held:
        return kept  # it was drawn against another, or the slot is free, as it was thought to be
    free = next((slot for slot in range(exemplars) if slot not in held), None)
    if free is None:
        free = int(_draw.random() * max(count, exemplars))
    return kept._replace(slot=free) if free < exemplars else None


def in_terms_of(kept: KeptTrace, own: PathClass, stored: PathClass) -> KeptTrace:
    """The trace with its order in terms of the arms that the store has for its class."""
    return kept if own.arms == stored.arms else kept._replace(data=restated(kept.data, own.arms, stored.arms))


class SqliteTraces(SqliteFile):
    """A file into which traces are written."""

    _revision = 0
    """The session that writes."""
    _is_shared = False
    """Whether another process wrote since it began."""

    def __init__(self, location: str, connection: sqlite3.Connection) -> None:
        super().__init__(location, connection)
        self._dictionaries: dict[str, bytes] = {}

    def _class(self, key: ClassKey) -> StoredClass | None:
        """A path class as it is now."""
        query = "SELECT count, data FROM path_class WHERE entry = ? AND path = ?"
        found = next(self._rows("a path class", query, int, bytes, given=key), None)
        if found is None:
            return None
        count, data = found
        described = self._part(data, PathClass, Budget(TOTAL_LIMIT))
        return StoredClass(*key, count, self._held(key), described)

    def _held(self, key: ClassKey) -> dict[int, TraceId]:
        """The traces of a class by their slots."""
        query = "SELECT slot, id FROM trace WHERE entry = ? AND path = ?"
        return dict(self._rows("a trace", query, int, str, given=key))

    def _keep_all(self, batch: Batch) -> Counter[str]:
        """Keep the traces of a batch; how many, by entry."""
        found: Counter[str] = Counter()
        with_producers = False
        for kept in batch.traces:
            one = self._settled(kept, batch) if self._is_shared and batch.exemplars else kept
            if one is not None:
                self._keep(one)
                found[one.entry] += 1
                with_producers = with_producers or bool(one.producers)
        if with_producers:
            self._db.execute("DELETE FROM producer WHERE id NOT IN (SELECT producer FROM made)")
        return found

    def _settled(self, kept: KeptTrace, batch: Batch) -> KeptTrace | None:
        """A trace where other processes may have written traces of its class; `None` where it is not kept."""
        key = (kept.entry, kept.path)
        stored = self._class(key)
        if stored is None:
            return kept
        one = settled(kept, stored.kept, stored.count, batch.exemplars)
        own = batch.classes.get(key)
        return one if one is None or own is None else in_terms_of(one, own, stored.description)

    def _add_shape(self, key: tuple[str, str], shape: Shape) -> None:
        query = "SELECT data FROM shape WHERE entry = ? AND part = ?"
        found = next(self._rows("a shape", query, bytes, given=key), None)
        if found is not None:
            shape = self._part(found[0], Shape, Budget(TOTAL_LIMIT)).merge(shape)
        self._db.execute("INSERT OR REPLACE INTO shape VALUES (?, ?, ?)", (*key, squeeze(encode_part(shape))))

    def _keep(self, kept: KeptTrace) -> None:
        dictionary = self._dictionary(kept)
        row = (kept.entry, kept.path, kept.slot, kept.id, self._revision, digest_of(kept.data))
        data = squeeze(kept.data, dictionary)
        self._db.execute("INSERT OR REPLACE INTO trace VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, data))
        slot = (kept.entry, kept.path, kept.slot)
        self._db.execute("DELETE FROM made WHERE entry = ? AND path = ? AND slot = ?", slot)
        for name, content in kept.producers.items():
            # Many traces share a producer: asking costs little beside compressing it again.
            if self._db.execute("SELECT 1 FROM producer WHERE id = ?", (name,)).fetchone() is None:
                self._db.execute("INSERT INTO producer VALUES (?, ?)", (name, squeeze(content)))
            self._db.execute("INSERT OR IGNORE INTO made VALUES (?, ?, ?, ?)", (*slot, name))

    def _dictionary(self, kept: KeptTrace) -> bytes:
        """The dictionary of an entry: its first trace, for good."""
        known = self._dictionaries.get(kept.entry)
        if known is None:
            row = self._db.execute("SELECT dictionary FROM entry WHERE name = ?", (kept.entry,)).fetchone()
            if row is not None and row[0] is not None:
                known = unsqueeze(row[0])
            else:
                known = kept.data[:32_768]  # the window of deflate
                self._db.execute("UPDATE entry SET dictionary = ? WHERE name = ?", (squeeze(known), kept.entry))
            self._dictionaries[kept.entry] = known
        return known
