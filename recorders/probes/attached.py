"""Probes in a process that was not started under the recorder: nothing is recorded there, and probes can be placed.

Python 3.14 runs a script in a process by its id (`sys.remote_exec`, PEP 768), at the next safe point of its main
thread. The script calls `start_from_text`, which looks at the included modules that are loaded, and at those that will
be.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

from ..errors import ProbeError
from ..faults import own
from ..included import ImportWatcher, Included
from ..options import RecordOptions, decode_options
from ..patching import Undo
from ..privacy.protection import redaction_of
from ..session.child_processes import this_program
from .host import ProbeHost

SCRIPT = """\
import sys
sys.path.append({path!r})
try:
    from {package}.recorders.probes.attached import start_from_text
finally:
    sys.path.remove({path!r})
start_from_text({options!r})
"""
"""What is run in the process; it finds this package where the command that attaches has it."""

_started: dict[str, ProbeHost] = {}
"""By the store, so that a process that is attached to twice has one."""


def attach(options: RecordOptions) -> Undo:
    """Let probes for a store come into this process. The undo leaves nothing."""
    redactor, _keys = redaction_of(options)
    included = Included(options.include)
    program = this_program()
    host = ProbeHost(options.store, included, lambda: redactor, root=options.root, program=program, head=lambda: None)

    def saw_module(module: ModuleType) -> None:
        """Its code was reported already."""

    watcher = ImportWatcher(included, on_codes=host.saw_codes, on_module=saw_module, on_fault=_ignore)
    undo_watching = watcher.install()
    host.start()
    _started[options.store] = host

    def undo() -> None:
        _started.pop(options.store, None)
        undo_watching()
        host.stop()

    return undo


def _ignore(fault: BaseException) -> None:
    """A module that cannot be looked at has no probes."""


def start_from_text(text: str) -> None:
    """What the script calls: raises nothing into the process, and says on its standard error why it did nothing."""
    try:
        options = decode_options(text)
        if options.store not in _started:
            attach(options)
    except Exception as error:
        if not own(error):
            raise
        sys.stderr.write(f"pytest-runtime: no probes: {type(error).__name__}: {error}\n")


def inject(pid: int, script: str, remote_exec: Callable[[int, str], None] | None = None) -> None:
    """Have a process run a script file; raises `ProbeError`, which says what is needed."""
    run = remote_exec or getattr(sys, "remote_exec", None)
    if run is None:
        here = ".".join(map(str, sys.version_info[:2]))
        raise ProbeError(
            f"Python {here} cannot reach into a running process: that needs 3.14 here and there (PEP 768). "
            "Start the service with pytest-runtime record"
        )
    try:
        run(pid, script)
    except (OSError, RuntimeError, ValueError) as error:
        raise ProbeError(
            f"process {pid} cannot be reached: {error}. It takes the same Python 3.14, started without "
            "PYTHON_DISABLE_REMOTE_DEBUG, and the right to trace it (root, or CAP_SYS_PTRACE)"
        ) from error
