"""The bars of the house: how large modules, functions and classes are, and which way imports run."""

from __future__ import annotations

import pytest
from house import ROOT, figures

pytestmark = pytest.mark.any_python

BARS = (
    "modules over 400 lines",
    "functions over 50 lines",
    "classes over 200 lines",
    "classes over 12 attributes",
    "imports against the order of rooms",
    "modules of the core that import explore",
)


def test_nothing_is_over_the_bars() -> None:
    """`python benchmarks/house.py --list` names what is."""
    found = figures(ROOT)
    assert {name: found[name] for name in BARS} == dict.fromkeys(BARS, 0)
