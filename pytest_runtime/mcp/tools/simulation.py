"""The tool that runs inputs which an assistant thinks of, on base and candidate."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from pydantic import Field

from ...replay.run.simulation import Simulation
from ..answers import Answer, Part
from ..failures import LONGEST, Refused
from ..fence import Fence
from ..validating import request_of
from ..workspace import Workspace
from .parameters import BaselineName

MOST_INPUTS = 50
"""Inputs of one call: each is a fork or two."""

WAIT = 55.0
"""Seconds in which all of them run; clients give up after a minute."""


class SimulatedRow(Part):
    """What came of one input."""

    input: str
    result: Annotated[str, Field(description="same, differs, or not judged.")]
    base: str
    candidate: str
    differences: list[str]


class SimulationAnswer(Answer):
    """What came of some inputs."""

    trace: str
    entry: str
    compared_with: str
    results: list[SimulatedRow]
    problem: Annotated[str, Field(description="Why nothing was run.")] = ""


class SimulationTools:
    """Runs given inputs."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def simulate_inputs(
        self,
        trace: Annotated[str, Field(description="A trace id, or an entry: what is not given stays as recorded there.")],
        inputs: Annotated[
            list[dict[str, Any]],
            Field(description='Each: path → value, as {"total": 101} or {"json.items[0].price": 0}.', min_length=1),
        ],
        patch: Annotated[str, Field(description="A unified diff as candidate, in a scratch copy.")] = "",
        revision: Annotated[str, Field(description="A revision as candidate.")] = "",
        base: Annotated[str, Field(description="Compare with this revision; default: HEAD, or the merge base.")] = "",
        baseline: BaselineName = "",
    ) -> SimulationAnswer:
        """Run inputs of your own on the code before and after your change (edge cases that nobody sent yet): a recorded
        trace with other values, executed behind the wall with recorded answers of other systems."""
        if len(inputs) > MOST_INPUTS:
            raise Refused(f"{len(inputs)} inputs are too many for one call: give at most {MOST_INPUTS}")
        name = self._workspace.baseline(baseline)
        request = request_of(self._workspace.project.root, name, patch=patch, revision=revision, base=base)
        job = self._workspace.jobs.start("simulation", {**request, "trace": trace, "inputs": inputs})
        if not job.wait(WAIT):
            job.cancel()
            raise Refused("the inputs did not end in time: give fewer of them")
        if job.state != "done":
            return _failed(self._workspace.fence(job.failure[:LONGEST]))
        return _answer(msgspec.convert(job.result, Simulation), self._workspace.fence)


def _failed(problem: str) -> SimulationAnswer:
    advice = ["show_trace(trace=...) shows what the recorded input has"]
    return SimulationAnswer(trace="", entry="", compared_with="", results=[], problem=problem, next=advice)


def _answer(found: Simulation, fence: Fence) -> SimulationAnswer:
    return SimulationAnswer(
        trace=found.trace,
        entry=fence.name(found.entry),
        compared_with=found.base,
        results=[
            SimulatedRow(
                input=fence(row.input),
                result=row.ended,
                base=fence(row.base),
                candidate=fence(row.candidate),
                differences=[fence(f"{field.field}: {field.base} → {field.candidate}") for field in row.differences],
            )
            for row in found.results
        ],
        next=["validate_change() for what was really sent"],
    )
