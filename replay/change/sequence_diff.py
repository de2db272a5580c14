"""Differences of two sequences, in time that is bounded by their length whatever is in them.

`difflib` compares every two equal items: a table of ten thousand equal lines keeps it busy for minutes. It is asked
where that is cheap. Else what is equal at both ends is taken away, and what occurs once in both is matched first, in
its order (Bram Cohen's patience diff, with the longest increasing subsequence); between these again, and so on.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

WORK = 2_000_000
"""Pairs of equal items, times the shorter length, up to which `difflib` is asked: half a second at worst."""

CHARACTERS = 40_000
"""Length of one text times that of the other up to which characters are compared; above it, words are."""

Opcode: TypeAlias = tuple[str, int, int, int, int]
"""(tag, begin, end in the first, begin, end in the second), as `difflib.SequenceMatcher.get_opcodes` has it."""


class _Part(NamedTuple):
    """A range of both sequences that is not matched yet."""

    low: int
    high: int
    other_low: int
    other_high: int


def opcodes(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Opcode]:
    """How the first becomes the second: `equal`, `replace`, `delete` and `insert`, in order."""
    if _is_cheap(before, after):
        return list(difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes())
    return list(_as_opcodes(sorted(_matches(before, after)), len(before), len(after)))


def ratio(left: str, right: str) -> float:
    """How alike two texts are, from 0 to 1, as `difflib.SequenceMatcher.ratio` has it; of long ones by words."""
    if len(left) * len(right) <= CHARACTERS:
        return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()
    before, after = _WORDS.findall(left), _WORDS.findall(right)
    found = opcodes(before, after)
    same = sum(len(word) for tag, i, k, *_rest in found if tag == "equal" for word in before[i:k])
    return 2.0 * same / (len(left) + len(right))


def sequence_ratio(left: Sequence[Hashable], right: Sequence[Hashable]) -> float:
    """How alike two sequences are, from 0 to 1."""
    same = sum(k - i for tag, i, k, *_rest in opcodes(left, right) if tag == "equal")
    return 2.0 * same / (len(left) + len(right)) if left or right else 1.0


_WORDS = re.compile(r"\w+|\W")


def _is_cheap(before: Sequence[Hashable], after: Sequence[Hashable]) -> bool:
    known = Counter(after)
    pairs = sum(count * known[item] for item, count in Counter(before).items() if item in known)
    return pairs * min(len(before), len(after)) <= WORK


def _matches(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[tuple[int, int]]:
    """(position in one, position in the other) of what is the same."""
    waiting = [_Part(0, len(before), 0, len(after))]
    while waiting:
        part = waiting.pop()
        low, high, other_low, other_high = part
        while low < high and other_low < other_high and before[low] == after[other_low]:
            yield low, other_low
            low, other_low = low + 1, other_low + 1
        while low < high and other_low < other_high and before[high - 1] == after[other_high - 1]:
            high, other_high = high - 1, other_high - 1
            yield high, other_high
        if low == high or other_low == other_high:
            continue
        left, right = before[low:high], after[other_low:other_high]
        if _is_cheap(left, right):
            blocks = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
            yield from ((low + i + at, other_low + k + at) for i, k, size in blocks for at in range(size))
            continue
        anchors = [(low + i, other_low + k) for i, k in _anchors(left, right)]
        if not anchors:  # nothing in it is known by itself: what stands at one place is the same
            yield from (
                (low + at, other_low + at)
                for at, (one, other) in enumerate(zip(left, right, strict=False))
                if one == other
            )
            continue
        ends = [*anchors, (high, other_high)]
        yield from anchors
        waiting += (
            _Part(i + 1, end, k + 1, other_end) for (i, k), (end, other_end) in zip(anchors, ends[1:], strict=True)
        )
        waiting.append(_Part(low, ends[0][0], other_low, ends[0][1]))


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The longest run, in both orders, of items that occur once in each."""
    once, once_after = Counter(before), Counter(after)
    where = {item: at for at, item in enumerate(after) if once_after[item] == 1}
    pairs = [(at, where[item]) for at, item in enumerate(before) if once[item] == 1 and item in where]
    ends: list[int] = []
    """Of the best run of each length: where it ends in the second."""
    best: list[int] = []
    """Of the best run of each length: its last pair."""
    previous: list[int | None] = []
    for number, (_i, k) in enumerate(pairs):
        length = bisect_left(ends, k)
        previous.append(best[length - 1] if length else None)
        ends[length : length + 1], best[length : length + 1] = [k], [number]
    found: list[tuple[int, int]] = []
    last = best[-1] if best else None
    while last is not None:
        found.append(pairs[last])
        last = previous[last]
    return found[::-1]


def _as_opcodes(matches: Sequence[tuple[int, int]], length: int, other_length: int) -> Iterator[Opcode]:
    one = other = at = 0
    while at < len(matches):
        i, k = matches[at]
        yield from _between(one, i, other, k)
        size = 1
        while at + size < len(matches) and matches[at + size] == (i + size, k + size):
            size += 1
        yield "equal", i, i + size, k, k + size
        one, other, at = i + size, k + size, at + size
    yield from _between(one, length, other, other_length)


def _between(one: int, one_end: int, other: int, other_end: int) -> Iterator[Opcode]:
    if one < one_end or other < other_end:
        tag = "replace" if one < one_end and other < other_end else "delete" if one < one_end else "insert"
        yield tag, one, one_end, other, other_end
