"""The output of a recording: batches on their way into the store, and what of them did not get there.

A batch that the store refuses is kept and tried again; the next one is not made before, so that what comes meanwhile
waits in the collector's bounded queue.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from ..errors import StoreBusy, StoreError, StoreLost

if TYPE_CHECKING:
    from ..store.protocol import BaselineWriter, Batch, StoredClass
    from .counters import Counters

_monotonic = time.monotonic

FIRST_RETRY: Final = 0.2
LAST_RETRY: Final = 5.0
"""Seconds until a refused batch is tried again; each time twice as long."""

_inherited: Final[list[BaselineWriter]] = []
"""Those of processes that this one was forked from, kept alive."""


class Output:
    """Writes batches to a store, one at a time."""

    def __init__(self, opening: Callable[[], BaselineWriter], counters: Counters) -> None:
        """`opening` opens the store, once it is needed; it may raise `StoreError`."""
        self._opening = opening
        self._writer: BaselineWriter | None = None
        self._counters = counters
        self._batch: Batch | None = None
        self._is_refused = False
        self._retry_in = FIRST_RETRY
        self._retry_at = 0.0
        self._told = False
        self.lost = ""
        """What happened to the store, where what was written to it is gone."""
        self.traces = 0
        """Runs that the store holds, of this recording."""
        self.kept = 0
        self.known: Mapping[tuple[str, str], StoredClass] = {}
        """Path classes of the last batch as they are now, where other processes added to them."""

    @property
    def is_free(self) -> bool:
        """Whether there is no batch that waits to be tried again."""
        return self._batch is None

    @property
    def number(self) -> int:
        """Of the session in the store; 0 where none has begun."""
        return self._writer.number if self._writer is not None else 0

    @property
    def is_open(self) -> bool:
        """Whether the store was opened."""
        return self._writer is not None

    def opened(self) -> BaselineWriter:
        """The store, opened by the first call; raises `StoreError`."""
        if self._writer is None:
            self._writer = self._opening()
        return self._writer

    def try_to_open(self) -> BaselineWriter | None:
        """The store, where it can be opened now; how often that is tried is bounded."""
        if self._writer is None and _monotonic() < self._retry_at:
            return None
        try:
            return self.opened()
        except StoreError as error:
            self.refused(error)
            return None

    def rest(self) -> None:
        """Hold nothing open, because the process forks."""
        if self._writer is not None:
            self._writer.rest()

    def abandon(self) -> None:
        """In a forked child: never close what the parent has open."""
        if self._writer is not None:
            _inherited.append(self._writer)

    def put(self, batch: Batch) -> None:
        """Write a batch, now or later; only while `is_free`."""
        self._batch = batch
        if self.lost:
            self._drop(f"the baseline {self.lost}", _runs(batch))
        else:
            self._write(batch)

    def retry(self, *, now: bool = False) -> None:
        """Try a refused batch again, once it is time, or `now`."""
        if self._batch is not None and (now or _monotonic() >= self._retry_at):
            self._write(self._batch)

    def _write(self, batch: Batch) -> None:
        try:
            written = self.opened().write(batch)
        except StoreLost as error:
            self._lose(error)
        except StoreError as error:
            self.refused(error)
        else:
            self._batch, self._is_refused = None, False
            self._retry_in = FIRST_RETRY
            self.traces += _runs(batch)
            self.kept += written.kept
            self.known = written.classes

    def close(self) -> None:
        """Give up what is still refused, and close the store. Raises nothing of the store's."""
        if self._batch is not None:
            self._drop("the baseline could not be written", _runs(self._batch))
        if self._writer is None:
            return
        self.note_end()
        try:
            self._writer.close()
        except StoreLost as error:
            if not self.lost:
                self._lose(error)
        except StoreError as error:
            self._counters.add("faults of the store")
            self._tell(error)

    def note_end(self) -> None:
        """Say in the store that the process ended, or may end now."""
        if self._writer is not None and not self.lost:
            try:
                self._writer.end()
            except StoreError:
                return  # it looks as if it was killed

    def refused(self, error: StoreError) -> None:
        """The store could not be used; it is tried again after a while."""
        if not self._is_refused and not isinstance(error, StoreBusy):
            self._is_refused = True
            self._counters.add("faults of the store")
            self._tell(error)
        self._retry_at = _monotonic() + self._retry_in
        self._retry_in = min(2 * self._retry_in, LAST_RETRY)

    def _lose(self, error: StoreLost) -> None:
        """Everything that was written is gone, and what comes later would go the same way."""
        self.lost = f"{error.happened} while it was recorded into"
        gone = self.traces + (_runs(self._batch) if self._batch is not None else 0)
        self.traces = self.kept = 0
        self._drop(f"the baseline {self.lost}", gone)
        self._tell(error)

    def _drop(self, why: str, runs: int) -> None:
        """Count runs that are not in the store, and forget the batch."""
        self._batch = None
        if runs:
            self._counters.add(f"dropped: {why}", runs)

    def _tell(self, error: StoreError) -> None:
        """The first fault at once; how many there were, the recorder's last line says."""
        if not self._told:
            self._told = True
            sys.stderr.write(f"pytest-runtime: {error}\n")


def _runs(batch: Batch) -> int:
    return sum(batch.counts.values())
