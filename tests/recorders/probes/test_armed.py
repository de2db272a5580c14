"""A probe at its place: what counts as its work."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest

from pytest_runtime.recorders.probes.armed import Armed, Program
from pytest_runtime.recorders.probes.expressions import Expression
from pytest_runtime.recorders.probes.limits import Limits, shared
from pytest_runtime.recorders.probes.model import Probe


def waits() -> None:
    """Another thread has its turn."""
    time.sleep(0.02)


def works() -> None:
    """Uses CPU."""
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize(("does", "state"), [(waits, "armed"), (works, "paused")])
def test_work_is_cpu_and_not_waiting(does: Callable[[], None], state: str) -> None:
    """A busy machine pauses no probe; one that works too much is paused."""
    now = time.monotonic()

    def decide(view: object) -> bool:
        does()
        return False

    condition = Expression("condition", decide)
    probe = Probe(id="0" * 8, kind="counter", place="shop.py:1", condition="condition", placed=0.0)
    armed = Armed(probe, Program(condition, (), (), False), Limits(shared(now), now), now + 60)
    for _execution in range(5):
        armed.execute(sys._getframe())
    assert armed.state == state
