"""Calls of functions as they are stored, in the collector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..capture.thaw import thaw
from ..model.inputs import CallInput
from ..model.trace import Entry
from ..session.lessons import Lessons
from .function_run import may_hold_marks

if TYPE_CHECKING:
    from ..model.trace import Trace
    from ..session.live_trace import LiveTrace
    from ..session.session import Session

INWARD_LIMIT = 4_096
"""Names of coroutines that are remembered."""


class StoredFunctions:
    """What the collector asks about traces of functions."""

    def __init__(self, session: Session, inward: dict[str, bool]) -> None:
        """`inward` is where it says of an entry whether no replay can build its arguments."""
        self._lessons = Lessons(session.learnt, session.included.covers)
        self._inward = inward

    def encode(self, trace: LiveTrace) -> CallInput:
        """Arguments as they were when the function was called."""
        kind, frozen, parameters, caller, awaits = trace.input
        known = thaw(caller) if caller is not None else None
        generates = trace.raw_outcome.items is not None
        return CallInput(kind, thaw(frozen), list(parameters), known, generates, awaits)

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """It is called by its name."""
        return Entry(name, trace.recorder.kind, trace.label[1], name)

    def learn(self, trace: LiveTrace, stored: Trace) -> None:
        """Learn which arguments no replay can build."""
        given = stored.input
        if isinstance(given, CallInput):
            self._lessons.observe(stored.entry, given.arguments)
            is_hopeless = self._lessons.is_hopeless(given.arguments)
            self._inward.pop(trace.label[0], None)
            if (is_hopeless or may_hold_marks(trace.input[1])) and len(self._inward) < INWARD_LIMIT:
                self._inward[trace.label[0]] = is_hopeless
