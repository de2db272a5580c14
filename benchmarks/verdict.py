"""How long it takes until a change is judged: with nothing changed, with one function changed, and what a replay costs.

Every figure but the cost of a replay is wall time of whole `pytest` processes, start-up and report included.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from figures import Figure, arguments, over_rounds, report
from judged import ALIKE, BASELINE, OTHERWISE, TRACES, Judged, Taken, judged_project
from overhead import Send, over_pipe
from processes import BARE, BENCHMARKS, BenchmarkFailed, Place, first_line, running, start, world

PAIRS = 5
SEALINGS = 2
RUNS = 3
ROUNDS = 9
PER_ROUND = 400
WARM_UP = 200
BAR_NOTHING_SECONDS = 1.0
BAR_VERDICT_SECONDS = 10.0
BAR_TIMES = 3.0
FREE_MS = 0.3
"""A replay may take `BAR_TIMES` what the entry takes, and this."""

BAR_OTHER_VERSION = 1.2
CASES = (("alike", ALIKE, 0, "same"), ("otherwise", OTHERWISE, 1, "diverged"))

JUDGED = (f"--runtime-baseline={BASELINE}", "--runtime-only")


def nothing_changed(project: Judged) -> Figure:
    """What the option adds to the project's own suite when nothing differs from base."""
    option = f"--runtime-baseline={BASELINE}"
    project.runs()
    project.runs(option)
    added, plain = [], []
    for number in range(PAIRS):
        sides = {"": 0.0, option: 0.0}
        for side in list(sides)[:: -1 if number % 2 else 1]:
            sides[side] = project.runs(*filter(None, [side]))[0].wall
        plain.append(sides[""])
        added.append(sides[option] - sides[""])
    note = f"over the {statistics.median(plain):.2f} s of plain pytest"
    return over_rounds("nothing changed: added to a run", added, "s", bar=BAR_NOTHING_SECONDS, note=note)


def sealing(project: Judged) -> list[Figure]:
    """The first run on a base: beside it, one that finds the seal."""
    project.change(ALIKE)
    first, again = [], []
    for _ in range(SEALINGS):
        project.forget_seals()
        first.append(project.runs(*JUDGED)[0])
        again.append(project.runs(*JUDGED)[0])
    [seal] = project.seals()
    thousands = TRACES / 1000
    seconds = [(one.wall - other.wall) / thousands for one, other in zip(first, again, strict=True)]
    cpu = statistics.median(one.cpu - other.cpu for one, other in zip(first, again, strict=True)) / thousands
    size = seal.stat().st_size / thousands / 1e6
    return [
        over_rounds("sealing 1,000 traces", seconds, "s", note=f"once for each base; {cpu:.1f} s of CPU"),
        Figure("a seal of 1,000 traces", size, "MB"),
    ]


def verdicts(project: Judged) -> Iterator[Figure]:
    """One function changed, that all traces run; the seal is there."""
    for how, text, status, verdict in CASES:
        project.change(text)
        project.runs(*JUDGED, status=(status,))
        for processes in ([], ["-n", "2"]):
            found = []
            for _ in range(RUNS):
                taken, output = project.runs(*JUDGED, *processes, status=(status,))
                check(output, verdict)
                found.append(taken)
            name = f"verdict on {TRACES:,} traces, one function changed, all come out {how}"
            note = f"{statistics.median(one.cpu for one in found):.1f} s of CPU in all processes"
            walls = [one.wall for one in found]
            yield over_rounds(" ".join([name, *processes]), walls, "s", bar=BAR_VERDICT_SECONDS, note=note)


def compared(project: Judged, other: Path) -> Iterator[Figure]:
    """The same verdicts by this version and by another one, in turn: how many times what the other takes."""
    for how, text, status, verdict in CASES:
        project.change(text)
        for product in (None, other):
            project.runs(*JUDGED, status=(status,), product=product)  # each makes its seal
        walls, cpus = [], []
        for number in range(PAIRS):
            taken: dict[Path | None, Taken] = {}
            for product in (None, other)[:: -1 if number % 2 else 1]:
                taken[product], output = project.runs(*JUDGED, status=(status,), product=product)
                check(output, verdict)
            walls.append(taken[None].wall / taken[other].wall)
            cpus.append(taken[None].cpu / taken[other].cpu)
        name = f"verdict on {TRACES:,} traces that all come out {how}, in times of {other.name}"
        note = f"{statistics.median(cpus):.2f} of its CPU"
        yield over_rounds(name, walls, "x", bar=BAR_OTHER_VERSION, note=note)


def check(output: str, verdict: str) -> None:
    """A run that judged something else would say nothing."""
    if not re.search(rf"\b{TRACES} {verdict}\b", output):
        raise BenchmarkFailed(f"not all of the traces are {verdict}: {output[-2000:]}")


def cost(project: Judged) -> list[Figure]:
    """CPU of a replay beside that of the same request, answered alike, without the harness."""
    project.change(ALIKE)
    with ExitStack() as stack:
        alone = stack.enter_context(asked(project.place, "answered.py"))
        replayed = stack.enter_context(asked(project.place, "replayed.py", BASELINE))
        for send in (alone, replayed):
            send("order", WARM_UP)
        pairs = [(alone("order", PER_ROUND), replayed("order", PER_ROUND)) for _ in range(ROUNDS)]
    entry_ms, replay_ms = ([1e3 * one[side] / PER_ROUND for one in pairs] for side in (0, 1))
    times = [(there - FREE_MS) / here for here, there in zip(entry_ms, replay_ms, strict=True)]
    note = f"{statistics.median(replay_ms):.2f} ms, the entry alone {statistics.median(entry_ms):.2f} ms"
    name = f"a replay less {FREE_MS} ms, in times of the entry"
    return [over_rounds(name, times, "x", bar=BAR_TIMES, note=note)]


@contextmanager
def asked(place: Place, script: str, *rest: str) -> Iterator[Send]:
    """A process that does so much when it is asked to, and says what CPU that took."""
    with running(start(BARE, place, str(BENCHMARKS / script), *rest, asked=True)) as process:
        try:
            first_line(process)
        except BenchmarkFailed as failed:
            raise BenchmarkFailed(f"{failed}: {place.log.read_text()[-2000:]}") from failed
        yield over_pipe(process, rest=False)


def measure(against: Path | None = None) -> list[Figure]:
    with world() as shared:
        project = judged_project(shared)
        if against is not None:
            return list(compared(project, against))
        nothing = nothing_changed(project)
        sealed = sealing(project)
        return [nothing, *verdicts(project), *cost(project), *sealed]


def main(argv: list[str] | None = None) -> int:
    parser = arguments("How long it takes until a change is judged.")
    parser.add_argument(
        "--against", type=Path, metavar="DIR", help="a checkout of another version: verdicts of both, in turn"
    )
    options = parser.parse_args(argv)
    try:
        figures = measure(options.against.absolute() if options.against is not None else None)
    except BenchmarkFailed as error:
        print(f"verdict: {error}", file=sys.stderr)
        return 2
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
