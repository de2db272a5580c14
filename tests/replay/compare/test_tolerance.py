"""A tolerance says why a difference does not count; several are one."""

from __future__ import annotations

from pytest_runtime.recorders.model.value_tree import Tree
from pytest_runtime.replay.compare.tolerance import NO_RULES, NOTHING, FieldAt, any_of
from pytest_runtime.replay.compare.volatile import Mask, Volatile
from pytest_runtime.replay.model.reason import Reason, ReasonCode

REASON = Reason(ReasonCode.RULE, "nobody reads it")


class Fixed:
    """Tolerates one field, and counts how often it is asked."""

    def __init__(self, field: str) -> None:
        self.field = field
        self.asked = 0

    def tolerates(self, at: FieldAt, base: Tree, candidate: Tree) -> Reason | None:
        """A reason in its field."""
        self.asked += 1
        return REASON if at.field == self.field else None


def test_of_several_the_first_that_tolerates_gives_the_reason() -> None:
    """Those behind it are not asked: what a project's rule counts is what only it tolerates."""
    masked, rule = Volatile([Mask("return.at", None, "always", ["12:30", "12:31"])]), Fixed("return.name")
    both = any_of(masked, rule)
    volatile = both.tolerates(FieldAt("return.at"), "12:30", "12:45")
    assert volatile is not None
    assert (volatile.code, rule.asked) == (ReasonCode.VOLATILE, 0)
    assert both.tolerates(FieldAt("return.name"), 1, 2) is REASON
    assert both.tolerates(FieldAt("return.other"), 1, 2) is None
    assert any_of().tolerates(FieldAt("return.at"), 1, 2) is None


def test_a_volatile_field_of_a_call_is_that_of_one_call() -> None:
    """The same words may be said twice, and one of them is exact."""
    volatile = Volatile([Mask("INSERT logs parameters.at", 1, "always", ["12:30", "12:31"])])
    assert volatile.tolerates(FieldAt("INSERT logs parameters.at", 1), "12:30", "12:45")
    assert not volatile.tolerates(FieldAt("INSERT logs parameters.at", 0), "12:30", "12:45")
    assert not volatile.tolerates(FieldAt("INSERT logs parameters.at", 1), "12:30", "noon")


def test_without_rules_every_difference_counts() -> None:
    """And no field is left out."""
    for tolerance in (NOTHING, NO_RULES):
        assert tolerance.tolerates(FieldAt("return"), 1, 2) is None
    assert NO_RULES.ignores("return") is None
