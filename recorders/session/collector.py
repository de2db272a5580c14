"""The collector: the thread that turns live traces into a baseline.

Everything that costs time happens here, outside the requests: thawing, naming of arms, redaction, compression,
writing. Its queue is bounded; what does not fit is dropped and counted, and so is what is left at its end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TypeAlias

from ..errors import StoreError
from ..faults import own
from ..included import Included
from ..model.absences import Absence
from ..store.processes import ProcessName
from ..store.protocol import BaselineWriter, Revision, StoredClass
from .background import BackgroundThread
from .gathering import Gathering, Round
from .governor import Governor
from .live_trace import LiveTrace
from .output import Output
from .pending import LOST, Pending, count_lost
from .queue import TraceQueue
from .tallies import Tallies

PERIOD = 0.1
"""Seconds between two rounds."""

ROUND_SECONDS = 0.5
"""How long one round collects before it writes."""

ROUND_TRACES = 500
"""Traces that one transaction takes at most: each is some kilobytes, and a crash loses no more than these."""

END_SECONDS = 2.5
"""How long the end of the collector may take; with all else, the end of a recording takes three seconds at most. A
container that is stopped is killed after ten, and the service needs some of them itself."""

COLLECT_SHARE = 0.6
"""The part of it in which traces are collected; the rest is for writing them."""

PAUSE_SECONDS = 0.5
"""How long a fork waits for the thread to be gone; one transaction takes some milliseconds."""

_monotonic, _thread_time = time.monotonic, time.thread_time


MakeRevision: TypeAlias = Callable[[bool], Revision]
"""Of whether the session is at its end: its revision, as far as it is known."""


class Collector:
    """Takes live traces from the entries and writes them to a store, in rounds."""

    def __init__(
        self,
        output: Output,
        revisions: Revisions,
        gathering: Gathering,
        tallies: Tallies,
        *,
        governor: Governor,
        rest: Callable[[], None],
        pending: Pending,
    ) -> None:
        """`governor` gets what the collector's thread spends; `rest`, called once a round, lets the tracer close its
        window."""
        self.accepted = 0
        """Traces that were finished, whether they could be kept or not."""
        self.output = output
        self._tallies = tallies
        self._gathering = gathering
        self._governor = governor
        self._rest = rest
        self._revisions = revisions
        self._pending = pending
        self._queue = TraceQueue()
        self._worker = BackgroundThread(self._round, period=PERIOD)
        self._ended = False
        self._deadline = math.inf

    def start(self) -> None:
        """Open the store and begin the session now, and not with the first trace; raises `StoreError`."""
        self._gathering.go_on_from(self._revisions.begin(self.output.opened()))
        self._count_lost()

    def accept(self, trace: LiveTrace, size: int) -> None:
        """Take a finished trace; never blocks."""
        if self._ended:
            self._tallies.counters.add("dropped: it ended after the recording")
            return
        self.accepted += 1
        self._pending.tell(self.accepted)
        if not self._queue.put(trace, size):
            trace.lineage.state.let_go()
            self._tallies.counters.add("dropped: the collector is behind")
        self._worker.start()

    def pause(self) -> bool:
        """Have no thread and no connection for a moment, because the process forks; the next trace that is accepted
        brings them back."""
        is_gone = self._worker.pause(PAUSE_SECONDS)
        if is_gone:
            self.output.rest()
        return is_gone

    def forget(self) -> None:
        """In a forked child: all of this is the parent's. Its connection is closed since `pause`, where the fork was
        one of Python's and the thread had the time; else it must stay as it is."""
        self._pending.forget()
        self.output.abandon()

    def flush(self, seconds: float = END_SECONDS) -> None:
        """Write what was accepted, as at an end, and go on: another program may take this one's place, or may not."""
        if self._ended or not (self.accepted or self.output.is_open) or not self._worker.pause(seconds):
            return
        try:
            until = _monotonic() + COLLECT_SHARE * seconds
            while self._queue and _monotonic() < until and self._has_begun():
                self.output.retry(now=True)
                self._advance(until)
            self.output.note_end()
            self.output.rest()
            if not self._queue:
                self._pending.end()
        except Exception as error:
            if not own(error):
                raise
            self._tallies.counters.add(f"fault: {type(error).__name__}")

    def absences(self) -> list[Absence]:
        """What this recording left out."""
        return self._tallies.absences(at_end=self._ended)

    def stop(self, seconds: float = END_SECONDS) -> None:
        """Write what was accepted, then close the store; what cannot be written within `seconds` is counted."""
        if self._ended:
            return
        self._ended = True
        self._deadline = _monotonic() + COLLECT_SHARE * seconds
        if not self._worker.finish(self._end, seconds):
            self._count_unwritten(f"dropped: the end took longer than {seconds:g} s")

    def _count_unwritten(self, why: str) -> None:
        """Count what was accepted and is neither written nor counted as dropped already."""
        counts = self._tallies.counts()
        dropped = sum(count for name, count in counts.items() if name.startswith("dropped"))
        left = self.accepted - self.output.traces - (dropped - counts[LOST])
        if left > 0:
            self._tallies.counters.add(why, left)

    def _round(self) -> None:
        before, collected = _thread_time(), 0
        try:
            self._rest()
            collected = self._advance(_monotonic() + ROUND_SECONDS, lambda: self._worker.is_ending)
        except Exception as error:  # noqa: BLE001 - the service goes on without its recorder
            self._tallies.counters.add(f"fault: {type(error).__name__}")
        self._governor.collected(collected, _thread_time() - before, waiting=len(self._queue))

    def _end(self) -> None:
        """The last round; in the thread of the service where the worker has none."""
        before = _thread_time()
        try:
            self._rest()
            self.output.retry(now=True)
            while self._queue and self.output.is_free and _monotonic() < self._deadline and self._has_begun():
                self._advance(min(_monotonic() + ROUND_SECONDS, self._deadline))
            self._leave()
            if self.output.is_free and self._is_worth_telling() and self._has_begun():
                self._revisions.finish()
                self._count_lost()
                self._advance(0.0)
        except Exception as error:
            if not own(error):
                raise
            self._tallies.counters.add(f"fault: {type(error).__name__}")
        finally:
            self.output.close()
            self._pending.end()
            self._governor.spent(_thread_time() - before)

    def _is_worth_telling(self) -> bool:
        """Whether the store should know of this process: not of one that ran nothing that is included."""
        return self.output.is_open or bool(self.accepted) or self._tallies.has_news()

    def _has_begun(self) -> bool:
        """Whether the session is there, which begins with the first trace where it did not before."""
        if self._revisions.has_begun:
            return True
        writer = self.output.try_to_open()
        if writer is None:
            return False
        try:
            self._gathering.go_on_from(self._revisions.begin(writer))
            self._count_lost()
        except StoreError as error:
            self.output.refused(error)
            return False
        return True

    def _count_lost(self) -> None:
        """Count what processes that were killed had not written; raises `StoreError`."""
        writer = self.output.opened()
        lost = count_lost(writer.location, writer.processes().values())
        if lost:
            self._tallies.counters.add(LOST, lost)

    def _leave(self) -> None:
        """Count what is left in the queue."""
        left = self._queue.clear()
        if left:
            why = "there was no time for it at the end" if self.output.is_free else "the baseline could not be written"
            self._tallies.counters.add(f"dropped: {why}", left)

    def _advance(self, until: float, is_enough: Callable[[], bool] = lambda: False) -> int:
        """Collect `until` a moment, or until it is enough, and write; a batch that was refused comes first. How many
        traces were collected."""
        self.output.retry()
        if not self.output.is_free or not (self._queue or self.output.is_open) or not self._has_begun():
            return 0
        added = Round()
        collected = 0
        while self._queue and len(added.traces) < ROUND_TRACES and _monotonic() < until and not is_enough():
            self._add(self._queue.take(), added)
            collected += 1
        counts = self._tallies.due(at_end=self._ended, beside_traces=bool(added.counts))
        if counts is not None:
            self._revisions.update()
            self.output.put(self._gathering.batch(added, *counts))
            self._gathering.go_on_from(self.output.known.values())
        return collected

    def _add(self, trace: LiveTrace, added: Round) -> None:
        try:
            self._gathering.add(trace, added)
        except Exception as error:
            if not own(error):
                raise
            # One record is lost and counted, never the run.
            self._tallies.counters.add(f"dropped: {type(error).__name__}")


class Revisions:
    """The revision of a recording, in the store: written again when modules were loaded since."""

    def __init__(self, included: Included, revision: MakeRevision, process: ProcessName) -> None:
        self._included = included
        self._revision = revision
        self._process = process
        self._writer: BaselineWriter | None = None
        self._modules = 0

    @property
    def has_begun(self) -> bool:
        """Whether there is a session in the store."""
        return self._writer is not None

    def begin(self, writer: BaselineWriter) -> list[StoredClass]:
        """Begin a session; what the store holds already. Raises `StoreError`."""
        writer.start(self._revision(False), self._process)
        self._writer = writer
        self._modules = len(self._included.modules)
        return writer.classes()

    def update(self) -> None:
        """Write what was loaded since."""
        if len(self._included.modules) != self._modules:
            self._write(at_end=False)

    def finish(self) -> None:
        """Write what is known at the end alone."""
        self._write(at_end=True)

    def _write(self, *, at_end: bool) -> None:
        if self._writer is None:
            return
        try:
            self._writer.update_revision(self._revision(at_end))
        except StoreError:
            return  # the batch that follows is refused for the same reason, and reported
        self._modules = len(self._included.modules)
