"""The session: the life of a trace, from the decision to record it to the collector's queue."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from contextvars import Token
from typing import Any, Literal

from .. import context
from ..boundaries.live_world import LiveWorld
from ..capture.freeze import Stand, freeze, frozen_size
from ..capture.pickle_stubs import Frozen
from ..context import PathRecord, Scope
from ..faults import own
from ..included import Included
from ..tracing.protocol import Tracer
from .call_watch import Numbers
from .entry_recorder import EntryRecorder
from .governor import Governor
from .learning import Learnt
from .provenance import Provenance
from .sampler import Sampler, Windows
from .tallies import Tallies

FAULT_LIMIT = 20
"""Internal faults after which the recorder switches itself off."""

_clock = time.time


class LiveTrace:
    """A trace that is running in the service."""

    __slots__ = (
        *(
            "_session",
            "_token",
            "arguments_after",
            "depth",
            "ended",
            "gaps",
            "hosting",
            "input",
            "items",
            "key",
        ),
        *("label", "makers", "outcome_kind", "path", "recorder", "scope", "started", "stored", "value", "world"),
    )

    def __init__(self, session: Session, recorder: EntryRecorder, key: Hashable) -> None:
        self._session = session
        self._token: Token[Scope | None] | None = None
        self.recorder = recorder
        """Of the kind of its entry."""
        self.key = key
        """What the sampler knows its entry by."""
        self.world = LiveWorld(session.included)
        self.world.trace = self
        self.path = PathRecord()
        self.scope = Scope(self.world, self.path)
        self.started = _clock()
        self.label: tuple[str, str] = ("", "")
        self.input: Any = None
        self.outcome_kind: Literal["response", "return", "exception"] = "return"
        self.value: Frozen = None
        self.arguments_after: Frozen = None
        self.items: list[Frozen] | None = None
        """What a generator handed over; `None` where the entry is none."""
        self.ended = False
        """Whether a generator came to its end."""
        self.gaps: list[str] = []
        self.makers: Sequence[LiveTrace] = ()
        """The traces that made the objects which it was given."""
        self.depth = 1
        """Traces in the chain that ends with it."""
        self.stored: tuple[str, bytes] | None = None
        """Its id and content as another trace's producer, once that was asked for."""
        self.hosting = False
        """Whether a server started inside it: then it is the service itself, and no entry."""

    def resume(self) -> None:
        """The code of the trace runs now, in this thread."""
        self._token = context.enter(self.scope)
        self._session.tracer.begin(self.path)

    def pause(self) -> None:
        """Other code runs now. Without `resume` before, nothing happens."""
        token, self._token = self._token, None
        if token is None:
            return
        self._session.tracer.end(self.path)
        context.leave_anyhow(token)

    def outcome(self, kind: Literal["response", "return"], value: Any, stand: Stand | None = None) -> None:
        """The entry ended well; `stand` says what callables among its arguments are frozen as."""
        self.outcome_kind, self.value = kind, freeze(value, limit=8_000_000, stand=stand)

    def outcome_error(self, error: BaseException, stand: Stand | None = None) -> None:
        """The entry raised."""
        self.outcome_kind, self.value = "exception", freeze(error, stand=stand)

    def gap(self, reason: str) -> None:
        """Something of the trace could not be recorded."""
        self.gaps.append(reason)

    def size(self) -> int:
        """Bytes that the trace holds until it is collected, roughly."""
        exchanges = sum(200 + frozen_size(one.request) + frozen_size(one.answer) for one in self.world.exchanges)
        return 1000 + frozen_size(self.value) + exchanges + self.world.item_bytes + 100 * len(self.world.readings)


class Session:
    """What the entries of one recording share."""

    def __init__(
        self,
        included: Included,
        sampler: Sampler,
        tracer: Tracer,
        tallies: Tallies,
        governor: Governor,
        accept: Callable[[LiveTrace, int], None],
    ) -> None:
        """`accept` takes finished traces, of about so many bytes."""
        self.included = included
        self.tracer = tracer
        self.counters = tallies.counters
        self._sampler = sampler
        self._accept = accept
        self._count_unsampled = self.counters.fast("not sampled")
        self._unsampled = tallies.unsampled
        self._off = False
        self._on_missed: Callable[[], None] | None = None
        self._faults = 0
        self.provenance = Provenance()
        self.numbers = Numbers()
        self.learnt = Learnt(included.covers)
        self.governor = governor
        self.window_opens = Windows(sampler).opens
        """Whether a window for entries of functions opens now."""

    def begin(self, recorder: EntryRecorder, key: Hashable, *, served: bool = False) -> LiveTrace | None:
        """A new trace for this run of an entry, or `None` when it is not sampled.

        `served` says that another process asked for it, so that the budget of a server holds from now on.
        """
        try:
            if self._off:
                self._missed()
                return None
            if not self._sampler.admit(key, served=served):
                self._count_unsampled()
                self._unsampled.add(key)
                return None
            return LiveTrace(self, recorder, key)
        except Exception as fault:
            if not own(fault):
                raise
            self.fault(fault)
            return None

    def finish(self, trace: LiveTrace) -> None:
        """Hand a trace to the collector; never blocks."""
        trace.world.closed = True
        if self._off or trace.hosting:
            return
        try:
            self._accept(trace, trace.size())
        except Exception as fault:
            if not own(fault):
                raise
            self.fault(fault)

    def hosts(self, scope: Scope) -> bool:
        """Whether a scope is that of a function that runs a server: then requests in it are entries of their own."""
        trace = getattr(scope.world, "trace", None)
        if isinstance(trace, LiveTrace) and trace.recorder.hosts:
            trace.hosting = True
            trace.world.closed = True  # it will never be stored: keep nothing of it
            return True
        return False

    def fault(self, fault: BaseException) -> None:
        """Count an internal fault; after too many, record no more."""
        self._faults += 1
        self.counters.add(f"fault: {type(fault).__name__}")
        if self._faults >= FAULT_LIMIT and not self._off:
            self.counters.add("switched off after too many faults")
            self.switch_off()

    def _missed(self) -> None:
        on_missed, self._on_missed = self._on_missed, None
        if on_missed is not None:
            on_missed()

    def switch_off(self, on_missed: Callable[[], None] | None = None) -> None:
        """Record nothing from now on; `on_missed` is called at the first entry that would have been recorded."""
        self._off, self._on_missed = True, on_missed
