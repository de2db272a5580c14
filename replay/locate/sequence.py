"""Sequences: which step of one run represents which step of the other.

Steps that only one run can have are left out; of the others, equal ones are matched as they come. After a step that
the other run does not have, both go on where they meet again with the least left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeAlias

from ..change.sequence_diff import opcodes

Pair: TypeAlias = tuple[int | None, int | None]
"""Positions in both; `None` where the other has nothing."""

NEAR = 120
"""Steps that may be left out of both together before a longer match is looked for."""

WINDOWS = (256, 1024, 4096)
"""Steps that are compared to find where two runs meet again far away."""

LOOKS = 4_000_000
"""Pairs of steps that are looked at to find where runs meet again, in all: a second or two. Runs that part again and
again beyond that are matched as texts are, in time that is bounded by their length."""


def matched(base: Sequence[Hashable], candidate: Sequence[Hashable]) -> list[Pair]:
    """All steps of both, in an order that is the order of both."""
    known = frozenset(base) & frozenset(candidate)
    left = [at for at, token in enumerate(base) if token in known]
    right = [at for at, token in enumerate(candidate) if token in known]
    pairs: list[Pair] = []
    one = other = 0
    for i, k in _common([base[at] for at in left], [candidate[at] for at in right]):
        pairs += _between(one, left[i], other, right[k])
        pairs.append((left[i], right[k]))
        one, other = left[i] + 1, right[k] + 1
    return [*pairs, *_between(one, len(base), other, len(candidate))]


def _between(one: int, one_end: int, other: int, other_end: int) -> Iterator[Pair]:
    yield from ((at, None) for at in range(one, one_end))
    yield from ((None, at) for at in range(other, other_end))


def _common(base: Sequence[Hashable], candidate: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    i = k = looks = 0
    while i < len(base) and k < len(candidate):
        if base[i] == candidate[k]:
            yield i, k
            i, k = i + 1, k + 1
            continue
        if looks > LOOKS:
            yield from ((i + left, k + right) for left, right in _equal(base[i:], candidate[k:]))
            return
        met, looked = _meeting(base, candidate, i, k)
        looks += looked
        if met is None:
            return
        i, k = met


def _equal(base: Sequence[Hashable], candidate: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    for tag, i, i_end, k, k_end in opcodes(base, candidate):
        if tag == "equal":
            yield from zip(range(i, i_end), range(k, k_end), strict=True)


def _meeting(
    base: Sequence[Hashable], candidate: Sequence[Hashable], i: int, k: int
) -> tuple[tuple[int, int] | None, int]:
    """(where both go on alike, how many pairs of steps were looked at)."""
    for left_out in range(1, NEAR):
        alike = 1 if left_out <= 2 else 2 if left_out <= 16 else 3
        for skipped in range(left_out + 1):
            if _alike(base, candidate, i + skipped, k + left_out - skipped, alike):
                return (i + skipped, k + left_out - skipped), left_out * left_out // 2
    looks = NEAR * NEAR // 2
    for window in WINDOWS:
        left, right = base[i : i + window], candidate[k : k + window]
        looks += window * NEAR
        found = next(_equal(left, right), None)
        if found is not None:
            return (i + found[0], k + found[1]), looks
        if len(left) < window and len(right) < window:
            return None, looks
    return None, looks


def _alike(base: Sequence[Hashable], candidate: Sequence[Hashable], i: int, k: int, length: int) -> bool:
    """Whether both go on alike for some steps, or to the end of both."""
    if i >= len(base) or k >= len(candidate) or base[i] != candidate[k]:
        return False
    return length == 1 or all(
        (i + at < len(base) and k + at < len(candidate) and base[i + at] == candidate[k + at])
        or (i + at >= len(base) and k + at >= len(candidate))
        for at in range(1, length)
    )
