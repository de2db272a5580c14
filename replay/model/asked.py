"""Exchanges that code under test asked for."""

from __future__ import annotations

from typing import NamedTuple

from ...recorders.model.trace import Site
from ...recorders.model.value_tree import Tree
from ...recorders.model.world import Operation


class Asked(NamedTuple):
    """An exchange that the code under test asked for."""

    operation: Operation
    request: Tree
    matched: int | None
    """Position of the recorded exchange that answered it; `None` where another trace's did, or none."""
    exact: bool
    site: Site | None
    lane: int
