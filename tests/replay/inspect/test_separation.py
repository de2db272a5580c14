"""Measures of separation: the published formulas, and no certainty that few traces cannot give."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.replay.inspect.separation import Table, certainty_of


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Any table that can be."""
    failing, passing = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    failing_reached, passing_reached = draw(st.integers(0, failing)), draw(st.integers(0, passing))
    failing_with, passing_with = draw(st.integers(0, failing_reached)), draw(st.integers(0, passing_reached))
    return Table(failing_with, passing_with, failing, passing, failing_reached, passing_reached)


@given(tables())
def test_measures_stay_in_their_bounds(table: Table) -> None:
    """Whatever the numbers are."""
    assert 0 <= table.ochiai <= 1 + 1e-12
    assert 0 < table.chance <= 1 + 1e-12
    increase, at_least = table.increase
    assert -1 <= at_least <= increase <= 1
    assert table.separates == (table.ochiai > 1 - 1e-12 and table.failing_with == table.failing)


def test_ochiai_is_as_published() -> None:
    """ef / sqrt((ef + nf) (ef + ep))."""
    assert Table(8, 2, 10, 90, 10, 90).ochiai == pytest.approx(8 / math.sqrt(10 * 10))


def test_increase_leaves_out_what_is_merely_reached() -> None:
    """Liblit's point: a branch inside one that always fails says nothing more."""
    increase, at_least = Table(10, 0, 10, 90, 10, 0).increase
    assert increase == 0
    assert at_least < 0
    assert Table(10, 0, 10, 90, 10, 90).increase[0] == pytest.approx(0.9)


def test_chance_is_fishers() -> None:
    """The tea of Muriel Bristol: 4 of 4 among 8 is 1 in 70; 3 of 4 or better 17 in 70."""
    assert Table(4, 0, 4, 4, 4, 4).chance == pytest.approx(1 / 70)
    assert Table(3, 1, 4, 4, 4, 4).chance == pytest.approx(17 / 70)


def test_few_traces_give_no_certainty() -> None:
    """Nor do many tries."""
    assert certainty_of(Table(1, 0, 1, 100, 1, 100).chance, 50) == "may be chance"
    assert certainty_of(Table(3, 0, 3, 3, 3, 3).chance, 10) == "may be chance"
    assert certainty_of(Table(20, 0, 20, 20, 20, 20).chance, 300) == "certain"
