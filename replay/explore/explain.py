"""Explanations of findings: how the input is called, what each side did, where the difference begins, and a plain test
that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from ...recorders.model.inputs import call_input
from ...recorders.model.trace import Trace, encode_trace
from ...recorders.model.value_tree import record
from ...recorders.privacy.encryption import SessionKey
from ..compare.summarise import field_of
from ..entries.catalogue import replayer_of, writer
from ..entries.function import function_entry
from ..execute.masking import HELD, holds_secrets
from ..export.pytest_source import Plain, plain_test
from ..judge.judge import Case, Judgement
from ..judge.seal import SealedTrace
from ..model.difference import Difference
from ..model.finding import Finding
from ..model.invocation import Invocation
from ..model.observation import Observation
from ..model.reason import NO_REASON
from ..model.render import short
from ..model.verdict import Location
from .analyze.targets import Target
from .differential import DifferentialRunner, Form, invocation
from .evaluate import Divergence
from .recorded_inputs import RecordedInput
from .render_steps import outcome_text, steps_text
from .trials.trial import Trial, TrialResult
from .trials.trial_runner import NO_READINGS

SHOWN_LIMIT = 3
"""Differences of an entry that are put into one line."""


class Explainer:
    """Explains findings of one target."""

    def __init__(
        self,
        target: Target,
        runner: DifferentialRunner,
        *,
        app: str,
        old: Mapping[str, str],
        keys: Sequence[SessionKey],
        words: Mapping[tuple[str, str], str],
        locate: Callable[[Case, Judgement], Location | None],
    ) -> None:
        """`app` is the application that is configured, or empty; `old` the texts of base; `keys` read what recordings
        hide; `words` describe a path class (entry, path)."""
        self._target = target
        self._runner = runner
        self._app = app
        self._old = old
        self._keys = keys
        self._words = words
        self._locate = locate

    def finding(self, divergence: Divergence, form: Form, shown: Sequence[Difference], *, near: bool) -> Finding:
        """The finding of an input; `shown` is what the entry of an inner call shows."""
        source, trial = self._runner.source_of(divergence.mutant), self._runner.trial(divergence.mutant, form)
        stored = source.stored
        plain = self._plain(source, trial, divergence)
        base, candidate = _outcomes(divergence)
        return Finding(
            call=self._call_text(source, trial, divergence),
            near=near,
            base=base,
            candidate=candidate,
            differences=tuple(map(field_of, shown or divergence.differences)),
            location=self._location(source, trial, divergence),
            entry=stored.entry,
            path=stored.path,
            words=self._words.get((stored.entry, stored.path), ""),
            seen=_shown_text(shown),
            test=plain.text,
            no_test=plain.reason,
        )

    def _call_text(self, source: RecordedInput, trial: Trial, divergence: Divergence) -> str:
        if not self._target.is_call:
            replayer = replayer_of(self._target.kind)
            return replayer.render(replayer.read(source.invocation.arguments), divergence.mutant.tree)
        return steps_text(trial.steps[: divergence.step + 1], self._target)

    def _plain(self, source: RecordedInput, trial: Trial, divergence: Divergence) -> Plain:
        base, trace = divergence.base, source.stored.trace
        if base.ended != "outcome" or trace is None:
            return Plain("", "base did not come to an outcome")
        if base.readings != NO_READINGS:
            return Plain("", "what it shows follows from the clock or from chance")
        if base.observations[-1].outbound:
            return Plain("", "it talks to a system that only the recording represents")
        if holds_secrets(self._keys, source.stored.data, [step.arguments for step in trial.steps]):
            return Plain("", HELD)
        app = self._app or self._runner.recorded.jobs[divergence.mutant.seed].entry.target
        until = divergence.step + 1
        return plain_test(trial.steps[:until], base.observations[:until], writer(app, self._old))

    def _location(self, source: RecordedInput, trial: Trial, divergence: Divergence) -> Location | None:
        """Where it begins, as for a replay: the input is replayed as a trace of its own."""
        trace, base, candidate = source.stored.trace, divergence.base, divergence.candidate
        is_one_call = len(trial.steps) == 1 + len(self._runner.following)
        if trace is None or candidate.ended != "outcome" or not is_one_call:
            return None
        if "builtins:MemoryError" in (*base.raised, *candidate.raised):
            return None  # a replay in detail has no bound of memory like that of a trial
        step = invocation(source, divergence.mutant.tree)
        job = self._runner.recorded.jobs[divergence.mutant.seed]
        if step.is_call:
            alone, entry = _as_function(trace, step), function_entry(step.target)
        else:
            given = replayer_of(step.kind).read(step.arguments)
            alone, entry = msgspec.structs.replace(trace, input=given), job.entry
        own = msgspec.structs.replace(job, entry=entry, variant=encode_trace(alone))
        case = Case(own, alone, SealedTrace(job.trace, observation=base.observations[0]))
        seen = (_observation(base, divergence.step), _observation(candidate, divergence.step))
        return self._locate(case, Judgement(job.trace, "diverged", NO_REASON, tuple(divergence.differences), *seen, 0))


def _outcomes(divergence: Divergence) -> tuple[str, str]:
    """What base did, and what the candidate did, in words."""
    base, candidate = (
        outcome_text(result, divergence.step, divergence.differences, is_base=is_base)
        for result, is_base in ((divergence.base, True), (divergence.candidate, False))
    )
    if base == candidate and divergence.differences:  # what differs is not in the words
        first = divergence.differences[0]
        return f"{base}, {first.field} {short(first.base)}", f"{candidate}, {first.field} {short(first.candidate)}"
    return base, candidate


def _observation(result: TrialResult, step: int) -> Observation | None:
    return result.observations[step] if step < len(result.observations) else None


def _as_function(trace: Trace, step: Invocation) -> Trace:
    """A trace of a call inside another trace."""
    given = call_input(record(kind=step.kind, arguments=step.arguments))
    kind = function_entry(step.target).kind
    return msgspec.structs.replace(trace, entry=step.target, kind=kind, input=given, producers=[])


def _shown_text(differences: Sequence[Difference]) -> str:
    first = differences[:SHOWN_LIMIT]
    return "; ".join(f"{shown.field} {short(shown.base)} → {short(shown.candidate)}" for shown in first)
