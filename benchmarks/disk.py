"""What a baseline takes on disk: bytes of the closed file per kept trace."""

from __future__ import annotations

import sys
from itertools import cycle, islice

import inputs
from figures import Figure, arguments, report
from processes import EVERY, BenchmarkFailed, World, serving, world

FEW = 20
MANY = 500
BARS_KB = {"ping": 0.6, "order": 1.2}


def baseline_bytes(shared: World, route: str, count: int) -> tuple[int, int]:
    """(size of the file, kept traces) after a number of requests."""
    place = shared.place(f"disk {route} {count}", EVERY)
    with serving(EVERY, place) as client:
        client.send(islice(cycle(inputs.ROUTES[route]), count))
    counts = place.counts()
    if counts.lost or counts.kept != count:
        raise BenchmarkFailed(f"{counts.kept} of {count} traces were kept; {counts.lost or 'none lost'}")
    return place.baseline.stat().st_size, counts.kept


def figures_of(shared: World, route: str) -> list[Figure]:
    small, few = baseline_bytes(shared, route, FEW)
    large, many = baseline_bytes(shared, route, MANY)
    note = f"file of {large / 1000:.0f} KB with {many} traces, {small / 1000:.0f} KB with {few}"
    whole = Figure(f"disk per kept trace, /{route}", large / many / 1000, "KB", BARS_KB[route], note=note)
    further = (large - small) / (many - few) / 1000
    return [whole, Figure(f"disk per further trace, /{route}", further, "KB", BARS_KB[route])]


def main(argv: list[str] | None = None) -> int:
    options = arguments("What a baseline takes on disk.").parse_args(argv)
    try:
        with world() as shared:
            figures = [figure for route in inputs.ROUTES for figure in figures_of(shared, route)]
    except BenchmarkFailed as error:
        print(f"disk: {error}", file=sys.stderr)
        return 2
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
