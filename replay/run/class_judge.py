"""The verdict of a path class: its wanted traces are replayed on the candidate, judged, and located."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from ...recorders.model.trace import PathClass, Trace, TraceId
from ...recorders.store.protocol import StoredClass, StoredTrace
from ..compare.effect_lanes import effect_lanes
from ..compare.redacted_parts import KeysAtHand, cure_of
from ..compare.summarise import field_of
from ..compare.unknown import unknown_parts
from ..compare.volatile import count_leaves
from ..execute.roots import Roots, recorded_roots
from ..judge.blind_spots import Reach
from ..judge.inner_calls import InnerCalls
from ..judge.judge import Case, Doubts, Judge, Judgement
from ..judge.oracle import Oracle
from ..judge.seal import Fidelity, SealedTrace
from ..model.job import Job, fingerprint
from ..model.observation import parameters_of, recorded_observation
from ..model.progress import Progress
from ..model.reason import NO_REASON, Reason, ReasonCode, because
from ..model.verdict import ClassVerdict, Effect, FieldDifference, Location, TraceVerdict
from .candidate import Candidate
from .options import RunOptions, RunProject
from .plain_test import plain_test_of
from .plan import Group, wanted_traces

TESTS = 2
"""Diverged traces of one path class that are written as tests: one to keep, and one to see what varies."""

UNFAITHFUL = (
    "it computes with a redacted value: the code that it ran has not changed since the recording, "
    "and yet does not give the recorded outcome"
)

Accepts: TypeAlias = Callable[[str, str, tuple[FieldDifference, ...]], bool]
"""Whether somebody reviewed that an entry, on a path, may differ so."""


class ClassJudge:
    """Judges the path classes of a baseline on one candidate."""

    def __init__(
        self,
        project: RunProject,
        options: RunOptions,
        oracle: Oracle,
        candidate: Candidate,
        reach: Reach,
        *,
        accepts: Accepts,
        progress: Progress,
    ) -> None:
        """`accepts` says whether somebody reviewed that base, by now, differs so from what was recorded: then base
        speaks all the same. `reach` learns what each replay ran."""
        self._project = project
        self._options = options
        self._oracle = oracle
        self._locating = candidate.locating
        self._progress = progress
        self._cases = _Cases(project, oracle, accepts)
        inner = InnerCalls(oracle.versions, self._fidelity)
        self._judge = Judge(
            candidate.runner,
            inner=inner.judged,
            doubts=self._doubts,
            rules=project.rules,
            traced=reach.decisions,
            against_recording=oracle.seal is None,
            ask_base=candidate.locating.ask_base,
            seen=reach.saw,
        )

    def _fidelity(self) -> Mapping[str, Fidelity]:
        seal = self._oracle.seal
        if seal is None:
            return {}
        return seal.fidelity({trace.id: trace.entry for trace in self._project.reader.traces()})

    def _doubts(self, trace: Trace) -> Doubts:
        versions = self._oracle.versions
        rereads = any(versions.differs(reading.caller) for reading in trace.readings if reading.caller)
        return Doubts(rereads, versions.changed_layout)

    def judge(self, group: Group) -> ClassVerdict:
        """Replay the wanted traces of a class and judge each."""
        stored = group.stored
        wanted = set(wanted_traces(group, self._oracle, self._options))
        verdicts: dict[TraceId, TraceVerdict] = {}
        cases: list[Case] = []
        for trace in self._project.reader.traces(entry=stored.entry, path=stored.path):
            if trace.id in wanted and trace.id not in verdicts:
                case = self._cases.case(trace)
                if isinstance(case, TraceVerdict):
                    verdicts[trace.id] = case
                else:
                    cases.append(case)
        self._progress.count(len(verdicts) + sum(bool(case.sealed.why) for case in cases))  # not replayed
        verdicts.update(self._verdicts(stored, cases, self._judge.judge(cases, self._progress)))
        judged = tuple(verdicts[trace] for trace in dict.fromkeys(stored.kept.values()) if trace in verdicts)
        return ClassVerdict(stored.entry, stored.path, group.name.item, group.name.words, stored.count, judged)

    def _verdicts(
        self, stored: StoredClass, cases: Sequence[Case], judgements: Sequence[Judgement]
    ) -> dict[TraceId, TraceVerdict]:
        found: dict[TraceId, TraceVerdict] = {}
        diverged: list[tuple[Case, Judgement]] = []
        for case, judgement in zip(cases, judgements, strict=True):
            checked = self._cases.checked(case, judgement)
            if checked.verdict == "diverged":
                diverged.append((case, checked))
            found[checked.trace] = _verdict(checked, None, case.trace)
        traces = {case.job.trace: case.trace for case, _judgement in diverged}
        for judgement, location in self._located(stored.description, diverged):
            found[judgement.trace] = _verdict(judgement, location, traces[judgement.trace])
        for case, judgement in diverged[:TESTS] if self._options.plain_tests else ():
            plain = plain_test_of(case, judgement, self._project.setup, self._oracle.versions)
            known = found[judgement.trace]
            found[judgement.trace] = msgspec.structs.replace(known, test=plain.text, no_test=plain.reason)
        return found

    def _located(
        self, described: PathClass, diverged: Sequence[tuple[Case, Judgement]]
    ) -> Iterable[tuple[Judgement, Location | None]]:
        if self._options.located:
            return self._locating.locate(described, diverged)
        return [(judgement, None) for _case, judgement in diverged]


class _Cases:
    """Makes a case of each stored trace, and checks what was found of it against what is redacted."""

    def __init__(self, project: RunProject, oracle: Oracle, accepts: Accepts) -> None:
        reader, setup = project.reader, project.setup
        self._oracle = oracle
        self._accepts = accepts
        self._entries = reader.entries()
        self._keys = keys_at_hand(project)
        self._roots = Roots(setup.root, *recorded_roots(reader, setup.root))

    def case(self, stored: StoredTrace) -> Case | TraceVerdict:
        """What there is to judge, or the verdict of a trace that cannot be replayed at all."""
        trace = stored.trace
        if trace is None:
            return _unreadable(stored.id, stored.fault)
        if trace.gaps:
            return _unreadable(stored.id, f"the recording has a gap: {'; '.join(trace.gaps)}")
        job = Job(stored.id, self._entries[stored.entry], stored.data, dict(stored.producers))
        seal = self._oracle.seal
        sealed = seal.trace(stored.id) if seal is not None else None
        if sealed is None:
            return Case(job, trace, _from_recording(stored.id, trace, self._roots))
        if sealed.why and sealed.deviating and self._accepts(stored.entry, stored.path, sealed.deviations):
            sealed = msgspec.structs.replace(sealed, why=NO_REASON)
        return Case(job, trace, sealed)

    def checked(self, case: Case, judgement: Judgement) -> Judgement:
        """A judgement, unless what it says can follow from a value that is redacted.

        Against the recording, a redacted value makes a difference of its own; against base it does so twice.
        """
        if judgement.verdict != "diverged" or self._oracle.seal is not None:
            return judgement
        if not self._keys.are_missing_for(case.trace) or self._oracle.versions.may_have_reached(case.trace.functions):
            return judgement
        reason = Reason(ReasonCode.SECRET, UNFAITHFUL, "", cure_of(self._keys.recipients(case.trace)))
        return judgement._replace(verdict="not judged", why=reason, differences=())


def keys_at_hand(project: RunProject) -> KeysAtHand:
    """The baseline's keys, and those of them that can be read."""
    return KeysAtHand(project.reader.keys(), frozenset(key.id for key in project.setup.keys))


def _from_recording(name: TraceId, trace: Trace, roots: Roots) -> SealedTrace:
    """The recording in the place of base; it may have been made in this very folder."""
    base = roots.hidden(recorded_observation(trace))
    return SealedTrace(
        name,
        observation=base,
        fingerprint=fingerprint(base),
        leaves=count_leaves(base),
        unknown=unknown_parts(base, trace),
    )


def _verdict(judgement: Judgement, location: Location | None, trace: Trace) -> TraceVerdict:
    fields = tuple(field_of(difference, parameters_of(trace)) for difference in judgement.differences)
    return TraceVerdict(
        judgement.trace,
        judgement.verdict,
        judgement.why,
        fields,
        location,
        asserted=judgement.asserted,
        tolerated=judgement.tolerated,
        left_out=judgement.left_out,
        unseen=judgement.unseen,
        effects=_effects(judgement),
    )


def _effects(judgement: Judgement) -> tuple[Effect, ...]:
    if judgement.base is None or judgement.candidate is None:
        return ()
    return effect_lanes(judgement.base.outbound, judgement.candidate.outbound, judgement.differences)


def _unreadable(trace: TraceId, fault: str) -> TraceVerdict:
    return TraceVerdict(trace, "not judged", because(ReasonCode.RECORDING, fault))
