"""The table: what the product found over all seeds, what the peers found, and the bars."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from figures import Figure, number

from exploring.corpus import NEUTRAL, REGRESSIONS, Pair
from exploring.peers import Answer, Verdict
from exploring.product import Found, Round

BAR_FOUND_PERCENT = 92
BAR_CPU_MS = 60
NOT_INSTALLED = "not installed"

Answers = Mapping[str, Mapping[Pair, Answer] | str]
"""Peer → what it said of each pair, or why it said nothing."""
Test = Callable[[Found], bool]

PRODUCT: Mapping[str, Test] = {
    "replay alone": lambda found: found.replayed,
    "near": lambda found: found.verdict == "near",
    "far": lambda found: found.verdict == "far",
    "missed": lambda found: found.verdict == "missed",
}
"""Columns of the product: what is counted in each."""


def table(pairs: Sequence[Pair], rounds: Sequence[Round], answers: Answers) -> list[list[str]]:
    """Regressions by kind and together, changes that nobody can see, and CPU; the first row is the head."""
    regressions = [pair for pair in pairs if pair.is_regression]
    neutral = [pair for pair in pairs if not pair.is_regression]
    peers = [column for name in answers for column in (name, f"{name} not runnable")]
    rows = [["", "pairs", *PRODUCT, *peers]]
    for kind in sorted({pair.kind for pair in regressions}):
        rows.append(row(kind, [pair for pair in regressions if pair.kind == kind], rounds, answers))
    for part, members in ((REGRESSIONS, regressions), (NEUTRAL, neutral)):
        if members:
            rows.append(row(f"all {part}", members, rounds, answers))
    return [*rows, *costs(pairs, rounds, answers)]


def row(name: str, pairs: Sequence[Pair], rounds: Sequence[Round], answers: Answers) -> list[str]:
    """How many of these pairs are found, by whom."""
    product = [spread(counted(pairs, rounds, test)) for test in PRODUCT.values()]
    if not pairs[0].is_regression:
        product[-1] = ""  # there is nothing to miss
    peers = [cell for said in answers.values() for cell in answered(pairs, said)]
    return [name, str(len(pairs)), *product, *peers]


def counted(pairs: Sequence[Pair], rounds: Sequence[Round], test: Test) -> list[float]:
    """Pairs of which the test holds, in each round."""
    return [float(sum(test(one.found[pair]) for pair in pairs)) for one in rounds]


def answered(pairs: Sequence[Pair], said: Mapping[Pair, Answer] | str) -> Iterator[str]:
    """How many a peer found, and how many it cannot run."""
    verdicts: tuple[Verdict, ...] = ("found", "not runnable")
    for verdict in verdicts:
        yield NOT_INSTALLED if isinstance(said, str) else str(sum(said[pair].verdict == verdict for pair in pairs))


def costs(pairs: Sequence[Pair], rounds: Sequence[Round], answers: Answers) -> Iterator[list[str]]:
    """CPU for each function that is explored or asked about, and for each pair. Exploring stands under `near`."""
    whole = len(pairs)
    replay = [1e3 * one.replay.cpu / whole for one in rounds]
    each = [1e3 * one.cpu_each for one in rounds]
    a_pair = [1e3 * one.cpu / whole for one in rounds]
    functions = spread([float(one.targets) for one in rounds])
    asked = [cell for said in answers.values() for cell in (peer_cost(said, runnable=True), "")]
    paired = [cell for said in answers.values() for cell in (peer_cost(said, runnable=False), "")]
    yield ["CPU a function, ms", functions, "", spread(each), "", "", *asked]
    yield ["CPU a pair, ms", str(whole), spread(replay), spread(a_pair), "", "", *paired]


def peer_cost(said: Mapping[Pair, Answer] | str, *, runnable: bool) -> str:
    """Milliseconds for each function that a peer was asked about, or for each pair."""
    if isinstance(said, str):
        return NOT_INSTALLED
    chosen = [one for pair, one in said.items() if not (runnable and pair.is_method)]
    return number(1e3 * statistics.mean(one.cpu for one in chosen)) if chosen else ""


def spread(values: Sequence[float]) -> str:
    """The mean over the rounds, and the extremes where they differ."""
    low, high = min(values), max(values)
    return number(low) if low == high else f"{number(statistics.mean(values))} ({number(low)} to {number(high)})"


def figures(pairs: Sequence[Pair], rounds: Sequence[Round]) -> Iterator[Figure]:
    """What is held to a bar."""
    regressions = [pair for pair in pairs if pair.is_regression]
    neutral = [pair for pair in pairs if not pair.is_regression]
    if regressions:
        missed = counted(regressions, rounds, PRODUCT["missed"])
        shares = [100 - 100 * one / len(regressions) for one in missed]
        yield mean("regressions found, near or far", shares, "%", BAR_FOUND_PERCENT, at_least=True)
    if neutral:
        flagged = counted(neutral, rounds, PRODUCT["near"])
        # No round may flag one: the worst counts, not the mean.
        yield Figure("neutral pairs flagged near", max(flagged), "pairs", 0, low=min(flagged), high=max(flagged))
    yield mean("CPU a function", [1e3 * one.cpu_each for one in rounds], "ms", BAR_CPU_MS)


def mean(name: str, values: Sequence[float], unit: str, bar: float, *, at_least: bool = False) -> Figure:
    return Figure(name, statistics.mean(values), unit, bar, at_least, low=min(values), high=max(values))
