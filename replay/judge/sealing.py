"""Sealing: replaying a baseline on the base revision, several times and under perturbation.

Five runs see what changes by itself: (1) a warm process, in the baseline's order; (2) a fresh process for each trace,
which is the reference; (3) a warm process with another hash seed, another order, and other answers to what is
unrecorded; (4) the clock frozen; (5) other random values. What differs between (1) and (2) depends on what ran before
and is judged in fresh processes from then on; what differs between (2) and (3) is volatile; what differs in (4) and
(5) follows from the clock and from random values: it is compared exactly, unless the candidate reads them differently.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import msgspec

from ...recorders.model.branches import FunctionName
from ...recorders.model.trace import PathClass, Trace, TraceId, decode_trace
from ...recorders.options import RedactOptions
from ...recorders.store.protocol import BaselineReader, StoredTrace
from ..compare.observations import compare
from ..compare.redacted_parts import KeysAtHand, RedactedParts
from ..compare.summarise import field_of, reported
from ..compare.unknown import unknown_parts
from ..compare.volatile import Mask, Volatile, count_leaves, masks_of
from ..execute.plan import Loaded
from ..execute.roots import Roots, recorded_roots
from ..model.difference import Difference, DifferenceKind
from ..model.job import Job, Observed, fingerprint
from ..model.observation import Observation, recorded_observation
from ..model.perturbation import FROZEN_CLOCK, UNPERTURBED, Perturbation
from ..model.progress import Progress, Say, say_nothing
from ..model.reason import Reason, ReasonCode, StopCode, because
from .fidelity import RecordingCheck
from .seal import Seal, SealedTrace, encode_sealed

NO_REDACTION = RedactOptions()


class Runner(Protocol):
    """One version of the code, ready to answer jobs."""

    loaded: Loaded

    def start(self) -> None:
        """Begin to import the code, if that can be done beside something else."""

    def load(self) -> Loaded:
        """Import the code, or wait until it is; raises `CannotReplay`."""

    def watch(self, lines: Mapping[str, Iterable[int]] | None) -> str:
        """From here on note which of these lines (file → numbers; `None` for all) each replay runs; why that cannot
        be, or empty."""

    def run(self, jobs: Iterable[Job]) -> Iterator[Observed]:
        """Answers, in the order of the jobs."""

    def stop(self) -> None:
        """Done with it."""


class Kept(NamedTuple):
    """A trace that is to be sealed."""

    job: Job
    trace: Trace
    path: PathClass


class Baseline(NamedTuple):
    """What a baseline holds, ready to be sealed; in its order."""

    kept: list[Kept]
    """The traces that can be replayed."""
    faults: dict[TraceId, Reason]
    """Why others cannot."""
    recorded: dict[TraceId, list[FunctionName]]
    """Included functions that each trace and its producers ran when they were recorded."""


def read_baseline(reader: BaselineReader) -> Baseline:
    """Everything that is to be sealed."""
    entries = reader.entries()
    paths = {(described.entry, described.path): described.description for described in reader.classes()}
    kept: dict[TraceId, Kept] = {}
    faults: dict[TraceId, Reason] = {}
    recorded: dict[TraceId, list[FunctionName]] = {}
    for stored in reader.traces():
        entry, path = entries.get(stored.entry), paths.get((stored.entry, stored.path))
        recorded[stored.id] = functions_recorded(stored)
        if stored.trace is None or entry is None or path is None:
            fault = stored.fault or f"the baseline does not describe its entry {stored.entry!r}"
            faults[stored.id] = because(ReasonCode.RECORDING, fault)
        elif stored.trace.gaps:
            faults[stored.id] = because(
                ReasonCode.RECORDING, f"the recording has a gap: {'; '.join(stored.trace.gaps)}"
            )
        else:
            job = job_of(stored.id, entry, stored.data, dict(stored.producers), fresh=stored.trace.finds_state)
            kept[stored.id] = Kept(job, stored.trace, path)
    return Baseline(list(kept.values()), faults, recorded)


def functions_recorded(stored: StoredTrace) -> list[FunctionName]:
    """Included functions that a trace, or what made the objects that it was given, ran when it was recorded."""
    if stored.trace is None:
        return []
    producers = [decode_trace(data) for data in stored.producers.values()]
    return list(dict.fromkeys(function for ran in (stored.trace, *producers) for function in ran.functions))


def job_of(
    trace_id: TraceId, entry: object, data: bytes, producers: dict[TraceId, bytes], *, fresh: bool = False
) -> Job:
    """The job of a stored trace; `fresh` for one whose state is prepared, so that no other trace is in its way."""
    return Job(trace_id, entry, data, producers, fresh=fresh)  # type: ignore[arg-type]  # an Entry


class Runs(NamedTuple):
    """What the runs showed of one trace."""

    warm: Observed
    fresh: Observed
    other: Observed
    frozen: Observed | None
    drawn: Observed | None

    @property
    def functions(self) -> list[FunctionName]:
        """Included functions that a run came to: in a warm process a cache may answer in the place of one."""
        return list(dict.fromkeys((*self.warm.functions, *self.fresh.functions, *self.other.functions)))

    @property
    def files(self) -> list[str]:
        """Files of the project that a run read: in a warm process their content may be kept."""
        return sorted({*self.warm.files, *self.fresh.files, *self.other.files})


Open = Callable[[int], Runner]
"""Makes a runner of base with a hash seed; it is not loaded yet."""


def seal(
    reader: BaselineReader,
    open_base: Open,
    *,
    label: str,
    digest_of: Callable[[str], str],
    root: str = "",
    redact: RedactOptions = NO_REDACTION,
    keys: KeysAtHand = KeysAtHand(),  # noqa: B008 - immutable
    progress: Say = say_nothing,
) -> Seal:
    """Replay everything and keep what it showed; raises `CannotReplay` when base cannot be loaded.

    `label` says what base is; `digest_of` gives the digest of a file of the project at base. `root` is the folder of
    the project, in which the recording may have been made; `redact` are the project's rules of redaction, `keys` those
    that read what the recording hides.
    """
    baseline = read_baseline(reader)
    kept = baseline.kept
    runners = [open_base(seed) for seed in range(3 if _draws(kept) else 2)]
    try:
        for runner in runners:
            runner.start()
        loaded, *_others = [runner.load() for runner in runners]
        kept, shown = _with_restoring(kept, runners[0])
        runs = _run_all(kept, runners, shown, Progress("sealing: replays of base", _replays(kept, shown), progress))
        check = RecordingCheck(loaded.sources, _recorded_sources(reader), RedactedParts(redact, keys))
        roots = Roots(root, *recorded_roots(reader, root))
        traces = {name: SealedTrace(name, reason) for name, reason in baseline.faults.items()}
        for kept_trace in Progress("sealing: traces compared", len(kept), progress).counted(kept):
            name = kept_trace.job.trace
            traces[name] = _Judged(kept_trace, runs[name], runners, roots, check).sealed()
    finally:
        for runner in runners:
            runner.stop()
    return _seal_of(label, loaded, runs, baseline.recorded, traces, digest_of)


def _seal_of(
    label: str,
    loaded: Loaded,
    runs: Mapping[TraceId, Runs],
    recorded: Mapping[TraceId, Sequence[FunctionName]],
    traces: Mapping[TraceId, SealedTrace],
    digest_of: Callable[[str], str],
) -> Seal:
    read = {name: files for name, run in runs.items() if (files := run.files)}
    files = sorted({*loaded.read, *(file for several in read.values() for file in several)})
    functions: dict[FunctionName, int] = {}
    ran = _indexed({name: run.functions for name, run in runs.items()}, functions)
    indexed = _indexed(recorded, functions)
    return Seal(
        base=label,
        python=".".join(map(str, sys.version_info[:3])),
        distributions=loaded.distributions,
        sources=loaded.sources,
        files={file: digest_of(file) for file in files if not file.endswith("/")},
        read_by_all=loaded.read,
        functions=list(functions),
        ran=ran,
        recorded=indexed,
        read=read,
        traces={name: encode_sealed(shown_trace) for name, shown_trace in traces.items()},
    )


def _recorded_sources(reader: BaselineReader) -> dict[str, str]:
    """Included module → the text that was recorded last."""
    revisions = reader.revisions()
    return {module: text for number in sorted(revisions) for module, text in revisions[number].sources.items()}


def _indexed(
    functions: Mapping[TraceId, Sequence[FunctionName]], names: dict[FunctionName, int]
) -> dict[TraceId, list[int]]:
    """The functions of each trace by their positions in `names`, which new ones are added to."""
    return {
        trace: [names.setdefault(function, len(names)) for function in several] for trace, several in functions.items()
    }


def _with_restoring(kept: Sequence[Kept], runner: Runner) -> tuple[list[Kept], dict[TraceId, Observed]]:
    """The jobs, with recorded state where the producers of an object no longer make what was recorded: something
    that was not recorded changed it since. With them, what the others of these showed in fresh processes."""
    shown = _answers(
        runner, [kept_trace.job for kept_trace in kept if kept_trace.job.producers], fresh=True, traced=True
    )
    mismatched = {
        name
        for name, shown_trace in shown.items()
        if shown_trace.mismatched or shown_trace.stop in (StopCode.GAP, StopCode.INPUT)
    }
    jobs = [
        kept_trace._replace(job=msgspec.structs.replace(kept_trace.job, restore=True))
        if kept_trace.job.trace in mismatched
        else kept_trace
        for kept_trace in kept
    ]
    return jobs, {name: shown_trace for name, shown_trace in shown.items() if name not in mismatched}


def _replays(kept: Sequence[Kept], shown: Mapping[TraceId, Observed]) -> int:
    """How many replays there are at most: warm, fresh, in another order, and with another clock or other draws."""
    readings = sum(_reads(kept_trace.trace, clock=True) + _reads(kept_trace.trace, clock=False) for kept_trace in kept)
    return 3 * len(kept) - len(shown) + readings


def _run_all(
    kept: Sequence[Kept], runners: Sequence[Runner], shown: Mapping[TraceId, Observed], progress: Progress
) -> dict[TraceId, Runs]:
    """`shown` is what some of the traces showed in fresh processes already."""
    jobs = [kept_trace.job for kept_trace in kept]
    shuffled = random.Random(1).sample(kept, len(kept))
    clocked = [kept_trace.job for kept_trace in shuffled if _reads(kept_trace.trace, clock=True)]
    drawing = [kept_trace.job for kept_trace in shuffled if _reads(kept_trace.trace, clock=False)]
    first, second, *third = runners

    def answers(runner: Runner, jobs: Sequence[Job], **changes: object) -> dict[TraceId, Observed]:
        return _answers(runner, jobs, progress, **changes)

    def in_first() -> tuple[dict[TraceId, Observed], dict[TraceId, Observed]]:
        others = [job for job in jobs if job.trace not in shown]
        warm = answers(first, jobs, traced=True)
        return warm, {**shown, **answers(first, others, fresh=True, traced=True)}

    def in_others() -> tuple[dict[TraceId, Observed], dict[TraceId, Observed], dict[TraceId, Observed]]:
        # Backwards: whoever came first and found nothing warm now comes last.
        other = answers(second, jobs[::-1], traced=True, perturbation=Perturbation(unrecorded=1))
        frozen = answers(second, clocked, perturbation=FROZEN_CLOCK)
        drawn = [answers(runner, drawing, perturbation=Perturbation(entropy=1)) for runner in third]
        return other, frozen, drawn[0] if drawn else {}

    with ThreadPoolExecutor(2) as pool:
        left, right = pool.submit(in_first), pool.submit(in_others)
        (warm, fresh), (other, frozen, drawn) = left.result(), right.result()
    return {
        name: Runs(warm[name], fresh[name], other[name], frozen.get(name), drawn.get(name))
        for name in (job.trace for job in jobs)
    }


def _answers(
    runner: Runner, jobs: Sequence[Job], progress: Progress | None = None, **changes: object
) -> dict[TraceId, Observed]:
    observed = runner.run([msgspec.structs.replace(job, **changes) for job in jobs])
    return {shown.trace: shown for shown in (progress.counted(observed) if progress is not None else observed)}


def _draws(kept: Sequence[Kept]) -> bool:
    """Whether a trace reads entropy: a third process draws differently, and without such traces nobody asks it."""
    return any(_reads(kept_trace.trace, clock=False) for kept_trace in kept)


def _reads(trace: Trace, *, clock: bool) -> bool:
    return any(
        (reading.source == "datetime" or reading.source.startswith("time.")) == clock for reading in trace.readings
    )


class _Judged:
    """What the runs of one trace show."""

    def __init__(self, kept: Kept, runs: Runs, runners: Sequence[Runner], roots: Roots, check: RecordingCheck) -> None:
        self._roots = roots
        self._check = check
        self._kept = kept
        self._runs = runs
        self._runners = runners

    def sealed(self) -> SealedTrace:
        runs = self._runs
        name = self._kept.job.trace
        base = runs.fresh.observation
        if runs.fresh.ended != "outcome" or base is None:
            reason = self._check.of_stopped(self._kept.trace, runs.fresh)
            return SealedTrace(name, reason, fallbacks=runs.fresh.fallbacks)
        fresh = self._kept.job.fresh or bool(_differing_fields(base, runs.warm))
        other = runs.other
        if fresh or _differing_fields(base, other):
            other = self._again(1, Perturbation(unrecorded=1))
            fresh = fresh or _differing_fields(base, other) != _differing_fields(base, runs.other)
        masks = masks_of(_between(base, other), "always")
        frozen = self._again(1, FROZEN_CLOCK) if fresh and runs.frozen is not None else runs.frozen
        drawn = self._again(2, Perturbation(entropy=1)) if fresh and runs.drawn is not None else runs.drawn
        masks += masks_of(self._follows(base, frozen, masks), "with the clock")
        masks += masks_of(self._follows(base, drawn, masks), "with entropy")
        always = [mask for mask in masks if mask.changes == "always"]
        recorded = self._roots.hidden(recorded_observation(self._kept.trace))
        fallbacks = runs.fresh.fallbacks
        deviations = self._check.deviations(self._kept.trace, recorded, base, masks, fallbacks=fallbacks)
        return SealedTrace(
            trace=name,
            why=self._why(base, deviations),
            deviating=msgspec.json.encode(list(map(field_of, reported(deviations).differences))) if deviations else b"",
            observation=base,
            fingerprint=fingerprint(base),
            frozen=frozen.observation if frozen is not None and _differing_fields(base, frozen) else None,
            masks=masks,
            fresh=fresh,
            unstable=_path(runs.warm) != _path(runs.other),
            restore=self._kept.job.restore,
            state=runs.fresh.state if self._kept.trace.state else None,
            leaves=max(count_leaves(base) - len(always), 0),
            fallbacks=fallbacks,
            readings=runs.fresh.readings,
            seconds=runs.warm.seconds,
            unknown=unknown_parts(base, self._kept.trace),
        )

    def _why(self, base: Observation, deviations: Sequence[Difference]) -> Reason:
        """Why base is no evidence for this trace; falsy where it is."""
        trace, path = self._kept.trace, self._kept.path
        prepared = self._runs.fresh.state
        found = self._check.of_outcome(trace, base, deviations, prepared)
        if found or path.truncated:
            return found
        taken = _path(self._runs.warm) | _path(self._runs.other)
        if self._check.of_path(trace, path.arms, taken, prepared):
            taken |= _path(self._again(0, UNPERTURBED, traced=True))
        return self._check.of_path(trace, path.arms, taken, prepared)

    def _again(self, position: int, perturbation: Perturbation, *, traced: bool = False) -> Observed:
        job = msgspec.structs.replace(self._kept.job, fresh=True, perturbation=perturbation, traced=traced)
        return next(iter(self._runners[position].run([job])))

    def _follows(self, base: Observation, perturbed: Observed | None, known: Sequence[Mask]) -> list[Difference]:
        """Fields that a perturbation changes; none when it led somewhere else altogether."""
        if perturbed is None or perturbed.observation is None or perturbed.ended != "outcome":
            return []
        found = compare(base, perturbed.observation, Volatile(known))
        return [] if any(map(_leads_elsewhere, found)) else found


def _leads_elsewhere(difference: Difference) -> bool:
    """Whether the code came to another end, or asked others for other things."""
    return difference.is_other_exception or difference.kind in (
        DifferenceKind.CALL_ADDED,
        DifferenceKind.CALL_MISSING,
    )


def _path(observed: Observed) -> set[object]:
    return {arm.identity for arm in observed.arms}


def _differing_fields(base: Observation, observed: Observed) -> list[tuple[str, int | None]]:
    """The fields in which a run differs from the reference; a run without an outcome differs as a whole."""
    if observed.ended != "outcome" or observed.observation is None:
        return [(observed.ended, None)]
    return [(difference.field, difference.base_position) for difference in compare(base, observed.observation)]


def _between(base: Observation, observed: Observed) -> list[Difference]:
    return compare(base, observed.observation) if observed.observation is not None else []
