"""The plain test of a divergence: what base does, as a test that needs neither plugin nor baseline."""

from __future__ import annotations

from ...recorders.model.trace import Trace
from ...recorders.model.value_tree import field
from ..change.versions import Versions
from ..execute.masking import HELD, holds_secrets
from ..export.pytest_source import Plain, is_factory, plain_test
from ..judge.judge import Case, Judgement
from ..judge.oracle import Setup
from ..model.trial import Step

UNSTABLE = "what it shows follows from the clock or from chance"
GENERATOR = "a generator is not written down as a test"


def plain_test_of(case: Case, judgement: Judgement, setup: Setup, versions: Versions) -> Plain:
    """The test of a diverged trace, or why there can be none."""
    reason = _why_none(case, judgement, setup)
    if reason or judgement.base is None:
        return Plain("", reason or UNSTABLE)
    app = setup.app or case.job.entry.target
    step = _step(case, case.trace)
    return plain_test([step], [judgement.base], app, is_factory=is_factory(versions.old, app))


def _why_none(case: Case, judgement: Judgement, setup: Setup) -> str:
    if judgement.base is None or case.trace.readings or any(mask.changes for mask in case.sealed.masks):
        return UNSTABLE
    if field(case.trace.input, "generates") is True:
        return GENERATOR
    return HELD if holds_secrets(setup.keys, case.job.data, [case.trace.input]) else ""


def _step(case: Case, trace: Trace) -> Step:
    if trace.kind == "wsgi":
        return Step(case.job.entry.name, "wsgi", trace.input)
    return Step(case.job.entry.target, str(field(trace.input, "kind")), field(trace.input, "arguments"))
