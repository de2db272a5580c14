"""What differs is a value: nobody reads it off the words of a field."""

from __future__ import annotations

import pytest

from pytest_runtime.recorders.model.world import Operation
from pytest_runtime.replay.compare.observations import compare
from pytest_runtime.replay.model.difference import Difference, DifferenceKind
from pytest_runtime.replay.model.observation import Observation, Outbound


def shown(*names: str, value: int = 1) -> Observation:
    """A run that returned a value, and wrote to one resource under these names."""
    calls = [Outbound(Operation("declared", name, "shop.Mail", "write"), name, None, True, None, 0) for name in names]
    return Observation("return", value, None, calls)


@pytest.mark.parametrize(
    ("candidate", "kind", "label"),
    [
        (shown("first", "second", value=2), DifferenceKind.RETURN, ""),
        (shown("first", "second", "third"), DifferenceKind.CALL_ADDED, "shop.Mail.third()"),
        (shown("first"), DifferenceKind.CALL_MISSING, "shop.Mail.second()"),
        (shown("second", "first"), DifferenceKind.CALL_ORDER, "shop.Mail.first()"),
    ],
)
def test_a_difference_says_what_kind_it_is(candidate: Observation, kind: DifferenceKind, label: str) -> None:
    """Of a call as a whole, also which call."""
    [difference] = compare(shown("first", "second"), candidate)
    assert (difference.kind, difference.label) == (kind, label)


@pytest.mark.parametrize("kind", DifferenceKind)
def test_each_kind_is_part_of_what_reports_name(kind: DifferenceKind) -> None:
    """The file of acceptances and the JSON report know five words, which stay."""
    assert kind.part in ("response", "return", "exception", "mutation", "outbound")
    assert kind.is_outbound == kind.name.startswith("CALL_")


def test_another_exception_is_more_than_a_part_of_one() -> None:
    """Its message may differ, and the code came to the same end."""
    whole = Difference(DifferenceKind.EXCEPTION, "exception", 1, 2)
    assert whole.is_other_exception
    assert not whole._replace(field="exception.args").is_other_exception
    assert not whole._replace(kind=DifferenceKind.RETURN).is_other_exception
