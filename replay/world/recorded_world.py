"""This file is about the recorded world: it answers every boundary from a recording, and touches nothing.

The clock stands still at the trace's start and moves with the recorded readings and when the program sleeps. Clock
and entropy are streams per reading function. Exchanges are matched by exact request, unused first, oldest first;
a changed request of the same operation is answered from the recording too, and noted as changed. A request without
any recording stops the trace.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping
from threading import get_ident
from types import CodeType, FrameType, MappingProxyType
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec

from ...recorders import context
from ...recorders.boundaries.protocol import operation_of
from ...recorders.capture.thaw import capture
from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import Exchange, Reading, Site, Trace
from ...recorders.model.value_tree import Tree, TupleNode
from ...recorders.model.world import Operation
from ...recorders.plugins import loaded
from ...recorders.tracing.function_names import function_name
from ..model.asked import Asked
from ..model.outbound_requests import answer_of, canonical_key, exact_key, label, operation_key
from ..model.perturbation import UNPERTURBED, Perturbation
from .rebuild import Resolver, Unbuildable, build
from .response_fallback import Lender

T = TypeVar("T")


class TraceStopped(BaseException):
    """The replay cannot go on. A base exception, so that `except Exception` in the service does not hide it."""


class Stop(NamedTuple):
    """Why a replay ended before its entry did."""

    kind: str
    """`unrecorded` when the program asked for something new, `refused` when it would have left the process, `gap` when
    the recording does not hold what it should, `input` when what it was given cannot be rebuilt."""
    reason: str
    site: Site | None


class Settings(NamedTuple):
    """What is known of the environment of the recorded service beside what a trace read."""

    variables: Mapping[str, str | None] = MappingProxyType({})
    """Variables that included code read outside every trace."""
    names: frozenset[str] | None = None
    """Names of those that were set; `None` where nobody kept them."""


NO_SETTINGS = Settings()


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


class _Exchanges:
    """The recorded exchanges, by how they can be asked for."""

    def __init__(self, exchanges: list[Exchange], *, exact: bool = False) -> None:
        self._all = exchanges
        self._only_exact = exact
        self._last: dict[bytes, int] = {}
        self._used: set[int] = set()
        self._exact: dict[bytes, deque[int]] = {}
        self._canonical: dict[bytes, deque[int]] | None = None
        self._operations: dict[str, deque[int]] | None = None
        for position, exchange in enumerate(exchanges):
            key = exact_key(operation_of(exchange), exchange.request)
            self._exact.setdefault(key, deque()).append(position)

    def match(self, operation: Operation, request: Tree) -> tuple[int | None, bool]:
        """(position, whether the request is the same): exact first, then in other words, then the same operation."""
        key = exact_key(operation, request)
        position = self._unused(self._exact.get(key))
        if position is not None:
            self._last[key] = position
            return position, True
        if self._only_exact:
            return self._last.get(key), True
        position = self._unused(self._by_canonical().get(canonical_key(operation, request)))
        if position is not None:
            return position, True
        return self._unused(self._by_operation().get(operation_key(operation, request))), False

    def _unused(self, positions: deque[int] | None) -> int | None:
        while positions:
            position = positions.popleft()
            if position not in self._used:
                self._used.add(position)
                return position
        return None

    def _by_canonical(self) -> dict[bytes, deque[int]]:
        if self._canonical is None:
            self._canonical = {}
            for position, exchange in enumerate(self._all):
                key = canonical_key(operation_of(exchange), exchange.request)
                self._canonical.setdefault(key, deque()).append(position)
        return self._canonical

    def _by_operation(self) -> dict[str, deque[int]]:
        if self._operations is None:
            self._operations = {}
            for position, exchange in enumerate(self._all):
                key = operation_key(operation_of(exchange), exchange.request)
                self._operations.setdefault(key, deque()).append(position)
        return self._operations


class RecordedTicket:
    """Answers one exchange from the recording."""

    def __init__(self, world: RecordedWorld, exchange: Exchange) -> None:
        self._world = world
        self._exchange = exchange
        self._next = 0

    def first(self, perform: Callable[[], T]) -> T:
        exchange = self._exchange
        if exchange.error is not None and not exchange.items:
            raise self._world.build(exchange.error)
        answer: T = self._world.build(exchange.answer)
        return answer

    def next(self, perform: Callable[[], Any]) -> Any:
        items = self.take(lambda: [], 1)
        return items[0] if items else None

    def take(self, perform: Callable[[], list[Any]], most: int | None) -> list[Any]:
        exchange = self._exchange
        end = len(exchange.items) if most is None else min(self._next + most, len(exchange.items))
        items = [self._world.build(item) for item in exchange.items[self._next : end]]
        self._next = end
        if (most is None or len(items) < most) and not exchange.ended:
            if exchange.error is not None:
                raise self._world.build(exchange.error)
            if loaded().codec(exchange.boundary).rest_is_gap:
                self._world.stop("gap", f"asks for more rows of {self._label()} than were read when it was recorded")
        return items

    def _label(self) -> str:
        return label(operation_of(self._exchange), self._exchange.request)


class RecordedWorld:
    """The world of one replay."""

    recorded = True
    sandboxed = True

    def __init__(
        self,
        trace: Trace,
        resolver: Resolver,
        modules: dict[str, str],
        called: Callable[[FunctionName], frozenset[str] | None] = lambda function: None,
        *,
        perturbation: Perturbation = UNPERTURBED,
        lender: Lender | None = None,
        exact: bool = False,
        settings: Settings = NO_SETTINGS,
    ) -> None:
        """`modules` maps the files of included modules to their names; `called` gives the names that a function of
        the code under test calls, `None` when there is no such function; `lender` answers what this trace lacks.

        With `exact` nothing but the same request is answered, and that as often as it is asked.
        """
        self.asked: list[Asked] = []
        self.lent: list[Exchange] = []
        """Exchanges of other traces, which answered what this one lacks."""
        self.wants_lender = False
        """Whether it stopped for an exchange that another trace might have answered, had there been a lender."""
        self.readings: Counter[str] = Counter()
        """How often each stream of clock and entropy was read, and what was read that nobody recorded."""
        self.stopped: Stop | None = None
        self.refused: list[str] = []
        """Calls that would have left the process."""
        self._trace = trace
        self._resolver = resolver
        self._modules = modules
        self._called = called
        self._exchanges = _Exchanges(trace.exchanges, exact=exact)
        self._streams = {(one.source, one.reader, one.caller): _Stream(one) for one in trace.readings}
        self.perturbation = perturbation
        self._lender = lender
        self._now = standing_start(trace) if perturbation.clock == "standing" else trace.started
        self._draws = 0
        self._own_variables: dict[str, str | None] = {}
        self._settings = settings
        self._own_generators: list[object] = []
        self._last: dict[str, Any] = {}
        self._waited: dict[int, float] = {}
        """Thread → seconds that its waits took."""

    def build(self, tree: Tree) -> Any:
        """A live value of the recording; stops the trace when it cannot be built."""
        try:
            return build(tree, self._resolver)
        except Unbuildable as error:
            self.stop("gap", str(error))

    def stop(self, kind: str, reason: str) -> NoReturn:
        """End the replay here, with a reason; the first one counts. Raises `TraceStopped`."""
        if self.stopped is None:
            self.stopped = Stop(kind, reason, self._site(sys._getframe(1)))
        raise TraceStopped(self.stopped.reason)

    # --- clock and entropy ---

    def ambient(self, source: str, read: Callable[[], T], frame: FrameType) -> T:
        caller = self._innermost(frame)
        key = (source, self._name(frame.f_code), self._name(caller.f_code) if caller is not None else "")
        stream = self._stream(key)
        self.readings["\0".join(key) if stream is not None else f"unrecorded {source}"] += 1
        clock = _is_clock(source)
        if stream is not None and clock and self.perturbation.clock == "standing":
            stream.take()
            return self._standing(source)  # type: ignore[no-any-return]  # of the type of the source
        if stream is not None and not clock and self.perturbation.entropy:
            stream.take()
            name, _, width = source.partition("/")
            return self._draw(name, width)  # type: ignore[no-any-return]  # of the type of the source
        if stream is not None:
            value = self.build(stream.take())
            self._last[source] = value
            self._move(source, value)
            return value  # type: ignore[no-any-return]  # what was recorded of the same source
        return self._standing(source)  # type: ignore[no-any-return]  # of the type of the source

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

    def _standing(self, source: str) -> Any:
        """A reading that nobody recorded: the clock stands still; a draw is made from the trace's own seed."""
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

    # --- environment ---

    def environ(self, key: str, read: Callable[[], str]) -> str:
        for known in (self._own_variables, self._trace.variables, self._settings.variables):
            if key in known:
                value = known[key]
                if value is None:
                    raise KeyError(key)
                return value
        names = self._names()
        if names is not None and key not in names:
            raise KeyError(key)
        return self._unread_variable(key, is_set=names is not None)

    def _names(self) -> Collection[str] | None:
        """The names of the variables that were set; `None` where nobody knows."""
        within = self._trace.variable_names
        return within if within is not None else self._settings.names

    def _unread_variable(self, key: str, *, is_set: bool) -> str:
        """A variable whose value nobody kept: asked by the code under test it stops the trace, by a library it counts
        as not set. `is_set` says whether it is known to have been set."""
        frame: FrameType | None = sys._getframe(2)
        for _step in range(6):
            if frame is None:
                break
            if frame.f_code.co_filename in self._modules:
                self.stop("gap", _no_value(key, is_set=is_set))
            frame = frame.f_back
        raise KeyError(key)

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        recorded = self._names()
        names = dict.fromkeys(sorted(recorded) if isinstance(recorded, frozenset) else recorded or ())
        names.update(dict.fromkeys(self._trace.variables))
        own = self._own_variables
        kept = [
            name for name in names if own.get(name, "") is not None and self._trace.variables.get(name, "") is not None
        ]
        return [*kept, *(name for name, value in own.items() if value is not None and name not in names)]

    def environ_set(self, key: str, value: str | None) -> None:
        self._own_variables[key] = value

    # --- exchanges ---

    def call(self, operation: Operation, request: Any, perform: Callable[[], T]) -> T:
        return self.begin(operation, request).first(perform)

    def begin(self, operation: Operation, request: Any) -> RecordedTicket:
        if self.stopped is not None:
            raise TraceStopped(self.stopped.reason)
        tree = capture(request)
        position, exact = self._exchanges.match(operation, tree)
        if position is not None and not exact:
            recorded = self._trace.exchanges[position]
            sent = loaded().codec(operation.boundary).as_broken_off(recorded, tree)
            if sent is not None:
                tree, exact = sent, canonical_key(operation, sent) == canonical_key(operation, recorded.request)
        scope = context.current()
        lane = scope.lane if scope is not None else 0
        frame = self._innermost(sys._getframe(1))
        self.asked.append(Asked(operation, tree, position, exact, self._site(frame), lane))
        if position is None:
            if operation.effect == "session":
                return RecordedTicket(self, _opened(operation))
            lent = self._borrow(operation, tree)
            if lent is not None:
                return RecordedTicket(self, lent)
            self.stop("unrecorded", f"{label(operation, tree)}: nothing in the recording answers it")
        return RecordedTicket(self, self._answering(self._trace.exchanges[position], operation, tree))

    def _answering(self, exchange: Exchange, operation: Operation, request: Tree) -> Exchange:
        """A recorded exchange, as it answers a request that may say the same in other words."""
        if exchange.request == request:
            return exchange
        answer = answer_of(operation, request, exchange.request, exchange.answer)
        return exchange if answer is exchange.answer else msgspec.structs.replace(exchange, answer=answer)

    def _borrow(self, operation: Operation, request: Tree) -> Exchange | None:
        if self._lender is None:
            self.wants_lender = True
            return None
        lent = self._lender.lend(operation, request, self._trace.started)
        if lent is not None:
            self.lent.append(lent)
        return lent

    @property
    def borrowed(self) -> int:
        """How many exchanges other traces answered."""
        return len(self.lent)

    # --- where ---

    def _name(self, code: CodeType) -> str:
        return function_name(code, self._modules)

    def _innermost(self, frame: FrameType | None) -> FrameType | None:
        modules = self._modules
        while frame is not None:
            if frame.f_code.co_filename in modules:
                return frame
            frame = frame.f_back
        return None

    def _site(self, frame: FrameType | None) -> Site | None:
        inner = self._innermost(frame)
        return Site(self._name(inner.f_code), inner.f_lineno) if inner is not None else None


def _no_value(key: str, *, is_set: bool) -> str:
    why = "it was set, but" if is_set else "this baseline does not say whether it was set, and"
    return (
        f"the environment variable {key} was not read when this trace was recorded: {why} only values that are read "
        "are kept; record again with code that reads it"
    )


def _is_clock(source: str) -> bool:
    return source == "datetime" or source.startswith("time.")


def _in_unit(source: str, seconds: float) -> int | float:
    """A time as a function of `time` gives it: the `_ns` ones give whole nanoseconds."""
    return int(seconds * 1e9) if source.endswith("_ns") else seconds


def standing_start(trace: Trace) -> float:
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
        return {reader.rpartition(":")[2].rpartition(".")[2]}
    name = source.partition("/")[0]
    if name == "datetime":
        return {"now", "utcnow", "today"}
    return set(random.__all__) if name.startswith("random.") else {name.rpartition(".")[2]}


def _opened(operation: Operation) -> Exchange:
    """Connecting once more than the recording did is no exchange that anyone sees."""
    return Exchange(
        operation.boundary, operation.name, operation.resource, "session", None, None, [], True, None, None, 0
    )
