"""Sessions and parts in the default store."""

from __future__ import annotations

import hashlib
import os

from ..model.trace import encode_part
from .guard import TOTAL_LIMIT, Budget
from .parts import Part, SessionId, part_of, total, without
from .sqlite_schema import SqliteFile, squeeze

_urandom = os.urandom  # the function itself: it may be a boundary in this process


def new_session_id() -> SessionId:
    """A name that no other session has."""
    return _urandom(8).hex()


class SqliteParts(SqliteFile):
    """A file with what its sessions counted."""

    def has_table(self, name: str) -> bool:
        """Whether a table is there that older files lack."""
        return True

    def session_ids(self) -> dict[int, SessionId]:
        """Number of a session → its name. One that an older version recorded is named after what it was."""
        named = (
            dict(self._rows("a session", "SELECT revision, id FROM session_id ORDER BY 1", int, str))
            if self.has_table("session_id")
            else {}
        )
        query = "SELECT number, coalesce(about, ''), coalesce(recorded, 0.0) + 0.0, coalesce(python, '') FROM revision"
        rows = self._rows("a session", f"{query} ORDER BY 1", int, str, float, str)
        return {row[0]: named.get(row[0]) or _derived(*row[1:]) for row in rows}

    def closed_parts(self) -> dict[SessionId, Part]:
        """The parts after which another session began."""
        if not self.has_table("part"):
            return {}
        budget = Budget(TOTAL_LIMIT)
        rows = self._rows("a part", "SELECT id, data FROM part ORDER BY 1", str, bytes)
        return {name: self._part(data, Part, budget) for name, data in rows}

    def totals(self) -> Part:
        """All that the file counted."""
        counts = self._rows("a path class", "SELECT entry, path, count FROM path_class", str, str, int)
        counters = dict(self._rows("a counter", "SELECT name, value FROM counter", str, int))
        query = "SELECT subject, count FROM absence WHERE kind = 'not sampled'"
        unsampled = dict(self._rows("an absence", query, str, int)) if self.has_table("absence") else {}
        return part_of(((entry, path, count) for entry, path, count in counts), self.shapes(), counters, unsampled)

    def parts(self) -> dict[SessionId, Part]:
        """All parts, the one that still grows too."""
        closed, ids = self.closed_parts(), self.session_ids()
        if not ids:
            return closed
        last = ids[max(ids)]
        grown = without(self.totals(), total(closed))
        if grown == Part():
            return closed
        return {**closed, last: total({"closed": closed.get(last, Part()), "grown": grown})}

    def close_part(self) -> None:
        """Keep by itself what the last session counted, because another begins; within a transaction."""
        ids = self.session_ids()
        if ids:
            last = ids[max(ids)]
            part = self.parts().get(last)
            if part is not None:
                self.put_part(last, part)

    def put_part(self, name: SessionId, part: Part) -> None:
        """Keep a part; within a transaction."""
        self._db.execute("INSERT OR REPLACE INTO part VALUES (?, ?)", (name, squeeze(encode_part(part))))


def _derived(commit: str, recorded: float, python: str) -> SessionId:
    """The name of a session of which nobody drew one: the same in every copy of the file."""
    return hashlib.blake2b(f"{commit}\0{recorded!r}\0{python}".encode(), digest_size=8).hexdigest()
