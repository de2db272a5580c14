"""How one probe stands in this process: looked for, armed, or refused, and what is said of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from .. import taken
from .armed import Armed
from .choosing import Events
from .expressions import Sensitive
from .limits import Bucket, Limits
from .model import METRICS, Probe, ProcessStatus
from .preparing import Loaded, NotYet, Prepared, Refusal, deadline_of, prepare
from .template import Template

_getpid, _monotonic = taken.getpid, taken.monotonic


NUMBERS_SECONDS: Final = 0.5
"""Between two statuses that differ in numbers alone: each is a file that is written."""


class Site(NamedTuple):
    """What all probes of a process share."""

    loaded: Loaded
    sensitive: Sensitive
    root: str
    """The folder of the project, whose policy holds."""
    boot: str
    buckets: tuple[Bucket, Bucket]
    events: Events
    program: str
    """Program and script, without further arguments."""


class Standing:
    """A probe as this process knows it."""

    __slots__ = ("_files", "_outcome", "_said_at", "armed", "probe", "said", "template", "unwritten")

    def __init__(self, probe: Probe) -> None:
        self.probe = probe
        self.armed: Armed | None = None
        self.template: Template | None = None
        self.said: ProcessStatus | None = None
        """What was said last."""
        self.unwritten = 0
        """Hits that other processes were quicker with."""
        self._outcome: NotYet | Refusal | None = None
        self._said_at = 0.0
        self._files = -1
        """Files that were loaded when it was looked for last."""

    def try_to_arm(self, site: Site) -> None:
        """Put it at its place; where nothing was loaded since it was tried, there is nothing new."""
        files = len(site.loaded.included.modules)
        if self._files == files or isinstance(self._outcome, Refusal):
            return
        self._files = files
        outcome = prepare(self.probe, site.loaded, site.sensitive, site.root)
        if not isinstance(outcome, Prepared):
            self._outcome = outcome
            return
        armed = Armed(
            self.probe, outcome.program, Limits(site.buckets, _monotonic()), deadline_of(self.probe, site.boot)
        )
        refused = site.events.arm(armed, outcome.targets)
        if refused:
            self._outcome = Refusal(refused)
            return
        self.armed, self.template, self._outcome = armed, outcome.template, None

    def is_news(self, status: ProcessStatus, now: float) -> bool:
        """Whether a status is to be said: at once where the state changed, numbers alone once a second."""
        said = self.said
        if status == said:
            return False
        changed = said is None or (said.state, said.reason, said.running) != (
            status.state,
            status.reason,
            status.running,
        )
        if not changed and now - self._said_at < NUMBERS_SECONDS:
            return False
        self._said_at = now
        return True

    def status(self, site: Site, *, running: bool) -> ProcessStatus:
        """How it stands; `running` says whether the process goes on."""
        armed, outcome = self.armed, self._outcome
        if armed is None:
            return ProcessStatus(
                pid=_getpid(),
                program=site.program,
                state="refused" if isinstance(outcome, Refusal) else "waiting",
                reason=outcome.reason if outcome is not None else "",
                lines=outcome.lines if isinstance(outcome, Refusal) else (),
                running=running,
            )
        metric, counts = armed.sums.metric(), armed.counts
        return ProcessStatus(
            pid=_getpid(),
            program=site.program,
            state=armed.state,
            reason=armed.reason or site.events.note(armed),
            hits=metric.count - self.unwritten,
            errors=counts.errors,
            error=counts.error,
            left_out=counts.left_out,
            running=running,
            metric=metric if self.probe.kind in METRICS else None,
        )
