"""The plain test of a divergence: what base does, as a test that needs neither plugin nor baseline."""

from __future__ import annotations

from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Trace
from ..change.versions import Versions
from ..entries.catalogue import writer
from ..execute.masking import HELD, holds_secrets
from ..export.pytest_source import Plain, plain_test
from ..judge.judge import Case, Judgement
from ..judge.setup import Setup
from ..model.invocation import Invocation

UNSTABLE = "what it shows follows from the clock or from chance"
GENERATOR = "a generator or a coroutine is not written down as a test"


def plain_test_of(case: Case, judgement: Judgement, setup: Setup, versions: Versions) -> Plain:
    """The test of a diverged trace, or why there can be none."""
    reason = _why_none(case, judgement, setup)
    if reason or judgement.base is None:
        return Plain("", reason or UNSTABLE)
    app = setup.app or case.job.entry.target
    step = _step(case, case.trace)
    return plain_test([step], [judgement.base], writer(app, versions.old))


def _why_none(case: Case, judgement: Judgement, setup: Setup) -> str:
    if judgement.base is None or case.trace.readings or any(mask.changes for mask in case.sealed.masks):
        return UNSTABLE
    if isinstance(case.trace.input, CallInput) and (case.trace.input.generates or case.trace.input.awaits):
        return GENERATOR
    return HELD if holds_secrets(setup.keys, case.job.data, [case.trace.input.tree()]) else ""


def _step(case: Case, trace: Trace) -> Invocation:
    given = trace.input
    if isinstance(given, CallInput):
        return Invocation(case.job.entry.target, given.kind, given.arguments)
    return Invocation(case.job.entry.name, trace.kind, given.tree())
