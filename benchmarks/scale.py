"""What a run costs at any size: workers beside one, the plugin where nobody asks for it, and a model of the cost.

    python benchmarks/scale.py [--rounds 5]

Wall time of whole `pytest` processes, start-up and report included. What is compared alternates in one run. The
baseline holds 2,000 exemplars of some hundred path classes: items are path classes, and workers cannot share one.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from figures import Figure, arguments, over_rounds, report
from judged import ALIKE, BASELINE, TRACES, Judged, judged_project
from processes import BenchmarkFailed, world

ROUNDS = 5
IDLE_ROUNDS = 25
SEALINGS = 1
SHARDS = 8
BAR_WORKERS = 1.6
BAR_IDLE_MS = 10.0

JUDGED = (f"--runtime-baseline={BASELINE}", "--runtime-only")

SCREENING = '''
def screen(article: str, quantity: int) -> list[str]:
    """What is to be looked at before an order is placed."""
    number = int(article.rpartition("-")[2])
    found = []
    if number % 2:
        found.append("odd shelf")
    if number % 3 == 0:
        found.append("fragile")
    if number > 20:
        found.append("upper floor")
    if quantity % 2:
        found.append("no pairs")
    if quantity > 10:
        found.append("many")
    if quantity % 5 == 0:
        found.append("by the box")
    return found
'''
"""Six decisions that hardly depend on each other."""

PLACED = "    cents, pieces = stock.article(article)\n"


def with_many_classes(folder: Path) -> None:
    """Let an order take one of many paths."""
    (folder / "benchservice" / "screening.py").write_text(SCREENING)
    for name, text, other in (
        ("ordering.py", PLACED, f"    screen(article, quantity)\n{PLACED}"),
        (
            "ordering.py",
            "from benchservice.pricing",
            "from benchservice.screening import screen\nfrom benchservice.pricing",
        ),
    ):
        path = folder / "benchservice" / name
        source = path.read_text()
        if source.count(text) != 1:
            raise BenchmarkFailed(f"{path} has changed: {text!r} does not stand in it once")
        path.write_text(source.replace(text, other))


def alternating(
    project: Judged, sides: Mapping[str, Sequence[str]], rounds: int, status: Sequence[int] = (0,)
) -> dict[str, list[float]]:
    """Wall seconds of each side; the order turns round with each round."""
    found: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds):
        for side in list(sides)[:: -1 if number % 2 else 1]:
            found[side].append(project.runs(*sides[side], status=status)[0].wall)
    return found


def workers(project: Judged, classes: int, rounds: int) -> list[Figure]:
    """Two workers beside one, and beside a run without workers."""
    sides = {"alone": JUDGED, "one": (*JUDGED, "-n", "1"), "two": (*JUDGED, "-n", "2")}
    walls = alternating(project, sides, rounds)
    times = [one / two for one, two in zip(walls["one"], walls["two"], strict=True)]
    beside = [alone / two for alone, two in zip(walls["alone"], walls["two"], strict=True)]
    note = ", ".join(f"{side}: {statistics.median(walls[side]):.2f} s" for side in sides)
    return [
        over_rounds(
            f"two workers, in times as fast as one ({TRACES:,} exemplars, {classes} classes)",
            times,
            "x",
            bar=BAR_WORKERS,
            at_least=True,
            note=note,
        ),
        over_rounds("two workers, in times as fast as no workers", beside, "x"),
    ]


def idle(project: Judged, rounds: int) -> Figure:
    """What the plugin adds to plain `pytest` where nobody asks for it."""
    walls = alternating(project, {"with": (), "without": ("-p", "no:runtime")}, rounds)
    added = [1e3 * (there - here) for there, here in zip(walls["with"], walls["without"], strict=True)]
    note = f"over {1e3 * statistics.median(walls['without']):.0f} ms without"
    return over_rounds("the plugin, installed and unused, adds to a run", added, "ms", bar=BAR_IDLE_MS, note=note)


def model(project: Judged, rounds: int) -> list[Figure]:
    """Seconds for each exemplar, and those of a run whatever its size, from a whole run and one shard of several."""
    _taken, output = project.runs(*JUDGED, f"--runtime-shard=1/{SHARDS}")
    exemplars = int(output.partition(" traces replayed")[0].rpartition(" ")[2])
    sides = {"whole": JUDGED, "shard": (*JUDGED, f"--runtime-shard=1/{SHARDS}")}
    walls = alternating(project, sides, rounds)
    pairs = list(zip(walls["whole"], walls["shard"], strict=True))
    each = [(whole - shard) / (TRACES - exemplars) for whole, shard in pairs]
    fixed = [shard - exemplars * seconds for (_whole, shard), seconds in zip(pairs, each, strict=True)]
    first, again = [], []
    for _ in range(SEALINGS):
        project.forget_seals()
        first.append(project.runs(*sides["shard"])[0].wall)
        again.append(project.runs(*sides["shard"])[0].wall)
    sealing = [1e3 * (one - other) / TRACES for one, other in zip(first, again, strict=True)]
    note = f"a whole run and a shard of {exemplars} exemplars"
    return [
        over_rounds("to replay an exemplar", [1e3 * seconds for seconds in each], "ms", note=note),
        over_rounds("a run or shard, whatever its size", fixed, "s"),
        over_rounds("to seal an exemplar, once for each base", sealing, "ms", note="whole baseline, in a shard too"),
    ]


def measure(rounds: int) -> list[Figure]:
    with world() as shared:
        project = judged_project(shared, with_many_classes)
        unused = idle(project, IDLE_ROUNDS)
        project.change(ALIKE)
        with_many_classes(project.root)  # the change wrote the file anew
        _taken, output = project.runs(*JUDGED)
        if f"{TRACES} traces replayed" not in output or f"{TRACES} same" not in output:
            raise BenchmarkFailed(f"not all of the traces are the same: {output[-2000:]}")
        classes = int(output.partition(" traces replayed (")[2].partition(" of")[0])
        return [*workers(project, classes, rounds), unused, *model(project, rounds)]


def main(argv: list[str] | None = None) -> int:
    parser = arguments("What a run costs at any size.")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    options = parser.parse_args(argv)
    try:
        figures = measure(options.rounds)
    except BenchmarkFailed as error:
        print(f"scale: {error}", file=sys.stderr)
        return 2
    return report(figures, as_json=options.json)


if __name__ == "__main__":
    raise SystemExit(main())
