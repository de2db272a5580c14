"""Tools that ask running processes: logs, snapshots and metrics at a line, placed without a restart and taken away."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import Field

from ... import probes
from ...recorders.probes.model import METRICS, Hit, Kind, Metric, ProbeStatus
from ...recorders.probes.render import render
from ..answers import Answer, Part
from ..failures import Refused
from ..fence import Fence
from ..workspace import Workspace
from .parameters import BaselineName

BY = "mcp:assistant"
"""Who places probes here, as policies and the audit log name it."""

MOST_WAIT = 50

STACK = 5
"""Callers of a hit that are shown."""

VALUE = 400
"""Characters of a value of a hit."""


class ProcessRow(Part):
    """How a probe stands in one process."""

    pid: int
    program: str
    state: str
    reason: str
    nearest_lines: list[int]
    hits: int
    left_out: int


class ProbeRow(Part):
    """A probe, and how it stands."""

    id: str
    kind: str
    place: str
    text: str
    condition: str
    life: str
    hits: int
    seconds_left: int
    key: str
    by: str
    metric: str
    processes: list[ProcessRow]


class ProbeAnswer(Answer):
    """A probe."""

    probe: ProbeRow


class ProbesAnswer(Answer):
    """The probes of a baseline."""

    probes: list[ProbeRow]


class HitRow(Part):
    """One time a probe fired."""

    number: int
    at: str
    pid: int
    trace: str
    text: str
    values: dict[str, str]
    stack: list[str]


class HitsAnswer(Answer):
    """Hits of a probe."""

    probe: ProbeRow
    hits: list[HitRow]
    last: Annotated[int, Field(description="Give it as after to go on from there.")]


class ProbeTools:
    """Places, reads and removes probes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._fence = workspace.fence

    def place_probe(
        self,
        kind: Annotated[Kind, Field(description="log or snapshot (locals, stack); counter, duration or value.")],
        place: Annotated[str, Field(description="FILE:LINE, FILE:FUNCTION or MODULE:FUNCTION.")],
        text: Annotated[str, Field(description='Of a log: "total={total}"; of a value: the expression.')] = "",
        condition: Annotated[str, Field(description="Only where this is true: total > 10_000.")] = "",
        hits: Annotated[int, Field(description="Most hits of a log or snapshot.", ge=1, le=1000)] = 5,
        seconds: Annotated[int, Field(description="Seconds after which it is gone.", ge=1, le=3600)] = 600,
        key: Annotated[str, Field(description="A key of yours, such as the link of a pull request.")] = "",
        baseline: BaselineName = "",
    ) -> ProbeAnswer:
        """Place a probe in the processes that record into a baseline, without a restart: it runs none of their code,
        redacts what is secret, and goes by itself. A policy of the project may refuse it."""
        status = probes.create(
            kind,
            place,
            text=text,
            condition=condition,
            hits=None if kind in METRICS else hits,
            seconds=seconds,
            baseline=baseline,
            root=self._workspace.project.root,
            by=BY,
            key=key,
        )
        name = status.probe.id
        return ProbeAnswer(
            probe=self._row(status), next=[f"read_probe(probe={name!r}, wait=30)", f"remove_probe(probe={name!r})"]
        )

    def list_probes(
        self, key: Annotated[str, Field(description="Only those of this key.")] = "", baseline: BaselineName = ""
    ) -> ProbesAnswer:
        """List the probes of a baseline's processes, and how each stands in each process."""
        root = self._workspace.project.root
        found = probes.list(baseline=baseline, root=root, key=key)
        return ProbesAnswer(probes=list(map(self._row, found)), next=["read_probe(probe=...)"] if found else [])

    def read_probe(
        self,
        probe: Annotated[str, Field(description="Its id.")],
        after: Annotated[int, Field(description="Only hits after this number.", ge=0)] = 0,
        wait: Annotated[int, Field(description="Seconds to wait for a first one.", ge=0, le=MOST_WAIT)] = 10,
        baseline: BaselineName = "",
    ) -> HitsAnswer:
        """Read what a probe has shown so far: hits with values, or the sums of a metric."""
        root = self._workspace.project.root
        found = probes.read(probe, after=after, limit=50, wait=wait, baseline=baseline, root=root, by=BY)
        return HitsAnswer(
            probe=self._row(found.status),
            hits=[self._hit(hit) for hit in found.hits],
            last=found.last,
            next=[f"read_probe(probe={probe!r}, after={found.last}, wait=30)", f"remove_probe(probe={probe!r})"],
        )

    def remove_probe(
        self, probe: Annotated[str, Field(description="Its id.")], baseline: BaselineName = ""
    ) -> ProbeAnswer:
        """Take a probe of yours away, with its hits. Those of others stay."""
        root = self._workspace.project.root
        others = [found for found in probes.list(baseline=baseline, root=root) if found.probe.id == probe]
        if others and others[0].probe.by != BY:
            raise Refused("that probe was placed by somebody else; a person removes it: pytest-runtime probe remove ID")
        return ProbeAnswer(probe=self._row(probes.remove(probe, baseline=baseline, root=root, by=BY)))

    def _row(self, status: ProbeStatus) -> ProbeRow:
        probe = status.probe
        return ProbeRow(
            id=probe.id,
            kind=probe.kind,
            place=probe.place,
            text=probe.text,
            condition=probe.condition,
            life=status.life,
            hits=status.hits,
            seconds_left=round(status.left),
            key=probe.key,
            by=probe.by,
            metric=_metric_text(status.metric),
            processes=[
                ProcessRow(
                    pid=process.pid,
                    program=process.program,
                    state=process.state if process.running else "ended",
                    reason=self._fence(process.reason or process.error),
                    nearest_lines=list(process.lines),
                    hits=process.hits,
                    left_out=process.left_out,
                )
                for process in status.processes
            ],
        )

    def _hit(self, hit: Hit) -> HitRow:
        return HitRow(
            number=hit.number,
            at=datetime.datetime.fromtimestamp(hit.at, datetime.UTC).isoformat(timespec="milliseconds"),
            pid=hit.pid,
            trace=self._fence.name(hit.trace),
            text=self._fence(hit.text),
            values=_values(hit, self._fence),
            stack=[self._fence.name(f"{call.function}:{call.line}") for call in hit.stack[:STACK]],
        )


def _values(hit: Hit, fence: Fence) -> dict[str, str]:
    pairs = zip(hit.names, hit.values, strict=False)
    return {fence.name(name): fence.cut(fence(render(value)), VALUE) for name, value in pairs}


def _metric_text(metric: Metric | None) -> str:
    if metric is None or not metric.count:
        return ""
    mean = metric.total / metric.count
    return f"{metric.count} times, mean {mean:g}, from {metric.least:g} to {metric.most:g}"
