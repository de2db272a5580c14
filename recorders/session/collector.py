"""The collector: the thread that turns live traces into a baseline.

Everything that costs time happens here, outside the requests: thawing, naming of arms, redaction, compression,
writing. Its queue is bounded; what does not fit is dropped and counted, and so is what is left at its end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..faults import own
from .background import BackgroundThread
from .queue import TraceQueue

if TYPE_CHECKING:
    from ..late import Late
    from ..model.absences import AbsenceKey
    from ..store.protocol import BaselineWriter
    from .gathering import Gathering, Round
    from .governor import Governor
    from .live_trace import LiveTrace
    from .output import Output
    from .pending import Pending
    from .revisions import Revisions
    from .tallies import Tallies

BEGIN_SECONDS = 2.0
"""After how long a process that goes on begins its session without a trace, so that it is known to record. What it
takes to write is loaded then: some 50 ms of CPU, which a short program without a trace does not have to pay."""

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


class Collector:
    """Takes live traces from the entries and writes them to a store, in rounds."""

    def __init__(
        self,
        output: Output,
        revisions: Late[Revisions],
        gathering: Late[Gathering],
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
        self._deadline = math.inf
        self._begins_at = math.inf

    def start(self) -> None:
        """Begin the session: now where the store is open, else with the first trace, or in a little while without.
        Raises `StoreError`."""
        if self.output.is_open:
            self._begin(self.output.opened())
        else:
            self._begins_at = _monotonic() + BEGIN_SECONDS
            self._worker.start()

    def _begin(self, writer: BaselineWriter) -> None:
        self._gathering().go_on_from(self._revisions().begin(writer))
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

    @property
    def _ended(self) -> bool:
        return self._deadline < math.inf

    def left_out(self) -> Mapping[AbsenceKey, int]:
        """What this recording left out, and how often."""
        return self._tallies.left_out(at_end=self._ended)

    def stop(self, seconds: float = END_SECONDS) -> None:
        """Write what was accepted, then close the store; what cannot be written within `seconds` is counted."""
        if self._ended:
            return
        self._deadline = _monotonic() + COLLECT_SHARE * seconds
        if not self._worker.finish(self._end, seconds):
            why = f"dropped: the end took longer than {seconds:g} s"
            self._tallies.count_unwritten(why, self.accepted, self.output.traces)

    def _round(self) -> None:
        before, collected = _thread_time(), 0
        try:
            if (self._queue or _monotonic() >= self._begins_at) and self.output.is_free and self._has_begun():
                self._begins_at = math.inf
            # What is loaded for the first trace is not what a trace costs.
            self._governor.spent(_thread_time() - before)
            before = _thread_time()
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
                self._revisions().finish()
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
        if self._revisions.is_made and self._revisions().has_begun:
            return True
        writer = self.output.try_to_open()
        if writer is None:
            return False
        try:
            self._begin(writer)
        except StoreError as error:
            self.output.refused(error)
            return False
        return True

    def _count_lost(self) -> None:
        """Count what processes that were killed had not written; raises `StoreError`."""
        from .lost import note_lost  # with the store

        note_lost(self.output.opened(), self._tallies.counters)

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
        added = self._gathering().new_round()
        collected = 0
        while self._queue and len(added.traces) < ROUND_TRACES and _monotonic() < until and not is_enough():
            self._add(self._queue.take(), added)
            collected += 1
        counts = self._tallies.due(at_end=self._ended, beside_traces=bool(added.counts))
        if counts is not None:
            self._revisions().update()
            self.output.put(self._gathering().batch(added, *counts))
            self._gathering().go_on_from(self.output.known.values())
        return collected

    def _add(self, trace: LiveTrace, added: Round) -> None:
        try:
            self._gathering().add(trace, added)
        except Exception as error:
            if not own(error):
                raise
            # One record is lost and counted, never the run.
            self._tallies.counters.add(f"dropped: {type(error).__name__}")
