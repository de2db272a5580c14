"""The live world: it performs what a boundary asks for, and records it."""

from __future__ import annotations

import copy
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from .. import context
from ..capture.freeze import freeze, frozen_size
from ..capture.snapshot import hold
from .entropy import reader_of

if TYPE_CHECKING:
    from ..capture.freeze import Stand
    from ..capture.pickle_stubs import Frozen
    from ..model.world import Operation

T = TypeVar("T")


class RawExchange:
    """An exchange as the live world saw it, frozen but not yet thawed."""

    __slots__ = ("answer", "ended", "error", "items", "lane", "operation", "over", "request", "site")

    def __init__(self, operation: Operation, request: Frozen, site: tuple[CodeType, int] | None, lane: int) -> None:
        self.operation = operation
        self.request = request
        self.answer: Frozen = None
        self.items: list[Frozen] = []
        self.ended = False
        self.error: Frozen = None
        self.over: str | None = None
        """Why the stream of items is not complete in the recording, where it is not."""
        self.site = site
        self.lane = lane

    def moved(self, lane: int) -> RawExchange:
        """The same in another lane."""
        if lane == self.lane:
            return self
        found = copy.copy(self)
        found.lane = lane
        return found


ITEM_LIMIT = 4_000_000
"""Bytes of all streamed items of one trace; what comes later is passed on but not kept."""

EXCHANGE_LIMIT = 5_000
"""Exchanges kept per trace; a trace with more is reported as incomplete."""

READ_LIMIT = 20_000
"""Ambient readings kept per trace."""


class LiveTicket:
    """A ticket of the live world: performs, and keeps a frozen copy of what came back."""

    __slots__ = ("_exchange", "_world")

    def __init__(self, world: LiveWorld, exchange: RawExchange) -> None:
        self._world = world
        self._exchange = exchange

    def first(self, perform: Callable[[], T]) -> T:
        try:
            answer = perform()
        except BaseException as error:
            self._exchange.error = freeze(error)
            raise
        self._exchange.answer = hold(answer, self._world.stand)
        return answer

    async def first_awaited(self, perform: Callable[[], Awaitable[T]]) -> T:
        try:
            answer = await perform()
        except BaseException as error:
            self._exchange.error = freeze(error)
            raise
        self._exchange.answer = hold(answer, self._world.stand)
        return answer

    def answered(self, answer: Any) -> None:
        """The answer that was seen elsewhere."""
        self._exchange.answer = hold(answer, self._world.stand)

    def failed(self, error: BaseException) -> None:
        """The exception that was seen elsewhere."""
        self._exchange.error = freeze(error)

    def item(self, item: Any) -> None:
        """The next item of the stream, seen elsewhere."""
        self._keep((item,))

    def end(self) -> None:
        """The stream ended."""
        self._exchange.ended = True

    def next(self, perform: Callable[[], Any]) -> Any:
        try:
            item = perform()
        except BaseException as error:
            self._exchange.error = freeze(error)
            raise
        return self._came(item)

    async def next_awaited(self, perform: Callable[[], Awaitable[Any]]) -> Any:
        try:
            item = await perform()
        except BaseException as error:
            self._exchange.error = freeze(error)
            raise
        return self._came(item)

    def _came(self, item: Any) -> Any:
        if item is None:
            self._exchange.ended = True
        else:
            self._keep((item,))
        return item

    def take(self, perform: Callable[[], list[Any]], most: int | None) -> list[Any]:
        try:
            items = perform()
        except BaseException as error:
            self._exchange.error = freeze(error)
            raise
        return self._came_at_once(items, most)

    async def take_awaited(self, perform: Callable[[], Awaitable[list[Any]]], most: int | None) -> list[Any]:
        try:
            items = await perform()
        except BaseException as error:
            self._exchange.error = freeze(error)
            raise
        return self._came_at_once(items, most)

    def _came_at_once(self, items: list[Any], most: int | None) -> list[Any]:
        if most is None or len(items) < most:
            self._exchange.ended = True
        self._keep(items)
        return items

    def _keep(self, items: Sequence[Any]) -> None:
        world, kept = self._world, self._exchange.items
        if world.closed:
            return
        if world.item_bytes > ITEM_LIMIT:
            self._exchange.over = f"more than {ITEM_LIMIT} bytes of streamed items in one trace"
            return
        for item in items:
            frozen = item if _is_plain(item) else hold(item, world.stand)
            world.item_bytes += frozen_size(frozen)
            kept.append(frozen)


_PLAIN = frozenset(map(id, (type(None), bool, int, float, str, bytes)))
"""By id: a metaclass may define how its classes are hashed and compared."""


def _is_plain(item: Any) -> bool:
    """Whether nothing can change the item later: an exact immutable scalar, or an exact tuple of such (a row)."""
    if type(item) is tuple:
        return all(id(type(part)) in _PLAIN for part in item)
    return id(type(item)) in _PLAIN


class _Own:
    """What the program itself sets within a trace: it repeats by itself."""

    __slots__ = ("around", "generators", "variables")

    def __init__(self) -> None:
        self.variables: set[str] = set()
        self.generators: list[object] = []
        self.around: _Own | None = None
        """What the trace around it set: to that trace it is its own."""

    def owns(self, generator: object) -> bool:
        """Whether the program made a generator of random numbers itself."""
        if any(own is generator for own in self.generators):
            return True
        return self.around is not None and self.around.owns(generator)


class LiveWorld:
    """The world of a sampled trace: everything goes through, and is recorded."""

    recorded = False
    sandboxed = False

    def __init__(self, included: Callable[[str], bool]) -> None:
        """`included` says of a file name whether it belongs to the packages under validation."""
        self._included = included
        self.exchanges: list[RawExchange] = []
        self.readings: list[tuple[str, CodeType, CodeType | None, Any]] = []
        """(source, code that read, innermost included code, value)"""
        self.variables: dict[str, str | None] = {}
        self.variable_names: tuple[str, ...] | None = None
        self.item_bytes = 0
        self.unkept: Counter[str] = Counter()
        """Exchanges that are counted, not kept, by why: `after the outcome`, `over the limit`."""
        self.closed = False
        self.files: dict[str, bool] = {}
        """Name of what the trace did something with first → whether it was there then, see `boundaries.files`."""
        self.trace: object = None
        """Whose world it is."""
        self.stand: Stand | None = None
        """What is asked for what a callable or a generator in an answer is frozen as."""
        self._own = _Own()

    def ambient(self, source: str, read: Callable[[], T], frame: FrameType) -> T:
        value = read()
        if len(self.readings) < READ_LIMIT and not self.closed:
            inner = self._innermost(frame)
            reader = reader_of(frame, inner).f_code
            self.readings.append((source, reader, inner.f_code if inner is not None else None, value))
        return value

    def advance(self, seconds: float) -> bool:
        return False

    def environ(self, key: str, read: Callable[[], str]) -> str:
        try:
            value = read()
        except KeyError:
            if key not in self._own.variables:
                self.variables.setdefault(key, None)
            raise
        if key not in self._own.variables:
            self.variables.setdefault(key, value)
        return value

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        names = read()
        if self.variable_names is None:
            self.variable_names = tuple(names)
        return names

    def environ_set(self, key: str, value: str | None) -> None:
        self._own.variables.add(key)

    def owns(self, generator: object, *, claim: bool = False) -> bool:
        if claim:
            self._own.generators.append(generator)
            return True
        return self._own.owns(generator)

    def call(self, operation: Operation, request: Any, perform: Callable[[], T]) -> T:
        ticket = self.begin(operation, request)
        # What the boundary itself crosses underneath is part of it: a library that wraps another is recorded once.
        token = None
        try:
            token = context.enter(context.UNSAMPLED)
            return ticket.first(perform)
        finally:
            if token is not None:
                context.leave(token)

    async def call_awaited(self, operation: Operation, request: Any, perform: Callable[[], Awaitable[T]]) -> T:
        ticket = self.begin(operation, request)
        token = None
        try:
            token = context.enter(context.beside(context.current()))
            return await ticket.first_awaited(perform)
        finally:
            if token is not None:
                context.leave_anyhow(token)

    def begin(self, operation: Operation, request: Any) -> LiveTicket:
        frame = self._innermost(sys._getframe(1))
        site = (frame.f_code, frame.f_lineno) if frame is not None else None
        exchange = RawExchange(operation, hold(request), site, context.lane_here())
        if self.closed:
            self.unkept["after the outcome"] += 1
        elif len(self.exchanges) < EXCHANGE_LIMIT:
            self.exchanges.append(exchange)
        else:
            self.unkept["over the limit"] += 1
        return LiveTicket(self, exchange)

    def begin_inside(self, outer: LiveWorld) -> None:
        """The trace runs inside of another, of which it is a part."""
        self._own.around = outer._own

    def take(self, inner: LiveWorld, lane: Callable[[int], int]) -> None:
        """Take what a trace saw that ran inside of this one, and ended; `lane` gives a lane of this trace for one of
        that."""
        for exchange in inner.exchanges:
            if len(self.exchanges) < EXCHANGE_LIMIT:
                self.exchanges.append(exchange.moved(lane(exchange.lane)))
            else:
                self.unkept["over the limit"] += 1
        self.readings.extend(inner.readings[: max(READ_LIMIT - len(self.readings), 0)])
        for key, value in inner.variables.items():
            if key not in self._own.variables:
                self.variables.setdefault(key, value)
        if self.variable_names is None:
            self.variable_names = inner.variable_names
        for name, was_there in inner.files.items():
            self.files.setdefault(name, was_there)
        self._own.variables |= inner._own.variables
        self._own.generators += inner._own.generators
        self.item_bytes += inner.item_bytes
        self.unkept += inner.unkept

    def _innermost(self, frame: FrameType | None) -> FrameType | None:
        """The nearest frame of included code: the line of the service that caused this."""
        included = self._included
        while frame is not None:
            if included(frame.f_code.co_filename):
                return frame
            frame = frame.f_back
        return None
