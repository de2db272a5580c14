"""A process that runs trials may write anything where its answer is read: that costs one trial."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_runtime.replay.execute.child_process import ChildProcess, Live, serve
from pytest_runtime.replay.explore.trials.trial import Trial, TrialBatch, decode_results, encode, raw
from pytest_runtime.replay.explore.trials.trial_process import LOST_LIMIT, TrialHandler

WROTE = "it wrote to the pipe that it answers by: it wrote something else"


@pytest.mark.parametrize("written", [b"\xc1garbage", b"\x01"])
def test_what_is_no_result_costs_the_trial_that_ran(written: bytes) -> None:
    """As one that crashes does, and as often: then the rest of the batch is given up."""

    def start(live: Live) -> ChildProcess:
        return ChildProcess(lambda connection: serve(connection, lambda _question: written))

    runner: Any = None  # it is never reached: the child says something else
    handler = TrialHandler(runner, start, lambda: None)
    batch = TrialBatch([], [raw(Trial(0, [])) for _ in range(LOST_LIMIT + 1)])
    *lost, untried = decode_results(handler.answer(encode(batch)))
    assert [(result.ended, result.reason.startswith(WROTE)) for result in lost] == [("crashed", True)] * LOST_LIMIT
    assert untried.ended == "untried"
    handler.end()
