"""Sessions and parts in the default store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from .. import taken
from ..model.trace import encode_part
from .guard import TOTAL_LIMIT, Budget
from .parts import Part, SessionId, part_of, total, without
from .processes import ProcessName
from .sqlite_schema import SqliteFile, squeeze

_SUM: SessionId = ""
"""The name under which the sum of all closed parts stands."""

_urandom = taken.urandom  # it may be a boundary in this process


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
        return {name: part for name, part in self._rows_of_parts().items() if name != _SUM}

    def _rows_of_parts(self, name: SessionId | None = None) -> dict[SessionId, Part]:
        if not self.has_table("part"):
            return {}
        budget = Budget(TOTAL_LIMIT)
        where, given = ("WHERE id = ?", (name,)) if name is not None else ("", ())
        rows = self._rows("a part", f"SELECT id, data FROM part {where} ORDER BY 1", str, bytes, given=given)
        return {found: self._part(data, Part, budget) for found, data in rows}

    def _one(self, name: SessionId) -> Part:
        """One part, without reading the others; nothing where there is none."""
        return self._rows_of_parts(name).get(name, Part())

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
        last = self._growing(ids)
        grown = without(self.totals(), self._one(_SUM))
        return closed if grown == Part() else {**closed, last: _sum(closed.get(last, Part()), grown)}

    def _growing(self, ids: Mapping[int, SessionId]) -> SessionId:
        """The session that the part which grows is named after: of several processes that record at once the first."""
        last = max(ids)
        if not self.has_table("process"):
            return ids[last]
        query = (
            "SELECT min(revision) FROM process WHERE run != '' AND run = (SELECT run FROM process WHERE revision = ?)"
        )
        (first,) = self._db.execute(query, (last,)).fetchone()
        return ids.get(first, ids[last])

    def _is_growing(self, process: ProcessName | None) -> bool:
        """Whether the part that grows is that of the process's run."""
        query = "SELECT run FROM process WHERE revision = (SELECT max(number) FROM revision)"
        found = self._db.execute(query).fetchone()
        return process is not None and found is not None and found[0] == process.run

    def close_part(self) -> None:
        """Keep by itself what the last session counted, because another begins; within a transaction.

        What it costs does not grow with the number of sessions.
        """
        ids = self.session_ids()
        closed = self._one(_SUM)
        grown = without(self.totals(), closed) if ids else Part()
        if grown != Part():
            last = self._growing(ids)
            self._put(last, _sum(self._one(last), grown))
            self._put(_SUM, _sum(closed, grown))

    def put_all(self, parts: Mapping[SessionId, Part]) -> None:
        """Keep what sessions counted, in a file that keeps none yet; within a transaction."""
        for name, part in parts.items():
            self._put(name, part)
        self._put(_SUM, total(parts))

    def _put(self, name: SessionId, part: Part) -> None:
        self._db.execute("INSERT OR REPLACE INTO part VALUES (?, ?)", (name, squeeze(encode_part(part))))


def _sum(one: Part, other: Part) -> Part:
    return total({"a": one, "b": other})


def _derived(commit: str, recorded: float, python: str) -> SessionId:
    """The name of a session of which nobody drew one: the same in every copy of the file."""
    return hashlib.blake2b(f"{commit}\0{recorded!r}\0{python}".encode(), digest_size=8).hexdigest()
