"""The end of a recorded process, whichever way it comes.

A normal exit and SIGINT lead to exit functions, SIGTERM to a handler where the service has none. Workers that were
forked end by `os._exit` (`multiprocessing`, billiard, rq), which runs nothing, and `os.execv` puts another program in
the place of this one: before either, what was accepted is written.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

from ..patching import Undo, wrap

_getpid, _kill = os.getpid, os.kill


class Ended(Protocol):
    """A recording, as its end sees it."""

    def finish(self, *, hurried: bool) -> str:
        """Write what was accepted, once and for all; what is to be said of it, or nothing."""

    def flush(self) -> None:
        """Write what was accepted, because another program may take this one's place."""


class Ending:
    """Ends one recording with its process: it happens once, from whichever thread."""

    def __init__(self, recording: Ended) -> None:
        self._recording = recording
        self._begin()

    def _begin(self) -> None:
        self._once = allocate_lock()
        self._written = False
        self._signal = 0
        """A signal that is obeyed once everything is written."""

    def watch(self) -> None:
        """End the recording when the interpreter ends, or SIGTERM comes and the service has no handler for it."""
        atexit.register(self.finish)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self.on_terminate)

    def forget(self) -> None:
        """In a forked child: it ends by itself, and the parent too."""
        atexit.unregister(self.finish)
        self._begin()

    def finish(self) -> None:
        """Write what was accepted, and say what was recorded; one that comes second waits for the first."""
        with self._once:
            if not self._written:
                interrupted = getattr(sys, "last_type", None) is KeyboardInterrupt
                said = self._recording.finish(hurried=interrupted or self._signal != 0)
                if said:
                    sys.stderr.write(said + "\n")
                self._written = True
                if interrupted:
                    _interrupt_again()
        if self._signal:
            _kill(_getpid(), self._signal)

    def on_terminate(self, number: int, frame: FrameType | None) -> None:
        """A handler of SIGTERM for a process that has none: write, then end by the signal itself.

        Writing happens in a thread, because the interrupted one may hold a lock that it needs. Exit functions of the
        service do not run, just as they would not without the recorder.
        """
        signal.signal(number, signal.SIG_DFL)
        self._signal = number
        try:
            start_new_thread(self.finish, ())
        except RuntimeError:
            return  # the interpreter is ending: `finish` runs below this very frame, or will, and obeys the signal


def _interrupt_again() -> None:
    """Let the interpreter end by SIGINT, as it was about to after an unhandled `KeyboardInterrupt`.

    It remembers that until code is run by `exec` or `eval` (CPython, `run_eval_code_obj` in `Python/pythonrun.c`), and
    what was loaded just now makes its named tuples by `eval`. Code that raises it there has it remembered again.
    """
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        return


def before_exits(finish: Callable[[], None], flush: Callable[[], None]) -> Undo:
    """Call `finish` before `os._exit`, and `flush` before another program takes this one's place. Neither may raise."""

    def exiting(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        finish()
        return wrapped(*args, **kwargs)

    def replacing(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        flush()
        return wrapped(*args, **kwargs)

    undos = [wrap(os, "_exit", exiting), *(wrap(os, name, replacing) for name in ("execv", "execve"))]

    def undo() -> None:
        while undos:
            undos.pop()()

    return undo
