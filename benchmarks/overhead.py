"""What recording costs: CPU time per request with the recorder minus without, both measured in one run.

Behind waitress: the service runs bare and recorded side by side, and a client sends them the same requests by turns.
Direct: the WSGI application is called without a server, where a few microseconds can be seen. CPU time is that of the
whole process, the recorder's thread included, until it is at rest again.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import cycle, islice

import cpu
import inputs
from figures import Figure, arguments, over_rounds, report
from processes import (
    BARE,
    BENCHMARKS,
    EVERY,
    STEADY,
    UNSAMPLED,
    BenchmarkFailed,
    Client,
    Mode,
    Place,
    World,
    first_line,
    running,
    serving,
    start,
    world,
)

Send = Callable[[str, int], float]
"""(route, count) → CPU seconds"""

SERVED = (BARE, STEADY, EVERY)
DIRECT = (BARE, STEADY, UNSAMPLED)
ROUNDS = 9
WARM_UP = 1200
PER_ROUND = {"ping": 400, "order": 200}
DIRECT_WARM_UP = 500
PER_BLOCK = {"ping": 200, "order": 50}
BLOCKS = 15
"""Short blocks by turns in one round: their median difference is a figure of a few microseconds."""
BARS_MS = {"ping": 0.4, "order": 1.0}
UNSAMPLED_BAR_US = 15.0


def measure(
    sides: Mapping[Mode, Send], rounds: int, warm_up: int, per_round: Mapping[str, int]
) -> dict[tuple[Mode, str], list[float]]:
    """CPU seconds per request by mode and route, one value a round; in every other round the order is turned."""
    found: dict[tuple[Mode, str], list[float]] = {(mode, route): [] for mode in sides for route in per_round}
    for route in per_round:
        for send in sides.values():
            send(route, warm_up)
    for number in range(rounds):
        modes = list(sides)[:: -1 if number % 2 else 1]
        for route, count in per_round.items():
            for mode in modes:
                found[mode, route].append(sides[mode](route, count) / count)
    return found


def over_http(client: Client) -> Send:
    requests: dict[str, Iterator[inputs.Request]] = {route: cycle(some) for route, some in inputs.ROUTES.items()}

    def send(route: str, count: int) -> float:
        before = cpu.of_process(client.pid)
        client.send(islice(requests[route], count))
        return cpu.at_rest(lambda: cpu.of_process(client.pid)) - before

    return send


def over_pipe(process: subprocess.Popen[str], *, rest: bool) -> Send:
    def send(route: str, count: int) -> float:
        assert process.stdin is not None
        process.stdin.write(f"{route} {count}{' rest' if rest else ''}\n")
        process.stdin.flush()
        return float(first_line(process))

    return send


def added(
    times: Mapping[tuple[Mode, str], Sequence[float]], mode: Mode, route: str, *, label: str, bar: float | None = None
) -> Figure:
    """CPU per request that a mode adds to the bare service; the ratio goes into the note."""
    bare = times[BARE, route]
    pairs = list(zip(times[mode, route], bare, strict=True))
    ratio = statistics.median(recorded / alone for recorded, alone in pairs)
    note = f"{ratio:.2f} times the bare {statistics.median(bare) * 1e3:.2f} ms"
    name = f"CPU added per request, /{route}, {label}"
    return over_rounds(name, [(recorded - alone) * 1e3 for recorded, alone in pairs], "ms", bar=bar, note=note)


def served(shared: World) -> list[Figure]:
    """Behind waitress."""
    places = {mode: shared.place(f"served {mode.name}", mode) for mode in SERVED}
    with ExitStack() as stack:
        sides = {mode: over_http(stack.enter_context(serving(mode, place))) for mode, place in places.items()}
        times = measure(sides, ROUNDS, WARM_UP, PER_ROUND)
    say_counts(places)
    steady = "all sampled, steady state"
    figures = [added(times, STEADY, route, label=steady, bar=BARS_MS[route]) for route in PER_ROUND]
    figures += [added(times, EVERY, route, label="all sampled, every trace kept") for route in PER_ROUND]
    return figures


def direct(shared: World) -> list[Figure]:
    """Without a server."""
    places = {mode: shared.place(f"direct {mode.name}", mode) for mode in DIRECT}
    with ExitStack() as stack:
        processes = {}
        for mode, place in places.items():
            process = start(mode, place, str(BENCHMARKS / "direct.py"), asked=True)
            processes[mode] = stack.enter_context(running(process))
            first_line(process)
        resting = {mode: over_pipe(processes[mode], rest=True) for mode in (BARE, STEADY)}
        times = measure(resting, ROUNDS, DIRECT_WARM_UP, PER_ROUND)
        busy = {mode: over_pipe(processes[mode], rest=False) for mode in (BARE, UNSAMPLED)}
        blocks = measure(busy, ROUNDS * BLOCKS, DIRECT_WARM_UP, PER_BLOCK)
    say_counts(places)
    figures = [unsampled(blocks, route) for route in PER_BLOCK]
    figures += [added(times, STEADY, route, label="all sampled, without a server") for route in PER_ROUND]
    return figures


def unsampled(blocks: Mapping[tuple[Mode, str], Sequence[float]], route: str) -> Figure:
    """A round is the median of its blocks."""

    def by_round(mode: Mode) -> Iterator[Sequence[float]]:
        times = blocks[mode, route]
        return (times[first : first + BLOCKS] for first in range(0, len(times), BLOCKS))

    differences = [
        statistics.median(recorder - bare for recorder, bare in zip(*pair, strict=True)) * 1e6
        for pair in zip(by_round(UNSAMPLED), by_round(BARE), strict=True)
    ]
    bare = statistics.median(blocks[BARE, route])
    note = f"the bare request takes {bare * 1e6:.0f} µs"
    name = f"CPU added per request, /{route}, not sampled"
    return over_rounds(name, differences, "µs", bar=UNSAMPLED_BAR_US, note=note)


def say_counts(places: Mapping[Mode, Place]) -> None:
    """How many traces were recorded and kept; a benchmark of a recorder that lost some is none."""
    for mode, place in places.items():
        if mode is BARE:
            continue
        counts = place.counts()
        print(f"{place.folder.name}: {counts.recorded} traces recorded, {counts.kept} kept", file=sys.stderr)
        if counts.lost:
            raise BenchmarkFailed(f"{place.folder.name}: {counts.lost}")


def main(argv: list[str] | None = None) -> int:
    options = arguments("What recording costs per request.").parse_args(argv)
    try:
        with world() as shared:
            figures = [*served(shared), *direct(shared)]
    except BenchmarkFailed as error:
        print(f"overhead: {error}", file=sys.stderr)
        return 2
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
