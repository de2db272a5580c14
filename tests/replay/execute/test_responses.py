"""Answers of replays are read within a time and a size, whatever code under test writes to the pipe."""

from __future__ import annotations

import os
import struct
from multiprocessing.connection import Pipe
from pathlib import Path

import pytest

from pytest_runtime.replay.execute.messages import encode
from pytest_runtime.replay.execute.responses import NoAnswer, checked, receive
from pytest_runtime.replay.model.job import Observed
from pytest_runtime.testing import Scenario


@pytest.mark.parametrize("size", [0, 1, 70_000])
def test_a_message_is_read_as_it_was_sent(size: int) -> None:
    """Whatever its length."""
    ours, theirs = Pipe()
    with ours, theirs:
        theirs.send_bytes(b"x" * size)
        assert receive(ours, 1.0) == b"x" * size


def test_a_message_that_does_not_come_or_end_is_not_waited_for() -> None:
    """A length that promises more than there is."""
    ours, theirs = Pipe()
    with ours, theirs:
        assert receive(ours, 0.01) is None
        os.write(theirs.fileno(), struct.pack("!i", 1000) + b"few")
        assert receive(ours, 0.01) is None


def test_a_length_that_cannot_be_is_no_answer() -> None:
    """Negative, or larger than any."""
    for head in (struct.pack("!i", -2), struct.pack("!iQ", -1, 1 << 60)):
        ours, theirs = Pipe()
        with ours, theirs:
            os.write(theirs.fileno(), head)
            with pytest.raises(NoAnswer, match="announced"):
                receive(ours, 1.0)


def test_the_other_side_may_be_gone() -> None:
    """As `recv_bytes` says it."""
    ours, theirs = Pipe()
    theirs.close()
    with ours, pytest.raises(EOFError):
        receive(ours, 1.0)


def test_an_answer_is_about_the_trace_that_was_asked_for() -> None:
    """Nothing else is one."""
    answer = encode(Observed("a", "outcome"))
    assert checked(answer, "a") == answer
    with pytest.raises(NoAnswer, match="another trace"):
        checked(answer, "b")
    with pytest.raises(NoAnswer, match="something else"):
        checked(b"\xc1garbage", "a")


def test_a_candidate_that_writes_to_every_descriptor_costs_its_own_trace(tmp_path: Path) -> None:
    """And ends neither the run nor the other traces."""
    source = "def work(x):\n    return x\n"
    hostile = """
        import os

        def work(x):
            if x == 2:
                for descriptor in range(3, 64):
                    try:
                        os.write(descriptor, bytes([127, 255, 255, 255]) + b"garbage")
                    except OSError:
                        pass
            return x
        """
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: [shop.work(x) for x in (1, 2, 3)])
    # Started anew, as for users: a copy of this process would have its descriptors, and write to whoever started it.
    replayed = scenario.rewrite("shop", hostile).judge(limit=2.0, launch="spawn")
    assert replayed.counts["same"] == 2
    assert sum(replayed.counts.get(verdict, 0) for verdict in ("crashed", "hung", "error")) == 1
