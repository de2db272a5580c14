"""Progress: whoever waits is shown how far something is, and seldom."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_runtime.replay.model import progress
from pytest_runtime.replay.model.progress import Progress, duration, say_nothing
from pytest_runtime.testing import Scenario


def test_a_line_from_two_seconds_on_and_then_more_and_more_seldom() -> None:
    """What is quick says nothing, and the end needs no line."""
    times = iter([0.0, 1.0, 2.5, 3.0, 6.0, 20.0])
    lines: list[str] = []
    counting = Progress("sealing", 5, lines.append, lambda: next(times))
    assert list(counting.counted("abcde")) == list("abcde")
    assert lines == [
        "sealing: 2 of 5 after 2 s, 0.8 a second, about 4 s left",
        "sealing: 4 of 5 after 6 s, 0.7 a second, about 2 s left",
    ]


def test_the_time_begins_where_something_is_expected() -> None:
    """Not where nobody knew yet how much there is; more may come, and be done together."""
    times = iter([0.0, 100.0, 110.0])
    lines: list[str] = []
    counting = Progress("replaying", 0, lines.append, lambda: next(times))
    counting.expect(1000)
    counting.expect(1000)
    counting.count(500)
    assert lines == ["replaying: 500 of 2000 after 10 s, 50 a second, about 30 s left"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (3600, "60 min"), (9000, "2 h 30 min")]
)
def test_a_time_is_said_for_people(seconds: float, said: str) -> None:
    """In the unit that one would say it in."""
    assert duration(seconds) == said


def test_sealing_replaying_and_locating_say_how_far_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done, and how many of how many."""
    monkeypatch.setattr(progress, "FIRST", -1.0)
    source = "def fee(total):\n    return total + 1\n"
    scenario = Scenario(tmp_path, {"shop": source}).record(lambda shop: [shop.fee(1), shop.fee(2), shop.fee(3)])
    lines: list[str] = []
    scenario.change("shop", "+ 1", "+ 2").judge(located=True, progress=lines.append)
    said = "\n".join(lines)
    assert "sealing: replays of base: 1 of " in said
    assert "sealing: traces compared: 1 of 3" in said
    assert "replaying: 1 of 3" in said
    assert "looking where divergences begin: 1 of 3" in said
    say_nothing("")
