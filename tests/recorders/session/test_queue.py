"""The queue: bounded, and what takes a path of its own gets through a burst of what does not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.session import queue as queue_module
from pytest_runtime.recorders.session.gathering import Gathering
from pytest_runtime.testing import Scenario

SHOP = """
    def fee(total):
        if total > 100:
            return 10
        return 0
    """


def test_a_rare_path_gets_through_a_burst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the collector is behind, calls of a known path are dropped and counted; one of another path is kept."""
    for name, value in (("BUSY_TRACES", 20), ("CROWDED_TRACES", 50), ("QUEUE_TRACES", 100)):
        monkeypatch.setattr(queue_module, name, value)
    held = [True]
    add = Gathering.add

    def slowly(self: Gathering, *given: Any) -> None:
        while held[0]:
            time.sleep(0.001)
        add(self, *given)

    def traffic(shop: Any) -> None:
        monkeypatch.setattr(Gathering, "add", slowly)
        for number in range(300):
            shop.fee(number % 90)
        assert shop.fee(500) == 10
        held[0] = False

    scenario = Scenario(tmp_path, {"shop": SHOP}).record(traffic)
    assert scenario.recording is not None
    counts = scenario.recording.tallies.counters.snapshot()
    assert counts["dropped: the collector is behind"] >= 200
    returned = {trace.outcome.value for trace in scenario.traces()}
    assert returned == {0, 10}
    assert counts["dropped: the collector is behind"] + scenario.recording.collector.output.traces == 301
