"""The recorded exchanges of a trace: which of them answers a request, and how."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ...recorders.boundaries.protocol import operation_of
from ...recorders.installed import loaded
from ...recorders.model.trace import Exchange
from ...recorders.model.value_tree import Tree
from ...recorders.model.world import Operation
from ..model.outbound_requests import canonical_key, exact_key, label, operation_key
from ..model.reason import StopCode
from .stopping import TraceRun

T = TypeVar("T")


class ExchangeIndex:
    """The recorded exchanges, by how they can be asked for."""

    def __init__(self, exchanges: list[Exchange], *, exact: bool = False) -> None:
        self._all = exchanges
        self._only_exact = exact
        self._last: dict[bytes, int] = {}
        self._used: set[int] = set()
        self._one_at_a_time = threading.Lock()
        """Threads of one trace ask at once: each recorded exchange is given away once."""
        self._exact: dict[bytes, deque[int]] = {}
        self._canonical: dict[bytes, deque[int]] | None = None
        self._operations: dict[str, deque[int]] | None = None
        for position, exchange in enumerate(exchanges):
            key = exact_key(operation_of(exchange), exchange.request)
            self._exact.setdefault(key, deque()).append(position)

    def at(self, position: int) -> Exchange:
        """The exchange at a position of the recording."""
        return self._all[position]

    def match(self, operation: Operation, request: Tree, lane: int = 0) -> tuple[int | None, bool]:
        """(position, whether the request is the same): exact first, then in other words, then the same operation.

        Of several that are the same, the next one of the lane that asks comes first: threads that say the same would
        else be given each other's.
        """
        key = exact_key(operation, request)
        with self._one_at_a_time:
            return self._match(key, operation, request, lane)

    def _match(self, key: bytes, operation: Operation, request: Tree, lane: int) -> tuple[int | None, bool]:
        position = self._unused(self._exact.get(key), lane)
        if position is not None:
            self._last[key] = position
            return position, True
        if self._only_exact:
            return self._last.get(key), True
        position = self._unused(self._by_canonical().get(canonical_key(operation, request)), lane)
        if position is not None:
            return position, True
        return self._unused(self._by_operation().get(operation_key(operation, request)), lane), False

    def _unused(self, positions: deque[int] | None, lane: int) -> int | None:
        while positions and positions[0] in self._used:
            positions.popleft()
        if not positions:
            return None
        same = (one for one in positions if self._all[one].lane == lane and one not in self._used)
        position = next(same, positions[0])
        self._used.add(position)
        return position

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


def _never() -> Any:
    """What performs an exchange behind a world that performs none."""
    raise AssertionError("a recorded world performs nothing")


class RecordedTicket:
    """Answers one exchange from the recording."""

    def __init__(self, run: TraceRun, exchange: Exchange) -> None:
        self._run = run
        self._exchange = exchange
        self._next = 0

    def first(self, perform: Callable[[], T]) -> T:
        exchange = self._exchange
        if exchange.error is not None and not exchange.items:
            raise self._run.build(exchange.error)
        answer: T = self._run.build(exchange.answer)
        return answer

    def next(self, perform: Callable[[], Any]) -> Any:
        items = self.take(lambda: [], 1)
        return items[0] if items else None

    def take(self, perform: Callable[[], list[Any]], most: int | None) -> list[Any]:
        exchange = self._exchange
        end = len(exchange.items) if most is None else min(self._next + most, len(exchange.items))
        items = [self._run.build(item) for item in exchange.items[self._next : end]]
        self._next = end
        if (most is None or len(items) < most) and not exchange.ended:
            if exchange.error is not None:
                raise self._run.build(exchange.error)
            if loaded().codec(exchange.boundary).rest_is_gap:
                self._run.stop(
                    StopCode.GAP, f"asks for more rows of {self._label()} than were read when it was recorded"
                )
        return items

    def item(self, item: Any) -> None:
        _never()

    async def first_awaited(self, perform: Callable[[], Awaitable[T]]) -> T:
        answer: T = self.first(_never)
        return answer

    async def next_awaited(self, perform: Callable[[], Awaitable[Any]]) -> Any:
        return self.next(_never)

    async def take_awaited(self, perform: Callable[[], Awaitable[list[Any]]], most: int | None) -> list[Any]:
        return self.take(_never, most)

    def _label(self) -> str:
        return label(operation_of(self._exchange), self._exchange.request)
