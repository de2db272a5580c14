"""The runner of jobs: what is done with one job in a loaded process, from the sealed trace to the masked answer."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import msgspec

from ...recorders.errors import KeyProblem
from ...recorders.model.trace import Trace, TraceId
from ...recorders.model.value_tree import ObjectNode
from ...recorders.privacy.secret_parts import opened_data
from ..entries.protocol import EntryUnavailable
from ..model.job import Job, Observed, fingerprint, reading_digest
from ..model.observation import Observation, outbound_of
from ..model.steps import Detail
from .enclosure import Enclosure
from .extension import Extension, NoProbe, Parts, Probe
from .known_code import KnownCode
from .masking import OpenedTrace
from .memory import for_replay, is_out_of_memory, shown
from .surroundings import kept
from .worker import NO_PRODUCERS, Replay

_clock = time.perf_counter
"""Taken before the boundaries stand in front of it."""


class JobRunner:
    """Answers jobs with observations, and judges nothing."""

    def __init__(
        self, parts: Parts, code: KnownCode, enclosure: Enclosure, extension: Extension, *, instrumented: bool
    ) -> None:
        """`instrumented`: the code reports its steps."""
        self._parts = parts
        self._code = code
        self._enclosure = enclosure
        self._extension = extension
        self._instrumented = instrumented

    def run(self, job: Job) -> Observed:
        """Replay once; every failure is reported in the answer.

        A trace that lacks an exchange is replayed again with fallbacks.
        """
        if self._instrumented:
            # A second run would find what the first one left in counters of libraries, and that is no step of its own.
            self._parts.use_fallback()
        for before in job.preceding:
            self.run(before)
        observed = self._run(job)
        if observed.wants_fallback:
            self._parts.use_fallback()
            observed = _with_lines(self._run(job), observed.lines)
        return observed

    def _run(self, job: Job) -> Observed:
        started = _clock()
        try:
            given = self._parts.masks.given(job)
            with kept(), self._enclosure.emptied(), self._probing(job, given) as probe:
                replay, lines, detail = self._replay(job, given.trace)
            return self._observed(job, given, replay, lines, detail, probe, _clock() - started)
        except (EntryUnavailable, KeyProblem) as error:
            return Observed(job.trace, "error", self._parts.masks.text_about(job, str(error)))
        except Exception as error:  # noqa: BLE001 - one trace is lost and named, never the run
            reason = f"the replay itself failed: {type(error).__name__}: {error}"
            return Observed(job.trace, "error", self._parts.masks.text_about(job, reason))

    def _probing(self, job: Job, given: OpenedTrace) -> AbstractContextManager[Probe]:
        return self._extension.probe(self._parts, job.probe, given) if job.probe else nullcontext(NoProbe())

    def _replay(self, job: Job, trace: Trace) -> tuple[Replay, dict[str, list[int]], Detail | None]:
        """The replay itself, lines that ran, its steps; raises `EntryUnavailable`."""
        self._parts.resolver.restored.clear()
        self._enclosure.closed.files.clear()
        tracer = self._parts.tracer if job.traced else None
        producers = NO_PRODUCERS if job.restore else self._producers(job)
        moved = self._parts.relocation.moved(trace)
        self._parts.worker.files = self._enclosure.files
        replay = self._parts.worker.replay
        run = partial(
            replay,
            job.entry,
            moved,
            tracer=tracer,
            perturbation=job.perturbation,
            producers=producers,
            state=job.state,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if self._instrumented:
                from .line_tracer import Steps

                with Steps(about=job.about) as steps:
                    replayed = run()
                return replayed, {}, steps.detail()
            replayed, lines = self._code.lines_of(run, traced=job.traced)
        return replayed, lines, None

    def _producers(self, job: Job) -> Mapping[TraceId, bytes]:
        """Traces that made what it was given, with their values."""
        opened = {name: opened_data(data, self._parts.masks.keys) for name, data in job.producers.items()}
        return self._parts.relocation.producers(opened)

    def _observed(
        self,
        job: Job,
        given: OpenedTrace,
        replay: Replay,
        lines: dict[str, list[int]],
        detail: Detail | None,
        probe: Probe,
        seconds: float,
    ) -> Observed:
        world, stop = replay.world, replay.stopped
        observation = replay.observation
        if observation is None:
            observation = Observation("return", None, None, outbound_of(world.asked) if world is not None else [])
        if self._enclosure.is_child and _is_out_of_memory(observation):
            most = f"the {shown(for_replay())} that a replay may take beyond what is loaded"
            return Observed(job.trace, "crashed", f"the replay asked for more memory than {most}")
        fallbacks = world.fallbacks if world is not None else ()
        observation, detail, probed = self._parts.masks.mask(given).whole(observation, detail, probe.trees(), fallbacks)
        observation = self._parts.roots.hidden(observation)
        detail = self._parts.roots.hidden_in_detail(detail) if detail is not None else None
        expected = bool(job.expected) and stop is None and fingerprint(observation) == job.expected
        functions = self._code.functions(replay.path) if job.traced else []
        return Observed(
            job.trace,
            "stopped" if replay.observation is None else "outcome",
            self._parts.masks.text(_reason(replay)),
            stop.kind if stop is not None else "",
            None if expected else observation,
            reading_digest(world.clock.readings) if world is not None else b"",
            len(world.fallbacks) if world is not None else 0,
            world.wants_fallback and self._parts.worker.fallback is None if world is not None else False,
            list(self._parts.resolver.restored),
            functions,
            self._parts.paths.arms(replay.path.arms) if job.traced else [],
            lines,
            sorted(self._enclosure.closed.files),
            seconds,
            detail,
            "sqlglot" in sys.modules,
            probed=probe.answer(probed),
            mismatched=self._parts.worker.mismatched,
            state=replay.state,
        )


def _is_out_of_memory(observation: Observation) -> bool:
    value = observation.value
    return observation.kind == "exception" and isinstance(value, ObjectNode) and is_out_of_memory(value.cls)


def _with_lines(observed: Observed, before: Mapping[str, Sequence[int]]) -> Observed:
    """With the lines of a run before it: a line that was reported once is not reported again."""
    lines = {file: {*before.get(file, ()), *observed.lines.get(file, ())} for file in {**before, **observed.lines}}
    return msgspec.structs.replace(observed, lines={file: sorted(numbers) for file, numbers in lines.items()})


def _reason(replay: Replay) -> str:
    if replay.stopped is not None:
        return replay.stopped.reason
    return "" if replay.observation is not None else "it ended without an outcome"
