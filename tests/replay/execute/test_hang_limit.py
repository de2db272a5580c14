"""Once a replay hung, the others have less time, as far as the machine allows."""

from __future__ import annotations

import pytest

from pytest_runtime.replay.execute.service import limit_after_hang


@pytest.mark.parametrize(
    ("limit", "slowest", "left"),
    [
        (10.0, 0.0, 1.0),  # the tenth part
        (60.0, 0.1, 6.0),
        (0.5, 0.0, 0.5),  # never more than there was
        (10.0, 0.5, 2.5),  # a busy machine: others, which came to their end, took half a second
        (10.0, 7.0, 10.0),
    ],
)
def test_others_have_less_time(limit: float, slowest: float, left: float) -> None:
    """A tenth, but a second where there is one, and five times what the slowest took that did not hang."""
    assert limit_after_hang(limit, slowest) == left
