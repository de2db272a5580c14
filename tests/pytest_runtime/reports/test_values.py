"""Two values beside each other in the HTML report."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_runtime.replay.model.difference import DifferenceKind
from pytest_runtime.reports.html.values import CELL, ROWS, Shown, shown

from .examples import difference


def of(base: object, candidate: object) -> Shown | None:
    """What is shown of two values."""
    return shown(difference(DifferenceKind.RETURN, "return", base, candidate))


@pytest.mark.parametrize(
    ("base", "candidate"),
    [(1, 2), ("one", "two"), (None, {"a": 1}), ([], [1]), ("x\n" * 30_000, "y"), ({"a": 1}, {"a": 1})],
)
def test_what_a_line_says_is_not_said_again(base: object, candidate: object) -> None:
    """Scalars, short texts, values of two kinds, and texts that are too long to be compared."""
    found = of(base, candidate)
    assert found is None or found.lines, found
    assert (found is None) == (base != [])


def test_texts_are_compared_by_line() -> None:
    """With two lines around what differs."""
    lines = [f"line {number}" for number in range(50)]
    found = of("\n".join(lines), "\n".join([*lines[:25], "other", *lines[26:]]))
    assert found is not None
    signs = [(line.sign, line.cells[0]) for line in found.lines]
    assert signs == [
        ("same", "line 23"),
        ("same", "line 24"),
        ("gone", "line 25"),
        ("new", "other"),
        ("same", "line 26"),
        ("same", "line 27"),
    ]
    assert found.left_out == 45


def test_rows_are_a_table() -> None:
    """A column that only one side has is empty on the other."""
    found = of([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2, "b": "x" * 500}])
    assert found is not None
    assert found.columns == ("a", "b")
    assert [line.sign for line in found.lines] == ["same", "gone", "new"]
    assert found.lines[1].cells == ("2", "")
    assert len(found.lines[2].cells[1]) == CELL


def test_a_long_difference_is_cut() -> None:
    """A report shows a screen of it."""
    rows: list[dict[str, Any]] = [{"n": number} for number in range(5_000)]
    found = of(rows, [{"n": -number} for number in range(5_000)])
    assert found is not None
    assert len(found.lines) == ROWS
    nested = of({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]})
    assert nested is not None
    assert [line.cells[0].strip() for line in nested.lines if line.sign != "same"] == ['"b": 2', '"b": 3']
