"""A thread that does the recorder's work beside the service, made so that the service does not notice it.

It is made with the primitives of `_thread`, taken before anyone could patch them, and does not appear in
`threading.enumerate()`: gevent and eventlet patch what `threading` knows of, and leave locks as they are where they see
more than one thread. It starts with the first piece of work, and is gone while the process forks: from Python 3.12 on
`os.fork` warns when the operating system counts more than one thread.
"""

from __future__ import annotations

import os
import time
from _thread import allocate_lock, get_native_id, start_new_thread
from collections.abc import Callable
from typing import Final

_monotonic, _sleep, _stat = time.monotonic, time.sleep, os.stat

EXIT_SECONDS: Final = 0.05
"""How long the operating system is waited for to forget a thread that is done; it takes some 0.1 ms."""


class _Run:
    """One thread of a worker, from its start to its end."""

    __slots__ = ("_wake", "ending", "gone", "native")

    def __init__(self) -> None:
        self.ending = False
        self.native = 0
        self.gone = allocate_lock()
        """Free once the thread does nothing more."""
        self._wake = allocate_lock()
        self.gone.acquire()
        self._wake.acquire()

    def wait(self, seconds: float) -> None:
        """Until this many seconds are over, or `end` is called."""
        self._wake.acquire(timeout=seconds)

    def end(self) -> None:
        """Do nothing more after the work in hand."""
        self.ending = True
        if self._wake.locked():
            try:
                self._wake.release()
            except RuntimeError:
                return  # another thread was quicker: it is woken


class BackgroundThread:
    """Does rounds of work in a thread of its own."""

    def __init__(self, work: Callable[[], None], *, period: float) -> None:
        """`work` is one round, and raises nothing; `period` is the time between two, in seconds."""
        self._work = work
        self._period = period
        self._run: _Run | None = None
        self._last: Callable[[], None] | None = None
        self._starting = allocate_lock()
        self._ending = allocate_lock()

    @property
    def is_ending(self) -> bool:
        """Whether the round in hand should come to its end."""
        run = self._run
        return run is None or run.ending

    def start(self) -> bool:
        """Have a thread; `False` where none can be had, as when the interpreter is ending. Never blocks."""
        if self._run is not None:
            return True
        if not self._starting.acquire(blocking=False):
            return True  # another thread does it, or what this one does was interrupted by a signal
        run = _Run()
        try:
            if self._run is None:
                self._run = run
                start_new_thread(self._rounds, (run,))
            return True
        except RuntimeError:  # "can't start new thread"
            self._run = None
            return False
        except BaseException:  # a signal's: whether there is a thread now is not known, and one that is not `_run` ends
            self._run = None
            raise
        finally:
            self._starting.release()

    def _rounds(self, run: _Run) -> None:
        run.native = get_native_id()
        while not run.ending and self._run is run:
            run.wait(self._period)
            if not run.ending:
                self._work()
        last = None
        with self._ending:
            if self._run is run:
                last, self._last = self._last, None
                self._run = None
        if last is not None:
            last()
        run.gone.release()

    def pause(self, timeout: float) -> bool:
        """End the thread after the work in hand; the next `start` makes another. Whether it is gone within `timeout`
        seconds."""
        run = self._run
        if run is None:
            return True
        run.end()
        if not run.gone.acquire(timeout=timeout):
            return False
        run.gone.release()  # another thread may wait as well
        _await_exit(run.native)
        return True

    def finish(self, last: Callable[[], None], timeout: float) -> bool:
        """Have `last` done after the work in hand, in the thread, or here where there is none. Whether it was done
        within `timeout` seconds."""
        with self._ending:
            run = self._run
            if run is not None:
                self._last = last
        if run is None:
            last()
            return True
        return self.pause(timeout)


def _await_exit(native: int) -> None:
    """Wait until the operating system has forgotten a thread; at once where it does not say (proc(5))."""
    until = _monotonic() + EXIT_SECONDS
    while _monotonic() < until:
        try:
            _stat(f"/proc/self/task/{native}")
        except OSError:
            return  # gone, or no such file system
        _sleep(0.0001)
