"""Function entries: the outermost frame of included code that was entered from outside.

Nothing of the service is replaced. The tracer reports each included frame that starts outside every trace; its
arguments are read from the frame, and the tracer reports its end too, while the frame still stands. What led to the
frame does not matter: a name, a bound method, a registry, a property, an operator, a decorator of a library.

Where the entry has no name under which a replay could call it, its trace says so, and the included calls inside are
entries of their own.
"""

from __future__ import annotations

import fnmatch
import sys
import time
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any

from .. import context
from ..boundaries.import_hooks import ImportHooks
from ..capture.call_arguments import Arguments, Held, are_scalars, given, is_private, locals_of
from ..capture.freeze import Stand, freeze, same_frozen
from ..capture.local_functions import running_function
from ..capture.pickle_stubs import Opaque
from ..capture.raw import class_name, is_instance, namespace_of_module
from ..capture.thaw import thaw
from ..context import Scope
from ..faults import own
from ..model.full_names import module_part
from ..model.inputs import CallInput, Input
from ..model.trace import Entry, Trace
from ..options import RecordOptions
from ..patching import Undo, nothing
from ..privacy.redact import Redactor
from ..session.call_watch import Watched
from ..session.live_trace import LiveTrace
from ..session.provenance import Origins
from ..session.session import Session
from ..tracing.choose import NoTracer
from ..tracing.protocol import Tracer
from .caller import caller_of
from .target import CallTarget, Targets, generated_methods, is_function

_thread_time = time.thread_time

ITEM_LIMIT = 1_000
"""Items of a generator that are kept."""

UNREPLAYED = frozenset({"deferred"})
"""Kinds of functions that a replay does not call: their traces say that they ran, and what ran in them."""


class FunctionRecorder:
    """Begins a trace where included code is entered from outside."""

    kind = "function"
    hosts = True

    def __init__(self, session: Session, options: RecordOptions) -> None:
        """Patterns of `module:qualname` among the entries of the options narrow the entries down."""
        self._session = session
        self._patterns = [pattern for pattern in options.entries if pattern not in ("wsgi", "functions")]
        self._all = "functions" in options.entries
        self._skip = frozenset(_not_entries(options)) - {""}
        self._targets = Targets()
        self._passed: dict[int, CodeType] = {}
        """Code objects whose frames are never entries, by id."""
        self._functions: dict[int, CodeType] = {}
        """Those whose frames may be."""
        self._wanted_names: dict[str, bool] = {}
        self._generated: dict[int, tuple[CodeType, str]] = {}
        """Methods that were made for an included class, by a dataclass for instance: by id of the code, its module."""

    @property
    def is_wanted(self) -> bool:
        """Whether functions are entries at all."""
        return self._all or bool(self._patterns)

    def install(self, hooks: ImportHooks) -> Undo:
        """Have the tracer report frames that start."""
        tracer = self._session.tracer
        if not self.is_wanted:
            return nothing
        if isinstance(tracer, NoTracer):
            sys.stderr.write(f"pytest-runtime: calls of functions are not recorded, requests are ({tracer.name})\n")
        tracer.looks = self._session.window_opens
        tracer.find_entries(self.entered)
        return nothing  # the tracer is stopped as a whole

    def encode(self, trace: LiveTrace) -> Input:
        """Arguments as they were when the function was called."""
        kind, frozen, parameters, caller = trace.input
        known = thaw(caller) if caller is not None else None
        return CallInput(kind, thaw(frozen), list(parameters), known, trace.raw_outcome.items is not None)

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """`module:qualname`."""
        return trace.label[0]

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """It is called by its name."""
        return Entry(name, self.kind, trace.label[1], name)

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """Learn which arguments no replay can build."""
        if isinstance(stored.input, CallInput):
            self._session.learnt.observe(stored.entry, stored.input.arguments)

    def saw_module(self, module: ModuleType) -> None:
        """An included module ran."""
        session = self._session
        session.provenance.saw_module(module, session.included.covers)
        if self.is_wanted:
            codes = [code for code in generated_methods(module) if id(code) not in self._generated]
            self._generated.update({id(code): (code, str(namespace_of_module(module)["__name__"])) for code in codes})
            session.tracer.register(codes)

    def entered(self, code: CodeType, frame: FrameType) -> bool:
        """A frame of included code starts outside every trace, or in one that is open; whether a trace begins."""
        if id(code) in self._passed:
            return False
        if id(code) not in self._functions:
            kept = self._functions if self._is_ours(code) and is_function(code) else self._passed
            kept[id(code)] = code
            if kept is self._passed:
                return False
        caller = frame.f_back
        if context.current() is None and caller is not None and self._is_inside(caller.f_code):
            return False
        module = self._module(code)
        if module is None:
            return False
        values = locals_of(frame)
        target = self._targets.find(code, module, values)
        return self._wanted(target.name) and self._begin(target, frame, code, values)

    def _module(self, code: CodeType) -> ModuleType | None:
        """The module that code belongs to. A program runs as `__main__`, whatever its module is called."""
        name = self._session.included.modules.get(code.co_filename)
        if id(code) in self._generated:
            name = self._generated[id(code)][1]
        found = sys.modules.get(name) if name is not None else None
        if found is None and self._is_program(code):
            found = sys.modules.get("__main__")
        return found if is_instance(found, ModuleType) else None

    def _is_ours(self, code: CodeType) -> bool:
        return self._session.included(code.co_filename) or id(code) in self._generated

    def _is_inside(self, code: CodeType) -> bool:
        """Whether a call from this code comes from included code that runs already. A generator expression and a
        program's own statements are no entries, so what they call may be one."""
        if not self._is_ours(code) or code.co_name == "<genexpr>":
            return False
        return code.co_name != "<module>" or not self._is_program(code)

    def _is_program(self, code: CodeType) -> bool:
        main = sys.modules.get("__main__")
        return namespace_of_module(main).get("__file__") == code.co_filename

    def _wanted(self, name: str) -> bool:
        known = self._wanted_names.get(name)
        if known is None:
            skipped = name in self._skip or name.rpartition(".")[0] in self._skip
            known = not skipped and (self._all or any(fnmatch.fnmatchcase(name, one) for one in self._patterns))
            if len(self._wanted_names) < 10_000:
                self._wanted_names[name] = known
        return known

    def _begin(self, target: CallTarget, frame: FrameType, code: CodeType, values: dict[str, Any]) -> bool:
        trace = self._session.begin(self, target.name)
        if trace is None:
            Passing(code, frame, self._session.tracer).enter()
            return False
        before = _thread_time()
        fixed = are_scalars(values)
        private = fixed or is_private(values)
        arguments = given(frame, target.parameters, values, target.defaults, bound=target.has_receiver)
        FunctionRun(self._session, trace, target, code, frame).start(arguments, private=private, fixed=fixed)
        self._session.governor.spent(_thread_time() - before)
        return True


def _not_entries(options: RecordOptions) -> list[str]:
    """The factory of the application builds the service; declared boundaries stand outside it."""
    declared = [":".join(name.replace(":", ".").rsplit(".", 1)) for name in options.boundaries]
    return [options.app.removesuffix("()"), *declared]


class Passing:
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

    def raised(self, error: BaseException) -> None:
        """The frame fails."""
        self._leave()

    def yielded(self, value: Any) -> None:
        """The frame rests; what follows is not watched."""
        self._leave()

    def resumed(self) -> None:
        """The frame goes on."""
        self.enter()

    def lost(self) -> None:
        """Nothing will report how the frame ends."""
        self._leave()


class FunctionRun:
    """One recorded run of a function."""

    def __init__(
        self, session: Session, trace: LiveTrace, target: CallTarget, code: CodeType, frame: FrameType
    ) -> None:
        self.code = code
        self.frame = frame
        self._session = session
        self._trace = trace
        self._target = target
        self._origins = Origins(session.provenance)
        self._held: Held | None = None
        self._receiver: Any = None
        """What a constructor fills."""
        self._before: Any = None
        self._watched: Watched | None = None
        self._stand: Stand | None = None
        self._is_held = False

    def start(self, arguments: Arguments, *, private: bool, fixed: bool) -> None:
        """The frame is about to run with these arguments; `private`: nobody else could see a change of them; `fixed`:
        they cannot change."""
        trace, target = self._trace, self._target
        trace.label = (target.name, module_part(target.name))
        receiver, args = self._split(arguments.positional)
        if target.kind == "local":
            receiver = running_function(self.code, self.frame)
        tracer = self._session.tracer
        given_ones = (*args, *arguments.named.values())
        watched = Watched(
            trace.scope.world, self._session.included, self._session.numbers, tracer.rest_frame, given_ones
        )
        whole, self._before = self._session.learnt.freeze(
            target.name, (receiver, args, arguments.named), origins=self._origins, stand=watched.stand
        )
        if target.kind != "constructor":
            self._receiver = None
        if not fixed:
            self._held = Held(*whole, private=private)
        self._watched, self._stand = watched, watched.stand
        trace.lineage.makers, trace.lineage.depth = self._origins.makers, self._origins.depth + 1
        caller = freeze(caller_of(self.frame), origins=self._origins) if target.looks else None
        trace.input = (target.kind, self._before, target.names, caller)
        trace.raw_outcome.items = [] if target.generates else None
        trace.scope.watch = self
        trace.scope.is_open = target.kind in UNREPLAYED or (target.kind == "local" and receiver is None)
        if watched.codes:
            trace.scope.called = watched.called
            tracer.watch(watched.codes)
        trace.scope.path.codes[id(self.code)] = self.code
        tracer.hold(self.code)
        self._is_held = True
        trace.resume()

    def _split(self, positional: list[Any]) -> tuple[Any, tuple[Any, ...]]:
        """(receiver, the other arguments). The receiver of a class method is a class, where it is not the one that
        the entry names; of a constructor the class that inherits it, for what is given is still empty."""
        target = self._target
        if not target.has_receiver or not positional:
            return None, tuple(positional)
        self._receiver, *others = positional
        receiver = self._receiver
        if target.kind == "classmethod":
            receiver = receiver if receiver is not target.owner else None
        elif target.kind == "constructor":
            receiver = self._inheriting(type(receiver))
        return receiver, tuple(others)

    def _inheriting(self, cls: type) -> type | None:
        if cls is self._target.owner:
            return None
        return cls if self._session.included.covers(module_part(class_name(cls))) else None

    def returned(self, value: Any) -> None:
        """The function returns."""

        def outcome() -> Any:
            result = self._receiver if self._target.kind == "constructor" else value
            self._trace.raw_outcome.ended = True
            self._trace.outcome("return", result, self._stand)
            return result

        self._end(outcome)

    def raised(self, error: BaseException) -> None:
        """The function fails. A generator that is closed only ends early."""

        def outcome() -> None:
            if type(error) is GeneratorExit and self._trace.raw_outcome.items is not None:
                self._trace.outcome("return", None)
            else:
                self._trace.outcome_error(error, self._stand)

        self._end(outcome)

    def yielded(self, value: Any) -> None:
        """A generator or coroutine rests: whoever takes the value runs outside of the trace."""
        trace = self._trace
        trace.pause()
        items = trace.raw_outcome.items
        if items is not None:
            if len(items) < ITEM_LIMIT:
                items.append(freeze(value, stand=self._stand))
            else:
                trace.gap(f"more than {ITEM_LIMIT} items of a generator")
        if not self._session.tracer.rest_frame(self):
            self._trace.gap("what a generator or coroutine does after it first rests is not recorded here")
            self.returned(Opaque("builtins:generator", "only its beginning was recorded"))

    def resumed(self) -> None:
        """It goes on."""
        self._trace.resume()

    def lost(self) -> None:
        """Nothing will report how the frame ends: a trace without an outcome is none."""
        self._trace.pause()
        self._session.counters.add("not recorded: the end of a call could not be watched")
        self._let_go()

    def _end(self, outcome: Callable[[], Any]) -> None:
        """The frame ends; `outcome` notes how, and gives the value that others may be given later."""
        before = _thread_time()
        self._trace.pause()
        try:
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
        whole = self._held.now() if self._held is not None else None
        if whole is not None:
            after = freeze(whole, origins=self._origins, stand=self._stand)
            if not same_frozen(self._before, after):
                trace.raw_outcome.arguments = after
                made = dict(zip(("receiver", "args", "kwargs"), whole, strict=True)) | made
        if not trace.scope.is_open:
            session.provenance.made(trace, session.included.covers, **made)
        session.finish(trace)

    def _let_go(self) -> None:
        """Keep nothing of the service alive, and watch nothing more for it."""
        watched, self._watched, self._stand = self._watched, None, None
        if watched is not None and watched.codes:
            self._session.tracer.unwatch(watched.codes)
            for iterator in watched.iterators:
                self._session.tracer.forget(iterator)
        if self._is_held:
            self._is_held = False
            self._session.tracer.release(self.code, again=True)
        scope = self._trace.scope
        scope.watch = scope.called = None
        self._held = self._receiver = self._before = None
        del self.frame
