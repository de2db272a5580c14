"""Commands of Django (`manage.py NAME …`) as entries: the command line, and the exit status that it came to.

What is recorded is what whoever types the command knows: words of a line, not options that were parsed already. Only
commands of included packages are entries; `runserver` and the like are not. A command that serves has the requests that
it answers as entries of their own.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from .. import context
from ..capture.raw import inherits, is_instance, type_module
from ..faults import own
from ..late import Late
from ..patching import Undo, nothing, wrap

if TYPE_CHECKING:
    from ..boundaries.import_hooks import ImportHooks
    from ..model.inputs import Input
    from ..model.trace import Entry, Trace
    from ..options import RecordOptions
    from ..privacy.redact import Redactor
    from ..session.live_trace import LiveTrace
    from ..session.session import Session
    from .stored_commands import StoredCommands

SETTINGS: Final = "DJANGO_SETTINGS_MODULE"
"""The variable that names the settings."""

_code = SystemExit.__dict__["code"].__get__
_context = BaseException.__dict__["__context__"].__get__
_args = BaseException.__dict__["args"].__get__


class CommandRecorder:
    """Begins a trace where Django runs a command for a command line."""

    kind = "command"
    hosts = True

    def __init__(self, session: Session, options: RecordOptions) -> None:
        self._session = session
        self._is_wanted = "commands" in options.entries

        def stored() -> StoredCommands:
            from .stored_commands import StoredCommands  # with what thaws

            return StoredCommands()

        self._stored = Late(stored)

    def install(self, hooks: ImportHooks) -> Undo:
        """Watch `BaseCommand.run_from_argv`."""
        if self._is_wanted:
            hooks.when_imported(
                "django.core.management.base", lambda module: wrap(module.BaseCommand, "run_from_argv", self._run)
            )
        return nothing

    def saw_module(self, module: ModuleType) -> None:
        """Modules are of no interest."""

    def _run(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        home = type_module(type(instance))
        line: Any = args[0] if args else None
        if type(home) is not str or not self._session.included.covers(home) or not _is_command_line(line):
            return wrapped(*args, **kwargs)
        if context.current() is not None:
            return wrapped(*args, **kwargs)  # inside another entry
        name = f"manage.py {line[1]}"
        trace = self._session.begin(self, name)
        if trace is None:
            token = context.enter(context.UNSAMPLED)
            try:
                return wrapped(*args, **kwargs)
            finally:
                context.leave_anyhow(token)
        trace.label = name, home
        trace.input = [os.path.basename(line[0]), *line[1:]]
        return self._recorded(trace, wrapped, args, kwargs)

    def _recorded(self, trace: LiveTrace, wrapped: Any, args: Any, kwargs: Any) -> Any:
        trace.resume()
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            trace.pause()
            if is_instance(error, SystemExit):
                trace.outcome("return", ended(error))
            else:
                trace.outcome_error(error)
            self._finish(trace)
            raise
        trace.pause()
        trace.outcome("return", ended(None))
        self._finish(trace)
        return result

    def _finish(self, trace: LiveTrace) -> None:
        try:
            self._session.finish(trace)
        except Exception as fault:
            if not own(fault):
                raise
            self._session.fault(fault)

    def encode(self, trace: LiveTrace) -> Input:
        """The words of the command line; the first is the program's name without its folder."""
        return self._stored().encode(trace)

    def name(self, trace: LiveTrace, redactor: Redactor | None) -> str:
        """`manage.py NAME`."""
        return trace.label[0]

    def describe(self, trace: LiveTrace, name: str) -> Entry:
        """It hangs under the module of the command; settings of an included package are what sets it up."""
        settings = os.environ.get(SETTINGS, "")
        return self._stored().describe(trace, name, settings if self._session.included.covers(settings) else "")

    def stored(self, trace: LiveTrace, stored: Trace) -> None:
        """Nothing is learnt of commands."""


def _is_command_line(line: Any) -> bool:
    return type(line) is list and len(line) > 1 and all(type(word) is str for word in line)


def ended(exit_: BaseException | None) -> dict[str, Any]:
    """How a command ended, as its caller saw it: its exit status, and the error that Django shows for it. Given is the
    `SystemExit`, if there was one; read raw, so that nothing of the service runs."""
    code = _code(exit_) if exit_ is not None else None
    if exit_ is None or code is None:
        return {"exit": 0}
    if type(code) is not int:  # the interpreter prints it, and ends with 1
        return {"exit": 1, "error": code if type(code) is str else ""}
    cause = _context(exit_)
    home = sys.modules.get("django.core.management.base")
    base = vars(home).get("CommandError") if home is not None else None
    if cause is None or type(base) is not type or not inherits(type(cause), base):
        return {"exit": code}
    said = _args(cause)
    return {"exit": code, "error": said[0] if said and type(said[0]) is str else ""}
