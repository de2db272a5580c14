"""Sessions in the default store: each is one process of a run, with what it counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .. import taken
from .processes import KEPT, NO_ENTRY, NOT_SAMPLED, RECORDED, Process, ProcessName, is_running
from .protocol import Batch
from .sqlite_parts import SqliteParts

_now = taken.time_now

SESSIONS_LIMIT: Final = 100
"""Sessions that are remembered although none of their traces is kept: a pool that starts a process for each task would
make a baseline grow with the traffic."""

_OF_SESSION: Final = (
    *("source", "variable_name", "hidden", "place", "plugin", "session_id", "process", "process_count"),
)


class SqliteSessions(SqliteParts):
    """A file into which processes record."""

    _revision = 0

    @property
    def number(self) -> int:
        """Of the session."""
        return self._revision

    def _is_new_run(self, process: ProcessName | None) -> bool:
        """Whether no session of its run is known."""
        if process is None or not process.run:
            return True
        return self._db.execute("SELECT 1 FROM process WHERE run = ? LIMIT 1", (process.run,)).fetchone() is None

    def _add_process(self, process: ProcessName) -> None:
        row = (self._revision, *process, _now())
        self._db.execute("INSERT OR REPLACE INTO process VALUES (?, ?, ?, ?, ?, 0)", row)
        self._forget_sessions()

    def _forget_sessions(self) -> None:
        """Bound the sessions of which nothing is kept. The first of a run stays: its name stands for what all counted;
        so do those that may still write."""
        query = (
            "SELECT revision, pid, ended FROM process WHERE revision NOT IN (SELECT revision FROM trace) "
            "AND revision NOT IN (SELECT min(revision) FROM process GROUP BY run) ORDER BY 1 DESC LIMIT -1 OFFSET ?"
        )
        rows = self._rows("a process", query, int, int, int, given=(SESSIONS_LIMIT,))
        gone = [(number,) for number, pid, ended in rows if ended or not is_running(pid)]
        for table in _OF_SESSION:
            self._db.executemany(f"DELETE FROM {table} WHERE revision = ?", gone)
        self._db.executemany("DELETE FROM revision WHERE number = ?", gone)

    def _count_for_process(self, batch: Batch, kept: Mapping[str, int]) -> None:
        """What a batch adds to the counts of its process; `kept` traces by entry."""
        rows: dict[tuple[str, str], int] = {(entry, KEPT): count for entry, count in kept.items()}
        for (entry, _path), count in batch.counts.items():
            rows[entry, RECORDED] = rows.get((entry, RECORDED), 0) + count
        for (kind, subject), count in batch.absences.items():
            if kind == NOT_SAMPLED:
                rows[subject, NOT_SAMPLED] = count
        rows.update(((NO_ENTRY, name), count) for name, count in batch.counters.items() if name != NOT_SAMPLED)
        self._db.executemany(
            "INSERT INTO process_count VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(self._revision, *key, count) for key, count in rows.items()],
        )

    def _put_processes(self, processes: Mapping[int, Process]) -> None:
        """Keep what is known of processes, by number of their session; within a transaction."""
        for number, process in processes.items():
            row = (number, process.run, process.pid, process.program, process.began, int(process.ended))
            self._db.execute("INSERT OR REPLACE INTO process VALUES (?, ?, ?, ?, ?, ?)", row)
            counts = [(number, entry, *row) for entry, counted in process.counts.items() for row in counted.items()]
            self._db.executemany("INSERT OR REPLACE INTO process_count VALUES (?, ?, ?, ?)", counts)
