"""This file is about alignment: which branch of the code under test stands for which branch of the recorded code."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ..recorders.tracing.branches import Branch, BranchTable, FunctionName

SIMILAR = 0.6
"""How alike two conditions must be to stand for each other when both changed."""


class Alignment:
    """Maps branches of the recorded version of a module to those of the code under test."""

    def __init__(self, module: str, old: str, new: str) -> None:
        """Versions that do not parse have no branches."""
        self._map: dict[tuple[FunctionName, str, int], Branch] = {}
        before, after = _branches(module, old), _branches(module, new)
        for function, branches in before.items():
            for left, right in _aligned(branches, after.get(function, [])):
                self._map[left.identity] = right

    def branch(self, recorded: Branch) -> Branch | None:
        """The branch that stands for a recorded one, or `None` when it is gone."""
        return self._map.get(recorded.identity)


def _branches(module: str, source: str) -> Mapping[FunctionName, list[Branch]]:
    try:
        return BranchTable(module, source).by_function
    except SyntaxError:
        return {}


def _aligned(old: list[Branch], new: list[Branch]) -> list[tuple[Branch, Branch]]:
    """Pairs of branches of one function, in source order: equal conditions first, then what was put in their place."""
    left, right = [one.condition for one in old], [one.condition for one in new]
    pairs: list[tuple[Branch, Branch]] = []
    for tag, i, k, first, last in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        if tag == "equal":
            pairs += zip(old[i:k], new[first:last], strict=True)
        elif tag == "replace":
            for one, other in zip(old[i:k], new[first:last], strict=False):
                if difflib.SequenceMatcher(None, one.condition, other.condition).ratio() >= SIMILAR:
                    pairs.append((one, other))
    return pairs
