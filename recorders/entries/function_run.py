"""Runs of function entries: from the start of a frame to its end, over every rest of a generator or a coroutine.

A run is notified by the tracer while its frame still stands. A generator, a coroutine and an asynchronous generator
rest in between: whatever runs then is outside of the trace. In an event loop many of them rest at a time, each in the
context of its task (PEP 567), where its trace goes on when it does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeAlias

from .. import context
from ..capture.awaiting import foreign_trap, is_item, item_of, unbegun, was_cancelled
from ..capture.call_arguments import Arguments, Held
from ..capture.freeze import Stand, freeze, same_frozen
from ..capture.local_functions import running_function
from ..capture.pickle_stubs import Frozen, FrozenBytes, Opaque
from ..capture.raw import class_name
from ..code_flags import CO_ASYNC_GENERATOR
from ..context import Opening, Scope
from ..faults import own
from ..model.full_names import module_part
from ..session.call_watch import Watched
from ..session.inwards import NO_RESULT, SERVING, begin_inside, end_inside, is_part, opening_of
from ..session.watched_runs import Shared
from .caller import caller_of

if TYPE_CHECKING:
    from ..session.live_trace import LiveTrace
    from ..session.session import Session
    from ..tracing.protocol import Tracer
    from .target import CallTarget

_thread_time = time.thread_time
_clock = time.time

LONG = 10.0
"""Seconds after which a coroutine that goes on is one that serves: what it calls then are entries of their own."""

Called: TypeAlias = Callable[[CodeType, FrameType], None]

_CALLED = frozenset({"function", "method", "classmethod", "registered"})
"""Kinds of functions whose callers take what they return."""


def _is_program_itself(caller: FrameType | None) -> bool:
    """Whether a call comes from the statements of a program: then it is a command."""
    return caller is not None and caller.f_code.co_name == "<module>" and caller.f_globals.get("__name__") == "__main__"


def admits(around: Opening, target: CallTarget) -> bool:
    """Whether a call inside of a trace that is open may be an entry; each that may is one fewer, sampled or not. Where
    that trace is to have what such an entry saw, nothing of it may run before the entry has ended; and functions that
    are its own stay its own."""
    around.room -= 1
    return around.outer is None or not (target.generates or target.awaits or target.kind == "local")


def _included_caller(frame: FrameType, included: Callable[[str], bool]) -> CodeType | None:
    """The included code that a frame was called from, through whatever library."""
    caller = frame.f_back
    while caller is not None and not included(caller.f_code.co_filename):
        caller = caller.f_back
    return caller.f_code if caller is not None else None


def _each(first: Called | None, second: Called) -> Called:
    if first is None:
        return second

    def called(code: CodeType, frame: FrameType) -> None:
        first(code, frame)
        second(code, frame)

    return called


def _reporting(trace: LiveTrace, called: Called, tracer: Tracer) -> Callable[[list[CodeType]], None]:
    """What has frames of code reported to `called` while a trace runs."""
    is_first = True

    def report(codes: list[CodeType]) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            trace.scope.called = _each(trace.scope.called, called)
        tracer.watch(codes)

    return report


def may_hold_marks(given: Frozen) -> bool:
    """Whether something of what a function was given was not captured."""
    return type(given) is FrozenBytes and given.may_hold_marks


def _split(
    target: CallTarget, positional: list[Any], covers: Callable[[str], bool]
) -> tuple[Any, tuple[Any, ...], Any]:
    """(receiver, the other arguments, what stands first of all). The receiver of a class method is a class, where it is
    not the one that the entry names; of a constructor the class that inherits it, for what is given is still empty."""
    if not target.has_receiver or not positional:
        return None, tuple(positional), None
    receiver, *others = positional
    first = receiver
    if target.kind == "classmethod":
        receiver = receiver if receiver is not target.owner else None
    elif target.kind == "constructor":
        cls = type(receiver)
        receiver = cls if cls is not target.owner and covers(module_part(class_name(cls))) else None
    return receiver, tuple(others), first


class Passing(Shared):
    """An entry that is not sampled: its inner calls are no entries either."""

    def __init__(self, code: CodeType, frame: FrameType, tracer: Tracer) -> None:
        self.code = code
        self.frame = frame
        self._tracer = tracer
        self._scope = Scope(None)
        self._scope.watch = self
        self._token: Any = None

    def enter(self) -> None:
        """From here to the end of the frame."""
        self._tracer.hold(self.code)
        self._token = context.enter(self._scope)

    def _leave(self) -> None:
        token, self._token = self._token, None
        if token is not None:
            context.leave_anyhow(token)
            self._tracer.release(self.code, again=False)

    def returned(self, value: Any) -> None:
        """The frame returns."""
        self._leave()
        self.notify_returned(value)

    def raised(self, error: BaseException) -> None:
        """The frame fails."""
        self._leave()
        self.notify_raised(error)

    def yielded(self, value: Any) -> None:
        """The frame rests."""
        self._leave()
        self.notify_yielded(value)
        self._tracer.rest_frame(self)

    def resumed(self) -> None:
        """The frame goes on."""
        self.enter()

    def lost(self) -> None:
        """Nothing will report how the frame ends."""
        self._leave()


class FunctionRun(Shared):
    """One recorded run of a function."""

    def __init__(
        self, session: Session, trace: LiveTrace, target: CallTarget, code: CodeType, frame: FrameType
    ) -> None:
        self.code = code
        self.frame = frame
        self._session = session
        self._trace = trace
        self._target = target
        self._origins = trace.lineage.state.origins
        self._held: Held | None = None
        self._receiver: Any = None
        """What a constructor fills."""
        self._before: Any = None
        self._watched: Watched | None = None
        self._stand: Stand | None = None
        self._is_held = False

    def start(
        self, arguments: Arguments, *, private: bool, fixed: bool, inward: bool | None, around: Opening | None
    ) -> None:
        """The frame is about to run with these arguments; `private`: nobody else could see a change of them; `fixed`:
        they cannot change; `inward`: no replay can build them, so that what it calls are entries of their own, `None`
        where nobody knows yet: then it is a guess, but not of a coroutine, which loses what happens inside. `around` is
        what let it be one of these itself."""
        trace, target = self._trace, self._target
        trace.label = (target.name, module_part(target.name))
        receiver, args, self._receiver = _split(target, arguments.positional, self._session.included.covers)
        if target.kind == "local":
            receiver = running_function(self.code, self.frame)
        unreplayed = target.kind == "local" and receiver is None
        session, tracer = self._session, self._session.tracer
        given = (*args, *arguments.named.values())
        watched = Watched(trace.scope.world, session.included, session.numbers, tracer, given)
        whole, self._before = session.learnt.freeze(
            target.name, (receiver, args, arguments.named), origins=self._origins, stand=watched.stand
        )
        if target.kind != "constructor":
            self._receiver = None
        self._held = None if fixed else Held(*whole, private=private)
        self._watched, self._stand = watched, watched.stand
        caller = freeze(caller_of(self.frame), origins=self._origins) if target.looks else None
        trace.input = (target.kind, self._before, target.names, caller, target.awaits)
        trace.raw_outcome.items = [] if target.generates else None
        trace.scope.watch = self
        if around is not None:
            begin_inside(trace, around, _included_caller(self.frame, self._session.included))
        if inward or unreplayed or (inward is None and not target.awaits and may_hold_marks(self._before)):
            trace.scope.opening = opening_of(trace, around, is_joined=not (target.awaits or target.generates))
        watched.begin(_reporting(trace, watched.called, tracer))
        trace.scope.path.codes[id(self.code)] = self.code
        trace.lineage.state.is_replayable = not unreplayed and not inward
        trace.lineage.state.ran(self.code)
        if _is_program_itself(self.frame.f_back):
            trace.lineage.state.is_command()
        tracer.hold(self.code)
        self._is_held = True
        trace.resume()

    def returned(self, value: Any) -> None:
        """The function returns. Where that is a coroutine which did not begin yet, the trace goes on with it."""
        self.notify_returned(value)
        if self._goes_on(value):
            return

        def outcome() -> Any:
            result = self._receiver if self._target.kind == "constructor" else value
            self._trace.raw_outcome.ended = True
            self._trace.outcome("return", result, self._stand)
            return result

        self._end(outcome, value)

    def _goes_on(self, value: Any) -> bool:
        """Whether what a plain function returns is awaited as part of it: a coroutine or an asynchronous generator."""
        target, tracer = self._target, self._session.tracer
        made = None if is_part(self._trace) or target.generates or target.awaits else unbegun(value)
        if made is None or self._watched is None or target.kind not in _CALLED:
            return False
        if any(run.frame is made[1] for run in self._watched.iterators):
            return False  # it was given the same
        before, frame = self.frame, made[1]
        self.frame = frame
        if not tracer.start_later(self):
            self.frame = before
            return False
        trace = self._trace
        trace.pause()
        tracer.watch([made[0]])
        tracer.hold(made[0])
        tracer.release(self.code, again=True)
        self.code = made[0]
        self._watched.codes.append(made[0])
        generates = bool(made[0].co_flags & CO_ASYNC_GENERATOR)
        self._target = target._replace(awaits=True, generates=generates)
        trace.input = (*trace.input[:-1], True)
        trace.raw_outcome.items = [] if generates else None
        return True

    def raised(self, error: BaseException) -> None:
        """The function fails. A generator that is closed only ends early."""
        self.notify_raised(error)

        def outcome() -> None:
            if type(error) is GeneratorExit and self._trace.raw_outcome.items is not None:
                self._trace.outcome("return", None)
                return
            if self._target.awaits and type(error) is GeneratorExit:
                self._trace.gap("the coroutine was closed before it came to its end")
            elif self._target.awaits and was_cancelled(error):
                self._trace.gap("its task was cancelled from outside")
            self._trace.outcome_error(error, self._stand)

        self._end(outcome)

    def yielded(self, value: Any) -> None:
        """A generator or coroutine rests: whoever takes the value runs outside of the trace."""
        trace = self._trace
        trace.pause()
        self.notify_yielded(value)
        if not self._target.awaits:
            trace.item(value, self._stand)
        elif is_item(value):
            trace.item(item_of(value), self._stand)
        elif (trap := foreign_trap(value)) and not trace.gaps:
            trace.gap(f"it awaits something that asyncio does not know, which gives {trap} to its event loop")
        if not self._session.tracer.rest_frame(self):
            self._trace.gap("what a generator or coroutine does after it first rests is not recorded here")
            self.returned(Opaque("builtins:generator", "only its beginning was recorded"))

    def resumed(self) -> None:
        """It goes on. A coroutine that goes on and on is no entry whose end is worth waiting for."""
        trace = self._trace
        if self._target.awaits and trace.scope.opening is None and _clock() - trace.started > LONG:
            trace.scope.opening = SERVING
            trace.gap(f"it ran for more than {LONG:g} s; what it called then are entries of their own")
        trace.resume()

    def lost(self) -> None:
        """Nothing will report how the frame ends: a trace without an outcome is none."""
        self._trace.pause()
        self._session.counters.add("not recorded: the end of a call could not be watched")
        end_inside(self._trace, self.code)
        self._let_go()

    def _end(self, outcome: Callable[[], Any], result: Any = NO_RESULT) -> None:
        """The frame ends; `outcome` notes how, and gives the value that others may be given later. What the trace saw
        goes to the one around it first: once it is handed over, it is the collector's."""
        before = _thread_time()
        self._trace.pause()
        try:
            end_inside(self._trace, self.code, result)
            self._finish(outcome())
        except Exception as fault:
            if not own(fault):
                raise
            self._session.fault(fault)
        finally:
            self._let_go()
            self._session.governor.spent(_thread_time() - before)

    def _finish(self, value: Any) -> None:
        session, trace = self._session, self._trace
        made: dict[str, Any] = {"value": value}
        trace.lineage.depth = self._origins.depth + 1
        whole = self._held.now() if self._held is not None else None
        if whole is not None:
            after = freeze(whole, origins=self._origins, stand=self._stand)
            if not same_frozen(self._before, after):
                trace.raw_outcome.arguments = after
                made = dict(zip(("receiver", "args", "kwargs"), whole, strict=True)) | made
        if trace.lineage.state.is_replayable:
            session.provenance.made(trace, session.included.covers, **made)
        session.finish(trace)

    def _let_go(self) -> None:
        """Keep nothing of the service alive, and watch nothing more for it."""
        watched, self._watched, self._stand = self._watched, None, None
        if watched is not None:
            watched.end()
            self._session.tracer.unwatch(watched.codes)
            for iterator in watched.iterators:
                self._session.tracer.forget(iterator)
        if self._is_held:
            self._is_held = False
            self._session.tracer.release(self.code, again=True)
        scope = self._trace.scope
        scope.watch = scope.called = None
        if scope.opening is not None:
            scope.opening.outer = None  # the traces inside may be kept for long, as makers of state
        self._held = self._receiver = self._before = None
        del self.frame
