"""Tools that judge a change: it is replayed on recorded traffic, in the background, and each divergence is shown."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from pydantic import Field

from ...replay.run.result import RunResult
from ...replay.run.result_codec import decode_result
from ..answers import Answer
from ..failures import LONGEST, Refused
from ..jobs import Job
from ..validating import DEFAULT_EXAMPLES, request_of
from ..verdicts import DivergenceAnswer, Verdict, divergence_answer, verdict_of
from ..workspace import Workspace
from .parameters import BaselineName

MOST_WAIT = 50
"""Seconds that one call waits at most: clients give up after a minute."""

MOST_EXAMPLES = 5_000
"""Inputs for each function: some minutes of work."""

VALIDATION = "validation"

RunName = Annotated[str, Field(description="Which run; may be left out for the last one.")]
Wait = Annotated[int, Field(description="Seconds to wait for its end before answering.", ge=0, le=MOST_WAIT)]


class ValidationAnswer(Answer):
    """How far a validation is, and, when it is done, its verdict."""

    run: str
    state: Literal["running", "done", "failed", "cancelled"]
    seconds: float
    progress: str
    notes: Annotated[list[str], Field(description="What it said on the way.")]
    problem: Annotated[str, Field(description="Why it failed.")]
    verdict: Verdict | None


class ValidationTools:
    """Runs replays of a candidate in the background."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def validate_change(
        self,
        patch: Annotated[str, Field(description="A unified diff to judge instead, in a scratch copy.")] = "",
        revision: Annotated[str, Field(description="A commit, branch or tag to judge instead.")] = "",
        base: Annotated[str, Field(description="Compare with this revision; default: HEAD, or the merge base.")] = "",
        explore: Annotated[
            int,
            Field(description=f"Inputs near the recorded ones to try as well; {DEFAULT_EXAMPLES} is usual.", ge=0),
        ] = 0,
        everything: Annotated[bool, Field(description="Replay all traces, not only those a change reaches.")] = False,
        trace: Annotated[str, Field(description="Replay only traces whose id begins so.")] = "",
        baseline: BaselineName = "",
        wait: Wait = 30,
    ) -> ValidationAnswer:
        """Execute a change on recorded real traffic and say, branch by branch, what callers or systems behind would see
        change, what could not be judged, and whether it is safe to merge. Judges the working tree unless a patch or a
        revision is given. Runs in the background: where it has not ended, ask validation_status. Nothing of yours is
        changed, and nothing leaves the machine."""
        if patch and revision:
            raise Refused("a patch and a revision are two candidates: give one of them")
        name = self._workspace.baseline(baseline)
        with self._workspace.opened(name):
            pass  # a name that is none is reported here, and not by a run that fails
        request = request_of(self._workspace.project.root, name, patch=patch, revision=revision, base=base)
        asked = {"explore": min(explore, MOST_EXAMPLES), "everything": everything, "trace": trace}
        job = self._workspace.jobs.start(VALIDATION, {**request, **asked})
        job.wait(wait)
        return self._answer(job)

    def validation_status(self, run: RunName = "", wait: Wait = 30) -> ValidationAnswer:
        """Say how far a validation is, or, when it has ended, its verdict with every divergence."""
        job = self._workspace.jobs.job(run, VALIDATION)
        job.wait(wait)
        return self._answer(job)

    def show_divergence(
        self, number: Annotated[int, Field(description="As the verdict numbers them.", ge=1)], run: RunName = ""
    ) -> DivergenceAnswer:
        """Show one divergence in full: all fields, the source on both sides, the inputs that separate diverged traces
        from the others, and a test that would have caught it."""
        job = self._workspace.jobs.job(run, VALIDATION)
        result = self._result(job)
        if result is None:
            raise Refused(f"{job.name} has no verdict: it is {job.state}. Ask validation_status")
        try:
            return divergence_answer(job.name, number, result, self._workspace.fence)
        except IndexError as error:
            raise Refused(f"{job.name} has no divergence {number}; validation_status lists them") from error

    def cancel_validation(self, run: RunName = "") -> ValidationAnswer:
        """End a validation that still runs, and everything that it started."""
        job = self._workspace.jobs.job(run, VALIDATION)
        job.cancel()
        return self._answer(job)

    def _answer(self, job: Job) -> ValidationAnswer:
        result = self._result(job)
        fence = self._workspace.fence
        return ValidationAnswer(
            run=job.name,
            state=job.state,
            seconds=round(job.seconds, 1),
            progress=fence(job.progress) if job.state == "running" else "",
            notes=[fence(note[:LONGEST]) for note in job.notes],
            problem=fence(job.failure[:LONGEST]),
            verdict=verdict_of(result, fence) if result is not None else None,
            next=_next(job, result),
        )

    def _result(self, job: Job) -> RunResult | None:
        if job.state != "done":
            return None
        encoded = msgspec.json.encode(job.result)
        return decode_result(encoded, self._workspace.project.root)


def _next(job: Job, result: RunResult | None) -> list[str]:
    match job.state:
        case "running":
            return [f"validation_status(run={job.name!r}, wait=30)", f"cancel_validation(run={job.name!r})"]
        case "failed":
            return ["mend the problem, then validate_change() again"]
        case "done" if result is not None and not result.passed():
            return ["show_divergence(number=1)", "show_trace(trace=...)", "mend it, then validate_change() again"]
        case _:
            return []
