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
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any

from .. import context
from ..capture.call_arguments import are_scalars, given, is_private, locals_of
from ..capture.raw import is_instance, namespace_of_module
from ..late import Late
from ..options import KINDS, RecordOptions
from ..patching import Undo, nothing
from ..tracing.choose import NoTracer
from .function_run import FunctionRun, Passing, admits
from .target import CallTarget, Targets, generated_methods, is_function

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..context import Opening
    from ..model.inputs import Input
    from ..model.trace import Entry, Trace
    from ..privacy.redact import Redactor
    from ..session.live_trace import LiveTrace
    from ..session.session import Session
    from .stored_functions import StoredFunctions

_thread_time = time.thread_time


class FunctionRecorder:
    """Begins a trace where included code is entered from outside."""

    kind = "function"
    hosts = True

    def __init__(self, session: Session, options: RecordOptions) -> None:
        """Patterns of `module:qualname` among the entries of the options narrow the entries down."""
        self._session = session
        self._patterns = [pattern for pattern in options.entries if pattern not in KINDS]
        self._all = "functions" in options.entries
        self._skip = frozenset(_not_entries(options)) - {""}
        self._targets = Targets()
        self._passed: dict[int, CodeType] = {}
        """Code objects whose frames are never entries, by id."""
        self._functions: dict[int, CodeType] = {}
        """Those whose frames may be."""
        self._wanted_names: dict[str, bool] = {}
        self._inward: dict[str, bool] = {}
        """Whether no replay can build the arguments of an entry, as its last trace showed; of those alone in which
        something was not captured."""
        self._generated: dict[int, tuple[CodeType, str]] = {}
        """Methods that were made for an included class, by a dataclass for instance: by id of the code, its module."""

        def stored() -> StoredFunctions:
            from .stored_functions import StoredFunctions  # with what thaws

            return StoredFunctions(session, self._inward)

        self._stored = Late(stored)

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

    # --- what the collector asks ---

    def encode(self, trace: LiveTrace) -> Input:
        """Arguments as they were when the function was called."""
        return self._stored().encode(trace)

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """`module:qualname`."""
        return trace.label[0]

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """It is called by its name."""
        return self._stored().describe(trace, name)

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """Learn which arguments no replay can build."""
        self._stored().learn(trace, stored)

    # --- in the service ---

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
        scope, caller = context.current(), frame.f_back
        if scope is None and caller is not None and self._is_inside(caller.f_code):
            return False
        around = scope.opening if scope is not None else None
        if around is not None and not around.room:
            return False  # before anything is read of the frame: it may be one of a million
        module = self._module(code)
        if module is None:
            return False
        values = locals_of(frame)
        target = self._targets.find(code, module, values)
        return self._wanted(target.name) and self._begin(target, frame, code, values, around)

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

    def _begin(
        self,
        target: CallTarget,
        frame: FrameType,
        code: CodeType,
        values: dict[str, Any],
        around: Opening | None,
    ) -> bool:
        if around is not None and not admits(around, target):
            return False
        trace = self._session.begin(self, target.name)
        if trace is None:
            if around is None or around.outer is None:  # else it is a part of the trace around it
                Passing(code, frame, self._session.tracer).enter()
            return False
        before = _thread_time()
        fixed = are_scalars(values)
        private = fixed or is_private(values)
        arguments = given(frame, target.parameters, values, target.defaults, bound=target.has_receiver)
        run = FunctionRun(self._session, trace, target, code, frame)
        run.start(arguments, private=private, fixed=fixed, inward=self._inward.get(target.name), around=around)
        self._session.governor.spent(_thread_time() - before)
        return True


def _not_entries(options: RecordOptions) -> list[str]:
    """The factory of the application builds the service; declared boundaries stand outside it."""
    declared = [":".join(name.replace(":", ".").rsplit(".", 1)) for name in options.boundaries]
    return [options.app.removesuffix("()"), *declared]
