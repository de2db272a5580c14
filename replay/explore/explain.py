"""This file is about explaining: what is told of an input on which base and candidate differ: how it is called, what
each side comes to, where the difference begins, and a plain test that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ...recorders.model.trace import Entry, Trace, encode_trace
from ...recorders.model.value_tree import record
from ...recorders.privacy.encryption import SessionKey
from ..compare.summarise import field_of
from ..execute.masking import HELD, holds_secrets
from ..execute.trial_runner import NO_READINGS
from ..export.pytest_source import Plain, is_factory, plain_test
from ..judge.judge import Case, Judgement
from ..judge.seal import SealedTrace
from ..model.difference import Difference
from ..model.observation import Observation
from ..model.reason import NO_REASON
from ..model.render import short
from ..model.trial import Step, Trial, Tried
from ..model.verdict import Location
from .analyze.targets import Target
from .differential import Asking
from .finding import Finding
from .generate.http_fields import told
from .generate.mutations import Input
from .recorded_inputs import RecordedInput
from .render_call import outcome_text, steps_text


class Seen(NamedTuple):
    """What both sides showed of one input."""

    input: Input
    base: Tried
    candidate: Tried
    at: int
    """The first step that differs."""
    differences: list[Difference]


class Explaining:
    """Explains findings of one target."""

    def __init__(
        self,
        target: Target,
        asking: Asking,
        *,
        app: str,
        old: Mapping[str, str],
        keys: Sequence[SessionKey],
        words: Callable[[str, str], str],
        locate: Callable[[Case, Judgement], Location | None],
    ) -> None:
        """`app` is the application that is configured, or empty; `old` the texts of base; `keys` read what recordings
        hide; `words` tells a path class (entry, path)."""
        self._keys = keys
        self._target = target
        self._asking = asking
        self._app = app
        self._old = old
        self._words = words
        self._locate = locate

    def finding(self, made: Input, trial: Trial, seen: Seen, through: Sequence[Difference], *, near: bool) -> Finding:
        """What is told of an input; `through` is what the entry of an inner call shows."""
        known = self._asking.recorded[made.call]
        shown = through or seen.differences
        plain = self._plain(known, made, trial, seen)
        base, candidate = (
            outcome_text(side, seen.at, seen.differences, is_base=is_base)
            for side, is_base in ((seen.base, True), (seen.candidate, False))
        )
        if base == candidate and seen.differences:  # what differs is not in the words
            first = seen.differences[0]
            base = f"{base}, {first.field} {short(first.base)}"
            candidate = f"{candidate}, {first.field} {short(first.candidate)}"
        return Finding(
            call=self._call_text(known, made, trial, seen),
            near=near,
            base=base,
            candidate=candidate,
            differences=tuple(map(field_of, shown)),
            location=self._location(known, made, trial, seen),
            entry=known.stored.entry,
            path=known.stored.path,
            words=self._words(known.stored.entry, known.stored.path),
            seen=_through_text(through),
            test=plain.text,
            no_test=plain.reason,
        )

    def _call_text(self, known: RecordedInput, made: Input, trial: Trial, seen: Seen) -> str:
        if self._target.kind == "wsgi":
            return told(known.step.arguments, made.tree)
        return steps_text(trial.steps[: seen.at + 1], self._target)

    def _plain(self, known: RecordedInput, made: Input, trial: Trial, seen: Seen) -> Plain:
        trace = known.stored.trace
        if seen.base.ended != "outcome" or trace is None:
            return Plain("", "base did not come to an outcome")
        if seen.base.readings != NO_READINGS:
            return Plain("", "what it shows follows from the clock or from chance")
        if seen.base.observations[-1].outbound:
            return Plain("", "it talks to a system that only the recording stands for")
        if holds_secrets(self._keys, known.stored.data, [step.arguments for step in trial.steps]):
            return Plain("", HELD)
        app = self._app or self._asking.jobs[made.call].entry.target
        return plain_test(
            trial.steps[: seen.at + 1],
            seen.base.observations[: seen.at + 1],
            app,
            is_factory=is_factory(self._old, app),
        )

    def _location(self, known: RecordedInput, made: Input, trial: Trial, seen: Seen) -> Location | None:
        """Where it begins, as for a replay: the input is replayed as a trace of its own."""
        trace = known.stored.trace
        if trace is None or seen.candidate.ended != "outcome" or len(trial.steps) > 1 + len(self._asking.following):
            return None
        if "builtins:MemoryError" in (*seen.base.raised, *seen.candidate.raised):
            return None  # nobody bounds the memory of a replay in detail
        step = self._asking.step(known, made.tree)
        job = self._asking.jobs[made.call]
        if step.kind == "wsgi":
            alone = msgspec.structs.replace(trace, input=step.arguments)
            entry = job.entry
        else:
            alone = _as_function(trace, step)
            entry = Entry(step.target, "function", step.target.partition(":")[0], step.target)
        own = msgspec.structs.replace(job, entry=entry, variant=encode_trace(alone))
        case = Case(own, alone, SealedTrace(job.trace, observation=seen.base.observations[0]))
        judgement = Judgement(
            job.trace,
            "diverged",
            NO_REASON,
            tuple(seen.differences),
            _observation(seen.base, seen.at),
            _observation(seen.candidate, seen.at),
            0,
        )
        return self._locate(case, judgement)


def _observation(tried: Tried, at: int) -> Observation | None:
    return tried.observations[at] if at < len(tried.observations) else None


def _as_function(trace: Trace, step: Step) -> Trace:
    """A trace of a call inside another trace."""
    return msgspec.structs.replace(
        trace, entry=step.target, kind="function", input=record(kind=step.kind, arguments=step.arguments), producers=[]
    )


def _through_text(differences: Sequence[Difference]) -> str:
    return "; ".join(f"{one.field} {short(one.base)} → {short(one.candidate)}" for one in differences[:3])
