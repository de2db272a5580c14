"""The recorded clock, and recorded chance: streams of readings by the function that read.

The clock stands still at the trace's start and moves with the recorded readings, and when the program sleeps.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable
from threading import Lock, get_ident
from types import FrameType
from typing import Any, NamedTuple, TypeVar

from ...recorders.boundaries.entropy import reader_of
from ...recorders.model.branches import FunctionName
from ...recorders.model.full_names import last_part
from ...recorders.model.trace import Reading, Trace
from ...recorders.model.value_tree import Tree, TupleNode
from ..model.perturbation import Perturbation
from .stopping import TraceRun

T = TypeVar("T")


class _Stream:
    """Readings of one source by one function."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.next = 0

    def left(self) -> bool:
        return self.next < len(self.reading.values)

    def take(self) -> Tree:
        self.next += 1
        return self.reading.values[self.next - 1]


class _Taken(NamedTuple):
    """A recorded value, which may be `None`."""

    value: Tree


class RecordedClock:
    """Clock and chance of one replay."""

    def __init__(
        self,
        trace: Trace,
        run: TraceRun,
        called: Callable[[FunctionName], frozenset[str] | None],
        perturbation: Perturbation,
    ) -> None:
        """`called` gives the names that a function of the code under test calls, `None` when there is no such one."""
        self.readings: Counter[str] = Counter()
        """How often each stream was read, and what was read that is not recorded."""
        self.perturbation = perturbation
        self._trace = trace
        self._run = run
        self._called = called
        self._streams = {(one.source, one.reader, one.caller): _Stream(one) for one in trace.readings}
        self._one_at_a_time = Lock()
        """Threads of one trace read at once: each recorded value is given away once."""
        self._now = frozen_start(trace) if perturbation.clock == "frozen" else trace.started
        self._draws = 0
        self._own_generators: list[object] = []
        self._last: dict[str, Any] = {}
        self._waited: dict[int, float] = {}
        """Thread → seconds that its waits took."""

    def ambient(self, source: str, read: Callable[[], T], frame: FrameType) -> T:
        caller = self._run.innermost(frame)
        reader = reader_of(frame, caller)
        key = (source, self._run.name(reader.f_code), self._run.name(caller.f_code) if caller is not None else "")
        with self._one_at_a_time:
            recorded = self._taken(key)
            self.readings["\0".join(key) if recorded is not None else f"unrecorded {source}"] += 1
        if recorded is None or (_is_clock(source) and self.perturbation.clock == "frozen"):
            return self._frozen(source)  # type: ignore[no-any-return]  # of the type of the source
        if not _is_clock(source) and self.perturbation.entropy:
            name, _, width = source.partition("/")
            return self._draw(name, width)  # type: ignore[no-any-return]  # of the type of the source
        value = self._run.build(recorded.value)
        self._last[source] = value
        self._move(source, value)
        return value  # type: ignore[no-any-return]  # what was recorded of the same source

    def _taken(self, key: tuple[str, str, str]) -> _Taken | None:
        """The next recorded value for who reads; `None` where none is left."""
        stream = self._stream(key)
        return _Taken(stream.take()) if stream is not None else None

    def _stream(self, key: tuple[str, str, str]) -> _Stream | None:
        """The function's own stream; else the oldest of a function that is gone, or that does not read so any more:
        what it read was inlined, or extracted, or it was renamed."""
        stream = self._streams.get(key)
        if stream is not None and stream.left():
            return stream
        source, reader, caller = key
        if not caller:
            return None
        for other, candidate in self._streams.items():
            same_reader = other[1] == reader or (reader == caller and other[1] == other[2])
            if other[0] == source and other[2] and same_reader and candidate.left() and not self._still_reads(other):
                return candidate
        return None

    def _still_reads(self, key: tuple[str, str, str]) -> bool:
        """Whether the code under test defines the function of a stream, and it still calls what it read with."""
        called = self._called(key[2])
        return called is not None and not called.isdisjoint(_words_of(key))

    def _move(self, source: str, value: Any) -> None:
        if source == "time.time":
            self._now = max(self._now, value)
        elif source == "datetime":
            self._now = max(self._now, value[0] / 1e6)

    def _frozen(self, source: str) -> Any:
        """An unrecorded reading: the clock stands still; a draw is made from the trace's own seed."""
        name, _, width = source.partition("/")
        waited = self._waited.get(get_ident(), 0.0)
        now = self._now + self.perturbation.unrecorded * 0.7 + waited
        if name == "datetime":
            return (round(now * 1e6), self._offset())
        if name == "time.time":
            return now
        if name == "time.time_ns":
            return int(now * 1e9)
        if name.startswith("time."):
            if source in self._last:
                return self._last[source] + _in_unit(source, waited)
            return _in_unit(source, now - self._trace.started)
        return self._draw(name, width)

    def _offset(self) -> int:
        """The recorded local offset from UTC, in seconds."""
        if "datetime" in self._last:
            return int(self._last["datetime"][1])
        known = (one.values[0] for one in self._trace.readings if one.source == "datetime" and one.values)
        return next((int(value.items[1]) for value in known if isinstance(value, TupleNode)), 0)  # type: ignore[arg-type]  # written by the clock boundary

    def _draw(self, name: str, width: str) -> Any:
        self._draws += 1
        wide = f"{self.perturbation.entropy}\0{self.perturbation.unrecorded}"
        seed = f"{self._trace.entry}\0{self._trace.started}\0{name}\0{width}\0{self._draws}\0{wide}"
        size = int(width) if width else 8
        stream = hashlib.shake_256(seed.encode())
        if name == "os.urandom":
            return stream.digest(size)
        if name == "random.gauss":  # the sum of twelve uniform draws is nearly normal
            return sum(byte / 255 for byte in stream.digest(12)) - 6
        if name == "random.random":
            return (int.from_bytes(stream.digest(7), "big") >> 3) / 2**53
        if name == "random.getrandbits":
            return int.from_bytes(stream.digest((size + 7) // 8), "big") >> (-size % 8)
        if name == "uuid.uuid1":
            import uuid

            return uuid.UUID(bytes=stream.digest(16), version=1)
        return int.from_bytes(stream.digest(6), "big")

    def advance(self, seconds: float) -> bool:
        self._now += seconds
        for source, value in self._last.items():
            if source.removesuffix("_ns") in ("time.monotonic", "time.perf_counter"):
                self._last[source] = value + _in_unit(source, seconds)
        return True

    def waited(self, seconds: float) -> None:
        """A wait of this thread took its whole time; the clock of no other thread moves: nobody counts its rounds."""
        thread = get_ident()
        self._waited[thread] = self._waited.get(thread, 0.0) + seconds

    def owns(self, generator: object, *, claim: bool = False) -> bool:
        if claim:
            self._own_generators.append(generator)
            return True
        return any(own is generator for own in self._own_generators)


def _is_clock(source: str) -> bool:
    return source == "datetime" or source.startswith("time.")


def _in_unit(source: str, seconds: float) -> int | float:
    """A time as a function of `time` gives it: the `_ns` ones give whole nanoseconds."""
    return int(seconds * 1e9) if source.endswith("_ns") else seconds


def frozen_start(trace: Trace) -> float:
    """A second after the last reading of the wall clock, so that what follows from the clock is seen to move."""
    latest = trace.started
    for reading in trace.readings:
        for value in reading.values:
            if reading.source == "time.time" and isinstance(value, (int, float)):
                latest = max(latest, value)
            elif reading.source == "datetime" and isinstance(value, TupleNode) and isinstance(value.items[0], int):
                latest = max(latest, value.items[0] / 1e6)
    return latest + 1.003


def _words_of(key: tuple[str, str, str]) -> set[str]:
    """What a function calls that reads this stream."""
    source, reader, caller = key
    if reader != caller:  # through a function outside, such as `uuid.uuid4`
        return {last_part(reader)}
    name = source.partition("/")[0]
    if name == "datetime":
        return {"now", "utcnow", "today"}
    return set(random.__all__) if name.startswith("random.") else {name.rpartition(".")[2]}
