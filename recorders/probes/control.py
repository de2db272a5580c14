"""Probes from outside: placing them for the processes of one baseline, and asking how they stand.

Whoever asks first tidies up: what expired while no process ran is ended here, and what ended long ago is forgotten.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import msgspec

from ..errors import ProbeRefused, UnknownProbe
from ..session.pending import machine
from ..store.processes import is_running
from . import audit
from .expressions import Sensitive, anything, compile_expression
from .folder import Ended, ProbeFolder
from .metrics import merged
from .model import DEFAULT_HITS, METRICS, MOST_HITS, MOST_SECONDS, Life, Probe, ProbeStatus, ProcessStatus, Reading
from .places import parse_place
from .policy import Policy
from .preparing import boot_id, deadline_of
from .template import compile_template

KEPT: Final = 100
"""Probes that are over and can still be read."""

GRACE: Final = 1.0
"""Seconds that a process has to end a probe that expired, before whoever asks does."""

_POLL: Final = 0.05
_monotonic, _time, _sleep = time.monotonic, time.time, time.sleep
_random = os.urandom


def new_probe(asked: Probe, sensitive: Sensitive) -> Probe:
    """A probe as it is placed: with an id, limits and times. Raises `ProbeRefused`, which says what and why."""
    parse_place(asked.place)
    if not 0 < asked.seconds <= MOST_SECONDS:
        raise ProbeRefused(f"a probe stays for more than 0 and at most {MOST_SECONDS:g} seconds")
    if not 0 <= asked.hits <= MOST_HITS:
        raise ProbeRefused(f"a probe has 1 to {MOST_HITS} hits")
    if asked.condition:
        compile_expression(asked.condition, anything, sensitive)
    _check_text(asked, sensitive)
    if asked.pid and not is_running(asked.pid):
        raise ProbeRefused(f"there is no process {asked.pid} on this machine")
    return msgspec.structs.replace(
        asked,
        id=_random(4).hex(),
        hits=asked.hits or (0 if asked.kind in METRICS else DEFAULT_HITS),
        placed=_time(),
        clock=_monotonic(),
        boot=boot_id(),
    )


def _check_text(asked: Probe, sensitive: Sensitive) -> None:
    if asked.kind == "log":
        if not asked.text:
            raise ProbeRefused("a log needs the text of its line, such as 'total={total}'")
        compile_template(asked.text, anything, sensitive)
    elif asked.kind == "value":
        if not asked.text:
            raise ProbeRefused("a value needs the expression that is measured, such as 'len(items)'")
        compile_expression(asked.text, anything, sensitive)
    elif asked.text:
        raise ProbeRefused(f"a {asked.kind} has no text")


class Control:
    """The probes of one baseline, for somebody."""

    def __init__(self, folder: ProbeFolder, baseline: str, by: str) -> None:
        """`by` stands in the audit log."""
        self._folder = folder
        self._baseline = baseline
        self._by = by
        self._boot = boot_id()

    # --- placing ---

    def place(self, probe: Probe, policy: Policy, running: Collection[int], wait: float) -> ProbeStatus:
        """Place a probe, and wait until the `running` processes have answered, or at least one; `wait` at most.

        Raises `ProbeRefused` where the policy says no, or every process that answered: then nothing stays.
        """
        refused = policy.refusal(probe)
        self._folder.make()
        self.tidy()
        if refused:
            audit.note(self._folder, "refused", self._by, probe, at=_time(), hits=probe.hits, reason=refused)
            raise ProbeRefused(f"the policy does not allow it: {refused}")
        audit.note(self._folder, "placed", self._by, probe, at=_time(), hits=probe.hits)
        self._folder.place(probe)
        wanted = {probe.pid} if probe.pid else set(running)
        status = self._until(probe.id, wait, lambda now: _has_answered(now, wanted))
        self._check_answers(status, wanted)
        return status

    def _check_answers(self, status: ProbeStatus, wanted: Collection[int]) -> None:
        probe, said = status.probe, status.processes
        reason = ""
        if probe.pid and not said:
            reason = f"process {probe.pid} does not answer: is it recorded into {self._baseline}?"
        elif said and all(process.state == "refused" for process in said):
            reason = "; ".join(dict.fromkeys(process.reason for process in said))
        if reason:
            self._folder.withdraw(probe.id)
            self._await_release(probe.id, 1.0)
            audit.note(self._folder, "refused", self._by, probe, at=_time(), hits=probe.hits, reason=reason)
            raise ProbeRefused(reason)

    def _until(self, probe_id: str, wait: float, is_enough: Callable[[ProbeStatus], bool]) -> ProbeStatus:
        until = _monotonic() + wait
        while True:
            status = self.status(probe_id)
            if is_enough(status) or status.life != "placed" or _monotonic() >= until:
                return status
            _sleep(_POLL)

    # --- asking ---

    def status(self, probe_id: str) -> ProbeStatus:
        """How a probe stands; raises `UnknownProbe`."""
        placed, ended = self._folder.placed(), self._folder.ended()
        if probe_id in placed:
            return self._status(placed[probe_id], "placed")
        if probe_id in ended:
            return self._status(ended[probe_id].probe, ended[probe_id].life)
        raise UnknownProbe(probe_id, [*placed, *ended])

    def all(self) -> list[ProbeStatus]:
        """All that are placed, and those that are over, newest first."""
        self.tidy()
        found = {one.probe.id: self._status(one.probe, one.life) for one in self._folder.ended().values()}
        found.update({probe.id: self._status(probe, "placed") for probe in self._folder.placed().values()})
        return sorted(found.values(), key=lambda status: -status.probe.placed)

    def _status(self, probe: Probe, life: Life) -> ProbeStatus:
        said = self._folder.statuses(probe.id)
        processes = tuple(_as_it_is(name, status) for name, status in sorted(said.items()))
        metrics = [process.metric for process in processes if process.metric is not None]
        metric = merged(metrics) if probe.kind in METRICS else None
        left = max(0.0, deadline_of(probe, self._boot) - _monotonic()) if life == "placed" else 0.0
        return ProbeStatus(
            probe=probe,
            life=life,
            baseline=self._baseline,
            hits=metric.count if metric is not None else self._folder.count(probe.id),
            left=left,
            processes=processes,
            metric=metric,
        )

    def read(self, probe_id: str, after: int, limit: int, wait: float, *, noted: bool = True) -> Reading:
        """Hits above a number; waits for a first one. `noted` says that it stands in the audit log. Raises
        `UnknownProbe`."""
        self.tidy()
        status = self.status(probe_id)
        if noted:
            audit.note(self._folder, "read", self._by, status.probe, at=_time(), hits=status.hits)
        if status.probe.kind in METRICS:
            return Reading(status=status, hits=(), last=after)
        status = self._until(probe_id, wait, lambda now: now.hits > after)
        hits = tuple(self._folder.read(probe_id, after, limit))
        return Reading(status=status, hits=hits, last=hits[-1].number if hits else after)

    # --- removing ---

    def remove(self, probe_id: str, wait: float) -> ProbeStatus:
        """Take a probe away with all that is kept of it; raises `UnknownProbe`."""
        status = self.status(probe_id)
        self._folder.withdraw(probe_id)
        self._await_release(probe_id, wait if status.life == "placed" else 0.0)
        audit.note(self._folder, "removed", self._by, status.probe, at=_time(), hits=status.hits)
        return msgspec.structs.replace(status, life="removed", left=0.0)

    def _await_release(self, probe_id: str, wait: float) -> None:
        """Until no running process says that it has the probe: each takes away what it said."""
        until = _monotonic() + wait
        while _monotonic() < until and any(
            _as_it_is(name, status).running for name, status in self._folder.statuses(probe_id).items()
        ):
            _sleep(_POLL)
        self._folder.forget(probe_id)

    def tidy(self) -> None:
        """End what expired and no process ended, forget the oldest of what is over."""
        now = _monotonic()
        for probe in self._folder.placed().values():
            if now > deadline_of(probe, self._boot) + GRACE and self._folder.end(probe, "expired"):
                hits = self._folder.count(probe.id)
                audit.note(self._folder, "expired", self._by, probe, at=_time(), hits=hits)
        for ended in _oldest(self._folder.ended()):
            self._folder.withdraw(ended.probe.id)
            self._folder.forget(ended.probe.id)


def _oldest(ended: Mapping[str, Ended]) -> Sequence[Ended]:
    newest_first = sorted(ended.values(), key=lambda one: -one.at)
    return newest_first[KEPT:]


def _has_answered(status: ProbeStatus, wanted: Collection[int]) -> bool:
    answered = {process.pid for process in status.processes}
    return bool(answered) and answered.issuperset(wanted)


def _as_it_is(name: str, status: ProcessStatus) -> ProcessStatus:
    """What a process said, unless it is gone: one that was killed could not say so."""
    if name.partition(".")[0] != machine() or not status.running or is_running(status.pid):
        return status
    reason = "the process ended without a word"
    return msgspec.structs.replace(status, state="removed", reason=reason, running=False)
