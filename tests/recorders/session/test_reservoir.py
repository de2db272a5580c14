"""Retention: a baseline is bounded by behaviours; counts stay exact and every path keeps its first trace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model.absences import unsampled
from pytest_runtime.recorders.model.value_tree import field
from pytest_runtime.recorders.session.reservoir import Reservoir
from pytest_runtime.recorders.session.sampler import BURST, NOVEL_LIMIT, QUIET, Sampler
from pytest_runtime.recorders.store.open import open_reader
from pytest_runtime.testing import Scenario

SHOP = """
    def handle(number):
        if number % 100 == 0:
            return "rare"
        if number % 2:
            return ["odd", number]
        return ["even", number]
    """


@given(st.integers(1, 8), st.lists(st.text(max_size=2), max_size=60))
def test_a_reservoir_never_overflows(capacity: int, names: list[str]) -> None:
    """It counts every trace, keeps at most its capacity, each trace once, and always the first while there is room."""
    reservoir = Reservoir(capacity)
    kept: dict[int, str] = {}
    for count, name in enumerate(names, 1):
        room = len(kept) < capacity
        slot = reservoir.offer()
        assert reservoir.count == count
        assert not room or slot is not None
        if slot is not None:
            assert 0 <= slot < capacity
            was_there = name in kept.values()
            assert reservoir.put(slot, name) is not was_there
            if not was_there:
                kept[slot] = name
    assert len(kept) <= capacity
    assert len(set(kept.values())) == len(kept)
    assert not names or len(kept) >= 1


def test_a_reservoir_is_uniform() -> None:
    """Early and late traces have the same chance to stay."""
    stayed: Counter[int] = Counter()
    for seed in range(400):
        reservoir = Reservoir(5, count=0)
        reservoir._random.seed(seed)
        kept: dict[int, int] = {}
        for number in range(100):
            slot = reservoir.offer()
            if slot is not None and reservoir.put(slot, str(number)):
                kept[slot] = number
        stayed.update(number // 20 for number in kept.values())
    assert sum(stayed.values()) == 2000
    assert all(320 <= stayed[part] <= 480 for part in range(5))


def test_a_reservoir_goes_on() -> None:
    """One that is opened again counts on from where it was and fills the gaps first."""
    reservoir = Reservoir(3, count=10, kept={0: "a", 2: "b"})
    assert reservoir.offer() == 1
    assert not reservoir.put(1, "a")
    assert reservoir.put(1, "c")
    assert reservoir.count == 11


def test_a_baseline_is_bounded_by_behaviours(tmp_path: Path) -> None:
    """300 traces on 3 paths: 5 exemplars a path at most, every path present, and exact counts."""

    def traffic(shop: Any) -> None:
        for number in range(300):
            shop.handle(number)

    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=5).record(traffic)
    reader = open_reader(scenario.store)
    classes = list(reader.classes())
    reader.close()
    assert sorted(one.count for one in classes) == [3, 147, 150]
    assert sorted(len(one.kept) for one in classes) == [3, 5, 5]
    assert len(scenario.traces()) == 13


def test_equal_traces_are_kept_once_each_time_they_differ(tmp_path: Path) -> None:
    """Different inputs on one path are different exemplars."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=50)
    traces = scenario.record(lambda shop: [shop.handle(number) for number in range(1, 20, 2)]).traces()
    inputs = {str(field(trace.input.tree(), "arguments")) for trace in traces}
    assert len(inputs) == 10


def test_the_first_of_a_class_stays_across_recordings(tmp_path: Path) -> None:
    """With room for one, a path that was seen before still has one, and a new path has its own."""
    scenario = Scenario(tmp_path, {"shop": SHOP}, exemplars=1)
    scenario.record(lambda shop: shop.handle(1))
    scenario.record(lambda shop: [shop.handle(number) for number in range(1, 60)])
    reader = open_reader(scenario.store)
    counts = sorted((one.count, len(one.kept)) for one in reader.classes())
    reader.close()
    assert counts == [(29, 1), (31, 1)]


def test_new_entries_are_always_recorded() -> None:
    """Novelty first: an entry that was never seen is let through whatever the rate, until nothing new comes of it."""
    sampler = Sampler(0.0)
    assert [sum(sampler.admit(key) for _ in range(1000)) for key in "ab"] == [QUIET, QUIET]


@given(st.lists(st.integers(0, 9) | st.integers(0, 60), min_size=QUIET, max_size=400))
def test_no_path_is_lost_because_it_came_in_a_burst(paths: list[int]) -> None:
    """Without any rate an entry is recorded whole until `QUIET` traces in a row show no new path."""
    sampler, known, quiet = Sampler(0.0), set[int](), 0
    for path in paths:
        admitted = sampler.admit("a")
        assert admitted is (quiet < QUIET)
        if admitted and path not in known:
            known.add(path)
            sampler.found_path("a")
            quiet = 0
        else:
            quiet += admitted


def test_what_serves_nobody_is_recorded_whole() -> None:
    """Without a number the budget begins with the first request that a server answers, and holds for functions too."""
    sampler = Sampler("auto")
    assert all(sampler.admit("shop:f") for _ in range(5000))
    assert all(sampler.admit("GET /") for _ in range(5000))
    admitted = sum(sampler.admit("GET /", served=True) for _ in range(5000))
    assert QUIET + 100 <= admitted <= QUIET + 110
    assert sum(sampler.admit("shop:f") for _ in range(5000)) <= QUIET + 10


def test_the_rate_is_kept() -> None:
    """A burst of ten seconds' worth is let through, and then the rate."""
    sampler = Sampler(2.0)
    admitted = sum(sampler.admit("a") for _ in range(1000))
    assert QUIET + 2 * BURST <= admitted <= QUIET + 2 + 2 * BURST
    sampler = Sampler("all")
    assert all(sampler.admit("a", served=True) for _ in range(1000))


def test_names_without_end_are_not_remembered() -> None:
    """A service with ids in its entry names does not fill the memory, and is not let through without end."""
    sampler = Sampler(0.0)
    admitted = sum(sampler.admit(f"GET /{number}") for number in range(NOVEL_LIMIT + 500))
    assert admitted == NOVEL_LIMIT


SERVICE = """
    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]

    def work(number):
        return number + 1
    """


def request(path: str, *, by_server: bool) -> dict[str, str]:
    """The environ of a GET, as a server makes it, or as a test client does."""
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "SERVER_NAME": "test", "SERVER_PORT": "80"}
    return {**environ, "SERVER_SOFTWARE": "some/1"} if by_server else environ


def answer_all(service: Any, count: int, *, by_server: bool) -> None:
    """Requests to one route."""
    for _ in range(count):
        service.answer(request("/", by_server=by_server), lambda status, headers: None)


def recorded_counts(scenario: Scenario) -> tuple[dict[str, int], dict[str, int]]:
    """Entry → runs that were recorded, and runs that were not sampled."""
    reader = open_reader(scenario.store)
    counts: Counter[str] = Counter()
    for one in reader.classes():
        counts[scenario.plain(one.entry)] += one.count
    left_out = {scenario.plain(entry): count for entry, count in unsampled(reader.absences()).items()}
    reader.close()
    return counts, left_out


def test_a_script_and_a_test_client_are_recorded_whole(tmp_path: Path) -> None:
    """By default nothing that no server asked for is left out, requests of a test client neither."""

    def traffic(service: Any) -> None:
        answer_all(service, 300, by_server=False)
        for number in range(300):
            service.work(number)

    scenario = Scenario(tmp_path, {"service": SERVICE}, app="service:answer", sample="auto").record(traffic)
    assert recorded_counts(scenario) == ({"GET /": 300, "service:work": 300}, {})


def test_what_the_budget_left_out_is_counted_by_entry(tmp_path: Path) -> None:
    """A server keeps its budget; the baseline and the last line say of which entry how many runs are missing."""

    def traffic(service: Any) -> None:
        answer_all(service, 1000, by_server=True)
        for number in range(1000):
            service.work(number)

    scenario = Scenario(tmp_path, {"service": SERVICE}, app="service:answer", sample="auto").record(traffic)
    counts, left_out = recorded_counts(scenario)
    assert left_out.keys() == {"GET /", "service:work"}
    assert counts["GET /"] + left_out["GET /"] == 1000
    # Functions of a server are looked for now and then: what was not looked at is not counted either.
    assert 0 < counts["service:work"] + left_out["service:work"] <= 1000
    assert scenario.recording is not None
    summary = scenario.plain(scenario.recording.summary())
    assert f"{sum(left_out.values())} or more not sampled (" in summary
    assert "--sample all records every one)" in summary
    assert f"service:work: {left_out['service:work']}" in summary
