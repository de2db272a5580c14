"""The collector: the thread that turns live traces into a baseline.

Everything that costs time happens here, outside the requests: thawing, naming of arms, redaction, compression,
writing. Its queue is bounded; what does not fit is dropped and counted, and so is what is left at its end.
"""

from __future__ import annotations

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

from ..capture.thaw import thaw
from ..context import PathRecord
from ..errors import StoreError
from ..faults import own
from ..included import Included
from ..model.absences import Absence, AbsenceKey
from ..model.branches import Arm, path_digest
from ..model.inputs import CallInput, Input
from ..model.shapes import Shape
from ..model.trace import Entry, PathClass, TraceId, encode_trace, trace_id
from ..model.value_tree import ObjectNode, Tree
from ..privacy.redact import Redactor
from ..store.protocol import BaselineWriter, Batch, KeptTrace, Revision
from .assemble import Paths, assemble
from .background import Worker
from .counters import Counters, Unsampled
from .governor import Governor
from .learning import Learnt
from .output import Output
from .reservoir import Reservoir

if TYPE_CHECKING:
    from .session import LiveTrace

QUEUE_BYTES = 64_000_000
QUEUE_TRACES = 10_000
PERIOD = 0.1
"""Seconds between two rounds."""

ROUND_SECONDS = 0.5
"""How long one round collects before it writes."""

COUNTERS_PERIOD = 5.0
"""Seconds between two writes of counters alone."""

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
        writer: BaselineWriter,
        included: Included,
        *,
        exemplars: int,
        redactor: Redactor | None,
        revision: Callable[[], Revision],
    ) -> None:
        self.counters = Counters()
        self.unsampled = Unsampled()
        self.end_seconds = END_SECONDS
        """What ending may take."""
        self.found_path: Callable[[Hashable], None] = lambda key: None
        """Told by which key of the sampler a path class was found that was not known."""
        self.governor = Governor(1.0)
        """Told what the collector's thread spends."""
        self.rest: Callable[[], None] = lambda: None
        """Called once a round: lets the tracer close its window."""
        self.learnt = Learnt(included.covers)
        """What the entries ask before they freeze their arguments."""
        self._writer = writer
        self._output = Output(writer, self.counters)
        self._included = included
        self._exemplars = exemplars
        self._redactor = redactor
        self._revision = revision
        self._paths = Paths(included)
        self._queue: deque[tuple[LiveTrace, int]] = deque()
        # Without a lock, which a signal's handler that is recorded could wait for while it interrupts the one who holds
        # it: CPython changes threads and runs handlers at calls and backward jumps alone, not within `+=` of numbers.
        self._given = 0
        """Bytes that were put into the queue so far."""
        self._taken = 0
        """Bytes that the worker took out of it."""
        self._collected = 0
        self._worker = Worker(self._round, period=PERIOD)
        self._ended = False
        self._deadline = math.inf
        self._reported: Counter[str] = Counter()
        self._absences: Counter[AbsenceKey] = Counter()
        self._reported_absences: Counter[AbsenceKey] = Counter()
        self._counters_written = 0.0
        self._modules = 0
        self._reservoirs: dict[tuple[str, str], Reservoir] = {}
        self._classes: dict[tuple[str, str], PathClass] = {}
        self._shapes: dict[tuple[str, str], Shape] = {}
        self._entries: dict[str, Entry] = {}
        self.accepted = 0
        """Traces that were finished, whether they could be kept or not."""

    def start(self) -> None:
        """Begin; goes on with what the store holds."""
        self._writer.start(self._revision())
        self._shapes = self._writer.shapes()
        for known in self._writer.classes():
            key = (known.entry, known.path)
            self._reservoirs[key] = Reservoir(self._exemplars, count=known.count, kept=known.kept)
            self._classes[key] = known.description

    @property
    def traces(self) -> int:
        """Runs of this recording that the store holds."""
        return self._output.traces

    @property
    def kept(self) -> int:
        """Traces of this recording that were put into the store."""
        return self._output.kept

    def accept(self, trace: LiveTrace, size: int) -> None:
        """Take a finished trace; never blocks."""
        if self._ended:
            self.counters.add("dropped: it ended after the recording")
            return
        self.accepted += 1
        fits = self._given - self._taken + size <= QUEUE_BYTES and len(self._queue) < QUEUE_TRACES
        if fits:
            self._given += size
            self._queue.append((trace, size))
        if not fits:
            self.counters.add("dropped: the collector is behind")
        self._worker.start()

    def pause(self) -> bool:
        """Have no thread for a moment, because the process forks; the next trace that is accepted brings it back."""
        return self._worker.pause(PAUSE_SECONDS)

    def note(self, keys: Iterable[AbsenceKey]) -> None:
        """Things that are left out, to be stored with the rest. Before `stop`."""
        self._absences.update(keys)

    def absences(self) -> list[Absence]:
        """What this recording left out."""
        return [Absence(*key, count) for key, count in sorted(self._absences_so_far().items())]

    def _absences_so_far(self) -> Counter[AbsenceKey]:
        unsampled: Counter[AbsenceKey] = Counter()
        for entry, count in self.unsampled.by_entry(at_end=self._ended).items():
            shown = self._redactor.entry_name(entry) if self._redactor is not None else entry
            unsampled["not sampled", shown] += count
        return self._absences + unsampled

    def stop(self) -> None:
        """Write what was accepted, then close the store; what cannot be written within `end_seconds` is counted."""
        if self._ended:
            return
        self._ended = True
        self._deadline = _monotonic() + COLLECT_SHARE * self.end_seconds
        if not self._worker.finish(self._end, self.end_seconds):
            self._count_unwritten(f"dropped: the end took longer than {self.end_seconds:g} s")

    def _count_unwritten(self, why: str) -> None:
        """Count what was accepted and is neither written nor counted as dropped already."""
        dropped = sum(count for name, count in self.counters.snapshot().items() if name.startswith("dropped"))
        left = self.accepted - self._output.traces - dropped
        if left > 0:
            self.counters.add(why, left)

    def _round(self) -> None:
        before, collected = _thread_time(), self._collected
        try:
            self.rest()
            self._advance(_monotonic() + ROUND_SECONDS, lambda: self._worker.is_ending)
        except Exception as error:  # noqa: BLE001 - the service goes on without its recorder
            self.counters.add(f"fault: {type(error).__name__}")
        self.governor.collected(self._collected - collected, _thread_time() - before, waiting=len(self._queue))

    def _end(self) -> None:
        """The last round; in the thread of the service where the worker has none."""
        before = _thread_time()
        try:
            self.rest()
            self._output.retry(now=True)
            while self._queue and self._output.is_free and _monotonic() < self._deadline:
                self._advance(min(_monotonic() + ROUND_SECONDS, self._deadline))
            self._leave()
            if self._output.is_free:
                self._advance(0.0)
        except Exception as error:
            if not own(error):
                raise
            self.counters.add(f"fault: {type(error).__name__}")
        finally:
            self._output.close()
            self.governor.spent(_thread_time() - before)

    def _leave(self) -> None:
        """Count what is left in the queue."""
        left = len(self._queue)
        self._queue.clear()
        if left:
            why = "there was no time for it at the end" if self._output.is_free else "the baseline could not be written"
            self.counters.add(f"dropped: {why}", left)

    def _advance(self, until: float, is_enough: Callable[[], bool] = lambda: False) -> None:
        """Collect `until` a moment, or until it is enough, and write; a batch that was refused comes first."""
        self._output.retry()
        if not self._output.is_free:
            return
        batch = self._batch(until, is_enough)
        if batch is not None:
            self._update_revision()
            self._output.put(batch)

    def _update_revision(self) -> None:
        if len(self._included.modules) != self._modules:
            try:
                self._writer.update_revision(self._revision())
            except StoreError:
                return  # the batch that follows is refused for the same reason, and told
            self._modules = len(self._included.modules)

    def _batch(self, until: float, is_enough: Callable[[], bool]) -> Batch | None:
        work = _Work()
        while self._queue and len(work.traces) < 500 and _monotonic() < until and not is_enough():
            trace, size = self._queue.popleft()
            self._taken += size
            self._collected += 1
            try:
                self._collect(trace, work)
            except Exception as error:
                if not own(error):
                    raise
                # One record is lost and counted, never the run.
                self.counters.add(f"dropped: {type(error).__name__}")
        counters = self.counters.snapshot() - self._reported
        absences = self._absences_so_far() - self._reported_absences
        if not work.counts and (not (counters or absences) or not self._counters_due()):
            return None
        self._reported.update(counters)
        self._reported_absences.update(absences)
        shapes = {key: self._shapes[key] for key in work.shapes}
        return Batch(list(work.entries.values()), work.classes, work.counts, work.traces, shapes, counters, absences)

    def _counters_due(self) -> bool:
        """Counts of what was not recorded are worth a transaction only now and then, and at the end."""
        now = _monotonic()
        if not self._ended and now - self._counters_written < COUNTERS_PERIOD:
            return False
        self._counters_written = now
        return True

    def _collect(self, live: LiveTrace, work: _Work) -> None:
        arms = self._paths.arms(live.path.arms)
        outcome = _outcome_kind(live)
        digest = path_digest(arms, outcome)
        entry = live.recorder.name(live, self._redactor)
        key = (entry, digest)
        self.unsampled.name(live.key, entry)
        if entry not in self._entries:
            self._entries[entry] = work.entries[entry] = live.recorder.describe(live, entry)
        if key not in self._classes:
            self._classes[key] = work.classes[key] = PathClass(arms, outcome, live.path.evicted)
            self.found_path(live.key)
        reservoir = self._reservoirs.get(key)
        if reservoir is None:
            reservoir = self._reservoirs[key] = Reservoir(self._exemplars)
        work.counts[key] += 1
        slot = reservoir.offer()
        if slot is not None:
            self._keep(live, arms, key, slot, reservoir, work)
        live.path = PathRecord()  # it may live on as the maker of an object; what it ran is told

    def _keep(
        self, live: LiveTrace, arms: list[Arm], key: tuple[str, str], slot: int, reservoir: Reservoir, work: _Work
    ) -> None:
        producers: dict[TraceId, bytes] = {}
        makers = [self._producer(maker, producers) for maker in live.makers]
        stored = assemble(live, arms, self._classes[key], self._included, self._redactor, makers)
        live.recorder.stored(live, stored)
        data = encode_trace(stored)
        name = trace_id(data)
        if not reservoir.put(slot, name):
            return
        work.traces.append(KeptTrace(*key, slot, name, data, producers))
        for part, tree in (("input", _shaped(stored.input)), ("outcome", stored.outcome.value)):
            shape = self._shapes.setdefault((key[0], part), Shape())
            shape.observe(tree)
            work.shapes.add((key[0], part))

    def _producer(self, live: LiveTrace, found: dict[TraceId, bytes]) -> TraceId:
        """The id of a trace that made something; it and those before it are added to `found`."""
        makers = [self._producer(maker, found) for maker in live.makers]
        if live.stored is None:
            nothing = PathClass([], "", False)
            data = encode_trace(assemble(live, [], nothing, self._included, self._redactor, makers))
            live.stored = trace_id(data), data
        name, data = live.stored
        found[name] = data
        return name


class _Work:
    """What one round collects."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.classes: dict[tuple[str, str], PathClass] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.traces: list[KeptTrace] = []
        self.shapes: set[tuple[str, str]] = set()


def _outcome_kind(live: LiveTrace) -> str:
    if live.outcome_kind == "return":
        return "returned"
    tree = thaw(live.value)
    if live.outcome_kind == "exception":
        return tree.cls.rpartition(":")[2] if isinstance(tree, ObjectNode) else "raised"
    status = getattr(tree, "items", [""])[0]
    return str(status).partition(" ")[0]


def _shaped(given: Input) -> Tree:
    """The part of an input whose shape says something."""
    return given.arguments if isinstance(given, CallInput) else given.tree()
