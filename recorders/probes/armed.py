"""One probe where it stands in a process: what happens at an execution of its place.

This runs in threads of the service. It raises nothing of its own into them, takes no lock, and writes nothing: what a
hit saw lies in memory until the probes' own thread redacts it and writes it.
"""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from types import CodeType, FrameType
from typing import Final, NamedTuple

from .. import context, taken
from ..faults import own
from ..model.value_tree import OpaqueNode, Tree
from .bounded import NODES, Bounded
from .comparing import truth
from .expressions import Expression
from .limits import Limits
from .metrics import Sums
from .model import METRICS, Probe, State
from .plain import NUMBERS, Unreadable, entry_in, plain
from .view import View, all_locals, local_names

# Work is CPU: a thread that waits for its turn does none. One evaluation stands for many, and so would its waiting.
_monotonic, _clock, _work = taken.monotonic, taken.time_now, taken.thread_time
_ident, _active = taken.get_ident, vars(threading)["_active"]

MEASURED: Final = 64
"""One in this many evaluations of a quick condition is measured, and stands for all."""
MEASURED_MASK: Final = MEASURED - 1

FAULTS: Final = 3
"""Faults of its own after which a probe is given up."""

ERRORS: Final = 1_000
"""Executions without a single hit that could not be evaluated, after which a probe is given up."""

FRAMES: Final = 20
"""Callers that a snapshot names."""

WAITING: Final = 1_000
"""Hits that wait to be written; each is some kilobytes."""


class RawHit(NamedTuple):
    """What a hit saw; not redacted, and in memory only."""

    at: float
    thread: str
    trace: tuple[str, str]
    values: tuple[tuple[str, Tree], ...]
    stack: tuple[tuple[CodeType, int], ...]
    """Code, and offset in it, of the callers."""


class Program(NamedTuple):
    """What a probe evaluates at its place."""

    condition: Expression | None
    expressions: tuple[Expression, ...]
    """Of a log those in its text, of a value the one."""
    names: tuple[str, ...]
    """Local variables, of a snapshot."""
    keeps_locals: bool
    """Whether the function may hold them as a dict."""


class Counts:
    """What a probe counts beside its hits; threads that count at once may lose one."""

    __slots__ = ("error", "errors", "evaluated", "faults", "left_out")

    def __init__(self) -> None:
        self.evaluated = 0
        self.errors = 0
        self.error = ""
        """The latest reason why something could not be evaluated."""
        self.faults = 0
        self.left_out = 0


class Armed:
    """A probe at its place. It is `off` when it is to see nothing more, or nothing for the moment."""

    __slots__ = (
        *("_limits", "_program", "_tickets", "_wake", "counts", "deadline", "hits", "off", "probe", "reason", "state"),
        "sums",
    )

    def __init__(self, probe: Probe, program: Program, limits: Limits, deadline: float) -> None:
        """`deadline` is by the monotonic clock."""
        self.probe = probe
        self.deadline = deadline
        self.off = False
        self.state: State = "armed"
        self.reason = ""
        self.sums = Sums()
        self.counts = Counts()
        self.hits: deque[RawHit] = deque(maxlen=WAITING)
        self._program = program
        self._limits = limits
        self._tickets = itertools.count(1)
        self._wake: Callable[[], None] | None = None

    # --- in threads of the service ---

    def execute(self, frame: FrameType) -> bool:
        """The place runs in a frame. Whether nothing more is to be seen for the moment."""
        try:
            if self.off:
                return True
            condition = self._program.condition
            if condition is not None and condition.quick is not None:
                counts = self.counts
                counts.evaluated += 1
                if counts.evaluated & MEASURED_MASK and not condition.quick(frame):
                    return False
            if condition is None or self._holds(frame, condition):
                if self.probe.kind in METRICS:
                    self._add(frame)
                else:
                    self._keep(frame)
        except Unreadable as error:
            self._not_evaluated(str(error))
        except Exception as fault:
            if not own(fault):
                raise
            self.fault(fault)
        return self.off

    def took(self, seconds: float, frame: FrameType) -> None:
        """A call of the place took so long; the condition is asked at its end."""
        try:
            if self.off or (self._program.condition is not None and not self._holds(frame, self._program.condition)):
                return
            began = _work()
            if self._may_fire(_monotonic()):
                self.sums.add(seconds)
            self._worked(_work() - began)
        except Unreadable as error:
            self._not_evaluated(str(error))

    def _holds(self, frame: FrameType, condition: Expression) -> bool:
        began = _work()
        try:
            return truth(condition.evaluate(View(frame)))
        finally:
            self._worked((_work() - began) * (MEASURED if condition.quick is not None else 1))

    def _may_fire(self, now: float) -> bool:
        """Take a hit: where many threads do at once, no more of them get one than there are."""
        if now >= self.deadline:
            self.end("expired", "")
            return False
        most = self.probe.hits
        if not most:
            return True
        number = next(self._tickets)
        if number >= most:
            self.end("done", "")
        return number <= most

    def _add(self, frame: FrameType) -> None:
        began = _work()
        if self.probe.kind == "value":
            value = plain(self._program.expressions[0].evaluate(View(frame)))
            if id(type(value)) not in NUMBERS and type(value) is not Decimal:
                raise Unreadable(f"the value is a {type(value).__name__}, and no number")
            if self._may_fire(_monotonic()):
                self.sums.add(float(value))
        elif self._may_fire(_monotonic()):
            self.sums.count()
        self._worked(_work() - began)

    def _keep(self, frame: FrameType) -> None:
        began, now = _work(), _monotonic()
        refused = self._limits.admit(now)
        if refused:
            self.counts.left_out += 1
            self._pause(refused)
            return
        if not self._may_fire(now):
            return
        bounded = Bounded(NODES)
        program = self._program
        if self.probe.kind == "log":
            view = View(frame)
            values = tuple([(one.source, _evaluated(one, view, bounded)) for one in program.expressions])
            stack: tuple[tuple[CodeType, int], ...] = ()
        else:
            values = bounded.of_variables(all_locals(frame, program.names, kept=program.keeps_locals))
            stack = _callers(frame)
        self.hits.append(RawHit(_clock(), _thread_name(), _trace_label(), values, stack))
        self.sums.count()
        if self._wake is not None:
            self._wake()
        self._worked(_work() - began)

    def _worked(self, seconds: float) -> None:
        refused = self._limits.worked(seconds, _monotonic())
        if refused:
            self._pause(refused)

    def _pause(self, reason: str) -> None:
        if self.state == "armed":
            self.state, self.reason, self.off = "paused", reason, True

    def _not_evaluated(self, reason: str) -> None:
        self.counts.errors += 1
        self.counts.error = reason
        if self.counts.errors >= ERRORS and not self.sums.metric().count:
            self.end("broken", f"it could never be evaluated: {reason}")

    def fault(self, fault: BaseException) -> None:
        """A fault of the probe's own: after some of them it is given up."""
        self.counts.faults += 1
        self.counts.error = f"a fault of its own: {type(fault).__name__}"
        if self.counts.faults >= FAULTS:
            self.end("broken", self.counts.error)

    # --- in any thread ---

    def forked(self, wake: Callable[[], None]) -> None:
        """This is a child: it counts from nothing, and `wake` is called at its first hit."""
        self.hits.clear()
        self.sums = Sums()
        self.counts = Counts()
        self._wake = wake

    def end(self, state: State, reason: str) -> None:
        """See nothing more; what was seen stays."""
        if self.state in ("armed", "paused", "next call"):
            self.state, self.reason, self.off = state, reason, True

    def charge(self, seconds: float) -> None:
        """So much CPU was used elsewhere, for redacting and writing what was seen."""
        self._worked(seconds)

    def may_resume(self) -> bool:
        """Go on after a pause, where enough came back; whether it does."""
        if self.state != "paused" or not self._limits.may_resume(_monotonic()):
            return False
        self.state, self.reason, self.off = "armed", "", False
        return True


def _evaluated(expression: Expression, view: View, bounded: Bounded) -> Tree:
    """One expression of a log; where it cannot be evaluated, why."""
    try:
        return bounded.of(expression.evaluate(view))
    except Unreadable as error:
        return OpaqueNode("", str(error))


def _callers(frame: FrameType) -> tuple[tuple[CodeType, int], ...]:
    found: list[tuple[CodeType, int]] = []
    caller = frame.f_back
    while caller is not None and len(found) < FRAMES:
        found.append((caller.f_code, caller.f_lasti))
        caller = caller.f_back
    return tuple(found)


def _thread_name() -> str:
    """The name of the thread, as it is stored: to ask for it could run code, or make an object for the thread."""
    thread = _active.get(_ident())
    namespace = getattr(thread, "__dict__", None)
    found = entry_in(namespace, "_name") if type(namespace) is dict else ""
    return found if type(found) is str else ""


def _trace_label() -> tuple[str, str]:
    scope = context.current()
    if scope is None:
        return "", ""
    label: tuple[str, str] = getattr(getattr(scope.world, "trace", None), "label", ("", ""))
    return label


def names_of(code: CodeType) -> tuple[str, ...]:
    """The variables that a snapshot keeps: those that the source names."""
    return tuple([name for name in local_names(code) if not name.startswith(".")])
