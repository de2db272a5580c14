"""One kept trace, replayed once more in this very process."""

from __future__ import annotations

from ...recorders.model.trace import TraceId
from ..execute.replayer import Replayer
from ..judge.processes import plan_of
from ..model.job import Job, Observed
from ..world.response_fallback import ResponseFallback
from .options import RunProject


def replay_here(project: RunProject, trace_id: TraceId) -> Observed | None:
    """What the working tree shows of a trace, for a debugger; `None` where the baseline does not hold it whole."""
    setup, reader = project.setup, project.reader
    stored = next((stored for stored in reader.traces() if stored.id == trace_id and stored.trace is not None), None)
    if stored is None:
        return None
    replayer = Replayer(plan_of(setup, reader, setup.root), traces=_no_fallback)
    replayer.start()
    try:
        replayer.load()
        return replayer.run(Job(stored.id, reader.entries()[stored.entry], stored.data, dict(stored.producers)))
    finally:
        replayer.stop()


def _no_fallback() -> ResponseFallback:
    return ResponseFallback([])
