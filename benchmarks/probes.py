"""What probes cost the service that they stand in.

    python benchmarks/probes.py [--rounds 9]

- *armed and idle*: a round of calls with a probe in a function that does not run, over the same round without;
- *beside a probe*: with one at a line of the function that runs which is never reached;
- *false condition*: what each execution of the place costs whose condition is false;
- *small snapshot*, *log*: what a hit costs, ten local variables, in a frame of a short stack, without limits of rates;
- *a text of 50 MB*: what it adds to a snapshot.

Rounds with and without the probe alternate; shown are medians, with the extremes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import figures

from pytest_runtime.recorders.code_flags import nested_codes
from pytest_runtime.recorders.included import Included
from pytest_runtime.recorders.probes import limits
from pytest_runtime.recorders.probes.armed import Armed, Program, names_of
from pytest_runtime.recorders.probes.choosing import choose_events
from pytest_runtime.recorders.probes.expressions import compile_expression
from pytest_runtime.recorders.probes.limits import Bucket, Limits
from pytest_runtime.recorders.probes.model import Kind, Probe
from pytest_runtime.recorders.probes.places import Target
from pytest_runtime.recorders.probes.preparing import CodeNames
from pytest_runtime.recorders.probes.view import keeps_locals

RATIO_BAR, CONDITION_BAR_US, SNAPSHOT_BAR_US, LARGE_BAR_MS = 1.03, 1.5, 15.0, 0.1
CALLS = 30_000
SOURCE = """
def price(total, quantity, name, paid):
    rate = 0.2
    discount = 5
    lines = [1, 2, 3]
    customer = {"tier": "gold", "age": 44}
    if total < 0:
        rate = 0
    net = total * quantity - discount
    gross = net + net * rate
    note = name
    return gross


def elsewhere(total):
    return total


def holds(body):
    size = len(body)
    return size


def work(calls, price=price):
    for _call in range(calls):
        price(100, 3, "widget", False)


def hold(calls, body):
    for _call in range(calls):
        holds(body)
"""


class Place:
    """A place in the service of this benchmark, where probes are put and taken away."""

    def __init__(self, service: dict[str, Any], function: str, line_text: str) -> None:
        self._function: FunctionType = service[function]
        self._line = SOURCE.splitlines().index(line_text) + 1
        included = Included(["service"])
        included.sources["service.py"] = SOURCE
        included.modules["service.py"] = "service"
        self._events = choose_events(self._fault, included, lambda: None)
        self.armed: Armed | None = None

    def _fault(self, fault: BaseException) -> None:
        raise fault

    def put(self, kind: Kind, condition: str = "", texts: Sequence[str] = ()) -> None:
        code = self._function.__code__
        bind = CodeNames(code, self._function.__globals__)
        compiled = compile_expression(condition, bind, lambda name: False, bind.is_local) if condition else None
        expressions = tuple(compile_expression(text, bind, lambda name: False) for text in texts)
        probe = Probe(id="00000000", kind=kind, place="service.py:1", placed=0.0)
        now = time.monotonic()
        endless = (Bucket(1e12, 1e12, now), Bucket(1e12, 1e12, now))
        program = Program(compiled, expressions, names_of(code), keeps_locals(code))
        self.armed = Armed(probe, program, Limits(endless, now), now + 3600)
        refused = self._events.arm(self.armed, [Target(code, self._line, False, frozenset())])
        assert not refused, refused

    def take(self) -> None:
        assert self.armed is not None
        assert not self.armed.counts.faults, self.armed.counts.error
        self._events.disarm(self.armed)


def loaded() -> dict[str, Any]:
    """The service, as a module that was imported."""
    code = compile(SOURCE, "service.py", "exec")
    module = type(sys)("service")
    sys.modules["service"] = module
    exec(code, module.__dict__)
    assert list(nested_codes(code))
    return module.__dict__


def seconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def compared(rounds: int, run: Callable[[], None], place: Place, put: Callable[[], None]) -> list[tuple[float, float]]:
    """(without, with) in seconds, a pair a round."""
    pairs = []
    run()
    for _round in range(rounds):
        without = min(seconds(run) for _turn in range(2))
        put()
        run()
        pairs.append((without, min(seconds(run) for _turn in range(2))))
        place.take()
    return pairs


def each(pairs: list[tuple[float, float]], calls: int, scale: float) -> list[float]:
    return [scale * (after - before) / calls for before, after in pairs]


def measure(rounds: int) -> list[figures.Figure]:
    limits.HITS = limits.WORK = limits.BURST_WORK = 1e12  # type: ignore[misc]  # what a hit costs, not how many may be
    service = loaded()
    work, hold = service["work"], service["hold"]

    def run() -> None:
        work(CALLS)

    body = "x" * 50_000_000

    def run_large() -> None:
        hold(CALLS // 10, body)

    def run_small() -> None:
        hold(CALLS // 10, "x")

    idle = Place(service, "elsewhere", "    return total")
    beside = Place(service, "price", "        rate = 0")
    inside = Place(service, "price", "    note = name")
    large = Place(service, "holds", "    return size")
    ratios = [after / before for before, after in compared(rounds, run, idle, lambda: idle.put("snapshot"))]
    near = [after / before for before, after in compared(rounds, run, beside, lambda: beside.put("snapshot"))]
    false = compared(rounds, run, inside, lambda: inside.put("snapshot", "total > 10_000"))
    truly = compared(rounds, run, inside, lambda: inside.put("snapshot"))
    logged = compared(rounds, run, inside, lambda: inside.put("log", texts=["total", "customer['tier']"]))
    counted = compared(rounds, run, inside, lambda: inside.put("counter"))
    big = each(compared(rounds, run_large, large, lambda: large.put("snapshot")), CALLS // 10, 1e3)
    little = each(compared(rounds, run_small, large, lambda: large.put("snapshot")), CALLS // 10, 1e3)
    added = [max(0.0, one - other) for one, other in zip(big, little, strict=True)]
    rows = (
        ("armed and idle", ratios, "times", RATIO_BAR),
        ("beside a probe", near, "times", RATIO_BAR),
        ("false condition", each(false, CALLS, 1e6), "µs", CONDITION_BAR_US),
        ("counter", each(counted, CALLS, 1e6), "µs", None),
        ("log of two expressions", each(logged, CALLS, 1e6), "µs", SNAPSHOT_BAR_US),
        ("small snapshot", each(truly, CALLS, 1e6), "µs", SNAPSHOT_BAR_US),
        ("a text of 50 MB", added, "ms", LARGE_BAR_MS),
    )
    return [
        figures.Figure(name, statistics.median(values), unit, bar, low=min(values), high=max(values))
        for name, values, unit, bar in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    for figure in measure(parser.parse_args().rounds):
        print(f"{figure.name:24} {figure.judged_text:32} {figure.bar_text}")


if __name__ == "__main__":
    main()
