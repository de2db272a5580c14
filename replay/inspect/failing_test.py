"""The test of a failing trace: its input as a plain test, which asserts what happens now, to be turned round."""

from __future__ import annotations

from collections.abc import Mapping

from ...recorders.model.inputs import CallInput
from ...recorders.model.trace import Entry, Trace
from ..entries.catalogue import writer
from ..export.pytest_source import Plain, plain_test
from ..model.invocation import Invocation
from ..model.observation import recorded_observation


def failing_test(entry: Entry, trace: Trace, app: str, sources: Mapping[str, str]) -> Plain:
    """The body of a test that makes the call of a trace and asserts its recorded outcome, or why there can be none.

    `app` is the application of the project, `module:attribute` or empty, and `sources` the recorded modules.
    """
    given = trace.input
    if isinstance(given, CallInput):
        if given.generates or given.awaits:
            return Plain("", "a generator or a coroutine is not written down as a test")
        step = Invocation(entry.target, given.kind, given.arguments)
    else:
        step = Invocation(entry.name, trace.kind, given.tree())
    if trace.redacted:
        return Plain("", "it holds values that were redacted, which a test must not")
    return plain_test([step], [recorded_observation(trace)], writer(app or entry.target, sources))
