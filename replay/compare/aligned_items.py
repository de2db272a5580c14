"""Items of two sequences of different length: which were inserted, removed or changed."""

from __future__ import annotations

from typing import Any

from ..change.sequence_diff import opcodes

ALIGNED = 40_000
"""Length of one sequence times that of the other up to which deepdiff aligns them: beyond, it takes seconds."""


def aligned(base: list[str], candidate: list[str]) -> list[tuple[int, int | None, int | None]]:
    """(position, position in base, position in candidate) of what was inserted, removed or changed, by deepdiff.

    An insertion at the front of a list is one insertion, not a change of every item. Long sequences are aligned in
    time that is bounded by their length, which deepdiff's is not.
    """
    if len(base) * len(candidate) > ALIGNED:
        return _rows(base, candidate)
    from deepdiff import DeepDiff  # 0.3 s to import: only when a divergence has to be explained

    found = DeepDiff(base, candidate, view="tree")
    rows: set[tuple[int, int | None, int | None]] = set()
    for kind, levels in found.items():
        for level in levels:
            left, right = _indexes(level, kind)
            position = right if right is not None else left
            if position is not None:
                rows.add((position, left, right))
    return sorted(rows, key=lambda row: (row[0], row[1] is None))


def _rows(base: list[str], candidate: list[str]) -> list[tuple[int, int | None, int | None]]:
    rows: list[tuple[int, int | None, int | None]] = []
    for tag, i, i_end, k, k_end in opcodes(base, candidate):
        if tag != "equal":
            both = min(i_end - i, k_end - k)
            rows += ((k + at, i + at, k + at) for at in range(both))
            rows += ((at, at, None) for at in range(i + both, i_end))
            rows += ((at, None, at) for at in range(k + both, k_end))
    return rows


def _indexes(level: Any, kind: str) -> tuple[int | None, int | None]:
    relationship = level.up
    left = getattr(relationship.t1_child_rel, "param", None) if relationship.t1_child_rel is not None else None
    right = getattr(relationship.t2_child_rel, "param", None) if relationship.t2_child_rel is not None else None
    if kind == "iterable_item_added":
        return None, right
    if kind == "iterable_item_removed":
        return left, None
    return left, right if right is not None else left
