"""This file is about the collector: the thread that turns live traces into a baseline.

Everything that costs time happens here, outside the requests: thawing, naming of arms, redaction, compression,
writing. Its queue is bounded; what does not fit is dropped and counted.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING

from .absences import Absence, AbsenceKey
from .assemble import Paths, assemble, entry_name
from .context import PathRecord, PrivateThread
from .counters import Counters, Unsampled
from .entries.wsgi import locate_application
from .errors import StoreError
from .included import Included
from .redaction import Redactor
from .retention import Reservoir
from .shapes import Shape
from .store.protocol import BaselineWriter, Batch, KeptTrace, Revision
from .thawing import thaw
from .trace import Entry, PathClass, TraceId, encode_trace, trace_id
from .tracing.branches import Arm, path_digest
from .value_tree import DictNode, ObjectNode, Tree, field

if TYPE_CHECKING:
    from .session import LiveTrace

QUEUE_BYTES = 64_000_000
QUEUE_TRACES = 10_000
PERIOD = 0.1
"""Seconds between two rounds."""

COUNTERS_PERIOD = 5.0
"""Seconds between two writes of counters alone."""

_monotonic = time.monotonic


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
        application: str,
    ) -> None:
        self.counters = Counters()
        self.unsampled = Unsampled()
        self.found_path: Callable[[Hashable], None] = lambda key: None
        """Told by which key of the sampler a path class was found that was not known."""
        self.rest: Callable[[], None] = lambda: None
        """Called once a round: lets the tracer close its window."""
        self.seen_application: Callable[[], object] = lambda: None
        self._writer = writer
        self._included = included
        self._exemplars = exemplars
        self._redactor = redactor
        self._revision = revision
        self._application = application
        self._paths = Paths(included)
        self._queue: deque[tuple[LiveTrace, int]] = deque()
        self._waiting = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = PrivateThread(target=self._loop, name="pytest-runtime-collector", daemon=True)
        self._reported: Counter[str] = Counter()
        self._absences: Counter[AbsenceKey] = Counter()
        self._reported_absences: Counter[AbsenceKey] = Counter()
        self._counters_written = 0.0
        self._modules = 0
        self._reservoirs: dict[tuple[str, str], Reservoir] = {}
        self._classes: dict[tuple[str, str], PathClass] = {}
        self._shapes: dict[tuple[str, str], Shape] = {}
        self._entries: dict[str, Entry] = {}
        self.traces = 0
        self.kept = 0
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
        self._thread.start()

    def accept(self, trace: LiveTrace, size: int) -> None:
        """Take a finished trace; never blocks."""
        with self._lock:
            self.accepted += 1
            fits = self._waiting + size <= QUEUE_BYTES and len(self._queue) < QUEUE_TRACES
            if fits:
                self._waiting += size
                self._queue.append((trace, size))
        if not fits:
            self.counters.add("dropped: the collector is behind")

    def note(self, keys: Iterable[AbsenceKey]) -> None:
        """Things that are left out, to be stored with the rest. Before `stop`."""
        self._absences.update(keys)

    def absences(self) -> list[Absence]:
        """What this recording left out."""
        return [Absence(*key, count) for key, count in sorted(self._absences_so_far().items())]

    def _absences_so_far(self) -> Counter[AbsenceKey]:
        unsampled: Counter[AbsenceKey] = Counter()
        for entry, count in self.unsampled.by_entry().items():
            shown = self._redactor.entry_name(entry) if self._redactor is not None else entry
            unsampled["not sampled", shown] += count
        return self._absences + unsampled

    def stop(self, timeout: float = 60.0) -> None:
        """Write what was accepted, then close the store."""
        if self._stopping:
            return
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout)
        if self._thread.is_alive():
            sys.stderr.write(
                f"pytest-runtime: gave up after {timeout:.0f} s with {len(self._queue)} traces unwritten\n"
            )

    def _loop(self) -> None:
        while not self._stopping:
            self._wake.wait(PERIOD)
            self._round()
        self._round()
        try:
            self._writer.close()
        except Exception as error:  # noqa: BLE001 - the last words of a daemon thread
            sys.stderr.write(f"pytest-runtime: closing the baseline failed: {error}\n")

    def _round(self) -> None:
        try:
            self.rest()
            batch = self._batch()
            if batch is not None:
                self._update_revision()
                self._writer.write(batch)
        except StoreError as error:
            if self.counters.add("faults of the store") == 1:
                sys.stderr.write(f"pytest-runtime: {error}\n")
        except Exception as error:  # noqa: BLE001 - the service goes on without its recorder
            self.counters.add(f"fault: {type(error).__name__}")

    def _update_revision(self) -> None:
        if len(self._included.modules) != self._modules:
            self._modules = len(self._included.modules)
            self._writer.update_revision(self._revision())

    def _batch(self) -> Batch | None:
        work = _Work()
        while self._queue and len(work.traces) < 500:
            trace, size = self._queue.popleft()
            with self._lock:
                self._waiting -= size
            try:
                self._collect(trace, work)
            except Exception as error:  # noqa: BLE001 - one record is lost and counted, never the run
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
        if not self._stopping and now - self._counters_written < COUNTERS_PERIOD:
            return False
        self._counters_written = now
        return True

    def _collect(self, live: LiveTrace, work: _Work) -> None:
        self.traces += 1
        arms = self._paths.arms(live.path.arms)
        outcome = _outcome_kind(live)
        digest = path_digest(arms, outcome)
        entry = entry_name(live, self._redactor)
        key = (entry, digest)
        self.unsampled.name(live.key, entry)
        if entry not in self._entries:
            self._entries[entry] = work.entries[entry] = self._describe(live, entry)
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
        data = encode_trace(stored)
        name = trace_id(data)
        if not reservoir.put(slot, name):
            return
        self.kept += 1
        work.traces.append(KeptTrace(*key, slot, name, data, producers))
        for part, tree in (("input", stored.input), ("outcome", stored.outcome.value)):
            shape = self._shapes.setdefault((key[0], part), Shape())
            shape.observe(_shaped(tree))
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

    def _describe(self, live: LiveTrace, name: str) -> Entry:
        module = live.label[1]
        if live.kind == "function":
            return Entry(name, live.kind, module, name)
        target = self._application or locate_application(self.seen_application(), self._included.covers)
        first = next(iter(live.path.codes.values()), None)
        ran = self._included.modules.get(first.co_filename, "") if first is not None else ""
        return Entry(name, live.kind, module or ran or target.partition(":")[0] or "application", target)


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


def _shaped(tree: Tree) -> Tree:
    """The part of an input or outcome whose shape says something."""
    arguments = field(tree, "arguments") if isinstance(tree, DictNode) else None
    return arguments if arguments is not None else tree
