"""What a replay prints: an effect that a caller sees, compared between base and candidate as one outbound write.

A recording does not hold what was printed, so it says nothing about whether base replays as it was recorded. Standard
error is left alone: diagnostics and log lines are no behaviour.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ...recorders.model.value_tree import ListNode
from ...recorders.model.world import Operation
from ..model.observation import Observation, Outbound

PRINTED = Operation("stdout", "print", "stdout", "write")

LIMIT = 1_000_000
"""Characters of a replay's output that are compared; longer output is compared up to here."""


@contextmanager
def printing() -> Iterator[io.BytesIO]:
    """Collect what is written to `sys.stdout` meanwhile; code that kept the old stream writes there."""
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding="utf-8", errors="surrogateescape", newline="", write_through=True)
    before, sys.stdout = sys.stdout, stream
    try:
        yield data
    finally:
        if sys.stdout is stream:
            sys.stdout = before
        stream.flush()
        stream.detach()  # or its end would close what was collected


def with_printed(observation: Observation, data: bytes) -> Observation:
    """The observation of a replay that printed something."""
    if not data:
        return observation
    lines = data.decode("utf-8", "replace")[:LIMIT].splitlines(keepends=True)
    write = Outbound(PRINTED, ListNode(list(lines)), None, True, None, 0)
    return observation._replace(outbound=[*observation.outbound, write])


def as_recorded(observation: Observation) -> Observation:
    """The observation as a recording would have it: without what was printed, and without files that were written."""
    kept = [call for call in observation.outbound if not _is_unrecorded(call.operation)]
    return observation if len(kept) == len(observation.outbound) else observation._replace(outbound=kept)


def written_by(observation: Observation | None) -> str:
    """The first file that a replay changed, by its name; empty where it changed none."""
    calls = observation.outbound if observation is not None else []
    return next((call.operation.resource for call in calls if _is_file(call.operation)), "")


def _is_file(operation: Operation) -> bool:
    return operation.boundary == "file" and operation.effect == "write"


def _is_unrecorded(operation: Operation) -> bool:
    return operation.boundary == PRINTED.boundary or _is_file(operation)
