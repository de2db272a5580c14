"""A reason is a value: a code to go by, a sentence to read, and what to do."""

from __future__ import annotations

import pytest

from pytest_runtime.replay.model.reason import (
    NO_REASON,
    NOT_AS_RECORDED,
    UNFAITHFUL,
    Reason,
    ReasonCode,
    because,
    joined,
)


@pytest.mark.parametrize("code", ReasonCode)
def test_only_what_base_does_not_replay_as_recorded_says_so(code: ReasonCode) -> None:
    """The code decides, and the sentence follows from it."""
    reason = because(code, "it reads shop.seen", "recorded 200, replayed 401")
    assert reason
    assert reason.sentence.startswith(NOT_AS_RECORDED) == (code in UNFAITHFUL)
    assert reason.sentence.endswith("recorded 200, replayed 401: it reads shop.seen")


@pytest.mark.parametrize("code", sorted(UNFAITHFUL))
def test_each_way_of_being_unfaithful_has_a_cure(code: ReasonCode) -> None:
    """Whoever reads the reason can do something about it."""
    assert because(code, "").cure


def test_notes_are_joined_and_the_first_is_gone_by() -> None:
    """Of one note, and of none, nothing is changed."""
    path, names = Reason(ReasonCode.UNSTABLE_PATH, "it moves"), Reason(ReasonCode.NEW_NAMES, "there is a new name")
    assert joined((path, NO_REASON, names)) == Reason(ReasonCode.UNSTABLE_PATH, "it moves; there is a new name")
    assert joined((NO_REASON, names)) is names
    assert not joined(())
    assert NO_REASON.sentence == ""
