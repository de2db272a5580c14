"""The recorded world: it answers every boundary from a recording, and touches nothing.

Exchanges are matched by exact request, unused first, oldest first; a changed request of the same operation is answered
from the recording too, and noted as changed. A request without any recording stops the trace.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any, NoReturn, TypeVar

import msgspec

from ...recorders import context
from ...recorders.capture.thaw import capture
from ...recorders.installed import loaded
from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import Exchange, Trace
from ...recorders.model.value_tree import Tree
from ...recorders.model.world import Operation
from ..model.asked import Asked
from ..model.outbound_requests import answer_of, canonical_key, label
from ..model.perturbation import UNPERTURBED, Perturbation
from ..model.reason import StopCode
from .rebuild import Stand
from .recorded_clock import RecordedClock
from .recorded_environment import NO_SETTINGS, RecordedEnvironment, Settings
from .recorded_exchanges import ExchangeIndex, RecordedTicket
from .resolver import Resolver
from .response_fallback import ResponseFallback
from .stopping import Stop, TraceRun

T = TypeVar("T")


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
        fallback: ResponseFallback | None = None,
        exact: bool = False,
        settings: Settings = NO_SETTINGS,
    ) -> None:
        """`modules` maps the files of included modules to their names; `called` gives the names that a function of
        the code under test calls, `None` when there is no such function; `fallback` answers what this trace lacks.

        With `exact` nothing but the same request is answered, and that as often as it is asked.
        """
        self.asked: list[Asked] = []
        self.fallbacks: list[Exchange] = []
        """Exchanges of other traces, which answered what this one lacks."""
        self.wants_fallback = False
        """Whether it stopped for an exchange that another trace might have answered, had there been a fallback."""
        self.refused: list[str] = []
        """Calls that would have left the process."""
        self.perturbation = perturbation
        self._run = TraceRun(resolver, modules)
        self.clock = RecordedClock(trace, self._run, called, perturbation)
        self.environment = RecordedEnvironment(trace, self._run, settings)
        self._started = trace.started
        self._exchanges = ExchangeIndex(trace.exchanges, exact=exact)
        self._fallback = fallback

    def give_stands(self, stand: Stand) -> None:
        """What answers hold, and was not captured, or acts when it is used, is stood for as parts of the input are."""
        self._run.stand = stand

    @property
    def stopped(self) -> Stop | None:
        """Why the replay ended before its entry did; `None` where it did not."""
        return self._run.stopped

    def end(self) -> None:
        """The entry came to its end: only what it left behind runs from here on, and nothing answers that."""
        self._run.is_over = True

    def go_on(self) -> None:
        """Nothing, unless the replay was stopped, and is not over yet: then it raises `TraceStopped`."""
        if not self._run.is_over:
            self._run.go_on()

    def stop(self, kind: StopCode, reason: str) -> NoReturn:
        """End the replay here, with a reason; the first one counts. Raises `TraceStopped`."""
        self._run.stop(kind, reason, sys._getframe(1))

    # --- clock and environment ---

    def ambient(self, source: str, read: Callable[[], T], frame: FrameType) -> T:
        return self.clock.ambient(source, read, frame)

    def advance(self, seconds: float) -> bool:
        return self.clock.advance(seconds)

    def owns(self, generator: object, *, claim: bool = False) -> bool:
        return self.clock.owns(generator, claim=claim)

    def environ(self, key: str, read: Callable[[], str]) -> str:
        return self.environment.environ(key, read)

    def environ_names(self, read: Callable[[], list[str]]) -> list[str]:
        return self.environment.environ_names(read)

    def environ_set(self, key: str, value: str | None) -> None:
        self.environment.environ_set(key, value)

    # --- exchanges ---

    def call(self, operation: Operation, request: Any, perform: Callable[[], T]) -> T:
        return self.begin(operation, request).first(perform)

    async def call_awaited(self, operation: Operation, request: Any, perform: Callable[[], Awaitable[T]]) -> T:
        return await self.begin(operation, request).first_awaited(perform)

    def begin(self, operation: Operation, request: Any) -> RecordedTicket:
        self._run.go_on()
        tree = capture(request)
        lane = context.lane_here()
        position, exact = self._exchanges.match(operation, tree, lane)
        if position is not None and not exact:
            recorded = self._exchanges.at(position)
            sent = loaded().codec(operation.boundary).as_broken_off(recorded, tree)
            if sent is not None:
                tree, exact = sent, canonical_key(operation, sent) == canonical_key(operation, recorded.request)
        frame = self._run.innermost(sys._getframe(1))
        self.asked.append(Asked(operation, tree, position, exact, self._run.site(frame), lane))
        if position is None:
            is_session = operation.effect == "session"
            found = self._from_fallback(operation, tree) if tree is not None or not is_session else None
            if found is None and is_session:
                return RecordedTicket(self._run, _opened(operation))
            if found is not None:
                return RecordedTicket(self._run, found)
            self.stop(StopCode.UNRECORDED, f"{label(operation, tree)}: nothing in the recording answers it")
        return RecordedTicket(self._run, self._answering(self._exchanges.at(position), operation, tree))

    def _answering(self, exchange: Exchange, operation: Operation, request: Tree) -> Exchange:
        """A recorded exchange, as it answers a request that may say the same in other words."""
        if exchange.request == request:
            return exchange
        answer = answer_of(operation, request, exchange.request, exchange.answer)
        return exchange if answer is exchange.answer else msgspec.structs.replace(exchange, answer=answer)

    def _from_fallback(self, operation: Operation, request: Tree) -> Exchange | None:
        if self._fallback is None:
            self.wants_fallback = True
            return None
        found = self._fallback.find(operation, request, self._started)
        if found is not None:
            self.fallbacks.append(found)
        return found


def _opened(operation: Operation) -> Exchange:
    """Connecting once more than the recording did is no exchange that anyone sees."""
    return Exchange(
        operation.boundary, operation.name, operation.resource, "session", None, None, [], True, None, None, 0
    )
