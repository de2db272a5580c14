"""Probes as one process knows them: what is placed is armed, what was seen is written, and how each stands is said.

This is loaded, in the probes' own thread, once somebody has placed a probe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import CodeType
from typing import TYPE_CHECKING

from .. import taken
from ..errors import ProbeError
from ..faults import own
from .choosing import choose_events
from .folder import ProbeFolder
from .limits import shared
from .preparing import Loaded, boot_id
from .standing import Site, Standing
from .writing import Writer

if TYPE_CHECKING:
    from ..included import Included
    from ..privacy.redact import Redactor
    from ..tracing.prologue import GiveHead


class Rounds:
    """The probes of one process, looked after in rounds."""

    def __init__(
        self,
        store: str,
        included: Included,
        redactor: Redactor,
        codes: Mapping[str, Sequence[CodeType]],
        *,
        root: str,
        program: str,
        head: GiveHead,
    ) -> None:
        """`codes` are those of included modules, by their files."""
        self._folder = ProbeFolder(store)
        self._writer = Writer(self._folder, redactor, included)
        self._events = choose_events(self.fault, included, head)
        loaded = Loaded(included, codes)
        now = taken.monotonic()
        self._site = Site(loaded, redactor.is_sensitive, root, boot_id(), shared(now), self._events, program)
        self._standing: dict[str, Standing] = {}
        self._faults = 0

    @property
    def is_needed(self) -> bool:
        """Whether any probe is known."""
        return bool(self._standing)

    def forked(self, wake: Callable[[], None]) -> None:
        """This is the child: what stands in the code stands here, too; what the parent saw is the parent's. A hit calls
        `wake`."""
        self._events.forked()
        for standing in self._standing.values():
            standing.said = None
            if standing.armed is not None:
                standing.armed.forked(wake)
        self._writer.forked()

    def stop(self) -> None:
        """Leave nothing in the code."""
        self._events.stop()

    def round(self) -> None:
        """Take notice of what was placed or removed, and look after all."""
        try:
            if self._folder.has_changed():
                self._take_notice()
            for standing in list(self._standing.values()):
                self._look_after(standing)
        except Exception as fault:  # noqa: BLE001 - the service goes on without its probes
            self.fault(fault)

    def end(self) -> None:
        """The process ends, and every probe in it."""
        try:
            for standing in list(self._standing.values()):
                if standing.armed is not None:
                    standing.armed.end("removed", "the process ended")
                self._look_after(standing)
                self._tell(standing, running=False)
        except Exception as fault:
            if not own(fault):
                raise
            self.fault(fault)

    def fault(self, fault: BaseException) -> None:
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
            if probe_id not in self._standing and probe.pid in (0, taken.getpid()):
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
            if taken.monotonic() >= armed.deadline and armed.state != "done":
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
            began = taken.thread_time()
            standing.unwritten += self._writer.write(armed, standing.template)
            armed.charge(taken.thread_time() - began)

    def _tell(self, standing: Standing, *, running: bool = True) -> None:
        """Say how a probe stands, where that changed."""
        status = standing.status(self._site, running=running)
        if not standing.is_news(status, taken.monotonic()):
            return
        try:
            self._folder.tell(standing.probe.id, status)
        except OSError:
            return  # the folder went away, and the probe with it, in the next round
        standing.said = status
