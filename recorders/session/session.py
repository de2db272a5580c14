"""The session: which runs of entries are traces, and their way to the collector's queue."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from ..faults import own
from .call_watch import Numbers
from .learning import Learnt
from .live_trace import SERVICE, LiveTrace
from .module_state import ModuleState, TraceState
from .provenance import Origins, Provenance
from .sampler import Sampler, Windows
from .switch import Switch

if TYPE_CHECKING:
    from ..context import Scope
    from ..included import Included
    from ..tracing.protocol import Tracer
    from .counters import Counters
    from .entry_recorder import EntryRecorder
    from .governor import Governor
    from .tallies import Tallies


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
        """`accept` takes finished traces, with their sizes in bytes, roughly."""
        self.included = included
        self.tracer = tracer
        self._tallies = tallies
        self._sampler = sampler
        self._accept = accept
        self._switch = Switch(tallies.counters)
        self.provenance = Provenance()
        self.module_state = ModuleState(included)
        self.numbers = Numbers()
        self.learnt = Learnt()
        self.governor = governor
        self.window_opens = Windows(sampler).opens
        """Whether a window for entries of functions opens now."""

    @property
    def counters(self) -> Counters:
        """What is counted of this recording."""
        return self._tallies.counters

    def begin(self, recorder: EntryRecorder, key: Hashable, *, served: bool = False) -> LiveTrace | None:
        """A new trace for this run of an entry, or `None` when it is not sampled.

        `served` says that another process asked for it, so that the budget of a server holds from now on.
        """
        try:
            if self._switch.is_off and not self._switch.try_on():
                return None
            if not self._sampler.admit(key, served=served):
                self._tallies.unsampled.add(key)
                return None
            state = TraceState(self.module_state, Origins(self.provenance))
            return LiveTrace(self.included, self.tracer, recorder, key, state, self._switch.generation)
        except Exception as fault:
            if not own(fault):
                raise
            self.fault(fault)
            return None

    def finish(self, trace: LiveTrace) -> None:
        """Hand a trace to the collector; never blocks."""
        trace.scope.world.closed = True
        if self._switch.is_off or trace.generation != self._switch.generation:
            return  # one that was open when the process forked is the parent's
        try:
            trace.lineage.state.ended(trace)
            self._accept(trace, trace.size())
        except Exception as fault:
            if not own(fault):
                raise
            self.fault(fault)

    def hosts(self, scope: Scope) -> bool:
        """Whether a scope is that of a function that runs a server: then requests in it are entries of their own."""
        trace = getattr(scope.world, "trace", None)
        if isinstance(trace, LiveTrace) and trace.recorder.hosts:
            trace.generation = SERVICE
            trace.scope.world.closed = True  # it will never be stored: keep nothing of it
            return True
        return False

    def fault(self, fault: BaseException) -> None:
        """Count an internal fault; after too many, record no more."""
        self._switch.fault(fault)

    def switch_off(self) -> None:
        """Record nothing from now on."""
        self._switch.turn_off()

    def sleep(self, wake: Callable[[], None]) -> None:
        """In a forked child: forget the traces that are open, and record nothing until there is an entry to record;
        then `wake` is called."""
        self._switch.sleep(wake)

    def go_on(self, accept: Callable[[LiveTrace, int], None]) -> None:
        """Record again, for another collector."""
        self._accept = accept
        self._switch.turn_on()
