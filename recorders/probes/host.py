"""Probes in a recorded process: its own thread takes notice of what is placed, and writes what was seen.

The thread sleeps, and asks a few times a second whether the folder changed. It is gone while the process forks, and
there again in parent and child; after a fork that is none of `os.fork`, with the next hit, or the next trace.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from types import CodeType
from typing import Any, Final

from ..errors import ProbeError
from ..faults import own
from ..included import Included
from ..patching import Undo, nothing, wrap
from ..privacy.redact import Redactor
from ..session.background import BackgroundThread
from ..tracing.prologue import GiveHead
from .choosing import choose_events
from .folder import ProbeFolder
from .limits import shared
from .preparing import Loaded, boot_id
from .standing import Site, Standing
from .writing import Writer

PERIOD: Final = 0.2
"""Seconds between two rounds: a probe is there within twice that."""

PAUSE_SECONDS: Final = 0.2
"""How long a fork waits for the thread to be gone."""

END_SECONDS: Final = 0.5
"""How long the end of the process waits for the last hits to be written."""

_monotonic, _thread_time, _getpid = time.monotonic, time.thread_time, os.getpid


class ProbeHost:
    """The probes of one process."""

    def __init__(
        self,
        store: str,
        included: Included,
        redactor: Redactor,
        *,
        root: str,
        program: str,
        head: GiveHead,
    ) -> None:
        """`root` is the folder of the project, whose policy holds; `head` is what functions of included modules read
        first, if anything."""
        redactor = redactor.apart()
        self._folder = ProbeFolder(store)
        self._writer = Writer(self._folder, redactor, included)
        self._events = choose_events(self._fault, included, head)
        self._codes: dict[str, list[CodeType]] = {}
        loaded = Loaded(included, self._codes)
        self._site = Site(loaded, redactor.is_sensitive, root, boot_id(), shared(_monotonic()), self._events, program)
        self._standing: dict[str, Standing] = {}
        self._faults = 0
        self._worker = BackgroundThread(self._round, period=PERIOD)
        self._undo: Undo = nothing
        self._stopped = True

    # --- the life of the process ---

    def saw_codes(self, codes: Iterable[CodeType]) -> None:
        """Code objects of an included module were loaded."""
        for code in codes:
            self._codes.setdefault(code.co_filename, []).append(code)

    def start(self) -> None:
        """Look for probes from now on."""
        if self._stopped:
            self._stopped = False
            self._undo = wrap(os, "fork", self._forking) if hasattr(os, "fork") else nothing
        self._worker.start()

    def wake(self) -> None:
        """Have a thread again, in a process that was forked, or that forked by other means than `os.fork`."""
        if not self._stopped:
            self._worker.start()

    def pause(self) -> None:
        """Have no thread for a moment, because the process forks."""
        self._worker.pause(PAUSE_SECONDS)

    def forked(self) -> None:
        """This is the child: what stands in the code stands here, too; what the parent saw is the parent's."""
        self._worker = BackgroundThread(self._round, period=PERIOD)
        self._events.forked()
        for standing in self._standing.values():
            standing.said = None
            if standing.armed is not None:
                standing.armed.forked(self.wake)
        self._writer.forked()

    def flush(self) -> None:
        """Write what was seen, because another program may take this one's place, or may not."""
        if not self._stopped and self._standing and self._worker.pause(PAUSE_SECONDS):
            self._round()
            self._worker.start()

    def stop(self) -> None:
        """Leave nothing in the process, and write what was seen."""
        if self._stopped:
            return
        self._stopped = True
        self._undo()
        self._worker.finish(self._end, END_SECONDS)
        self._events.stop()

    def _forking(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        try:
            return wrapped(*args, **kwargs)
        finally:
            # In parent and child. Not by a hook of `os.register_at_fork`: Python would count the thread of the parent,
            # and warn of a fork with more than one.
            self.wake()

    # --- rounds, in the thread ---

    def _round(self) -> None:
        try:
            if self._folder.has_changed():
                self._take_notice()
            for standing in list(self._standing.values()):
                self._look_after(standing)
        except Exception as fault:  # noqa: BLE001 - the service goes on without its probes
            self._fault(fault)

    def _end(self) -> None:
        try:
            for standing in list(self._standing.values()):
                if standing.armed is not None:
                    standing.armed.end("removed", "the process ended")
                self._look_after(standing)
                self._tell(standing, running=False)
        except Exception as fault:
            if not own(fault):
                raise
            self._fault(fault)

    def _fault(self, fault: BaseException) -> None:
        """A fault of the probes' own: after some, all of them are given up."""
        self._faults += 1
        if self._faults > 10:
            for standing in list(self._standing.values()):
                if standing.armed is not None:
                    standing.armed.end("broken", f"a fault of its own: {type(fault).__name__}")

    def _take_notice(self) -> None:
        try:
            placed = self._folder.placed()
        except ProbeError:
            placed = {}
        ended = set(self._folder.ended()) if set(self._standing) - set(placed) else set()
        for probe_id in list(self._standing):
            if probe_id not in placed:
                self._drop(probe_id, stays=probe_id in ended)
        for probe_id, probe in placed.items():
            if probe_id not in self._standing and probe.pid in (0, _getpid()):
                self._standing[probe_id] = Standing(probe)

    def _drop(self, probe_id: str, *, stays: bool) -> None:
        """A probe is not placed any more; what is known of it `stays` to be read where it came to its own end."""
        standing = self._standing.pop(probe_id)
        if standing.armed is not None:
            standing.armed.end("done" if stays else "removed", "")
            self._events.disarm(standing.armed)
        if stays:
            self._write(standing)
            self._tell(standing)
        else:
            self._folder.let_go(probe_id)

    def _look_after(self, standing: Standing) -> None:
        armed = standing.armed
        if armed is None:
            standing.try_to_arm(self._site)
        else:
            if _monotonic() >= armed.deadline and armed.state != "done":
                armed.end("expired", "")
            if armed.state in ("done", "expired", "broken", "removed"):
                self._events.disarm(armed)
            elif armed.may_resume():
                self._events.resume(armed)
            self._write(standing)
            if armed.state == "expired":
                self._writer.end(standing.probe, "expired")
        self._tell(standing)

    def _write(self, standing: Standing) -> None:
        armed = standing.armed
        if armed is not None and armed.hits:
            began = _thread_time()
            standing.unwritten += self._writer.write(armed, standing.template)
            armed.charge(_thread_time() - began)

    def _tell(self, standing: Standing, *, running: bool = True) -> None:
        """Say how a probe stands, where that changed."""
        status = standing.status(self._site, running=running)
        if not standing.is_news(status, _monotonic()):
            return
        try:
            self._folder.tell(standing.probe.id, status)
        except OSError:
            return  # the folder went away, and the probe with it, in the next round
        standing.said = status
