"""The source around blind spots, so that a report can show them where they stand without the project at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..change.versions import Versions
from ..judge.blind_spots import Reach
from ..judge.setup import Setup
from .excerpts import Excerpt
from .places import modules_by_file

AROUND = 3
"""Lines before and after a blind spot: a diff has as many."""

EXCERPTS = 60
"""Parts of files in one report: beyond, nobody reads on. All blind spots are listed there nevertheless."""


def source_around(reach: Reach, setup: Setup, versions: Versions) -> tuple[Excerpt, ...]:
    """Parts of the candidate's files with its blind spots, by file and line; what stands near is in one part."""
    modules = modules_by_file(setup.root, versions.changes, setup.homes)
    lines: dict[str, set[int]] = {}
    for spot in reach.blind_spots():
        lines.setdefault(spot.file, set()).add(spot.line)
    found = [
        _part(file, versions.new[module].splitlines(), group, versions.changes[module].lines)
        for file, numbers in lines.items()
        if (module := modules.get(file, "")) in versions.new
        for group in _near(sorted(numbers))
    ]
    return tuple(found[:EXCERPTS])


def _part(file: str, source: list[str], group: list[int], changed: Iterable[int]) -> Excerpt:
    first, last = max(1, group[0] - AROUND), min(len(source), group[-1] + AROUND)
    marks = tuple(number for number in sorted(changed) if first <= number <= last)
    return Excerpt(file, first, tuple(source[first - 1 : last]), marks, 0)


def _near(numbers: list[int]) -> Iterator[list[int]]:
    """Numbers in groups, where the lines around one meet those around the next."""
    group = numbers[:1]
    for number in numbers[1:]:
        if number - group[-1] > 2 * AROUND + 1:
            yield group
            group = []
        group.append(number)
    yield group
